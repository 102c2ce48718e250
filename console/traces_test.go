package console_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"radiograph"
)

func TestTraceList(t *testing.T) {
	f := newFixture(time.Now())
	ids := f.everything()
	page := open(t, f, "/")
	for name, id := range ids {
		if len(links(page, "/traces/"+id.String())) != 1 {
			t.Errorf("the list does not lead to the trace %q", name)
		}
	}
	says(t, page, "GET https://api.shop.test/orders/1042", "✕ Fault 502 310 ms 310 ms", "◆ Throttle 429 8 ms", "◌ In progress – –",
		"▲ Error 200 1.24 s 1.24 s", "checkout Lambda Context", "album = Lisbon 2026", "cart_size = 3", "12 scanned")
	if page != open(t, f, "/traces") {
		t.Error("/ and /traces differ")
	}
}

func TestTraceListNewestFirst(t *testing.T) {
	f := newFixture(time.Now())
	ids := f.everything()
	page := open(t, f, "/")
	at := -1
	for _, name := range []string{"running", "throttle", "cold", "retried", "fault"} {
		i := strings.Index(page, ids[name].String())
		if i < at {
			t.Errorf("%s is out of order", name)
		}
		at = i
	}
}

func TestTraceListOrdersWithinASecond(t *testing.T) {
	f := newFixture(time.Now())
	var want []string
	for i := range 9 {
		id := f.put(time.Minute, fmt.Sprintf(`{"trace_id":"$T","id":"%016x","name":"api","start_time":@0.%d,"end_time":@1}`, i+1, i+1))
		want = slices.Insert(want, 0, id.String())
	}
	page := open(t, f, "/")
	if !slices.IsSortedFunc(want, func(a, b string) int { return strings.Index(page, a) - strings.Index(page, b) }) {
		t.Errorf("the rows are not %v, the last to start first", want)
	}
}

func TestTraceListFilters(t *testing.T) {
	f := newFixture(time.Now())
	ids := f.everything()
	tests := []struct {
		query string
		want  []string
	}{
		{"status=fault", []string{"fault"}},
		{"status=throttle", []string{"throttle"}},
		{"status=pending", []string{"running"}},
		{"status=fault&status=pending", []string{"running", "fault"}},
		{"service=thumbnail", []string{"retried"}},
		{"service=orders-2026", []string{"cold"}},
		{"service=checkout&status=error", []string{"cold"}},
		{"service=checkout&type=AWS::Lambda::Function&status=throttle", nil},
		{"service=nobody", nil},
		{"filter=" + url.QueryEscape(`fault AND group.name = "Default"`), []string{"fault"}},
		{"filter=" + url.QueryEscape(`fault`), []string{"fault"}},
		{"filter=" + url.QueryEscape(`edge("checkout", "orders-2026") { error }`), []string{"cold"}},
		{"filter=" + url.QueryEscape(`annotation.cart_size > 2 OR throttle`), []string{"cold", "throttle"}},
		{"status=error&filter=" + url.QueryEscape(`annotation.cart_size > 2 OR throttle`), []string{"cold"}},
		{"filter=" + url.QueryEscape(`user = "nobody"`), nil},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			page := open(t, f, "/traces?"+tt.query)
			var got []string
			for name, id := range ids {
				if strings.Contains(page, id.String()) {
					got = append(got, name)
				}
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if tt.want == nil {
				says(t, page, "No trace of this time passes the filter", "12 scanned, 0 kept")
			}
		})
	}
}

// TestWrongFilterIsShownAtItsPlace: the page keeps what was typed, says what is
// wrong and marks where.
func TestWrongFilterIsShownAtItsPlace(t *testing.T) {
	f := newFixture(time.Now())
	f.everything()
	for _, tt := range []struct{ filter, reason, marked string }{
		{`fault AND duration = "x"`, "duration wants a number, not a string", "<code class=\"text\">fault AND duration = <mark>&#34;</mark>x&#34;</code>"},
		{`größe > 1`, "unknown keyword &#34;größe&#34;", "<mark>g</mark>röße &gt; 1"},
		{`fault AND`, "expected a keyword, not the end", "fault AND<mark>\u00a0</mark></code>"},
	} {
		w := browse(t, f, http.MethodGet, "/traces?status=fault&filter="+url.QueryEscape(tt.filter), nil)
		page := w.Body.String()
		if w.Code != http.StatusBadRequest || !strings.Contains(page, tt.marked) || !strings.Contains(page, tt.reason) {
			t.Errorf("%s: %d, %q or %q is missing in\n%s", tt.filter, w.Code, tt.reason, tt.marked, page)
		}
		if !strings.Contains(page, `value="`+html.EscapeString(tt.filter)+`"`) || !strings.Contains(page, `name="status" value="fault"`) {
			t.Errorf("%s: the form forgets what was asked", tt.filter)
		}
		if len(links(page, "/traces/1-[^\"?]*")) > 0 || strings.Contains(page, "scanned") {
			t.Errorf("%s: traces are listed", tt.filter)
		}
	}
}

