package awsapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph/awsapi"
)

func TestFallback(t *testing.T) {
	var seen *http.Request
	var body []byte
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("X-Amz-Id-2", "other")
		w.WriteHeader(418)
		_, _ = io.WriteString(w, "from the other")
	}))
	defer other.Close()
	to, err := url.Parse(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{things()}, Fallback: to})
	auth := sign("AK", "s3")
	w := ask(s, "PUT", "/bucket/a%2Fb%20c?acl=&x=1", "content", "Authorization", auth, "X-Amz-Checksum-Crc32", "AAAA", "Host", "bucket.localhost:4566", "X-Forwarded-For", "10.0.0.1")
	if w.Code != 418 || w.Body.String() != "from the other" || w.Header().Get("X-Amz-Id-2") != "other" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	got := []string{seen.Method, seen.RequestURI, seen.Host, seen.Header.Get("Authorization"), seen.Header.Get("X-Amz-Checksum-Crc32"), seen.Header.Get("X-Forwarded-For"), string(body)}
	want := []string{"PUT", "/bucket/a%2Fb%20c?acl=&x=1", "bucket.localhost:4566", auth, "AAAA", "10.0.0.1", "content"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}

	t.Run("unsigned target", func(t *testing.T) {
		if w := ask(s, "POST", "/", "{}", "X-Amz-Target", "AWSCognito.X"); w.Code != 418 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("served services stay", func(t *testing.T) {
		if w := ask(s, "POST", "/v1/things/a", "", "Authorization", sign("AK", "things")); w.Code != 201 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("pages are refused", func(t *testing.T) {
		if w := ask(s, "POST", "/", "{}", "X-Amz-Target", "AWSCognito.X", "Origin", "http://evil.example"); w.Code != 403 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("gone", func(t *testing.T) {
		other.Close()
		w := ask(s, "POST", "/", "{}", "Authorization", sign("AK", "dynamodb"), "X-Amz-Target", "DynamoDB_20120810.ListTables", "Content-Type", "application/x-amz-json-1.0")
		if w.Code != 503 || !strings.Contains(w.Body.String(), "does not answer") || w.Header().Get("Content-Type") != "application/x-amz-json-1.0" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	})
}

// TestFallbackLoop points a server at itself.
func TestFallbackLoop(t *testing.T) {
	var server http.Handler
	self := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeHTTP(w, r) }))
	defer self.Close()
	to, err := url.Parse(self.URL)
	if err != nil {
		t.Fatal(err)
	}
	server = awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{things()}, Fallback: to})
	if w := ask(server, "POST", "/", "{}", "Authorization", sign("AK", "batch")); w.Code != 400 || !strings.Contains(w.Body.String(), "leads back") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
