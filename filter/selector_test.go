package filter_test

import (
	"testing"

	"radiograph"
	"radiograph/filter"
)

func TestSelector(t *testing.T) {
	fn := radiograph.ServiceID{Name: "fn", Type: "AWS::Lambda::Function"}
	table := radiograph.ServiceID{Name: "orders", Type: "AWS::DynamoDB::Table", Account: "111111111111"}
	for _, test := range []struct {
		text, printed           string
		fn, table, call, back   bool
		speaksNodes, speaksEdge bool
	}{
		{text: `id(name: "fn")`, printed: `id(name: "fn")`, fn: true, speaksNodes: true},
		{text: `ID(type: "aws::lambda::function")`, printed: `id(type: "aws::lambda::function")`, fn: true, speaksNodes: true},
		{text: `id(account.id:"111111111111")`, printed: `id(account.id: "111111111111")`, table: true, speaksNodes: true},
		{text: `id(account.id:"000000000000")`, printed: `id(account.id: "000000000000")`, fn: true, speaksNodes: true},
		{text: `service("fn") OR service(orders)`, printed: `service("fn") OR service("orders")`, fn: true, table: true, speaksNodes: true},
		{text: `service() !service("fn")`, printed: `service() AND !service("fn")`, table: true, speaksNodes: true},
		{text: `edge("fn", id(type:"AWS::DynamoDB::Table"))`, printed: `edge("fn", id(type: "AWS::DynamoDB::Table"))`, call: true, speaksEdge: true},
		{text: `edge()`, printed: `edge()`, call: true, back: true, speaksEdge: true},
		{text: `service("fn") OR edge("orders", "fn")`, printed: `service("fn") OR edge("orders", "fn")`, fn: true, back: true, speaksNodes: true, speaksEdge: true},
	} {
		t.Run(test.text, func(t *testing.T) {
			s, err := filter.ParseSelector(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if s.String() != test.printed {
				t.Errorf("printed %s, want %s", s, test.printed)
			}
			for _, q := range []struct {
				name      string
				got, want bool
			}{
				{"function", s.Node(fn, oracleAccount), test.fn},
				{"table", s.Node(table, oracleAccount), test.table},
				{"call", s.Edge(fn, table, oracleAccount), test.call},
				{"call back", s.Edge(table, fn, oracleAccount), test.back},
				{"speaks of nodes", s.Nodes(), test.speaksNodes},
				{"speaks of edges", s.Edges(), test.speaksEdge},
			} {
				if q.got != q.want {
					t.Errorf("%s: %v, want %v", q.name, q.got, q.want)
				}
			}
		})
	}
}

func TestSelectorRefuses(t *testing.T) {
	for _, text := range []string{
		"", "  ", "fault", `annotation.k = 1`, `service("a") { fault }`, `edge("a", "b") { ok }`, `group.name = "x"`, `rootcause.fault.service`, `service("a") AND fault`, `id()`,
	} {
		if s, err := filter.ParseSelector(text); err == nil || radiograph.ErrorKind(err) != radiograph.KindInvalid {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}
