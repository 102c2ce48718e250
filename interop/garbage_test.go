package interop

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	rg "radiograph"
)

// TestGarbageDatagrams sends the daemon everything but segments, and then one.
func TestGarbageDatagrams(t *testing.T) {
	t.Parallel()
	s := start(t, "--region", "eu-west-1")
	conn, err := net.Dial("udp", s.Daemon)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const header = `{"format":"json","version":1}` + "\n"
	for _, d := range []string{
		"", "\n", "\x00\x01\x02", "{}", "{}\n{}", header, header + "not json", header + "[", header + "{}", header + "null",
		`{"format":"json","version":2}` + "\n{}", `{"format":"xml","version":1}` + "\n<a/>", strings.Repeat("x", 60000),
		header + strings.Repeat("[", 60000), header + `{"a":` + strings.Repeat(`{"a":`, 10000), header + "T1S!!!not base64!!!", header + "\xff\xfe",
	} {
		if _, err := conn.Write([]byte(d)); err != nil {
			t.Fatalf("send %.20q: %v", d, err)
		}
	}
	now := time.Now()
	id := rg.NewTraceID(now)
	if _, err := fmt.Fprintf(conn, "%s"+`{"trace_id":%q,"id":"53995c3f42cd8ad8","name":"after","start_time":%d,"end_time":%d.5}`, header, id.String(), now.Unix(), now.Unix()); err != nil {
		t.Fatal(err)
	}
	// The daemon outside functions works for the default account.
	for began := time.Now(); len(s.documents(t, string(rg.DefaultAccount), id.String())) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("the segment after the garbage did not arrive")
		}
	}
	s.alive(t)
}

// TestGarbageRequests sends what no client library can be made to send.
func TestGarbageRequests(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := account(t.Name())
	jsonType := http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"AWSNonsense.DoThings"}}
	for _, c := range []struct {
		name, service, method, path, body string
		header                            http.Header
	}{
		{"bad JSON", "xray", "POST", "/Traces", `{"TraceIds":`, nil},
		{"wrong type", "xray", "POST", "/Traces", `{"TraceIds":"x"}`, nil},
		{"an array", "xray", "POST", "/TraceSegments", `[]`, nil},
		{"missing member", "xray", "POST", "/TraceSegments", `{}`, nil},
		{"documents no list", "xray", "POST", "/TraceSegments", `{"TraceSegmentDocuments":{}}`, nil},
		{"deep JSON", "xray", "POST", "/TraceSegments", strings.Repeat("[", 1<<20), nil},
		{"bad UTF-8", "xray", "POST", "/TraceSummaries", "\xff\xfe\x00", nil},
		{"NaN", "xray", "POST", "/TraceSummaries", `{"StartTime":NaN,"EndTime":1}`, nil},
		{"huge number", "xray", "POST", "/TraceSummaries", `{"StartTime":1e999,"EndTime":1e9999}`, nil},
		{"unknown path", "xray", "POST", "/Nonsense", `{}`, nil},
		{"wrong method", "xray", "GET", "/Traces", ``, nil},
		{"bad gzip", "xray", "POST", "/Traces", `{}`, http.Header{"Content-Encoding": {"gzip"}}},
		{"over 8 MiB", "xray", "POST", "/TraceSegments", `{"TraceSegmentDocuments":["` + strings.Repeat("x", 9<<20) + `"]}`, nil},
		{"bad JSON", "lambda", "POST", "/2015-03-31/functions", `{"FunctionName"`, nil},
		{"no name", "lambda", "POST", "/2015-03-31/functions", `{}`, nil},
		{"bad base64", "lambda", "POST", "/2015-03-31/functions", `{"FunctionName":"f","Role":"arn:aws:iam::000000000000:role/r","Runtime":"python3.12","Handler":"a.b","Code":{"ZipFile":"%%%"}}`, nil},
		{"percent escapes", "lambda", "GET", "/2015-03-31/functions/%2e%2e%2f%2e%2e%2fetc", ``, nil},
		{"unknown path", "lambda", "GET", "/2015-03-31/nonsense", ``, nil},
		{"wrong invocation type", "lambda", "POST", "/2015-03-31/functions/f/invocations", `{}`, http.Header{"X-Amz-Invocation-Type": {"Sometimes"}}},
		{"no action", "iam", "POST", "/", `a=b`, nil},
		{"unknown action", "iam", "POST", "/", `Action=Nonsense&Version=2010-05-08`, nil},
		{"bad form", "iam", "POST", "/", `%zz=%`, nil},
		{"JSON for a form", "iam", "POST", "/", `{"Action":"GetRole"}`, nil},
		{"bad policy", "iam", "POST", "/", `Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=nonsense`, nil},
		{"no role name", "iam", "POST", "/", `Action=GetRole&Version=2010-05-08`, nil},
		{"unknown action", "sts", "POST", "/", `Action=Nonsense&Version=2011-06-15`, nil},
		{"unserved service", "dynamodb", "POST", "/", `{}`, jsonType},
		{"nonsense service", "no such service", "POST", "/", `{}`, nil},
		{"bad scope", "", "POST", "/Traces", `{}`, http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=a/b"}}},
		{"other scheme", "", "POST", "/Traces", `{}`, http.Header{"Authorization": {"Basic eDp5"}}},
		{"unsigned", "", "POST", "/Traces", `{}`, nil},
	} {
		t.Run(c.service+"/"+c.name, func(t *testing.T) {
			a := s.call(t, account, c.service, c.method, c.path, c.header, []byte(c.body))
			if a.Status < 400 || a.Status >= 500 && a.Status != http.StatusNotImplemented {
				t.Errorf("got %d %.300s, want a 4xx", a.Status, a.Body)
			}
			if c.service != "" && (len(a.Body) == 0 || strings.Contains(strings.ToLower(a.Header.Get("Content-Type")), "html")) {
				t.Errorf("got %d with %s %.300q, want an error that a client can read", a.Status, a.Header.Get("Content-Type"), a.Body)
			}
		})
	}
	s.alive(t)
}

