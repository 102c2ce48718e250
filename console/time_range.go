package console

import (
	"net/url"
	"time"

	"radiograph"
)

// defaultRange is what a page shows when its address names no time.
const defaultRange = "1h"

// headroom is how far into the future a range that ends now reaches: X-Ray takes
// ids whose clock is up to five minutes ahead, and they should be seen.
const headroom = 5 * time.Minute

var presets = []struct {
	Name  string
	Label string
	Span  time.Duration
}{
	{"5m", "5 min", 5 * time.Minute},
	{"15m", "15 min", 15 * time.Minute},
	{"30m", "30 min", 30 * time.Minute},
	{"1h", "1 h", time.Hour},
	{"3h", "3 h", 3 * time.Hour},
	{"6h", "6 h", 6 * time.Hour},
}

// localTime is the form of an <input type="datetime-local">.
const localTime = "2006-01-02T15:04:05"

// timeRange is the half-open time a page is about.
type timeRange struct {
	Preset   string // "5m" …; "" for an own range
	From, To time.Time
}

// parseRange reads ?range=, or ?from= and ?to= (local time, or RFC 3339). Now
// stays now for a preset.
func parseRange(q url.Values, now time.Time) (timeRange, error) {
	if q.Get("from") != "" || q.Get("to") != "" {
		from, to := now.Add(-time.Hour), now
		for _, end := range []struct {
			name string
			at   *time.Time
		}{{"from", &from}, {"to", &to}} {
			text := q.Get(end.name)
			if text == "" {
				continue
			}
			t, err := parseTime(text)
			if err != nil {
				return timeRange{}, radiograph.Errorf(radiograph.KindInvalid, "%s=%.40q is not a time such as 2026-01-31T13:00:00", end.name, text)
			}
			*end.at = t
		}
		if !from.Before(to) {
			return timeRange{}, radiograph.Errorf(radiograph.KindInvalid, "the time range ends (%s) before it begins (%s)", formatTime(to), formatTime(from))
		}
		return timeRange{From: from, To: to}, nil
	}
	name := q.Get("range")
	if name == "" {
		name = defaultRange
	}
	for _, p := range presets {
		if p.Name == name {
			return timeRange{Preset: name, From: now.Add(-p.Span), To: now}, nil
		}
	}
	return timeRange{}, radiograph.Errorf(radiograph.KindInvalid, "range=%.20q is none of 5m, 15m, 30m, 1h, 3h, 6h", name)
}

// parseTime reads RFC 3339, or a local time with or without seconds, as browsers
// send it. Times outside what a Timestamp holds are refused.
func parseTime(text string) (time.Time, error) {
	var t time.Time
	err := error(nil)
	for _, form := range []string{time.RFC3339Nano, localTime + ".999999999", "2006-01-02T15:04"} {
		if t, err = time.ParseInLocation(form, text, time.Local); err == nil {
			break
		}
	}
	if err == nil && (t.Year() < 1970 || t.Year() > 2261) {
		err = radiograph.Errorf(radiograph.KindInvalid, "year %d", t.Year())
	}
	return t, err
}

// bounds are the range for a query. A preset's end lies in the future by the
// headroom.
func (r timeRange) bounds() (from, to radiograph.Timestamp) {
	end := r.To
	if r.Preset != "" {
		end = end.Add(headroom)
	}
	return radiograph.TimestampOf(r.From), radiograph.TimestampOf(end)
}

// span is the length of the range.
func (r timeRange) span() time.Duration { return r.To.Sub(r.From) }

// set writes the range into an address. A fixed one keeps its place while now
// moves on.
func (r timeRange) set(q url.Values, fixed bool) {
	q.Del("range")
	q.Del("from")
	q.Del("to")
	switch {
	case fixed || r.Preset == "":
		from, to := r.bounds()
		q.Set("from", from.Time().Format(time.RFC3339Nano))
		q.Set("to", to.Time().Format(time.RFC3339Nano))
	case r.Preset != defaultRange:
		q.Set("range", r.Preset)
	}
}

// choice is one link of a row of links, one of them the present one.
type choice struct {
	Label, Href string
	Current     bool
}

// rangePicker is the form that changes a page's time range.
type rangePicker struct {
	Action   string
	Choices  []choice
	From, To string      // local time, for the inputs
	Own      bool        // the range is none of the choices
	Keep     [][2]string // other members of the address, name and value
}

// picker builds the form for the page at path whose address now is q.
func (r timeRange) picker(path string, q url.Values) rangePicker {
	p := rangePicker{Action: path, From: r.From.Local().Format(localTime), To: r.To.Local().Format(localTime), Own: r.Preset == ""}
	for _, c := range presets {
		v := without(q, "token")
		timeRange{Preset: c.Name}.set(v, false)
		p.Choices = append(p.Choices, choice{Label: c.Label, Href: address(path, v), Current: c.Name == r.Preset})
	}
	for _, name := range sortedKeys(q) {
		if name == "range" || name == "from" || name == "to" || name == "token" {
			continue
		}
		for _, v := range q[name] {
			p.Keep = append(p.Keep, [2]string{name, v})
		}
	}
	return p
}

// label is the range in words, for a sentence.
func (r timeRange) label() string {
	for _, p := range presets {
		if p.Name == r.Preset {
			return "the last " + p.Label
		}
	}
	return "this time range"
}
