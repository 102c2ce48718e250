package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const (
	// screenshotsVar names a folder that the browser test leaves its pictures in,
	// for a person to look at.
	screenshotsVar = "RADIOGRAPH_SCREENSHOTS"
	browserWait    = 30 * time.Second // for anything a page is waited for
)

// browser is a headless Chromium with one page.
type browser struct {
	t    *testing.T
	ctx  context.Context
	home string // the console's address

	mu       sync.Mutex
	messages []string // errors and warnings of the page: a broken script, a refused style
}

// openBrowser starts Chromium and ends it with the test.
func openBrowser(t *testing.T, home string) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		missing(t, "no Chromium: install chromium to run the browser test")
	}
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.DisableGPU,
		chromedp.UserDataDir(filepath.Join(t.TempDir(), "profile")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "en-US"))
	if os.Getuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // Chromium's sandbox does not start as root
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	b := &browser{t: t, ctx: ctx, home: strings.TrimSuffix(home, "/")}
	// The first use starts the browser and binds its life to the context given.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	heard := make(chan struct{})
	listening, quiet := context.WithCancel(ctx)
	messages := chromedp.Console(listening)
	go func() {
		defer close(heard)
		for m, err := range messages {
			if err != nil {
				return
			}
			if kind := fmt.Sprint(m.Type); m.IsException() || kind == "error" || kind == "warning" {
				b.mu.Lock()
				b.messages = append(b.messages, m.String())
				b.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() { quiet(); <-heard })
	return b
}

// do runs actions that must succeed in time. An action whose element was
// exchanged between being found and being used is tried again.
func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserWait)
	defer cancel()
	for _, action := range actions {
		for {
			err := chromedp.Do(ctx, action)
			if err == nil {
				break
			}
			if ctx.Err() != nil || !strings.Contains(err.Error(), "-32000") {
				b.t.Fatalf("the browser: %v\n%s", err, b.text())
			}
		}
	}
}

func (b *browser) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.home + address))
}

// click clicks the first element of a CSS selector.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// eval runs an expression in the page.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserWait)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits until an expression is true. While one page gives way to the next
// nothing can be asked; that is no failure.
func (b *browser) until(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserWait)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if ok && err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.t.Fatalf("never true: %s: %v\n%s", expression, err, b.text())
		}
	}
}

// text is what the page shows; for messages.
func (b *browser) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	return text
}

// shows waits until each text is on the page, and the page's scripts have run.
func (b *browser) shows(texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		quoted, _ := json.Marshal(text)
		b.until("document.readyState === 'complete' && document.body.innerText.includes(" + string(quoted) + ")")
	}
}

// look checks what every page keeps: nothing wider than the window, no error in
// the console; and takes a picture in light and one in dark.
func (b *browser) look(name string) {
	b.t.Helper()
	if over := eval[float64](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		b.t.Errorf("%s: the page is %v px wider than the window", name, over)
	}
	b.mu.Lock()
	for _, m := range b.messages {
		b.t.Errorf("%s: the page's console says %s", name, m)
	}
	b.messages = nil
	b.mu.Unlock()
	dir := os.Getenv(screenshotsVar)
	if dir == "" {
		return
	}
	for _, scheme := range []string{"dark", "light"} {
		feature := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, feature); err != nil {
			b.t.Fatal(err)
		}
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+"-"+scheme+".png"), picture, 0o644)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// rows are the names in the timeline that can be seen, from the top.
func (b *browser) rows() []string {
	return eval[[]string](b, "[...document.querySelectorAll('.rows .row:not([hidden]) .cell-name')].map(e => e.innerText.trim())")
}

