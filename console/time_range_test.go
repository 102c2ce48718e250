package console

import (
	"net/url"
	"testing"
	"time"
)

func TestParseRange(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.Local)
	for query, want := range map[string]timeRange{
		"":                         {"1h", now.Add(-time.Hour), now},
		"range=6h":                 {"6h", now.Add(-6 * time.Hour), now},
		"from=2026-11-21T10:00:00": {"", now.Add(-2 * time.Hour), now},
		"from=2026-11-21T10:00&to=2026-11-21T11:00:00.5":                      {"", now.Add(-2 * time.Hour), now.Add(-time.Hour + 500*time.Millisecond)},
		"from=" + url.QueryEscape(now.Add(-time.Minute).Format(time.RFC3339)): {"", now.Add(-time.Minute), now},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseRange(q, now)
		if err != nil || got.Preset != want.Preset || !got.From.Equal(want.From) || !got.To.Equal(want.To) {
			t.Errorf("%q: %v %v", query, got, err)
		}
		// A fixed copy of a range asks for the same traces later.
		fixed := url.Values{}
		got.set(fixed, true)
		later, err := parseRange(fixed, now.Add(time.Hour))
		from, to := got.bounds()
		if f, e := later.bounds(); err != nil || f != from || e != to {
			t.Errorf("%q kept as %v is [%v, %v), want [%v, %v): %v", query, fixed, f, e, from, to, err)
		}
	}
}
