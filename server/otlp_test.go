package server

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"radiograph"
)

// spanJSON is an export request of one span.
func spanJSON(id radiograph.TraceID) string {
	return fmt.Sprintf(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":%q,"spanId":"0a0a0a0a0a0a0a0a","name":"n","kind":2,
		"startTimeUnixNano":"%d","endTimeUnixNano":"%[2]d"}]}]}]}`, id.W3C(), time.Now().UnixNano())
}

// send posts a body and returns status and answer.
func send(t *testing.T, client *http.Client, url, media, body string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", media)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b) + res.Header.Get("Grpc-Status") + res.Trailer.Get("Grpc-Status")
}

func signedBy(key string) string {
	return "AWS4-HMAC-SHA256 Credential=" + key + "/20261121/eu-west-1/xray/aws4_request, SignedHeaders=host, Signature=00"
}

func TestOTLP(t *testing.T) {
	s, err := Start(t.Context(), Config{Account: "111122223333", Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	defer http.DefaultClient.CloseIdleConnections()
	has := func(account string, id radiograph.TraceID) bool {
		_, got := send(t, http.DefaultClient, s.Endpoint()+"/Traces", "application/json", fmt.Sprintf(`{"TraceIds":[%q]}`, id), "Authorization", signedBy(account))
		return strings.Contains(got, "0a0a0a0a0a0a0a0a")
	}
	for name, door := range map[string]string{"its own port": "http://" + s.OTLPHTTP(), "the main port": s.Endpoint()} {
		url := door + "/v1/traces"
		id := radiograph.NewTraceID(time.Now())
		if status, body := send(t, http.DefaultClient, url, "application/json", spanJSON(id)); status != 200 || body != "{}" || !has("111122223333", id) {
			t.Errorf("%s: %d %s", name, status, body)
		}
		// Programs may name this machine as they like; web pages are kept out, on
		// their own name or another's.
		id = radiograph.NewTraceID(time.Now())
		if status, body := send(t, http.DefaultClient, url, "application/json", spanJSON(id), "Host", "collector.test"); status != 200 {
			t.Errorf("%s, by another name: %d %s", name, status, body)
		}
		for _, headers := range [][]string{
			{"Origin", "http://evil.example"},
			{"Sec-Fetch-Site", "cross-site"},
			{"Origin", "null"},
			{"Host", "evil.example", "Origin", "http://evil.example", "Sec-Fetch-Site", "same-origin"},
		} {
			id := radiograph.NewTraceID(time.Now())
			for _, media := range []string{"application/json", "text/plain", "application/x-protobuf"} {
				if status, _ := send(t, http.DefaultClient, url, media, spanJSON(id), headers...); status != http.StatusForbidden {
					t.Errorf("%s, %v, %s: %d", name, headers, media, status)
				}
			}
			if has("111122223333", id) {
				t.Errorf("%s, %v: stored", name, headers)
			}
		}
		// A signature says whose spans they are.
		id = radiograph.NewTraceID(time.Now())
		if status, _ := send(t, http.DefaultClient, url, "application/json", spanJSON(id), "Authorization", signedBy("444455556666")); status != 200 || !has("444455556666", id) || has("111122223333", id) {
			t.Errorf("%s, signed: %d", name, status)
		}
		if status, body := send(t, http.DefaultClient, door+"/v1/metrics", "application/json", "{}"); status != 404 || !strings.Contains(body, "no metrics") {
			t.Errorf("%s, metrics: %d %s", name, status, body)
		}
	}

	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	id := radiograph.NewTraceID(time.Now())
	span := protowire.AppendFixed64(protowire.AppendTag(nil, 7, protowire.Fixed64Type), uint64(time.Now().UnixNano()))
	spanID, _ := hex.DecodeString("0a0a0a0a0a0a0a0a")
	for field, content := range map[protowire.Number][]byte{1: id[:], 2: spanID, 5: []byte("n")} {
		span = protowire.AppendBytes(protowire.AppendTag(span, field, protowire.BytesType), content)
	}
	for _, field := range []protowire.Number{2, 2, 1} { // spans, scope spans, resource spans
		span = protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), span)
	}
	call := "\x00\x00\x00\x00" + string(rune(len(span))) + string(span)
	url := "http://" + s.OTLPGRPC() + "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	status, body := send(t, &http.Client{Transport: transport}, url, "application/grpc", call)
	if status != 200 || !bytes.HasSuffix([]byte(body), []byte("0")) || !has("111122223333", id) {
		t.Errorf("gRPC: %d %q", status, body)
	}
}

// TestOTLPAddresses: a taken port is an error when it was asked for.
func TestOTLPAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for _, cfg := range []Config{{OTLPHTTP: address}, {OTLPGRPC: address}} {
		_, err := Start(t.Context(), cfg)
		var inUse *AddressInUseError
		if !errors.As(err, &inUse) || inUse.Address != address {
			t.Errorf("%v", err)
		}
	}
	if _, err := Start(t.Context(), Config{OTLPHTTP: "0.0.0.0:0"}); !errors.Is(err, ErrPublicAddress) {
		t.Errorf("public: %v", err)
	}
	var log bytes.Buffer
	s, err := Start(t.Context(), Config{
		OTLPHTTP: address, OTLPHTTPOptional: true, OTLPGRPC: Off,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.OTLPHTTP() != "" || s.OTLPGRPC() != "" || strings.Count(log.String(), "an address is taken") != 1 || !strings.Contains(log.String(), s.Endpoint()+"/v1/traces") {
		t.Errorf("%q, %q, %s", s.OTLPHTTP(), s.OTLPGRPC(), &log)
	}
}
