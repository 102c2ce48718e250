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
		{`user = "a`, 7, "", "AND fault"},
	} {
		t.Run(test.text, func(t *testing.T) {
			c := filter.Complete(test.text, nil)
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

// TestCompleteStored completes with what traces have.
func TestCompleteStored(t *testing.T) {
	stored := func(of string) []string {
		return map[string][]string{
			"name": {"shop", `s "q" \\`, "pay"}, "type": {"AWS::Lambda"}, "user": {"ann", "Bob"},
			"annotation": {"k", "order.id", "kind"}, "annotation.k": {"v1", "w"}, "annotation.order.id": {"A1"},
		}[of]
	}
	for _, test := range []struct {
		text string
		from int
		want string
	}{
		{`service(`, 8, `"pay" "s \"q\" \\\\" "shop" id(`},
		{`service(SH`, 8, `"shop"`},
		{`service("s`, 8, `"s \"q\" \\\\" "shop"`},
		{`fault AND edge("a", "p`, 20, `"pay"`},
		{`service(id(name: `, 17, `"pay" "s \"q\" \\\\" "shop"`},
		{`service(id(name:"x", type:"aws`, 26, `"AWS::Lambda"`},
		{`service("a") { name = "p`, 22, `"pay"`},
		{`user = `, 7, `"Bob" "ann"`},
		{`user CONTAINS "b`, 14, `"Bob"`},
		{`annotation.`, 0, `annotation.k annotation.kind annotation[order.id]`},
		{`fault OR Annotation.KI`, 9, `annotation.kind`},
		{`annotation.k = `, 15, `"v1" "w"`},
		{`annotation[order.id] = "a`, 23, `"A1"`},
		{`http.url = "h`, 11, ``},
		{`http.status = "h`, 14, ``},
		{`service("shop" `, 15, ``},
	} {
		c := filter.Complete(test.text, stored)
		var got []string
		for _, one := range c.Candidates {
			got = append(got, one.Text)
		}
		if strings.Join(got, " ") != test.want || c.From != test.from {
			t.Errorf("%s: from %d %s, want %d %s", test.text, c.From, strings.Join(got, " "), test.from, test.want)
		}
	}
}
