package interop

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strings"
	"testing"
)

// account makes a twelve-digit account number out of a name.
func account(name string) string {
	h := fnv.New64a()
	io.WriteString(h, name)
	return fmt.Sprintf("%012d", h.Sum64()%1e12)
}

// answer is what came back for one raw request.
type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// call sends one request with the credential scope a client would sign with.
// The signature itself is no signature: it is for requests that no well-behaved
// client can be made to send.
func (s *server) call(t testing.TB, account, service, method, path string, header http.Header, body []byte) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header.Clone()
	}
	if service != "" && req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", scope(account, service))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{res.StatusCode, res.Header, b}
}

// scope is an Authorization header of SigV4's form.
func scope(account, service string) string {
	return "AWS4-HMAC-SHA256 Credential=" + account + "/20260101/eu-west-1/" + service +
		"/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64)
}
