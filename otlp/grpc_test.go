package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"radiograph"
)

// framed is a message as a call carries it.
func framed(compressed byte, message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{compressed}, uint32(len(message))), message...)
}

// callee is a receiver behind a listener that takes HTTP/2 in cleartext.
func callee(t *testing.T, s radiograph.Sink) (*http.Client, string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(New(Config{Sink: s}).GRPC(tenant))
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	t.Cleanup(srv.Close)
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}, srv.URL
}

// call makes one and returns status, message and the answer's message.
func call(t *testing.T, c *http.Client, url string, body []byte, headers ...string) (status, message string, answer []byte, details string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Te", "trailers")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/grpc" {
		t.Fatalf("%d %v %v", res.StatusCode, res.Header, err)
	}
	h := res.Trailer
	if res.Header.Get("Grpc-Status") != "" {
		h = res.Header
	}
	return h.Get("Grpc-Status"), h.Get("Grpc-Message"), answer, h.Get("Grpc-Status-Details-Bin")
}

func TestGRPC(t *testing.T) {
	s := &sink{}
	c, url := callee(t, s)
	for name, body := range map[string][]byte{"plain": framed(0, encode(request())), "gzip": framed(1, zipped(encode(request())))} {
		s.docs = nil
		status, message, answer, _ := call(t, c, url+exportMethod, body, "Grpc-Encoding", "gzip", "Grpc-Timeout", "10S")
		if status != "0" || message != "" || !bytes.Equal(answer, make([]byte, 5)) || len(s.docs) != 2 {
			t.Errorf("%s: %s %q %q, %d stored", name, status, message, answer, len(s.docs))
		}
	}
	in := request()
	in[0].spans[0].spanID = nil
	status, _, answer, _ := call(t, c, url+exportMethod, framed(0, encode(in)))
	if status != "0" || len(answer) < 5 || int(binary.BigEndian.Uint32(answer[1:])) != len(answer)-5 || !strings.Contains(string(answer), "span id is not 8 bytes") {
		t.Errorf("partial success: %s %q", status, answer)
	}
}

func TestGRPCRefusals(t *testing.T) {
	c, url := callee(t, &sink{})
	good := framed(0, encode(request()))
	for _, tt := range []struct {
		name, path string
		body       []byte
		headers    []string
		status     string
		message    string
	}{
		{"metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", good, nil, "12", "traces only"},
		{"logs", "/opentelemetry.proto.collector.logs.v1.LogsService/Export", good, nil, "12", "traces only"},
		{"health", "/grpc.health.v1.Health/Check", framed(0, nil), nil, "12", "unknown method"},
		{"no protobuf", exportMethod, framed(0, []byte("\xff")), nil, "3", "protobuf"},
		{"no message", exportMethod, nil, nil, "13", "no whole message"},
		{"cut message", exportMethod, good[:20], nil, "13", "ends before"},
		{"two messages", exportMethod, append(bytes.Clone(good), good...), nil, "13", "more than one"},
		{"other flag", exportMethod, framed(2, nil), nil, "13", "begins with 2"},
		{"other compression", exportMethod, framed(1, []byte("x")), []string{"Grpc-Encoding", "snappy"}, "12", "snappy"},
		{"no gzip", exportMethod, framed(1, []byte("x")), []string{"Grpc-Encoding", "gzip"}, "13", "not gzip"},
		{"too large", exportMethod, []byte("\x00\x7f\x00\x00\x00"), nil, "8", "larger"},
		{"too large once unpacked", exportMethod, framed(1, zipped(make([]byte, maxBody+1))), []string{"Grpc-Encoding", "gzip"}, "8", "larger"},
		{"bad timeout", exportMethod, good, []string{"Grpc-Timeout", "soon"}, "13", "grpc-timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, message, _, _ := call(t, c, url+tt.path, tt.body, tt.headers...)
			if status != tt.status || !strings.Contains(message, tt.message) {
				t.Errorf("%s %q", status, message)
			}
		})
	}
	for _, media := range []string{"application/json", "application/grpc+json"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+exportMethod, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", media)
		res, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %d", media, res.StatusCode)
		}
	}
}

func TestGRPCStoreTrouble(t *testing.T) {
	for want, err := range map[string]error{"14": errDisk, "8": errThrottle} {
		c, url := callee(t, &sink{fail: err})
		status, message, _, details := call(t, c, url+exportMethod, framed(0, encode(request())))
		b, err := base64.RawStdEncoding.DecodeString(details)
		if status != want || strings.Contains(message, "disk") || err != nil || !bytes.Contains(b, []byte("google.rpc.RetryInfo")) {
			t.Errorf("%s %q %q %v", status, message, b, err)
		}
	}
	c, url := callee(t, &sink{block: true})
	if status, message, _, _ := call(t, c, url+exportMethod, framed(0, encode(request())), "Grpc-Timeout", "5m"); status != "4" {
		t.Errorf("%s %q", status, message)
	}
}

func TestTimeout(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1H": time.Hour, "2M": 2 * time.Minute, "3S": 3 * time.Second, "4m": 4 * time.Millisecond, "5u": 5 * time.Microsecond, "99999999n": 99999999,
		"99999999H": maxTimeout, "": 0, "S": 0, "1": 0, "-1S": 0, "+1S": 0, "123456789S": 0, "1s": 0, "1 S": 0,
	} {
		got, ok := parseTimeout(text)
		if got != want || ok != (want != 0) {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
}

func TestPercentEncode(t *testing.T) {
	if got := percentEncode("50 % of ü\n"); got != "50 %25 of %C3%BC%0A" {
		t.Error(got)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(framed(0, encode(request())), "")
	f.Add(framed(1, zipped([]byte("x"))), "gzip")
	f.Add([]byte("\x00\x7f\xff\xff\xff"), "")
	f.Fuzz(func(t *testing.T, body []byte, encoding string) {
		message, err := readMessage(bytes.NewReader(body), encoding)
		if err == nil && body[0] == 0 && !bytes.Equal(framed(0, message), body) {
			t.Errorf("%q of %q", message, body)
		}
	})
}
