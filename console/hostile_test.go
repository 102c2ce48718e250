package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/console"
	"radiograph/query"
)

// element is a start tag: its name and the names of its attributes, with the
// values of those that lead somewhere.
type element struct {
	Name  string
	Attrs []string
}

// structure reads a page's start tags as a browser does: quoted values may hold
// anything but their quote.
func structure(t testing.TB, page string) (out []element, addresses []string) {
	for i := 0; i < len(page); i++ {
		if page[i] != '<' {
			continue
		}
		if i++; i < len(page) && (page[i] == '/' || page[i] == '!') {
			i = i + strings.IndexByte(page[i:], '>')
			continue
		}
		end := i + strings.IndexAny(page[i:], " \n\t>/")
		e := element{Name: page[i:end]}
		for i = end; page[i] != '>'; {
			if strings.IndexByte(" \n\t/", page[i]) >= 0 {
				i++
				continue
			}
			end := i + strings.IndexAny(page[i:], " \n\t=>")
			name := page[i:end]
			e.Attrs = append(e.Attrs, name)
			i = end
			if page[i] == '=' {
				if page[i+1] != '"' {
					t.Fatalf("attribute %s of %s is not quoted", name, e.Name)
				}
				close := i + 2 + strings.IndexByte(page[i+2:], '"')
				if slices.Contains([]string{"href", "src", "action"}, name) {
					addresses = append(addresses, page[i+2:close])
				}
				i = close + 1
			}
		}
		out = append(out, e)
	}
	return out, addresses
}

// renaming answers as the engine does, with names, types and messages a
// document could not have: the pages do not rely on what a decoder refuses.
type renaming struct {
	*query.Engine
	text string
}

func (e *renaming) Timeline(ctx context.Context, t radiograph.Tenant, id radiograph.TraceID) (*radiograph.Timeline, *radiograph.Trace, error) {
	tl, tr, err := e.Engine.Timeline(ctx, t, id)
	if err != nil {
		return nil, nil, err
	}
	for i := range tl.Rows {
		tl.Rows[i].Name, tl.Rows[i].Type, tl.Rows[i].Message = e.text, e.text, e.text
	}
	for _, n := range tr.Nodes {
		hostile := *n.Entity
		hostile.Name, hostile.Origin, hostile.Namespace, hostile.User = e.text, e.text, e.text, e.text
		hostile.HTTP.Method, hostile.HTTP.URL = e.text, e.text
		n.Entity = &hostile
	}
	return tl, tr, nil
}

func (e *renaming) rename(g *radiograph.ServiceGraph, err error) (*radiograph.ServiceGraph, error) {
	if err != nil {
		return nil, err
	}
	for _, n := range g.Services {
		n.Name = e.text
		if n.Type != "client" {
			n.Type = e.text
		}
	}
	return g, nil
}

func (e *renaming) TraceGraph(ctx context.Context, t radiograph.Tenant, ids []radiograph.TraceID) (*radiograph.ServiceGraph, error) {
	return e.rename(e.Engine.TraceGraph(ctx, t, ids))
}

func (e *renaming) ServiceGraph(ctx context.Context, t radiograph.Tenant, from, to radiograph.Timestamp) (*radiograph.ServiceGraph, error) {
	return e.rename(e.Engine.ServiceGraph(ctx, t, from, to))
}

func (e *renaming) Summaries(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery) (*radiograph.SummaryPage, error) {
	page, err := e.Engine.Summaries(ctx, t, q)
	if err != nil {
		return nil, err
	}
	for i, sum := range page.Summaries {
		hostile := *sum
		hostile.HTTP.Method, hostile.HTTP.URL = e.text, e.text
		hostile.EntryPoint = &radiograph.ServiceID{Name: e.text, Type: e.text}
		hostile.ServiceIDs = []radiograph.ServiceID{*hostile.EntryPoint}
		hostile.Annotations = []radiograph.SummaryAnnotation{{Key: e.text, Value: radiograph.Value{String: e.text}}}
		page.Summaries[i] = &hostile
	}
	return page, nil
}

func hostileFixture(now time.Time, s string) *fixture {
	return newFixtureOn(now, func(e *query.Engine) console.Engine { return &renaming{e, s} })
}

