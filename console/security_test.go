package console_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/console"
	"radiograph/query"
)

func TestHost(t *testing.T) {
	f := newFixture(time.Now())
	tests := []struct {
		host string
		ours bool
	}{
		{"localhost", true}, {"localhost:4566", true}, {"LOCALHOST.:80", true}, {"console.localhost:4566", true},
		{"127.0.0.1", true}, {"127.8.9.1:1", true}, {"[::1]:4566", true}, {"[::1]", true}, {"[::ffff:127.0.0.1]:80", true},
		{"radiograph.test", true}, {"Radiograph.Test:4566", true},
		{"evil.test", false}, {"evil.test:4566", false}, {"localhost.evil.test", false}, {"127.0.0.1.evil.test", false},
		{"10.0.0.1", false}, {"0.0.0.0:4566", false}, {"[fe80::1]:4566", false}, {"", false}, {"xlocalhost", false}, {":4566", false},
	}
	for _, tt := range tests {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := httptest.NewRequest(method, "/functions", nil)
			r.Host = tt.host
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			if refused := w.Code == http.StatusMisdirectedRequest; refused == tt.ours {
				t.Errorf("%s with Host %q: %d", method, tt.host, w.Code)
			}
		}
	}
}

func TestCrossSiteWritesAreRefused(t *testing.T) {
	tests := []struct {
		name            string
		site, origin    string
		refused         bool
		method, address string
	}{
		{name: "same origin", site: "same-origin", origin: "http://127.0.0.1:4566"},
		{name: "no browser", site: "", origin: ""},
		{name: "old browser, same origin", origin: "http://127.0.0.1:4566"},
		{name: "cross site", site: "cross-site", origin: "https://evil.test", refused: true},
		{name: "same site, other port", site: "same-site", origin: "http://127.0.0.1:3000", refused: true},
		{name: "old browser, other origin", origin: "http://evil.test", refused: true},
		{name: "old browser, other port", origin: "http://127.0.0.1:3000", refused: true},
		{name: "opaque origin", origin: "null", refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(time.Now())
			f.everything()
			for _, address := range []string{"/functions/thumbnail/invoke", "/functions/thumbnail/tracing"} {
				r := httptest.NewRequest(http.MethodPost, address, strings.NewReader("event=%7B%7D&active=yes"))
				r.Host = "127.0.0.1:4566"
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				if tt.site != "" {
					r.Header.Set("Sec-Fetch-Site", tt.site)
				}
				if tt.origin != "" {
					r.Header.Set("Origin", tt.origin)
				}
				w := httptest.NewRecorder()
				f.ServeHTTP(w, r)
				if (w.Code == http.StatusForbidden) != tt.refused {
					t.Errorf("POST %s: %d", address, w.Code)
				}
			}
			fn, err := f.functions.find("thumbnail", "")
			if err != nil {
				t.Fatal(err)
			}
			if invoked, switched := len(f.functions.invoked) > 0, fn.Tracing == radiograph.TracingActive; invoked == tt.refused || switched == tt.refused {
				t.Errorf("invoked %v, switched %v", invoked, switched)
			}
		})
	}
}

func TestReadsNeverWrite(t *testing.T) {
	f := newFixture(time.Now())
	f.everything()
	for _, address := range []string{"/functions/thumbnail/invoke?event={}", "/functions/thumbnail/tracing?active=yes"} {
		if w := browse(t, f, http.MethodGet, address, nil); w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", address, w.Code)
		}
	}
	if len(f.functions.invoked) > 0 || len(f.roles.put) > 0 {
		t.Error("a GET wrote")
	}
}

// everyPage is one address of each page.
func everyPage(ids map[string]radiograph.TraceID) []string {
	cold := "/traces/" + ids["cold"].String()
	pages := []string{"/", "/traces", "/traces?status=error&service=checkout", cold, cold + "?view=raw", cold + "/trace.json", "/map", "/map?node=checkout&type=AWS%3A%3ALambda%3A%3AFunction",
		"/functions", "/functions/checkout", "/functions/checkout?version=1", "/functions/checkout?saved=active-policy", "/xray/home", "/nothing", "/static/main.js",
		"/traces/" + ids["retried"].String(), "/traces/" + ids["running"].String()}
	for _, tab := range []string{"overview", "resources", "annotations", "metadata", "exceptions", "sql", "raw"} {
		pages = append(pages, cold+"?segment=00000000000000a2&tab="+tab)
	}
	return pages
}

var (
	inlineScript = regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>\s*[^<\s]|<script>`)
	inlineStyle  = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=`)
)

func TestEveryAnswerIsGuarded(t *testing.T) {
	f := newFixture(time.Now())
	ids := f.everything()
	for _, target := range everyPage(ids) {
		w := browse(t, f, http.MethodGet, target, nil)
		h := w.Header()
		csp := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: the policy %q lacks %s", target, csp, part)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s: the policy %q lets too much in", target, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", target, h)
		}
		if body := w.Body.String(); strings.HasPrefix(h.Get("Content-Type"), "text/html") {
			if m := inlineScript.FindString(body) + inlineStyle.FindString(body); m != "" {
				t.Errorf("%s has inline script or style: %q", target, m)
			}
			if strings.Contains(body, "http://www.w3.org") || strings.Contains(body, "ZgotmplZ") {
				t.Errorf("%s: a value was replaced by the template engine", target)
			}
		}
	}
}

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
	out := []string{"/", page, page + "?view=raw", "/map", "/map?" + url.Values{"node": {name}, "type": {name}}.Encode(), "/traces?" + url.Values{"service": {name}, "status": {name}}.Encode(), "/functions", "/functions/fn", "/nothing/" + url.PathEscape(name)}
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
