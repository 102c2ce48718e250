package interop

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	rg "radiograph"
)

// deployed is a function made by raw requests, for tests written in Go.
type deployed struct {
	server  *server
	account string
	name    string
}

var roleARN = regexp.MustCompile(`<Arn>([^<]+)</Arn>`)

// role makes a role with the right to write traces and returns its ARN.
func (s *server) role(t testing.TB, account, name string) string {
	t.Helper()
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	post := func(v url.Values) string {
		t.Helper()
		v.Set("Version", "2010-05-08")
		a := s.call(t, account, "iam", "POST", "/", form, []byte(v.Encode()))
		if a.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", v.Get("Action"), a.Status, a.Body)
		}
		return string(a.Body)
	}
	made := post(url.Values{"Action": {"CreateRole"}, "RoleName": {name}, "AssumeRolePolicyDocument": {lambdaTrust}})
	arn := roleARN.FindStringSubmatch(made)
	if arn == nil {
		t.Fatalf("CreateRole answered %s", made)
	}
	post(url.Values{"Action": {"AttachRolePolicy"}, "RoleName": {name}, "PolicyArn": {"arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"}})
	return arn[1]
}

// function makes an actively traced function and waits until it is active.
func (s *server) function(t testing.TB, account, name, runtime string, code []byte) *deployed {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"FunctionName": name, "Runtime": runtime, "Handler": "app.handler", "Role": s.role(t, account, "role-of-"+name), "Timeout": 20,
		"Code": map[string]any{"ZipFile": code}, "TracingConfig": map[string]string{"Mode": "Active"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.call(t, account, "lambda", "POST", "/2015-03-31/functions", nil, body); a.Status != http.StatusCreated {
		t.Fatalf("CreateFunction: %d %s", a.Status, a.Body)
	}
	f := &deployed{s, account, name}
	f.await(t, `"State":"Active"`)
	return f
}

// configure changes the function's configuration and waits until it holds.
func (f *deployed) configure(t testing.TB, configuration map[string]any) {
	t.Helper()
	a := f.server.call(t, f.account, "lambda", "PUT", "/2015-03-31/functions/"+f.name+"/configuration", nil, marshal(configuration))
	if a.Status != http.StatusOK {
		t.Fatalf("UpdateFunctionConfiguration: %d %s", a.Status, a.Body)
	}
	f.await(t, `"LastUpdateStatus":"Successful"`)
}

// await waits until the function's configuration says so.
func (f *deployed) await(t testing.TB, want string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		a := f.server.call(t, f.account, "lambda", "GET", "/2015-03-31/functions/"+f.name+"/configuration", nil, nil)
		if a.Status == http.StatusOK && strings.Contains(string(a.Body), want) {
			return
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("the function's configuration does not say %s: %d %s", want, a.Status, a.Body)
		}
	}
}

// invoke invokes with a fresh trace id and the decision ("Sampled=1"), and
// returns the trace's id.
func (f *deployed) invoke(t testing.TB, payload, decision string) string {
	t.Helper()
	id := rg.NewTraceID(time.Now()).String()
	a := f.server.call(t, f.account, "lambda", "POST", "/2015-03-31/functions/"+f.name+"/invocations",
		http.Header{"X-Amzn-Trace-Id": {"Root=" + id + ";" + decision}}, []byte(payload))
	if a.Status != http.StatusOK {
		t.Fatalf("Invoke: %d %s", a.Status, a.Body)
	}
	return id
}

// documents are the trace's documents at this moment.
func (s *server) documents(t testing.TB, account, id string) documents {
	t.Helper()
	a := s.call(t, account, "xray", "POST", "/Traces", nil, fmt.Appendf(nil, `{"TraceIds":[%q]}`, id))
	if a.Status != http.StatusOK {
		t.Fatalf("BatchGetTraces: %d %s", a.Status, a.Body)
	}
	var out struct {
		Traces []struct{ Segments []struct{ Document string } }
	}
	if err := json.Unmarshal(a.Body, &out); err != nil {
		t.Fatalf("BatchGetTraces answered %s: %v", a.Body, err)
	}
	var docs documents
	for _, tr := range out.Traces {
		for _, seg := range tr.Segments {
			e := new(entity)
			if err := json.Unmarshal([]byte(seg.Document), e); err != nil {
				t.Fatalf("document %s: %v", seg.Document, err)
			}
			docs = append(docs, e)
		}
	}
	return docs
}

// trace waits until the trace's documents are complete.
func (s *server) trace(t testing.TB, account, id string) documents {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		docs := s.documents(t, account, id)
		complete := len(docs) > 0
		for _, d := range docs {
			complete = complete && !d.InProgress
		}
		if complete {
			return docs
		}
		if time.Since(began) > 5*time.Second {
			t.Fatalf("trace %s is not complete: %d documents", id, len(docs))
		}
	}
}

// packageOf is a deployment package whose files may all be executed.
func packageOf(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