// hostileTrace stores a trace in which every free text is s, and a function
// whose texts are.
func hostileTrace(f *fixture, s string) radiograph.TraceID {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	x := string(text)
	id := f.put(time.Minute, `{"trace_id":"$T","id":"00000000000000a1","name":"hostile","origin":`+x+`,"user":`+x+`,"start_time":@0,"end_time":@1,"fault":true,
		"http":{"request":{"method":`+x+`,"url":`+x+`,"user_agent":`+x+`,"client_ip":`+x+`},"response":{"status":500}},
		"aws":{"operation":`+x+`,"deep":{`+x+`:`+x+`}},"annotations":{"key":`+x+`},"metadata":{`+x+`:{`+x+`:[`+x+`,1,true,null]}},
		"sql":{"sanitized_query":`+x+`},"service":{"version":`+x+`},"resource_arn":`+x+`,
		"cause":{"working_directory":`+x+`,"exceptions":[{"id":"00000000000000ef","type":`+x+`,"message":`+x+`,"stack":[{"path":`+x+`,"line":3,"label":`+x+`}]}]},
		"subsegments":[{"id":"00000000000000a2","name":"callee","namespace":"remote","start_time":@0,"end_time":@0.5}]}`)
	f.functions.versions = append(f.functions.versions, &radiograph.Function{
		Tenant: tenant, Name: "fn", Version: radiograph.LatestVersion, Description: s, Role: s, Runtime: s, Handler: s, Timeout: 1, MemorySize: 128, State: s, StateReason: s,
		Environment: map[string]string{"k" + s: s}, Tags: map[string]string{"k": s}, Layers: []string{s}, RevisionID: s,
	})
	f.functions.decisions = append(f.functions.decisions, &radiograph.Decision{Function: "fn", Version: radiograph.LatestVersion, Time: f.now, Reason: s, HeaderIn: s, FunctionError: s, Dropped: []string{s}, LogTail: s, RequestID: s, Trace: id, Sampled: true, Status: 200})
	return id
}

func hostilePages(id radiograph.TraceID, name string) []string {
	page := "/traces/" + id.String()
	out := []string{"/", page, page + "?view=raw", "/map", "/map?" + url.Values{"node": {name}, "type": {name}}.Encode(), "/traces?" + url.Values{"service": {name}, "status": {name}}.Encode(), "/traces?" + url.Values{"filter": {"foo " + name}}.Encode(), "/functions", "/functions/fn", "/nothing/" + url.PathEscape(name)}
	for _, tab := range []string{"overview", "resources", "annotations", "metadata", "exceptions", "sql", "raw"} {
		out = append(out, page+"?segment=00000000000000a1&tab="+tab)
	}
	return out
}

// FuzzHostileText: whatever a document or a function says, the pages have the
// same elements with the same attributes as for harmless text, and no address
// leads out of the console.
func FuzzHostileText(f *testing.F) {
	for _, s := range []string{
		`</script><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "` onfocus=alert(1) autofocus", `javascript:alert(1)`,
		`{{.}}`, `<!--`, `-->`, `]]>`, `</title><svg onload=alert(1)>`, `</textarea><b>`, "a\u202eb\u2066c", "\x00\x01\x1b[31m", "&lt;b&gt;&#34;", `\"<`, "</style><style>", "https://evil.test/", "//evil.test", "\xff\xfe<", "=cmd", strings.Repeat("ä<", 150),
	} {
		f.Add(s)
	}
	now := time.Unix(1_790_000_000, 0)
	plain := map[string][]element{}
	harmless := hostileFixture(now, "xharmless")
	hid := hostileTrace(harmless, "xharmless")
	for i, target := range hostilePages(hid, "xharmless") {
		plain[fmt.Sprint(i)], _ = structure(f, browse(f, harmless, http.MethodGet, target, nil).Body.String())
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 500 {
			t.Skip("more would not fit into a document, many times")
		}
		s = "x" + strings.ToValidUTF8(s, "?")
		p := hostileFixture(now, s)
		id := hostileTrace(p, s)
		for i, target := range hostilePages(id, s) {
			w := browse(t, p, http.MethodGet, target, nil)
			if w.Code >= 500 {
				t.Fatalf("%s: %d", target, w.Code)
			}
			got, addresses := structure(t, w.Body.String())
			if want := plain[fmt.Sprint(i)]; !reflect.DeepEqual(want, got) { // far quicker than Diff when equal
				t.Errorf("%s: %q changes the page: %s", target, s, cmp.Diff(want, got))
			}
			for _, a := range addresses {
				if !strings.HasPrefix(a, "/") || strings.HasPrefix(a, "//") {
					if !strings.HasPrefix(a, "#") {
						t.Errorf("%s: %q makes the address %q", target, s, a)
					}
				}
			}
		}
	})
}
