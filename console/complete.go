package console

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"radiograph"
	"radiograph/filter"
)

const (
	// completionTraces is how many traces of the shown range are asked for the
	// values they have: a page of the list, so that typing costs what looking does.
	completionTraces = 200
	maxCompletions   = 50 // candidates in one answer
	maxValue         = 200
)

// completionView is what may follow an expression: Keep stays of it, and a
// candidate comes behind.
type completionView struct {
	Keep       string          `json:"keep"`
	Candidates []candidateView `json:"candidates"`
}

type candidateView struct {
	Text string `json:"text"`
	Doc  string `json:"doc"`
}

// completeFilter answers what may follow ?text= in the filter box, with values of
// traces of the range.
func (s *console) completeFilter(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	tr, err := parseRange(q, s.Clock())
	if err != nil {
		return err
	}
	text := q.Get("text")
	var sums []*radiograph.Summary // read when a value is first asked for
	var failed error
	c := filter.Complete(text, func(of string) []string {
		if sums == nil && failed == nil {
			sums, failed = s.recent(r.Context(), tr)
		}
		return storedValues(sums, of)
	})
	if failed != nil {
		return failed
	}
	v := completionView{Keep: text[:c.From], Candidates: make([]candidateView, 0, len(c.Candidates))}
	for _, one := range c.Candidates[:min(len(c.Candidates), maxCompletions)] {
		v.Candidates = append(v.Candidates, candidateView(one))
	}
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // the browser may have gone
	return nil
}

// recent are the newest traces of a range.
func (s *console) recent(ctx context.Context, tr timeRange) ([]*radiograph.Summary, error) {
	from, to := tr.bounds()
	page, err := s.Engine.Summaries(ctx, s.Tenant, radiograph.SummaryQuery{From: from, To: to, Limit: completionTraces})
	if err != nil {
		return nil, err
	}
	return page.Summaries, nil
}

// storedValues are the values that filter.Complete asks for.
func storedValues(sums []*radiograph.Summary, of string) []string {
	found := make(map[string]bool)
	add := func(list ...string) {
		for _, v := range list {
			if v != "" && len(v) <= maxValue {
				found[v] = true
			}
		}
	}
	key, ofKey := strings.CutPrefix(of, "annotation.")
	for _, sum := range sums {
		switch of {
		case "name", "type", "account.id":
			for _, id := range sum.ServiceIDs {
				add(map[string]string{"name": id.Name, "type": id.Type, "account.id": string(id.Account)}[of])
			}
		case "user":
			for _, u := range sum.Users {
				add(u.Name)
			}
		case "http.url":
			add(sum.HTTP.URL)
		case "http.method":
			add(sum.HTTP.Method)
		case "http.useragent":
			add(sum.HTTP.UserAgent)
		case "http.clientip":
			add(sum.HTTP.ClientIP)
		case "availabilityzone":
			add(sum.AvailabilityZones...)
		case "instance.id":
			add(sum.InstanceIDs...)
		case "resource.arn":
			add(sum.ResourceARNs...)
		default:
			for _, a := range sum.Annotations {
				switch {
				case of == "annotation":
					add(a.Key)
				case ofKey && a.Key == key && a.Value.Kind == radiograph.StringValue:
					add(a.Value.String)
				}
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}
