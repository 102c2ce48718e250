package lambda

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"strings"
	"testing"
)

// frame is an event as a client reads it.
type frame struct {
	headers map[string]string
	payload []byte
}

// frames reads a stream by the public description of its encoding.
func frames(t *testing.T, b []byte) []frame {
	t.Helper()
	var all []frame
	for len(b) > 0 {
		total, headers := int(binary.BigEndian.Uint32(b)), int(binary.BigEndian.Uint32(b[4:]))
		if crc32.ChecksumIEEE(b[:8]) != binary.BigEndian.Uint32(b[8:]) || crc32.ChecksumIEEE(b[:total-4]) != binary.BigEndian.Uint32(b[total-4:]) {
			t.Fatalf("a sum is wrong in %x", b[:total])
		}
		f := frame{headers: map[string]string{}, payload: b[12+headers : total-4]}
		for h := b[12 : 12+headers]; len(h) > 0; {
			name := string(h[1 : 1+h[0]])
			h = h[1+len(name):]
			n := int(binary.BigEndian.Uint16(h[1:]))
			f.headers[name] = string(h[3 : 3+n])
			h = h[3+n:]
		}
		all = append(all, f)
		b = b[total:]
	}
	return all
}

func TestResponseStream(t *testing.T) {
	c := newClient(t)
	c.mustCreate("fn", members{"Publish": true})
	c.active("fn")
	const path = "/2021-11-15/functions/fn/response-streaming-invocations"
	large := `"` + strings.Repeat("x", 3*maxChunk) + `"`
	a := c.do("POST", path+"?Qualifier=1", large)
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != eventStreamType || a.Header.Get("X-Amz-Executed-Version") != "1" || a.Header.Get("X-Amzn-Trace-Id") == "" {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	fs := frames(t, a.body)
	var got bytes.Buffer
	for _, f := range fs[:len(fs)-1] {
		if f.headers[":event-type"] != "PayloadChunk" || f.headers[":message-type"] != "event" || len(f.payload) > maxChunk {
			t.Errorf("frame %v with %d bytes", f.headers, len(f.payload))
		}
		got.Write(f.payload)
	}
	if got.String() != large || len(fs) != 5 {
		t.Errorf("%d bytes in %d frames, want %d", got.Len(), len(fs), len(large))
	}
	if last := fs[len(fs)-1]; last.headers[":event-type"] != "InvokeComplete" || last.headers[":content-type"] != "application/json" || string(last.payload) != "{}" {
		t.Errorf("last frame %v %s", last.headers, last.payload)
	}

	fs = frames(t, c.do("POST", path, `"fail"`, "X-Amz-Log-Type: Tail").body)
	var end invokeComplete
	if err := json.Unmarshal(fs[len(fs)-1].payload, &end); err != nil || len(fs) != 1 {
		t.Fatalf("%v in %v", err, fs)
	}
	if end.ErrorCode != "Unhandled" || end.ErrorDetails != `{"errorMessage":"boom","errorType":"ValueError"}` || end.LogResult == "" {
		t.Errorf("InvokeComplete %+v", end)
	}
	if a := c.do("POST", path, nil, "X-Amz-Invocation-Type: DryRun"); a.StatusCode != 204 || len(a.body) != 0 {
		t.Errorf("DryRun: %d %s", a.StatusCode, a.body)
	}
	arn := "arn:aws:lambda:eu-west-1:123456789012:function:"
	want(t, c.do("POST", strings.Replace(path, "fn", "none", 1), "{}"), 404, "ResourceNotFoundException", "Function not found: "+arn+"none")
	want(t, c.do("POST", path, "nope"), 400, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: Unexpected character ('o' (code 111)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') at [line: 1, column: 2]")
	want(t, c.do("POST", path, "{}", "X-Amz-Invocation-Type: Event"), 400, "ValidationException", "1 validation error detected: Value 'Event' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, DryRun]")
}
