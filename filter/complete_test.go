package filter_test

import (
	"slices"
	"strings"
	"testing"

	"radiograph/filter"
)

func TestComplete(t *testing.T) {
	for _, test := range []struct {
		text    string
		from    int
		some    string // candidates that must be there
		without string // candidates that must not
	}{
		{"", 0, "fault ok service( annotation. http.url rootcause.json", "first AND = true name"},
		{"fa", 0, "fault", "ok AND"},
		{"FAULT", 0, "", "fault"},
		{"fault ", 6, "= != AND OR", "< ok CONTAINS"},
		{"http.status ", 12, "= < >= AND", "CONTAINS fault"},
		{"http.url C", 9, "CONTAINS", "BEGINSWITH ="},
		{"fault = ", 8, "true false", "fault AND"},
		{"fault = t", 8, "true", "false"},
		{"http.status = ", 14, "", "true fault"},
		{"http.status = 5 ", 16, "AND OR fault", "= true"},
		{"fault AND ", 10, "ok", "AND OR ="},
		{"fault OR ok a", 12, "AND account.id annotation. availabilityzone", "fault"},
		{"!", 1, "fault", "AND"},
		{"(fau", 1, "fault", "AND"},
		{"service(", 8, "id(", "fault name:"},
		{"service(id(", 11, "name: type: account.id:", "fault id("},
		{`service(id(name: "a", `, 22, "type:", "fault"},
		{`service("a") `, 13, "AND OR fault", "="},
		{`service("a") { `, 15, "fault root name type", "first annotation. service( AND"},
		{`service("a") { fault } `, 23, "AND annotation. service(", "root"},
		{`edge("a", "b") { r`, 17, "responsetime resource.arn", "root"},
		{`rootcause.fault.exception { `, 28, "message name first", "coverage fault"},
		{`rootcause.responsetime.entity { c`, 32, "coverage", "message"},
		{`rootcause.fault.entity { c`, 25, "", "coverage"},
		{`annotation.k `, 13, "= CONTAINS AND", "fault"},
		{`annotation[order.id] `, 21, "= CONTAINS AND", "fault"},
		{`group.name `, 11, "= !=", "fault"},
		{`user = "a`, 9, "", "AND fault"},
	} {
		t.Run(test.text, func(t *testing.T) {
			c := filter.Complete(test.text)
			if c.From != test.from {
				t.Errorf("from %d, want %d", c.From, test.from)
			}
			var got []string
			for _, one := range c.Candidates {
				got = append(got, one.Text)
			}
			for _, want := range strings.Fields(test.some) {
				if !slices.Contains(got, want) {
					t.Errorf("%s is missing in %q", want, got)
				}
			}
			for _, not := range strings.Fields(test.without) {
				if slices.Contains(got, not) {
					t.Errorf("%s has no place in %q", not, got)
				}
			}
			if !slices.IsSorted(got) {
				t.Errorf("not in order: %q", got)
			}
		})
	}
}
