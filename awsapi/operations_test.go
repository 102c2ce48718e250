package awsapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/awsapi"
	apiiam "radiograph/awsapi/iam"
	"radiograph/awsapi/sts"
	"radiograph/awsapi/xray"
	"radiograph/group"
	"radiograph/iam"
	"radiograph/ingest"
	"radiograph/insight"
	"radiograph/meter"
	"radiograph/query"
	"radiograph/retrieval"
	"radiograph/sampling"
	"radiograph/settings"
	"radiograph/storetest"
)

var update = flag.Bool("update", false, "rewrite the expected answers")

// now is the time of all tests of this file.
var now = time.Date(2024, 9, 22, 5, 0, 0, 0, time.UTC)

// house is the real rooms behind the three services, on stores in memory.
type house struct {
	services []awsapi.Service
	roles    *iam.Service
}

func newHouse(t testing.TB) *house {
	t.Helper()
	clock := func() time.Time { return now }
	store, state := storetest.NewModel(), storetest.NewState()
	limits := radiograph.LocalLimits()
	meter, err := meter.New(t.Context(), meter.Config{State: state, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := meter.Close(); err != nil {
			t.Error(err)
		}
	})
	groups := group.New(group.Config{State: state, Clock: clock, Limits: limits, Meter: meter})
	store.MatchGroups(groups)
	sink := ingest.New(ingest.Config{Store: store, State: state, Meter: meter, Limits: limits, Clock: clock})
	roles := iam.New(state, clock)
	engine := query.New(store, clock)
	return &house{roles: roles, services: []awsapi.Service{
		xray.New(xray.Config{
			Engine: engine, Sink: sink, Telemetry: sink, Meter: meter, Limits: limits,
			Rules: sampling.NewRules(state, clock, limits), Groups: groups,
			Insights: insight.New(insight.Config{State: state, Sums: engine, Groups: groups, Clock: clock}),
			Settings: settings.New(state, clock, limits), Retrievals: retrieval.New(state, clock),
		}),
		apiiam.New(roles),
		sts.New(roles),
	}}
}