// TestTraceListPages: the pager leads through every trace once, and its
// addresses stay what they are while time goes on.
func TestTraceListPages(t *testing.T) {
	now := time.Now()
	f := newFixture(now)
	const n = 130
	for i := range n {
		status := `,"fault":true`
		if i%3 > 0 {
			status = ""
		}
		f.put(time.Duration(i)*time.Second+time.Second, fmt.Sprintf(`{"trace_id":"$T","id":"%016x","name":"api","start_time":@0,"end_time":@0.1%s}`, i+1, status))
	}
	for _, tt := range []struct {
		query string
		want  int
	}{{"", n}, {"?status=fault", 44}, {"?filter=fault", 44}} {
		seen := map[string]bool{}
		pages := 0
		for next := "/traces" + tt.query; next != ""; pages++ {
			page := open(t, f, next)
			for _, id := range links(page, "/traces/1-[^\"?]*") {
				if seen[id] {
					t.Errorf("%s is on two pages", id)
				}
				seen[id] = true
			}
			older := links(page, `/traces\?[^"]*token=[^"]*`)
			next = ""
			for _, l := range older {
				if strings.Contains(l, "from=") {
					next = l
				}
			}
		}
		if len(seen) != tt.want || pages < tt.want/50 {
			t.Errorf("%q: %d traces on %d pages, want %d", tt.query, len(seen), pages, tt.want)
		}
	}
}

func TestEmptyListTellsTheNextCommand(t *testing.T) {
	f := newFixture(time.Now())
	says(t, open(t, f, "/"), "No traces in the last 1 h", "radiograph demo", "eval $(radiograph env)")
	says(t, open(t, f, "/map"), "radiograph demo", "eval $(radiograph env)")
	says(t, open(t, f, "/functions"), "radiograph demo", "eval $(radiograph env)", "aws lambda create-function")
}

// TestRangeReachesAhead: a trace whose clock is ahead is seen at once.
func TestRangeReachesAhead(t *testing.T) {
	f := newFixture(time.Now())
	id := f.put(-2*time.Minute, `{"trace_id":"$T","id":"0000000000000001","name":"ahead","start_time":@0,"end_time":@1}`)
	if page := open(t, f, "/?range=5m"); !strings.Contains(page, id.String()) {
		t.Error("it is not listed")
	}
}

func TestOpenTrace(t *testing.T) {
	f := newFixture(time.Now())
	const want = "/traces/1-5759e988-bd862e3fe1be46a994272793"
	for _, id := range []string{
		"1-5759e988-bd862e3fe1be46a994272793", " 1-5759E988-BD862E3FE1BE46A994272793 ", "5759e988bd862e3fe1be46a994272793",
		"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
	} {
		w := browse(t, f, http.MethodGet, "/traces/open?id="+strings.ReplaceAll(strings.ReplaceAll(id, ";", "%3B"), " ", "%20"), nil)
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want {
			t.Errorf("%q: %d to %q", id, w.Code, w.Header().Get("Location"))
		}
	}
	w := browse(t, f, http.MethodGet, "/traces/5759e988bd862e3fe1be46a994272793?segment=53995c3f42cd8ad8", nil)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != want+"?segment=53995c3f42cd8ad8" {
		t.Errorf("a W3C address: %d to %q", w.Code, w.Header().Get("Location"))
	}
}

func TestTenantsAreApart(t *testing.T) {
	f := newFixture(time.Now())
	other := radiograph.Tenant{Account: "123456789012", Region: "eu-west-1"}
	id := radiograph.NewTraceID(f.now)
	doc := fmt.Sprintf(`{"trace_id":%q,"id":"0000000000000001","name":"elsewhere","start_time":%d,"end_time":%d}`, id, f.now.Unix()-2, f.now.Unix()-1)
	if _, err := f.sink.Put(t.Context(), other, radiograph.DoorAPI, []radiograph.Document{{Body: []byte(doc)}}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(open(t, f, "/"), "elsewhere") {
		t.Error("the list shows another account's trace")
	}
	if w := browse(t, f, http.MethodGet, "/traces/"+id.String(), nil); w.Code != http.StatusNotFound {
		t.Errorf("another account's trace: %d", w.Code)
	}
}
