package interop

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestLostRight: a role that loses its right loses the segments of both daemon
// and Lambda, and the console tells why.
func TestLostRight(t *testing.T) {
	t.Parallel()
	code := goFunction(t)
	account := account(t.Name())
	s := start(t, "--account", account, "--region", "eu-west-1") // whose functions the console shows
	f := s.function(t, account, "loses", "provided.al2023", code)
	s.trace(t, account, f.invoke(t, `{"subsegment":true}`, "Sampled=1")).segment(t, "AWS::Lambda::Function").sub(t, "Invocation").sub(t, "work")

	form := url.Values{
		"Action": {"DetachRolePolicy"}, "Version": {"2010-05-08"}, "RoleName": {"role-of-loses"},
		"PolicyArn": {"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"},
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if a := s.call(t, account, "iam", "POST", "/", header, []byte(form.Encode())); a.Status != http.StatusOK {
		t.Fatalf("DetachRolePolicy: %d %s", a.Status, a.Body)
	}
	id := f.invoke(t, `{"subsegment":true}`, "Sampled=1")
	if got := s.documents(t, account, id); len(got) != 0 {
		t.Errorf("%d documents were stored for a role without the right", len(got))
	}
	page := html.UnescapeString(string(s.call(t, account, "", "GET", "/functions/loses", nil, nil).Body))
	arn := "arn:aws:iam::" + account + ":role/role-of-loses"
	for _, want := range []string{
		"The role " + arn + " does not allow xray:PutTraceSegments, so Lambda's segments were not sent.",
		"AccessDenied: " + arn + " is not authorized to perform: xray:PutTraceSegments",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the function's page does not say %q", want)
		}
	}
	if t.Failed() {
		_, decisions, _ := strings.Cut(page, "decisions")
		t.Logf("the page's decisions: %.2000s", decisions)
	}
}
