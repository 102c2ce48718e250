package console

import (
	"net/http"
	"strconv"
	"time"

	"radiograph"
	"radiograph/meter"
)

// Usage counts what X-Ray would bill for. Implemented by *meter.Meter.
type Usage interface {
	Report(account radiograph.AccountID) meter.Report
}

// usageView is what the account has used and what it may.
type usageView struct {
	Account radiograph.AccountID
	Months  []usageMonth
	Limits  []limitRow
}

type usageMonth struct {
	Name    string // November 2026
	Bill    []billRow
	Total   string
	Regions []regionRow
}

type billRow struct {
	What, Traces, Free, Billed, Price string
	Share                             int // of what is free, percent up to 100; -1: nothing is
	Over                              bool
}

type regionRow struct {
	Region, Recorded, Retrieved, Scanned, Insights string
}

type limitRow struct{ Name, Value, Effect string }

func (s *console) showUsage(w http.ResponseWriter, r *http.Request) error {
	v := usageView{Account: s.Tenant.Account}
	for _, m := range s.Usage.Report(s.Tenant.Account).Months {
		month := usageMonth{Name: m.Month, Total: formatDollars(m.USD)}
		if t, err := time.Parse("2006-01", m.Month); err == nil {
			month.Name = t.Format("January 2006")
		}
		for _, l := range m.Bill {
			row := billRow{
				What: l.What, Traces: formatCount(l.Traces), Free: formatCount(l.FreeLeft), Billed: formatCount(l.Billed),
				Price: formatDollars(l.USD), Share: -1, Over: l.Billed > 0,
			}
			if l.Free > 0 {
				row.Share = int(min(100, 100*l.Traces/l.Free))
			}
			month.Bill = append(month.Bill, row)
		}
		for _, g := range m.Regions {
			month.Regions = append(month.Regions, regionRow{
				string(g.Region), formatCount(g.Recorded), formatCount(g.Retrieved), formatCount(g.Scanned), formatCount(g.Insights),
			})
		}
		v.Months = append(v.Months, month)
	}
	for _, l := range s.Limits.List() {
		row := limitRow{l.Name, formatCount(int64(l.Value)), l.Effect}
		if l.Value == 0 {
			row.Value = "none"
		}
		v.Limits = append(v.Limits, row)
	}
	return s.show(w, r, http.StatusOK, "usage", "usage", "Usage", v)
}

// formatDollars shows less than a cent exactly enough to be seen.
func formatDollars(usd float64) string {
	if 0 < usd && usd < 0.01 {
		return "$" + strconv.FormatFloat(usd, 'f', 6, 64)
	}
	return "$" + strconv.FormatFloat(usd, 'f', 2, 64)
}
