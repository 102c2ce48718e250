package console_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"radiograph"
)

func TestHost(t *testing.T) {
	f := newFixture(time.Now())
	tests := []struct {
		host string
		ours bool
	}{
		{"localhost", true},
		{"localhost:4566", true},
		{"LOCALHOST.:80", true},
		{"console.localhost:4566", true},
		{"127.0.0.1", true},
		{"127.8.9.1:1", true},
		{"[::1]:4566", true},
		{"[::1]", true},
		{"[::ffff:127.0.0.1]:80", true},
		{"radiograph.test", true},
		{"Radiograph.Test:4566", true},
		{"evil.test", false},
		{"evil.test:4566", false},
		{"localhost.evil.test", false},
		{"127.0.0.1.evil.test", false},
		{"10.0.0.1", false},
		{"0.0.0.0:4566", false},
		{"[fe80::1]:4566", false},
		{"", false},
		{"xlocalhost", false},
		{":4566", false},
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
	pages := []string{
		"/", "/traces", "/traces?status=error&service=checkout", cold, cold + "?view=raw", cold + "/trace.json", "/map", "/map?node=checkout&type=AWS%3A%3ALambda%3A%3AFunction",
		"/functions", "/functions/checkout", "/functions/checkout?version=1", "/functions/checkout?saved=active-policy", "/xray/home", "/nothing", "/static/main.js",
		"/traces/" + ids["retried"].String(), "/traces/" + ids["running"].String(),
	}
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