// TestConsole does what a newcomer does in a browser: sees that there is nothing
// yet, switches tracing on for a function whose role lacks the right, invokes it,
// and follows its trace through list, timeline, detail and map.
func TestConsole(t *testing.T) {
	t.Parallel()
	code := goFunction(t)
	account := account(t.Name())
	s := start(t, "--account", account, "--region", "eu-west-1")
	lambda := func(method, path string, body any) answer {
		t.Helper()
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return s.call(t, account, "lambda", method, "/2015-03-31/functions"+path, nil, b)
	}
	form := url.Values{"Action": {"CreateRole"}, "RoleName": {"bare"}, "AssumeRolePolicyDocument": {lambdaTrust}, "Version": {"2010-05-08"}}
	if a := s.call(t, account, "iam", "POST", "/", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode())); a.Status != http.StatusOK {
		t.Fatalf("CreateRole: %d %s", a.Status, a.Body)
	}
	if a := lambda("POST", "", map[string]any{
		"FunctionName": "greeter", "Runtime": "provided.al2023", "Handler": "bootstrap", "Timeout": 20,
		"Role": "arn:aws:iam::" + account + ":role/bare", "Code": map[string]any{"ZipFile": code},
	}); a.Status != http.StatusCreated {
		t.Fatalf("CreateFunction: %d %s", a.Status, a.Body)
	}
	mode := func() string {
		var out struct{ TracingConfig struct{ Mode string } }
		if err := json.Unmarshal(lambda("GET", "/greeter/configuration", nil).Body, &out); err != nil {
			t.Fatal(err)
		}
		return out.TracingConfig.Mode
	}
	b := openBrowser(t, s.Console)

	// Nothing yet.
	b.open("/")
	b.shows("No traces in the last 1 h", "radiograph demo")
	b.look("empty")

	// The switch, and the permission that Save adds.
	b.click(`a[href="/functions"]`)
	b.shows("greeter", "PassThrough", "never")
	b.look("functions")
	b.click(`a[href="/functions/greeter"]`)
	b.shows("Active tracing")
	if m := mode(); m != "PassThrough" {
		t.Fatalf("the function's mode is %s", m)
	}
	b.click("label.switch")
	b.click("#tracing button.primary")
	b.shows("Active tracing is on.", "xray:PutTraceSegments and xray:PutTelemetryRecords was added to the function's role")
	if m := mode(); m != "Active" {
		t.Errorf("after Save the function's mode is %s", m)
	}
	if !eval[bool](b, "document.querySelector('#tracing input[name=active]').checked") {
		t.Error("after Save the switch is off")
	}
	b.click("#tracing button.primary") // again: now the role has it
	b.shows("The function's role already had the permission")

	// A test with an event of one's own.
	b.do(chromedp.SetValue(chromedp.CSS("#event"), `{"subsegment": true,`))
	b.click(`form[data-swap="result"] button`)
	b.shows("The event is not JSON")
	b.mu.Lock() // the browser notes the 400 as an error of loading; nothing else
	b.messages = slices.DeleteFunc(b.messages, func(m string) bool { return strings.Contains(m, "400 (Bad Request)") })
	b.mu.Unlock()
	b.do(chromedp.SetValue(chromedp.CSS("#event"), `{"subsegment": true, "nested": true}`))
	b.click(`form[data-swap="result"] button`)
	b.shows("Succeeded", "traceHeader", "REPORT RequestId:")
	b.until("document.querySelector('#recent .decisions') !== null") // taken anew in place
	b.look("function")

	// Its trace.
	b.click(".trace-link")
	b.shows("State", "Complete")
	id := strings.TrimPrefix(eval[string](b, "location.pathname"), "/traces/")
	want := []string{"greeter AWS::Lambda", "greeter AWS::Lambda::Function", "Initialization", "Invocation", "work", "inner", "Overhead"}
	if got := b.rows(); !slices.Equal(got, want) {
		t.Errorf("the timeline has %q, want %q", got, want)
	}
	b.look("trace")

	// Detail by mouse, tabs, and the row that stays marked.
	row := func(name string) string {
		return fmt.Sprintf("[...document.querySelectorAll('.rows .row')].find(r => r.querySelector('.cell-name .text').innerText === %q)", name)
	}
	eval[any](b, row("work")+".querySelector('.cell-bar').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
	b.until("document.querySelector('#panel h2')?.innerText === 'work'")
	b.click(`#panel a[href*="tab=annotations"]`)
	b.shows("language", "string")
	if !eval[bool](b, row("work")+".classList.contains('selected') && location.search.includes('tab=annotations')") {
		t.Error("the row is not marked, or the address does not hold the tab")
	}
	b.look("segment")
	b.do(chromedp.NavigateBack(), chromedp.NavigateBack())
	b.until("location.search === '' && document.querySelector('#panel').childElementCount === 0")

	// The keyboard: fold Invocation, go on to Overhead, open it.
	eval[any](b, row("Invocation")+".querySelector('.cell-name a').focus()")
	b.do(chromedp.KeyEvent(kb.ArrowLeft)) // folds
	b.until(row("work") + ".hidden")
	if got := b.rows(); !slices.Equal(got, []string{want[0], want[1], want[2], want[3], want[6]}) {
		t.Errorf("folded, the timeline shows %q", got)
	}
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter))
	b.until("document.querySelector('#panel h2')?.innerText === 'Overhead'")
	b.do(chromedp.KeyEvent("k"), chromedp.KeyEvent(kb.ArrowRight)) // unfolds
	b.until("!" + row("work") + ".hidden")

	// A failure, and both traces in the list.
	b.open("/functions/greeter")
	b.do(chromedp.SetValue(chromedp.CSS("#event"), `{"subsegment": true, "fail": "no greeting today"}`))
	<-time.After(time.Second) // so that the sampler's reservoir of one a second takes it too
	b.click(`form[data-swap="result"] button`)
	b.shows("The function failed", "no greeting today")
	b.until("document.querySelectorAll('#recent .decisions tbody tr').length === 2")
	b.open("/")
	b.until("document.querySelectorAll('.traces tbody tr').length === 2")
	b.look("list")
	b.click(`a.toggle[href*="status=ok"]`)
	b.until("document.querySelectorAll('.traces tbody tr').length === 1")
	b.click(fmt.Sprintf(`a[href="/traces/%s"]`, id))
	b.shows("Complete")

	// The map and a node's panel.
	b.click(`nav a[href="/map"]`)
	b.shows("Lambda Context", "Lambda Function", "Client")
	b.click(`a.node[href*="Lambda%3A%3AFunction"]`)
	b.shows("requests", "50 %", "View traces")
	b.look("map")
	b.click(`#panel .actions a`)
	b.until("document.querySelectorAll('.traces tbody tr').length === 2")

	// The AWS console's addresses.
	b.open("/xray/home?region=eu-west-1#/traces/" + id)
	b.until(fmt.Sprintf("location.pathname === '/traces/%s'", id))
	b.open("/xray/home?region=eu-west-1#/service-map/?timeRange=PT5M")
	b.until("location.pathname === '/map' && location.search === '?range=5m'")
	b.open("/cloudwatch/home#xray:traces/" + id)
	b.until(fmt.Sprintf("location.pathname === '/traces/%s'", id))
	b.open("/lambda/home?region=eu-west-1#/functions/greeter?tab=configure")
	b.until("location.pathname === '/functions/greeter'")

	// A published version cannot be changed.
	if a := lambda("POST", "/greeter/versions", map[string]any{}); a.Status != http.StatusCreated {
		t.Fatalf("PublishVersion: %d %s", a.Status, a.Body)
	}
	b.open("/functions/greeter?version=1")
	b.shows("Version 1 is published: its tracing mode is frozen")
	if !eval[bool](b, "document.querySelector('#tracing input[name=active]').matches(':disabled') && !document.querySelector('#tracing button')") {
		t.Error("the switch of a published version can be used")
	}
	b.look("version")

	// All of it can be read without script, and on a narrow window.
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(820, 900))
	b.open("/traces/" + id)
	b.do(chromedp.Click(chromedp.CSS(".rows .row:nth-child(2) .cell-name a")), chromedp.WaitVisible(chromedp.CSS("#panel h2")))
	b.do(chromedp.Click(chromedp.CSS(`#panel a[href*="tab=raw"]`)), chromedp.WaitVisible(chromedp.CSS("#panel .json")))
	for name, address := range map[string]string{"list": "/", "map": "/map", "functions": "/functions", "function": "/functions/greeter", "raw": "/traces/" + id + "?view=raw"} {
		b.open(address)
		b.look("narrow-" + name)
	}
}
