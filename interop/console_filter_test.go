package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	rg "radiograph"
)

// TestConsoleFilter types an expression with the box's completion, by keyboard and
// by mouse, and looks at one that is wrong.
func TestConsoleFilter(t *testing.T) {
	t.Parallel()
	account := account(t.Name())
	s := start(t, "--account", account, "--region", "eu-west-1")
	var docs []string
	for i, name := range []string{"shop", "shop & Söhne", "stock"} {
		now := time.Now()
		docs = append(docs, fmt.Sprintf(`{"trace_id":%q,"id":"000000000000000%d","name":%q,"start_time":%d,"end_time":%d.5,"fault":%v,"annotations":{"order.id":"A%d"}}`,
			rg.NewTraceID(now), i+1, name, now.Unix()-5, now.Unix()-5, i == 0, i))
	}
	body, err := json.Marshal(map[string]any{"TraceSegmentDocuments": docs})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.call(t, account, "xray", "POST", "/TraceSegments", nil, body); a.Status != http.StatusOK {
		t.Fatalf("PutTraceSegments: %d %s", a.Status, a.Body)
	}
	b := openBrowser(t, s.Console)
	b.open("/traces")
	b.until("document.readyState === 'complete' && document.querySelectorAll('.traces tbody tr').length === 3")
	const box, options = "document.querySelector('#filter')", "[...document.querySelectorAll('.completions:not([hidden]) [role=option]')]"
	offers := func(first string) {
		t.Helper()
		b.until(fmt.Sprintf("%s[0]?.querySelector('code').textContent === %q", options, first))
	}
	holds := func(text string) {
		t.Helper()
		b.until(fmt.Sprintf("%s.value === %q", box, text))
	}
	// A key goes down raw, as from a keyboard, so that a page that takes it keeps its
	// character from coming.
	raw := func(p *input.DispatchKeyEventParams) {
		if p.Type == input.DispatchKeyEventTypeKeyDown {
			p.Type = input.DispatchKeyEventTypeRawKeyDown
		}
	}
	types := func(text string) { b.do(chromedp.KeyEvent(text, raw)) }
	eval[any](b, box+".focus()")
	if eval[int](b, options+".length") != 0 {
		t.Error("there are proposals before anything is typed")
	}

	types("serv")
	offers("service(")
	if !eval[bool](b, box+".getAttribute('aria-expanded') === 'true' && "+box+".role === 'combobox' && document.getElementById("+box+".getAttribute('aria-controls')).role === 'listbox'") {
		t.Error("the box does not tell that it has a list")
	}
	types(kb.ArrowDown)
	b.until(options + ".find(o => o.id === " + box + ".getAttribute('aria-activedescendant'))?.getAttribute('aria-selected') === 'true'")
	types(kb.Enter)
	holds("service(")
	offers(`"shop & Söhne"`)
	b.look("completion")
	types(`"st`)
	offers(`"stock"`)
	types(kb.Escape)
	b.until(options + ".length === 0")
	types(kb.ArrowUp) // asks anew, then goes to the last
	offers(`"stock"`)
	types(kb.ArrowUp + kb.Tab)
	holds(`service("stock"`)
	types(`) OR annotation.`)
	b.until(options + ".length > 0 && " + options + "[0].textContent.includes('order.id')")
	eval[any](b, options+"[0].click()")
	holds(`service("stock") OR annotation[order.id] `)
	if !eval[bool](b, "document.activeElement === "+box) {
		t.Error("the box lost the focus to the mouse")
	}
	types(`= "A0" AND fau`)
	offers("fault")
	types(kb.Enter) // nothing was chosen: the form is sent
	b.shows(`unknown keyword "fau"`)
	if mark := eval[string](b, "document.querySelector('#filter-problem mark').textContent"); mark != "f" {
		t.Errorf("the mark is at %q", mark)
	}
}
