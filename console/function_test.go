package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"radiograph"
)

func TestFunctionList(t *testing.T) {
	f := newFixture(time.Now())
	f.everything()
	page := open(t, f, "/functions")
	says(t, page, "checkout Takes the money and stores the order python3.12 ◉ Active 26 min ago 12 s ago 4 ✕ 50 %",
		"thumbnail provided.al2023 ○ PassThrough 26 min ago 1 min ago 2 ✕ 50 %")
	if strings.Count(page, `href="/functions/checkout"`) != 1 {
		t.Error("versions are listed as functions")
	}
}

func TestFunctionPage(t *testing.T) {
	f := newFixture(time.Now())
	ids := f.everything()
	page := open(t, f, "/functions/checkout")
	says(t, page, "Handler app.handler", "Memory 256 MB", "TABLE orders-2026", "Active tracing", "Save", "Invoke",
		"◆ Throttle 429", "▲ ResourceNotFoundException: Requested resource not found", "cold", "over the reservoir of 1 request a second", "not recorded",
		"✕ dropped: the role may not call xray:PutTraceSegments: 2 segments", "3 documents from the function, 2.31 kB", "REPORT RequestId: 5b1f9e0c")
	if len(links(page, "/traces/"+ids["cold"].String())) != 1 {
		t.Error("an invocation does not lead to its trace")
	}
	if !strings.Contains(page, `name="active" value="yes" checked`) {
		t.Error("the switch is off")
	}
}

func TestPublishedVersionIsFrozen(t *testing.T) {
	f := newFixture(time.Now())
	f.everything()
	page := open(t, f, "/functions/checkout?version=1")
	says(t, page, "checkout version 1", "Version 1 is published: its tracing mode is frozen")
	if !strings.Contains(page, "<fieldset disabled>") || strings.Contains(page, ">Save<") {
		t.Error("the switch is not greyed")
	}
}

func TestSaveTracing(t *testing.T) {
	const role = "arn:aws:iam::000000000000:role/service-role/thumbnail-role"
	both := map[string]bool{role + " xray:PutTraceSegments": true, role + " xray:PutTelemetryRecords": true}
	policy := `thumbnail-role AWSLambdaTracerAccessExecutionRole {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords"],"Resource":["*"]}]}`
	tests := []struct {
		name    string
		form    url.Values
		allowed map[string]bool
		mode    radiograph.TracingMode
		put     []string
		says    string
	}{
		{name: "OnAddsThePermission", form: url.Values{"active": {"yes"}, "revision": {"rev-thumbnail"}}, mode: radiograph.TracingActive, put: []string{policy}, says: "Active tracing is on. The policy AWSLambdaTracerAccessExecutionRole with xray:PutTraceSegments and xray:PutTelemetryRecords was added"},
		{name: "OnWithOneRightMissing", form: url.Values{"active": {"yes"}}, allowed: map[string]bool{role + " xray:PutTraceSegments": true}, mode: radiograph.TracingActive, put: []string{policy}, says: "was added"},
		{name: "OnWithTheRights", form: url.Values{"active": {"yes"}}, allowed: both, mode: radiograph.TracingActive, says: "already had the permission"},
		{name: "Off", form: url.Values{"revision": {"rev-thumbnail"}}, mode: radiograph.TracingPassThrough, says: "Active tracing is off."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(time.Now())
			f.everything()
			if tt.allowed != nil {
				f.roles.allowed = tt.allowed
			}
			w := browse(t, f, http.MethodPost, "/functions/thumbnail/tracing", tt.form)
			if w.Code != http.StatusSeeOther {
				t.Fatalf("%d: %s", w.Code, words(w.Body.String()))
			}
			back, _, _ := strings.Cut(w.Header().Get("Location"), "#")
			says(t, open(t, f, back), tt.says)
			fn, _ := f.functions.find("thumbnail", "")
			if fn.Tracing != tt.mode {
				t.Errorf("mode %s, want %s", fn.Tracing, tt.mode)
			}
			if strings.Join(f.roles.put, "\n") != strings.Join(tt.put, "\n") {
				t.Errorf("policies %q, want %q", f.roles.put, tt.put)
			}
		})
	}
}

