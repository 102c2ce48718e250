package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// The client commands, used as a person does: one server, one function.
func TestCommands(t *testing.T) {
	t.Parallel()
	payments := newPayments(t)
	p := up(t)
	if err := deployDemo(t.Context(), p.client(), binary, 5*time.Millisecond); err != nil {
		t.Fatal(err)
	}

	t.Run("traces of nothing", func(t *testing.T) {
		code, stdout, stderr := p.command(t, "traces")
		if code != exitOK || stdout != "" || !strings.Contains(stderr, "No trace in the last 1h in account 000000000000, region us-east-1") {
			t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
		}
		code, stdout, _ = p.command(t, "traces", "--output", "json")
		if code != exitOK || strings.Join(strings.Fields(stdout), "") != `{"TraceSummaries":[]}` {
			t.Errorf("exit code %d, %q", code, stdout)
		}
	})

	t.Run("invoke", func(t *testing.T) {
		event := filepath.Join(t.TempDir(), "event.json")
		if err := os.WriteFile(event, payments.order(1), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := p.command(t, "invoke", demoFunction, "--payload", "@"+event, "--tail")
		if code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		// stdout is the function's answer and nothing else.
		var answer map[string]any
		if err := json.Unmarshal([]byte(stdout), &answer); err != nil || answer["paid"] != true {
			t.Errorf("stdout %q: %v", stdout, err)
		}
		for _, want := range []string{"START RequestId", "order 1 is paid", "XRAY TraceId", "Initialization", "check order"} {
			if !strings.Contains(stderr, want) {
				t.Errorf("%q is missing in:\n%s", want, stderr)
			}
		}
	})

	t.Run("invoke fails with the function", func(t *testing.T) {
		code, stdout, stderr := p.command(t, "invoke", demoFunction, "--payload", `{"order": 5, "provider": "http://127.0.0.1:1"}`)
		if code != exitFailure || !strings.Contains(stdout, "PaymentError") || !strings.Contains(stderr, demoFunction+" failed (Unhandled)") {
			t.Errorf("exit code %d, %s, %s", code, stdout, stderr)
		}
	})

	t.Run("invoke asynchronously", func(t *testing.T) {
		code, stdout, stderr := p.command(t, "invoke", demoFunction, "--payload", string(payments.order(3)), "--event")
		if code != exitOK || stdout != "" || !strings.Contains(stderr, "accepted (202)") || !strings.Contains(stderr, "Attempt #1") {
			t.Errorf("exit code %d, %q, %s", code, stdout, stderr)
		}
	})

	t.Run("invoke unsampled", func(t *testing.T) {
		code, _, stderr := p.command(t, "invoke", demoFunction, "--payload", string(payments.order(4)), "--sampled", "no")
		if code != exitOK || !strings.Contains(stderr, "was not sampled") {
			t.Errorf("exit code %d, %s", code, stderr)
		}
	})

	t.Run("invoke an unknown function", func(t *testing.T) {
		code, _, stderr := p.command(t, "invoke", "nobody")
		if code != exitFailure || !strings.Contains(stderr, "ResourceNotFoundException") {
			t.Errorf("exit code %d, %s", code, stderr)
		}
	})

	var listed struct{ TraceSummaries []fetchedSummary }
	t.Run("traces", func(t *testing.T) {
		code, stdout, stderr := p.command(t, "traces", "--output", "json")
		if code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		if err := json.Unmarshal([]byte(stdout), &listed); err != nil || len(listed.TraceSummaries) != 3 {
			t.Fatalf("%d traces, want 3: %v\n%s", len(listed.TraceSummaries), err, stdout)
		}
		code, text, _ := p.command(t, "traces")
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if code != exitOK || len(lines) != 4 {
			t.Fatalf("exit code %d, want a heading and three lines:\n%s", code, text)
		}
		for _, s := range listed.TraceSummaries {
			if !strings.Contains(text, s.ID) {
				t.Errorf("%s is not listed:\n%s", s.ID, text)
			}
		}
		code, text, more := p.command(t, "traces", "--limit", "1")
		if code != exitOK || strings.Count(text, "\n") != 2 || !strings.Contains(more, "--limit") {
			t.Errorf("one trace: exit code %d\n%s%s", code, text, more)
		}
		if _, text, _ = p.command(t, "traces", "--region", "eu-west-1"); text != "" {
			t.Errorf("another region's traces:\n%s", text)
		}
	})

	t.Run("traces that pass a filter", func(t *testing.T) {
		for _, test := range []struct {
			filter []string
			want   int
		}{
			{[]string{`ok`}, 2},
			{[]string{`service("` + demoFunction + `")`, `{`, `error`, `}`}, 1},
			{[]string{`annotation.nothing`}, 0},
		} {
			code, stdout, stderr := p.command(t, append([]string{"traces", "--output", "json"}, test.filter...)...)
			var found struct{ TraceSummaries []fetchedSummary }
			if err := json.Unmarshal([]byte(stdout), &found); code != exitOK || err != nil || len(found.TraceSummaries) != test.want {
				t.Errorf("%s: exit code %d, %d traces, want %d: %v %s", test.filter, code, len(found.TraceSummaries), test.want, err, stderr)
			}
		}
		code, stdout, stderr := p.command(t, "traces", "annotation.nothing")
		if code != exitOK || stdout != "" || !strings.Contains(stderr, "passes the filter") {
			t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
		}
		code, _, stderr = p.command(t, "traces", `fault AND duration = "x"`)
		if code == exitOK || !strings.Contains(stderr, "wants a number") || !strings.Contains(stderr, "\n  fault AND duration = \"x\"\n                       ^\n") {
			t.Errorf("exit code %d:\n%s", code, stderr)
		}
	})

	t.Run("trace", func(t *testing.T) {
		if len(listed.TraceSummaries) == 0 {
			t.Fatal("no trace is listed")
		}
		id, err := radiograph.ParseTraceID(listed.TraceSummaries[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		_, text, stderr := p.command(t, "trace", id.String())
		if !strings.HasPrefix(text, "trace "+id.String()) || strings.Contains(text, "\x1b") {
			t.Errorf("%q %s", text, stderr)
		}
		_, byW3C, _ := p.command(t, "trace", id.W3C())
		if diff := cmp.Diff(text, byW3C); diff != "" {
			t.Errorf("by the W3C spelling (-X-Ray +W3C):\n%s", diff)
		}
		code, stdout, _ := p.command(t, "trace", id.String(), "--output", "json")
		var out struct {
			ID       string `json:"Id"`
			Segments []struct {
				ID       string `json:"Id"`
				Document struct {
					ID, Name string
					TraceID  string `json:"trace_id"`
				}
			}
		}
		if err := json.Unmarshal([]byte(stdout), &out); err != nil || code != exitOK {
			t.Fatalf("exit code %d, %v: %s", code, err, stdout)
		}
		if out.ID != id.String() || len(out.Segments) < 2 {
			t.Errorf("got %+v", out)
		}
		for _, s := range out.Segments {
			if s.Document.ID != s.ID || s.Document.Name == "" || s.Document.TraceID != id.String() {
				t.Errorf("segment %+v", s)
			}
		}
	})

	t.Run("trace of nothing", func(t *testing.T) {
		code, stdout, stderr := p.command(t, "trace", radiograph.NewTraceID(time.Now()).String())
		if code != exitFailure || stdout != "" || !strings.Contains(stderr, "there is no trace") {
			t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
		}
	})

	t.Run("env", func(t *testing.T) {
		code, stdout, stderr := p.command(t, "env")
		want := "export AWS_ENDPOINT_URL=" + p.Endpoint + `
export AWS_ACCESS_KEY_ID=000000000000
export AWS_SECRET_ACCESS_KEY=radiograph
export AWS_REGION=us-east-1
export AWS_DEFAULT_REGION=us-east-1
export AWS_XRAY_DAEMON_ADDRESS=` + p.Daemon + `
export OTEL_EXPORTER_OTLP_ENDPOINT=http://` + p.OTLPHTTP + `
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
`
		if diff := cmp.Diff(want, stdout); code != exitOK || diff != "" {
			t.Errorf("exit code %d, %s (-want +got):\n%s", code, stderr, diff)
		}
		// A shell reads it, and the commands need no flag then.
		script := `eval "$(` + binary + ` env --endpoint ` + p.Endpoint + `)" && ` + binary + ` traces --output json`
		out, err := exec.Command("sh", "-c", script).Output()
		if err != nil || !strings.Contains(string(out), "TraceSummaries") {
			t.Errorf("%v: %s", err, out)
		}
	})
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, args := range [][]string{
		{"env"}, {"doctor"}, {"traces"}, {"trace", "1-67891233-abcdef012345678912345678"}, {"invoke", "f"},
	} {
		code, stdout, stderr := runBinary(t, append(args, "--endpoint", "http://"+l.Addr().String())...)
		if code != exitFailure || stdout != "" || !strings.Contains(stderr, "radiograph up") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitOK, "radiograph demo"},
		{[]string{"--help"}, exitOK, "radiograph demo"},
		{[]string{"version"}, exitOK, "radiograph "},
		{[]string{"trace"}, exitUsage, "needs a trace id"},
		{[]string{"trace", "x"}, exitUsage, "trace id"},
		{[]string{"trace", "1-67891233-abcdef012345678912345678", "y"}, exitUsage, `"y"`},
		{[]string{"traces", "--output", "yaml"}, exitUsage, "text or json"},
		{[]string{"traces", "fault", "--since", "-1h"}, exitUsage, "--since"},
		{[]string{"traces", "--since", "-1h"}, exitUsage, "--since"},
		{[]string{"traces", "--endpoint", "4566"}, exitUsage, "endpoint"},
		{[]string{"traces", "--account", "me"}, exitUsage, "--account"},
		{[]string{"doctor", "--data", "x", "--endpoint", "http://127.0.0.1:1"}, exitUsage, "--endpoint"},
		{[]string{"invoke"}, exitUsage, "needs the name of a function"},
		{[]string{"invoke", "f", "--sampled", "perhaps"}, exitUsage, "--sampled"},
		{[]string{"paint"}, exitUsage, `"paint"`},
	} {
		code, stdout, stderr := runBinary(t, test.args...)
		if code != test.code || !strings.Contains(stdout+stderr, test.want) {
			t.Errorf("radiograph %v: exit code %d, want %d and %q\n%s%s", test.args, code, test.code, test.want, stdout, stderr)
		}
		if (code == exitOK) != (stderr == "") {
			t.Errorf("radiograph %v: exit code %d with this on stderr: %q", test.args, code, stderr)
		}
	}
}

func TestReadError(t *testing.T) {
	for _, test := range []struct {
		name, header, body string
		want               apiError
	}{
		{"rest-json", "ResourceNotFoundException", `{"Type":"User","Message":"no function f"}`, apiError{404, "ResourceNotFoundException", "no function f"}},
		{"header with a URI", "InvalidRequestException:http://x/", `{"message":"m"}`, apiError{404, "InvalidRequestException", "m"}},
		{"json 1.1", "", `{"__type":"com.amazon#ThrottledException","message":"slow"}`, apiError{404, "ThrottledException", "slow"}},
		{"query", "", `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>no role</Message></Error></ErrorResponse>`, apiError{404, "NoSuchEntity", "no role"}},
		{"not an AWS answer", "", `<html>`, apiError{404, "", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if test.header != "" {
					w.Header().Set("X-Amzn-ErrorType", test.header)
				}
				w.WriteHeader(404)
				_, _ = w.Write([]byte(test.body))
			}))
			defer srv.Close()
			err := newClient(srv.URL, "000000000000", "us-east-1").json(t.Context(), "lambda", "GET", "/", nil, nil)
			got, ok := err.(*apiError)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.Error() == "" {
				t.Error("the error has no text")
			}
		})
	}
}

func TestShellWord(t *testing.T) {
	for _, word := range []string{"plain", "http://127.0.0.1:4566", "[::1]:2000", "", "two words", "it's", "$(rm -rf /)", "a\nb"} {
		out, err := exec.Command("sh", "-c", "printf %s "+shellWord(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q became %q, %v", word, out, err)
		}
	}
}