// TestOperations runs the scripts testdata/SERVICE/OPERATION.txt. A script is a
// list of exchanges: a request (line, headers, blank line, body), a line ----,
// the expected answer, and a line ==== before the next. Ids that are made up
// anew each time are replaced by what they are.
func TestOperations(t *testing.T) {
	for _, svc := range newHouse(t).services {
		for _, op := range svc.Operations {
			t.Run(svc.Name+"/"+op.Name, func(t *testing.T) {
				name := filepath.Join("testdata", svc.Name, op.Name+".txt")
				script, err := os.ReadFile(name)
				if err != nil {
					t.Fatalf("each served operation has a script: %v", err)
				}
				h := newHouse(t)
				server := awsapi.NewServer(awsapi.Config{Services: h.services, Authorizer: h.roles, Clock: func() time.Time { return now }})
				var got bytes.Buffer
				for i, exchange := range strings.Split(string(script), "\n====\n") {
					if i > 0 {
						got.WriteString("\n====\n")
					}
					request, _, _ := strings.Cut(exchange, "\n----")
					request = strings.TrimRight(request, "\n")
					fmt.Fprintf(&got, "%s\n----\n%s", request, play(t, server, svc.Name, request))
				}
				got.WriteString("\n")
				if *update {
					if err := os.WriteFile(name, got.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				if diff := cmp.Diff(string(script), got.String()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

var madeUp = []struct {
	form *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`), "<uuid>"},
	{regexp.MustCompile(`\b[A-Z2-7]{52}\b`), "<group id>"},
	{regexp.MustCompile(`AROA[A-Z2-7]{17}`), "<role id>"},
	{regexp.MustCompile(`ANPA[A-Z2-7]{17}`), "<policy id>"},
	{regexp.MustCompile(`ASIA[A-Z2-7]{16}`), "<key id>"},
	{regexp.MustCompile(`<(SecretAccessKey|SessionToken)>[^<]+`), "<$1><made up>"},
}

// play sends one request of a script and prints the answer. A request without an
// Authorization header is signed for the service, as SDKs do; "Authorization:
// none" sends it unsigned.
func play(t *testing.T, server http.Handler, service, request string) string {
	t.Helper()
	head, body, _ := strings.Cut(request, "\n\n")
	if service != "xray" { // forms are written one member a line
		body = strings.ReplaceAll(body, "\n", "&")
	}
	raw := bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\nHost: 127.0.0.1:4566\r\n\r\n"))
	line, err := raw.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	method, path, _ := strings.Cut(strings.TrimSpace(line), " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:4566"
	for _, l := range strings.Split(head, "\n")[1:] {
		name, value, _ := strings.Cut(l, ": ")
		r.Header.Set(name, value)
	}
	switch r.Header.Get("Authorization") {
	case "":
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240922/eu-west-1/"+service+"/aws4_request, SignedHeaders=host;x-amz-date, Signature=00")
	case "none":
		r.Header.Del("Authorization")
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	var b strings.Builder
	fmt.Fprintf(&b, "%d", w.Code)
	for _, name := range []string{"Content-Type", "X-Amzn-Errortype", "X-Amzn-Requestid"} {
		if v := w.Header().Get(name); v != "" {
			fmt.Fprintf(&b, "\n%s: %s", name, v)
		}
	}
	b.WriteString("\n\n" + readable(w.Body.Bytes()))
	s := strings.TrimRight(b.String(), "\n")
	for _, m := range madeUp {
		s = m.form.ReplaceAllString(s, m.is)
	}
	return s
}

// readable indents JSON without touching its numbers, and breaks XML into lines.
func readable(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") == nil {
		return b.String()
	}
	return strings.ReplaceAll(string(body), "><", ">\n<")
}

// TestTables checks what every table must be.
func TestTables(t *testing.T) {
	for _, svc := range newHouse(t).services {
		seen := map[string]bool{}
		for _, op := range svc.Operations {
			if seen[op.Name] {
				t.Errorf("%s: %s twice", svc.Name, op.Name)
			}
			seen[op.Name] = true
		}
		for _, u := range svc.Modelled {
			if seen[u.Name] {
				t.Errorf("%s: %s is served and not", svc.Name, u.Name)
			}
			seen[u.Name] = true
		}
		want := map[string]int{"xray": 38, "iam": 180, "sts": 11}[svc.Name]
		if len(seen) != want {
			t.Errorf("%s has %d operations, the public model %d", svc.Name, len(seen), want)
		}
	}
}

// TestUnserved asks for each operation that is not served: an honest error in the
// service's own form, never a success.
func TestUnserved(t *testing.T) {
	h := newHouse(t)
	server := awsapi.NewServer(awsapi.Config{Services: h.services})
	for _, svc := range h.services {
		for _, u := range svc.Modelled {
			method, path, body := http.MethodPost, "/", "Action="+u.Name+"&Version="+svc.Version
			if u.Route != "" {
				method, path, _ = strings.Cut(u.Route, " ")
				body = "{}"
			}
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AK/20240922/eu-west-1/"+svc.Name+"/aws4_request, SignedHeaders=host, Signature=00")
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "radiograph does not serve "+u.Name+" of "+svc.Title) {
				t.Errorf("%s: %d %s", u.Name, w.Code, w.Body)
			}
			json, isXML := w.Header().Get("X-Amzn-Errortype"), strings.HasPrefix(w.Body.String(), "<ErrorResponse")
			if svc.Protocol == awsapi.Query && !isXML || svc.Protocol == awsapi.RestJSON && json != "UnsupportedOperationException" {
				t.Errorf("%s: in the wrong form: %v %s", u.Name, w.Header(), w.Body)
			}
		}
	}
}

func TestCompatibility(t *testing.T) {
	page := awsapi.Compatibility(newHouse(t).services, func(service, operation string) string { return service + ".Test" + operation })
	for _, want := range []string{
		"## AWS X-Ray (`xray`, rest-json, API 2016-04-12)",
		"38 of 38 modelled operations are served.",
		"| PutTraceSegments | `POST /TraceSegments` | 200 | `xray:PutTraceSegments` | `xray.TestPutTraceSegments` |",
		"| GetCallerIdentity | `Action=GetCallerIdentity` | 200 | none | `sts.TestGetCallerIdentity` |",
		"CreateVirtualMFADevice",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