func TestSaveTracingRefused(t *testing.T) {
	tests := []struct {
		name  string
		setup func(*fixture)
		form  url.Values
		code  int
		says  string
	}{
		{"ChangedMeanwhile", func(*fixture) {}, url.Values{"active": {"yes"}, "revision": {"old"}}, http.StatusConflict, "Not saved: changed in the meantime"},
		{"NoRole", func(f *fixture) { f.roles.missing = true }, url.Values{"active": {"yes"}}, http.StatusBadRequest, "role arn:aws:iam::000000000000:role/service-role/thumbnail-role does not exist"},
		{"Refused", func(f *fixture) {
			f.functions.err = radiograph.Errorf(radiograph.KindInvalid, "The provided execution role does not have permissions to call PutTraceSegments on XRAY")
		}, url.Values{"active": {"yes"}}, http.StatusBadRequest, "does not have permissions to call PutTraceSegments on XRAY"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(time.Now())
			f.everything()
			tt.setup(f)
			w := browse(t, f, http.MethodPost, "/functions/thumbnail/tracing", tt.form)
			if w.Code != tt.code {
				t.Errorf("%d, want %d", w.Code, tt.code)
			}
			says(t, w.Body.String(), tt.says, "Recent invocations")
			if fn, _ := f.functions.find("thumbnail", ""); fn.Tracing != radiograph.TracingPassThrough {
				t.Error("it was changed all the same")
			}
			if tt.name == "ChangedMeanwhile" && len(f.roles.put) > 0 {
				t.Error("the role was changed before the refusal")
			}
		})
	}
}

func TestInvoke(t *testing.T) {
	const traceID = "1-5759e988-bd862e3fe1be46a994272793"
	tests := []struct {
		name   string
		form   url.Values
		result *radiograph.InvokeResult
		err    error
		code   int
		says   []string
		trace  bool
	}{
		{name: "Succeeded", form: url.Values{"event": {"{\"a\":1}"}}, code: 200, says: []string{"● OK Succeeded", `"order": 1042`, "hello", "the first request of its second"}, trace: true},
		{name: "Failed", form: url.Values{"event": {"null"}}, result: &radiograph.InvokeResult{Status: 200, FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"boom"}`), TraceHeader: "Root=" + traceID + ";Sampled=1"}, code: 200, says: []string{"▲ Error The function failed", "boom"}, trace: true},
		{name: "EmptyEvent", form: url.Values{"event": {""}}, code: 200, says: []string{"Succeeded"}, trace: true},
		{name: "NotJSON", form: url.Values{"event": {"{\n  \"a\": x\n}"}}, code: 400, says: []string{"The event is not JSON", "Line 2, column 8"}},
		{name: "Throttled", form: url.Values{"event": {"{}"}}, err: &radiograph.Error{Kind: radiograph.KindThrottled, Message: "Rate Exceeded."}, code: 429, says: []string{"◆ Throttle The function did not run", "Rate Exceeded."}},
		{name: "Version", form: url.Values{"event": {"{}"}, "version": {"2"}}, code: 200, says: []string{"Succeeded"}, trace: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(time.Now())
			f.everything()
			f.functions.result, f.functions.err = tt.result, tt.err
			whole := browse(t, f, http.MethodPost, "/functions/checkout/invoke", tt.form)
			r := httptest.NewRequest(http.MethodPost, "/functions/checkout/invoke", strings.NewReader(tt.form.Encode()))
			r.Host = "localhost"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Fragment", "result")
			part := httptest.NewRecorder()
			f.ServeHTTP(part, r)
			for _, w := range []*httptest.ResponseRecorder{whole, part} {
				if w.Code != tt.code {
					t.Errorf("%d, want %d", w.Code, tt.code)
				}
				says(t, w.Body.String(), tt.says...)
				if got := strings.Contains(w.Body.String(), `href="/traces/`+traceID+`"`); got != tt.trace {
					t.Errorf("leads to the trace: %v", got)
				}
			}
			if strings.Contains(part.Body.String(), "<html") || !strings.Contains(whole.Body.String(), "Recent invocations") {
				t.Error("the part is whole, or the whole a part")
			}
			for _, req := range f.functions.invoked {
				if req.Type != radiograph.RequestResponse || !req.Tail || string(req.Payload) != tt.form.Get("event") || req.Qualifier != tt.form.Get("version") || req.TraceHeader != "" || req.Tenant != tenant {
					t.Errorf("invoked with %+v", req)
				}
			}
			if tt.name == "NotJSON" != (len(f.functions.invoked) == 0) {
				t.Errorf("%d invocations", len(f.functions.invoked))
			}
		})
	}
}
