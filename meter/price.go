package meter

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Price is what one million traces of a kind cost, after those that are free in
// each month.
type Price struct {
	Free       int64   `json:"free"`        // traces of an account and month, all regions together
	PerMillion float64 `json:"per_million"` // US dollars
}

// Prices are what X-Ray bills by.
type Prices struct {
	Recorded Price `json:"recorded"`
	Read     Price `json:"read"` // retrieved and scanned together
	Insights Price `json:"insights"`
}

// AWSPrices are those of X-Ray's public price page.
func AWSPrices() Prices {
	return Prices{
		Recorded: Price{Free: 100_000, PerMillion: 5},
		Read:     Price{Free: 1_000_000, PerMillion: 0.5},
		Insights: Price{PerMillion: 1},
	}
}

// ParsePrices reads changes to AWSPrices, a JSON object such as
// {"recorded": {"free": 0, "per_million": 5}}.
func ParsePrices(text []byte) (Prices, error) {
	p := AWSPrices()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return p, fmt.Errorf("not a JSON object of prices: %w", err)
	}
	for _, price := range []Price{p.Recorded, p.Read, p.Insights} {
		if price.Free < 0 || price.PerMillion < 0 {
			return p, fmt.Errorf("a price is below zero")
		}
	}
	return p, nil
}

// Line is one position of a bill.
type Line struct {
	What     string  `json:"what"`
	Traces   int64   `json:"traces"`
	Free     int64   `json:"free"`      // of each month
	FreeLeft int64   `json:"free_left"` // of this one
	Billed   int64   `json:"billed"`    // beyond those that are free
	USD      float64 `json:"usd"`
}

// bill says what an account's month costs.
func (p Prices) bill(used Counts) []Line {
	line := func(what string, traces int64, price Price) Line {
		billed := max(0, traces-price.Free)
		return Line{
			What: what, Traces: traces, Free: price.Free, FreeLeft: max(0, price.Free-traces),
			Billed: billed, USD: float64(billed) / 1e6 * price.PerMillion,
		}
	}
	return []Line{
		line("Traces recorded", used.Recorded, p.Recorded),
		line("Traces retrieved or scanned", used.Retrieved+used.Scanned, p.Read),
		line("Traces processed for insights", used.Insights, p.Insights),
	}
}