// TestUnserved asks for every operation that the models have and the tables list
// as unserved: each answers with an error that names itself, in the protocol of
// its service, and never with an empty success.
func TestUnserved(t *testing.T) {
	t.Parallel()
	s := start(t)
	account := account(t.Name())
	for _, service := range services() {
		for _, op := range service.Modelled {
			method, path, ok := strings.Cut(op.Route, " ")
			header, body := http.Header{}, "{}"
			if !ok {
				method, path, body = "POST", "/", "Action="+op.Name+"&Version="+service.Version
				header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			path = label.ReplaceAllString(path, "x")
			a := s.call(t, account, service.Name, method, path, header, []byte(body))
			named := a.Header.Get("X-Amzn-Errortype") != "" || strings.Contains(string(a.Body), "<Code>")
			if a.Status < 400 || a.Status >= 500 && a.Status != http.StatusNotImplemented || !named || !strings.Contains(string(a.Body), op.Name) {
				t.Errorf("%s %s (%s): got %d %.200s, want an AWS error that names it", service.Name, op.Name, op.Route, a.Status, a.Body)
			}
		}
	}
}

// TestHalfOpenConnections leaves requests hanging in every way; others are
// served meanwhile, and the server still stops in time.
func TestHalfOpenConnections(t *testing.T) {
	t.Parallel()
	s := start(t)
	host := strings.TrimPrefix(s.Endpoint, "http://")
	for _, addr := range []string{host, s.Daemon} {
		for _, sent := range []string{
			"", "P", "POST /Traces HTTP/1.1\r\n", "POST /Traces HTTP/1.1\r\nHost: x\r\n", "POST /Traces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
			"POST /GetSamplingRules HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
			"POST /TraceSegments HTTP/1.1\r\nHost: x\r\nAuthorization: " + scope(account(t.Name()), "xray") + "\r\nContent-Length: 1000000\r\n\r\n{\"TraceSegmentDocuments\":[",
		} {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.alive(t)
	// Not HTTP at all gets an answer or a closed connection, never silence.
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil && err != io.EOF {
		t.Errorf("not HTTP: got %q, %v", line, err)
	}
	s.alive(t)
	s.stop(t)
}
