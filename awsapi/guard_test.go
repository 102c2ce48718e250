package awsapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"radiograph"
	"radiograph/awsapi"
)

func TestGuard(t *testing.T) {
	s := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{things()}, Hosts: []string{"trace.test"}})
	daemon := s.As(awsapi.Caller{Tenant: radiograph.Tenant{Account: "111122223333", Region: "r"}})
	auth := sign("AK", "things")
	for _, tt := range []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"loopback address", []string{"Host", "127.0.0.1:4566"}, true},
		{"IPv6", []string{"Host", "[::1]:4566"}, true},
		{"localhost", []string{"Host", "LocalHost:4566"}, true},
		{"bucket of localhost", []string{"Host", "b.localhost:4566"}, true},
		{"another address", []string{"Host", "172.17.0.1"}, true},
		{"named at start", []string{"Host", "trace.test:4566"}, true},
		{"rebound name", []string{"Host", "evil.example:4566"}, false},
		{"rebound name, same origin", []string{"Host", "evil.example:4566", "Origin", "http://evil.example:4566"}, false},
		{"name that looks local", []string{"Host", "localhost.evil.example"}, false},
		{"any name when signed", []string{"Host", "xray.eu-west-1.amazonaws.com", "Authorization", auth}, true},
		{"rebound name, signed by a page", []string{"Host", "evil.example", "Authorization", auth, "Accept-Language", "en"}, false},
		{"other site", []string{"Host", "127.0.0.1:4566", "Origin", "http://evil.example"}, false},
		{"other port", []string{"Host", "127.0.0.1:4566", "Origin", "http://127.0.0.1:3000"}, false},
		{"sandboxed page", []string{"Host", "127.0.0.1:4566", "Origin", "null"}, false},
		{"cross-site", []string{"Host", "127.0.0.1:4566", "Sec-Fetch-Site", "cross-site"}, false},
		{"same site, other port", []string{"Host", "localhost:4566", "Sec-Fetch-Site", "same-site"}, false},
		{"own page", []string{"Host", "localhost:4566", "Origin", "http://localhost:4566", "Sec-Fetch-Site", "same-origin"}, true},
		{"signed, from another site", []string{"Host", "127.0.0.1:4566", "Authorization", auth, "Origin", "http://evil.example"}, false},
	} {
		for door, h := range map[string]http.Handler{"server": s, "daemon": daemon} {
			if door == "daemon" && (tt.name == "any name when signed") {
				continue // this door looks at no signature
			}
			w := ask(h, "POST", "/v1/things/a", "", tt.headers...)
			if ok := w.Code == 201; ok != tt.ok || !ok && w.Code != 403 {
				t.Errorf("%s, %s: %d %s", door, tt.name, w.Code, w.Body)
			}
		}
	}
	// A signature in the query string is no protection: a page can post a form.
	w := ask(s, "POST", "/v1/things/a?X-Amz-Credential=AK%2F20240922%2Feu-west-1%2Fthings%2Faws4_request", "", "Origin", "http://evil.example")
	if w.Code != 403 {
		t.Errorf("presigned from another site: %d %s", w.Code, w.Body)
	}
	// Safe methods from another site are refused as well.
	if w := ask(s, "GET", "/v1/things/a/configuration", "", "Sec-Fetch-Site", "cross-site"); w.Code != 403 {
		t.Errorf("GET from another site: %d %s", w.Code, w.Body)
	}
}

// TestAdmit: a role's key must have the right, and the next handler hears whose
// request it is.
func TestAdmit(t *testing.T) {
	tenant := radiograph.Tenant{Account: "111122223333", Region: "eu-west-1"}
	allowed := true
	s := awsapi.NewServer(awsapi.Config{Account: "999999999999", Region: "r", Authorizer: roleOf{account: tenant.Account, allowed: &allowed}})
	h := s.Admit("xray:PutTraceSegments", func(c awsapi.Caller) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.Tenant.String())) })
	})
	for _, tt := range []struct {
		name    string
		headers []string
		allowed bool
		status  int
		body    string
	}{
		{"unsigned", nil, true, 200, "999999999999/r"},
		{"by an account", []string{"Authorization", sign("444455556666", "xray")}, false, 200, "444455556666/eu-west-1"},
		{"by a role", []string{"Authorization", sign("ROLE", "xray")}, true, 200, tenant.String()},
		{"by a role without the right", []string{"Authorization", sign("ROLE", "xray")}, false, 403, "not authorized"},
		{"unreadable signature", []string{"Authorization", "AWS4-HMAC-SHA256 x"}, true, 400, "Credential"},
		{"by a web page", []string{"Authorization", sign("ROLE", "xray"), "Origin", "http://evil.example"}, true, 403, "another site"},
	} {
		allowed = tt.allowed
		w := ask(h, "POST", "/v1/traces", "", tt.headers...)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
	}
}

// roleOf is an Authorizer that knows one key, ROLE.
type roleOf struct {
	radiograph.Authorizer // what is not asked here
	account               radiograph.AccountID
	allowed               *bool
}

func (r roleOf) Session(_ context.Context, key string) (radiograph.Session, bool) {
	return radiograph.Session{Account: r.account, RoleARN: "arn:role"}, key == "ROLE"
}

func (r roleOf) Allowed(context.Context, string, string, string) (bool, error) {
	return *r.allowed, nil
}
