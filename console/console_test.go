package console_test

import (
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browse asks as a browser on this machine does.
func browse(t testing.TB, h http.Handler, method, target string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	var body *strings.Reader = strings.NewReader("")
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, target, body)
	r.Host = "127.0.0.1:4566"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// open asks for a page that must be there.
func open(t testing.TB, h http.Handler, target string) string {
	t.Helper()
	w := browse(t, h, http.MethodGet, target, nil)
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d\n%s", target, w.Code, words(w.Body.String()))
	}
	return w.Body.String()
}

var (
	markup = regexp.MustCompile(`(?s)<[^>]*>`)
	colour = regexp.MustCompile(`(?s)<span class="j[ksn]">([^<]*)</span>`)
)

// words is what a page says: its text without markup, blanks joined.
func words(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(markup.ReplaceAllString(colour.ReplaceAllString(page, "$1"), " "))), " ")
}

// links are a page's addresses that match a pattern.
func links(page, pattern string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`href="(`+pattern+`)"`).FindAllStringSubmatch(page, -1) {
		out = append(out, html.UnescapeString(m[1]))
	}
	return out
}

// says fails for each text that is not on the page.
func says(t *testing.T, page string, texts ...string) {
	t.Helper()
	all := words(page)
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("the page does not say %q:\n%s", text, all)
		}
	}
}

func TestUnknownPage(t *testing.T) {
	f := newFixture(time.Now())
	for target, want := range map[string]int{
		"/nothing": http.StatusNotFound, "/traces/1-5759e988-bd862e3fe1be46a994272793": http.StatusNotFound, "/traces/zzz": http.StatusBadRequest,
		"/functions/none": http.StatusNotFound, "/traces?range=2d": http.StatusBadRequest, "/traces?from=yesterday": http.StatusBadRequest,
		"/traces?from=2026-01-02T00:00:00&to=2026-01-01T00:00:00": http.StatusBadRequest, "/traces?from=0001-01-01T00:00:00": http.StatusBadRequest,
		"/traces?token=%00": http.StatusBadRequest, "/traces/open?id=hello": http.StatusBadRequest, "/static/none.js": http.StatusNotFound, "/map?range=": http.StatusOK,
	} {
		w := browse(t, f, http.MethodGet, target, nil)
		if w.Code != want {
			t.Errorf("GET %s: %d, want %d: %s", target, w.Code, want, words(w.Body.String()))
		}
	}
	if f.logged.Len() > 0 {
		t.Errorf("the log has errors: %s", f.logged)
	}
}

func TestInternalErrorsAreNotShown(t *testing.T) {
	f := newFixture(time.Now())
	f.everything()
	f.functions.err = http.ErrHandlerTimeout // a foreign error
	w := browse(t, f, http.MethodPost, "/functions/checkout/invoke", url.Values{"event": {"{}"}})
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "Handler timeout") {
		t.Errorf("%d, and the page says %s", w.Code, words(w.Body.String()))
	}
	if !strings.Contains(f.logged.String(), "Handler timeout") {
		t.Errorf("the log does not have it: %q", f.logged)
	}
}

func TestOldRoutesAreAnswered(t *testing.T) {
	f := newFixture(time.Now())
	for _, target := range []string{"/xray/home?region=eu-west-1", "/cloudwatch/home", "/lambda/home"} {
		if page := open(t, f, target); !strings.Contains(page, `id="hash-route"`) {
			t.Errorf("%s does not lead on", target)
		}
	}
}

func TestStaticFilesAreKept(t *testing.T) {
	f := newFixture(time.Now())
	for name, kind := range map[string]string{"main.js": "text/javascript; charset=utf-8", "base.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml"} {
		w := browse(t, f, http.MethodGet, "/static/"+name, nil)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != kind || w.Body.Len() == 0 {
			t.Errorf("%s: %d, %q, %d bytes", name, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
		r := httptest.NewRequest(http.MethodGet, "/static/"+name, nil)
		r.Host = "localhost"
		r.Header.Set("If-None-Match", w.Header().Get("ETag"))
		again := httptest.NewRecorder()
		f.ServeHTTP(again, r)
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s asked again: %d with %d bytes", name, again.Code, again.Body.Len())
		}
	}
}
