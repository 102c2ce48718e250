package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/lambda"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// state is a State in memory.
type state struct {
	mu sync.Mutex
	m  map[string][]byte
}

func (s *state) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.m[key]; ok {
		return v, nil
	}
	return nil, radiograph.Errorf(radiograph.KindNotFound, "no %s", key)
}

func (s *state) Scan(_ context.Context, prefix string) iter.Seq2[radiograph.Pair, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := maps.Clone(s.m)
	return func(yield func(radiograph.Pair, error) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if strings.HasPrefix(k, prefix) && !yield(radiograph.Pair{Key: k, Value: m[k]}, nil) {
				return
			}
		}
	}
}

func (s *state) Apply(_ context.Context, changes ...radiograph.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		if s.m[c.Key] = c.Value; c.Value == nil {
			delete(s.m, c.Key)
		}
	}
	return nil
}

// folder is a CodeStore.
type folder string

func (dir folder) PutCode(_ context.Context, sum string, zip []byte) error {
	return os.WriteFile(filepath.Join(string(dir), sum), zip, 0o600)
}

func (dir folder) CodePath(_ context.Context, sum string) (string, error) {
	path := filepath.Join(string(dir), sum)
	if _, err := os.Stat(path); err != nil {
		return "", radiograph.Errorf(radiograph.KindNotFound, "no code %s", sum)
	}
	return path, nil
}

// everything stands for the rooms that say yes.
type everything struct{}

func (everything) Put(context.Context, radiograph.Tenant, radiograph.Door, []radiograph.Document) ([]radiograph.Rejection, error) {
	return nil, nil
}

func (everything) Offer(context.Context, radiograph.Tenant, radiograph.Door, []radiograph.Document) ([]radiograph.Rejection, error) {
	return nil, nil
}

func (everything) Allowed(_ context.Context, role, _, _ string) (bool, error) {
	return !strings.HasSuffix(role, "/untraced"), nil
}

func (everything) Assumable(context.Context, radiograph.AccountID, string, string) (bool, error) {
	return true, nil
}

func (everything) Issue(context.Context, radiograph.AccountID, string, string, time.Duration) (radiograph.Credentials, error) {
	return radiograph.Credentials{}, nil
}

func (everything) Session(context.Context, string) (radiograph.Session, bool) {
	return radiograph.Session{}, false
}

func (everything) Sample(radiograph.Tenant, string, time.Time) (bool, bool) { return true, true }

// mirror is a sandbox of one kind of function: it answers with its event, or
// fails when that says so.
type mirror struct {
	events chan radiograph.EnvironmentEvent
}

func (mirror) Start(context.Context, *radiograph.EnvironmentSpec) (radiograph.Environment, error) {
	m := mirror{make(chan radiograph.EnvironmentEvent, 16)}
	m.events <- radiograph.EnvironmentEvent{Kind: radiograph.ProcessStarted, At: time.Now()}
	m.events <- radiograph.EnvironmentEvent{Kind: radiograph.RuntimeAskedNext, At: time.Now()}
	return m, nil
}

func (m mirror) Events() <-chan radiograph.EnvironmentEvent { return m.events }

func (m mirror) Deliver(ev *radiograph.RuntimeEvent, _ radiograph.Stamp) error {
	answer := radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, At: time.Now(), RequestID: ev.RequestID, Payload: ev.Payload}
	if string(ev.Payload) == `"fail"` {
		answer.Kind, answer.Payload = radiograph.RuntimeError, []byte(`{"errorMessage":"boom","errorType":"ValueError"}`)
	}
	m.events <- radiograph.EnvironmentEvent{Kind: radiograph.LogLine, At: time.Now(), Payload: []byte("context " + ev.ClientContext)}
	m.events <- answer
	m.events <- radiograph.EnvironmentEvent{Kind: radiograph.RuntimeAskedNext, At: time.Now()}
	return nil
}

func (mirror) Drain(context.Context) radiograph.DatagramReport { return radiograph.DatagramReport{} }

func (m mirror) Stop(string) {
	m.events <- radiograph.EnvironmentEvent{Kind: radiograph.EnvironmentExited, At: time.Now()}
	close(m.events)
}

// client speaks to a service over HTTP.
type client struct {
	t      *testing.T
	server *httptest.Server
	fns    *lambda.Service
}

func newClient(t *testing.T, options ...func(*lambda.Config)) *client {
	t.Helper()
	cfg := lambda.Config{
		State: &state{m: map[string][]byte{}}, Code: folder(t.TempDir()), Sink: everything{}, Roles: everything{}, Sandbox: mirror{}, Sampler: everything{},
	}
	for _, option := range options {
		option(&cfg)
	}
	fns, err := lambda.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, fns: fns, server: httptest.NewServer(awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{New(fns)}, Authorizer: everything{}}))}
	t.Cleanup(func() {
		c.server.Close()
		if err := fns.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return c
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("%v in %d %s", err, a.StatusCode, a.body)
	}
	return m
}

// do sends a request of account 123456789012 in eu-west-1. Headers are "Name:
// value".
func (c *client) do(method, path string, body any, headers ...string) answer {
	c.t.Helper()
	var data []byte
	switch body := body.(type) {
	case nil:
	case []byte:
		data = body
	case string:
		data = []byte(body)
	default:
		var err error
		if data, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
	}
	url := path
	if !strings.HasPrefix(path, "http") {
		url = c.server.URL + path
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=123456789012/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=00")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if value == "" {
			req.Header.Del(name)
		} else {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{Response: resp}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		c.t.Fatal(err)
	}
	return a
}

const functions = "/2015-03-31/functions"

func zipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("app.py")
	if err == nil {
		_, err = f.Write([]byte("def handler(e, c): return e"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// members is a JSON object.
type members = map[string]any

// create sends CreateFunction with what is given beside the necessary.
func (c *client) create(name string, more members) answer {
	c.t.Helper()
	in := members{
		"FunctionName": name, "Runtime": "python3.12", "Handler": "app.handler", "Role": "arn:aws:iam::123456789012:role/fn",
		"Code": members{"ZipFile": base64.StdEncoding.EncodeToString(zipped(c.t))},
	}
	maps.Copy(in, more)
	return c.do("POST", functions, in)
}

func (c *client) mustCreate(name string, more members) members {
	c.t.Helper()
	a := c.create(name, more)
	if a.StatusCode != 201 {
		c.t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return a.json(c.t)
}

// TestConfiguration checks every member of the answers.
func TestConfiguration(t *testing.T) {
	c := newClient(t)
	got := c.mustCreate("fn", members{"Description": "", "TracingConfig": members{"Mode": "Active"}, "Environment": members{"Variables": members{"AB": "1"}}, "Tags": members{"team": "a"}})
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$`).MatchString(got["LastModified"].(string)) {
		t.Errorf("LastModified %v", got["LastModified"])
	}
	arn := got["RuntimeVersionConfig"].(members)["RuntimeVersionArn"].(string)
	if !regexp.MustCompile(`^arn:aws:lambda:eu-west-1::runtime:[0-9a-f]{64}$`).MatchString(arn) {
		t.Errorf("runtime version %s", arn)
	}
	want := members{
		"FunctionName": "fn", "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fn", "Runtime": "python3.12",
		"Role": "arn:aws:iam::123456789012:role/fn", "Handler": "app.handler", "CodeSize": float64(len(zipped(t))), "Description": "",
		"Timeout": 3.0, "MemorySize": 128.0, "LastModified": got["LastModified"], "CodeSha256": got["CodeSha256"], "Version": "$LATEST",
		"Environment": members{"Variables": members{"AB": "1"}}, "TracingConfig": members{"Mode": "Active"}, "RevisionId": got["RevisionId"],
		"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating", "PackageType": "Zip",
		"Architectures": []any{"x86_64"}, "EphemeralStorage": members{"Size": 512.0}, "SnapStart": members{"ApplyOn": "None", "OptimizationStatus": "Off"},
		"RuntimeVersionConfig": members{"RuntimeVersionArn": arn}, "LoggingConfig": members{"LogFormat": "Text", "LogGroup": "/aws/lambda/fn"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if sum, err := base64.StdEncoding.DecodeString(got["CodeSha256"].(string)); err != nil || len(sum) != 32 {
		t.Errorf("CodeSha256 %v", got["CodeSha256"])
	}
	c.active("fn")
	delete(want, "StateReason")
	delete(want, "StateReasonCode")
	want["State"], want["LastUpdateStatus"] = "Active", "Successful"
	if diff := cmp.Diff(want, c.do("GET", functions+"/fn/configuration", nil).json(t)); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	whole := c.do("GET", functions+"/fn", nil).json(t)
	if diff := cmp.Diff(want, whole["Configuration"].(members)); diff != "" {
		t.Errorf("function (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(members{"team": "a"}, whole["Tags"].(members)); diff != "" {
		t.Error(diff)
	}
	// The location works, for a plain download too.
	code := whole["Code"].(members)
	zip := c.do("GET", code["Location"].(string), nil, "Authorization: ")
	if code["RepositoryType"] != "S3" || zip.StatusCode != 200 || zip.Header.Get("Content-Type") != "application/zip" || !bytes.Equal(zip.body, zipped(t)) {
		t.Errorf("%v answered %d, %d bytes", code, zip.StatusCode, len(zip.body))
	}
	if a := c.do("GET", "/radiograph/code/"+strings.Repeat("0", 64), nil); a.StatusCode != 404 {
		t.Errorf("unknown code: %d", a.StatusCode)
	}
	updated := c.do("PUT", functions+"/fn/configuration", members{"TracingConfig": members{"Mode": "PassThrough"}, "Environment": members{}, "Timeout": 9}).json(t)
	if updated["TracingConfig"].(members)["Mode"] != "PassThrough" || updated["Environment"] != nil || updated["Timeout"] != 9.0 || updated["LastUpdateStatus"] != "InProgress" || updated["Handler"] != "app.handler" {
		t.Errorf("updated %v", updated)
	}
}

// active polls as waiters do.
func (c *client) active(name string) {
	c.t.Helper()
	for range 10000 {
		if f := c.do("GET", functions+"/"+name+"/configuration", nil).json(c.t); f["State"] == "Active" && f["LastUpdateStatus"] == "Successful" {
			return
		}
	}
	c.t.Fatalf("%s does not become Active", name)
}

func TestTracingModes(t *testing.T) {
	c := newClient(t)
	if f := c.mustCreate("fn", nil); f["TracingConfig"].(members)["Mode"] != "PassThrough" {
		t.Errorf("default: %v", f["TracingConfig"])
	}
	a := c.do("PUT", functions+"/fn/configuration", members{"TracingConfig": members{"Mode": "active"}})
	want(t, a, 400, "ValidationException", "1 validation error detected: Value 'active' at 'tracingConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [Active, PassThrough]")
	a = c.do("PUT", functions+"/fn/configuration", members{"TracingConfig": members{"Mode": "Active"}, "Role": "arn:aws:iam::123456789012:role/untraced"})
	want(t, a, 400, "InvalidParameterValueException", "The provided execution role does not have permissions to call PutTraceSegments on XRAY")
	if got := a.json(t)["Type"]; got != "User" {
		t.Errorf("Type %v", got)
	}
	if a := c.do("POST", functions+"/fn/versions", nil); a.StatusCode != 201 || a.json(t)["Version"] != "1" {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	a = c.do("PUT", functions+"/fn:1/configuration", members{"TracingConfig": members{"Mode": "Active"}})
	want(t, a, 400, "InvalidParameterValueException", "UpdateFunctionConfiguration works on $LATEST only; the name has the qualifier 1, and a published version cannot be changed.")
}

// want checks an error answer as SDKs read it.
func want(t *testing.T, a answer, status int, code, text string) {
	t.Helper()
	m := a.json(t)
	if a.StatusCode != status || a.Header.Get("X-Amzn-Errortype") != code || m["message"] != text {
		t.Errorf("got  %d %s %v\nwant %d %s %s", a.StatusCode, a.Header.Get("X-Amzn-Errortype"), m["message"], status, code, text)
	}
}

func TestRefusals(t *testing.T) {
	c := newClient(t)
	c.mustCreate("fn", nil)
	arn := "arn:aws:lambda:eu-west-1:123456789012:function:"
	code := func(more members) members { return members{"Code": more} }
	for _, test := range []struct {
		name   string
		answer answer
		status int
		code   string
		text   string
	}{
		{"Unknown", c.do("GET", functions+"/none", nil), 404, "ResourceNotFoundException", "Function not found: " + arn + "none"},
		{"UnknownVersion", c.do("GET", functions+"/fn?Qualifier=3", nil), 404, "ResourceNotFoundException", "Function not found: " + arn + "fn:3"},
		{"UnknownAlias", c.do("GET", functions+"/fn:live", nil), 404, "ResourceNotFoundException", "Cannot find alias arn: " + arn + "fn:live"},
		{"OtherRegion", c.do("GET", functions+"/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Afn", nil), 404, "ResourceNotFoundException", "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')"},
		{"OtherAccount", c.do("GET", functions+"/arn:aws:lambda:eu-west-1:000000000000:function:fn", nil), 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:fn"},
		{"TwoQualifiers", c.do("GET", functions+"/fn:1?Qualifier=2", nil), 400, "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier."},
		{"BadName", c.do("GET", functions+"/a%20b", nil), 400, "ValidationException", "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: " + namePattern},
		{"Again", c.create("fn", nil), 409, "ResourceConflictException", "Function already exist: fn"},
		{"NoCode", c.create("x", code(members{})), 400, "InvalidParameterValueException", "Please provide a source for function code."},
		{"S3", c.create("x", code(members{"S3Bucket": "bucket", "S3Key": "k"})), 400, "InvalidParameterValueException", "radiograph does not serve code in S3 yet; send the package as ZipFile."},
		{"Image", c.create("x", code(members{"ImageUri": "i"})), 400, "InvalidParameterValueException", "radiograph does not serve container images (ImageUri) yet."},
		{"BadZip", c.create("x", code(members{"ZipFile": "AAAA"})), 400, "InvalidParameterValueException", "Could not unzip uploaded file. Please check your file, then try to upload again."},
		{"NoMembers", c.do("POST", functions, members{}), 400, "ValidationException", "3 validation errors detected: Value null at 'functionName' failed to satisfy constraint: Member must not be null; Value null at 'role' failed to satisfy constraint: Member must not be null; Value null at 'code' failed to satisfy constraint: Member must not be null"},
		{"Vpc", c.create("x", members{"VpcConfig": members{"SubnetIds": []string{"subnet-1"}, "SecurityGroupIds": []string{"sg-1"}}}), 400, "InvalidParameterValueException", "radiograph does not serve VpcConfig yet."},
		{"SnapStart", c.do("PUT", functions+"/fn/configuration", members{"SnapStart": members{"ApplyOn": "PublishedVersions"}}), 400, "InvalidParameterValueException", "radiograph does not serve SnapStart yet."},
		{"Revision", c.do("PUT", functions+"/fn/configuration", members{"RevisionId": "old"}), 412, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"},
		{"DeleteLatest", c.do("DELETE", functions+"/fn?Qualifier=$LATEST", nil), 400, "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function."},
		{"InvokeUnknown", c.do("POST", functions+"/none/invocations", "{}"), 404, "ResourceNotFoundException", "Function not found: " + arn + "none"},
		{"InvokeNotJSON", c.do("POST", functions+"/fn/invocations", "nope"), 400, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: Unexpected character ('o' (code 111)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') at [line: 1, column: 2]"},
		{"InvokeLarge", c.do("POST", functions+"/fn/invocations", make([]byte, 7<<20)), 413, "RequestTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation"},
		{"InvokeType", c.do("POST", functions+"/fn/invocations", "{}", "X-Amz-Invocation-Type: Later"), 400, "ValidationException", "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"},
		{"Marker", c.do("GET", functions+"/?Marker=%25", nil), 400, "InvalidParameterValueException", "Invalid marker: %"},
	} {
		t.Run(test.name, func(t *testing.T) { want(t, test.answer, test.status, test.code, test.text) })
	}
	// What every function has anyway is no wish that must be refused.
	if a := c.create("plain", members{
		"VpcConfig": members{"SubnetIds": []string{}, "SecurityGroupIds": []string{}}, "SnapStart": members{"ApplyOn": "None"}, "DeadLetterConfig": members{"TargetArn": ""},
		"LoggingConfig": members{"LogFormat": "Text", "LogGroup": "/aws/lambda/plain"}, "KMSKeyArn": "", "FileSystemConfigs": []any{},
	}); a.StatusCode != 201 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := c.do("GET", "/2020-04-22/code-signing-configs", nil); a.StatusCode != 400 || !json.Valid(a.body) {
		t.Errorf("an operation not served answers %d %s", a.StatusCode, a.body)
	}
}

func TestInvoke(t *testing.T) {
	c := newClient(t)
	c.mustCreate("fn", members{"TracingConfig": members{"Mode": "Active"}})
	c.active("fn")
	if a := c.do("POST", functions+"/fn/versions", members{}); a.StatusCode != 201 {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	header := "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
	for _, path := range []string{
		"fn", "123456789012:function:fn", "function:fn", "arn:aws:lambda:eu-west-1:123456789012:function:fn", "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Afn",
	} {
		a := c.do("POST", functions+"/"+path+"/invocations", `{"a": 1}`, header)
		if a.StatusCode != 200 || string(a.body) != `{"a": 1}` || a.Header.Get("X-Amz-Executed-Version") != "$LATEST" || a.Header.Get("X-Amz-Function-Error") != "" || a.Header.Get("X-Amz-Log-Result") != "" {
			t.Errorf("%s: %d %v %s", path, a.StatusCode, a.Header, a.body)
		}
		if !regexp.MustCompile(`^Root=1-5759e988-bd862e3fe1be46a994272793;Parent=[0-9a-f]{16};Sampled=1$`).MatchString(a.Header.Get("X-Amzn-Trace-Id")) {
			t.Errorf("trace header %q", a.Header.Get("X-Amzn-Trace-Id"))
		}
	}
	for _, path := range []string{"fn/invocations?Qualifier=1", "fn:1/invocations", "fn:1/invocations?Qualifier=1"} {
		if a := c.do("POST", functions+"/"+path, nil); a.Header.Get("X-Amz-Executed-Version") != "1" || string(a.body) != "{}" {
			t.Errorf("%s: %d %v %s", path, a.StatusCode, a.Header, a.body)
		}
	}
	a := c.do("POST", functions+"/fn/invocations", `"fail"`, "X-Amz-Log-Type: Tail", "X-Amz-Client-Context: "+base64.StdEncoding.EncodeToString([]byte(`{"k":1}`)))
	if a.StatusCode != 200 || a.Header.Get("X-Amz-Function-Error") != "Unhandled" || string(a.body) != `{"errorMessage":"boom","errorType":"ValueError"}` {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
	log, err := base64.StdEncoding.DecodeString(a.Header.Get("X-Amz-Log-Result"))
	if id := a.Header.Get("X-Amzn-Requestid"); err != nil || !strings.Contains(string(log), "START RequestId: "+id+" Version: $LATEST\ncontext {\"k\":1}\nEND RequestId: "+id+"\nREPORT RequestId: "+id) {
		t.Errorf("log %q, %v; request id %s", log, err, id)
	}
	if a := c.do("POST", functions+"/fn/invocations", nil, "X-Amz-Invocation-Type: DryRun"); a.StatusCode != 204 || len(a.body) != 0 {
		t.Errorf("DryRun: %d %s", a.StatusCode, a.body)
	}
	if a := c.do("POST", functions+"/fn/invocations", "{}", "X-Amz-Invocation-Type: Event", header); a.StatusCode != 202 || len(a.body) != 0 || a.Header.Get("X-Amzn-Trace-Id") == "" {
		t.Errorf("Event: %d %v %s", a.StatusCode, a.Header, a.body)
	}
}

func TestThrottle(t *testing.T) {
	held := &held{delivered: make(chan func())}
	c := newClient(t, func(cfg *lambda.Config) { cfg.MaxEnvironments, cfg.Sandbox = 1, held })
	c.mustCreate("fn", members{"Timeout": 60})
	var busy sync.WaitGroup
	defer busy.Wait()
	busy.Go(func() {
		if a := c.do("POST", functions+"/fn/invocations", nil); a.StatusCode != 200 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	})
	answer := <-held.delivered
	defer answer()
	throttled := c.do("POST", functions+"/fn/invocations", nil)
	want(t, throttled, 429, "TooManyRequestsException", "Rate Exceeded.")
	if m := throttled.json(t); m["Reason"] != "ConcurrentInvocationLimitExceeded" || throttled.Header.Get("Retry-After") != "1" {
		t.Errorf("%v %v", m, throttled.Header)
	}
}

// held is a sandbox whose functions answer when the test says so.
type held struct{ delivered chan func() }

func (h *held) Start(ctx context.Context, spec *radiograph.EnvironmentSpec) (radiograph.Environment, error) {
	e, err := mirror{}.Start(ctx, spec)
	return heldEnvironment{e.(mirror), h}, err
}

type heldEnvironment struct {
	mirror
	held *held
}

func (e heldEnvironment) Deliver(ev *radiograph.RuntimeEvent, stamp radiograph.Stamp) error {
	e.held.delivered <- func() { _ = e.mirror.Deliver(ev, stamp) } // it never fails
	return nil
}

func TestLists(t *testing.T) {
	c := newClient(t)
	var all []string
	for i := range 7 {
		name := fmt.Sprintf("fn-%d", i)
		c.mustCreate(name, nil)
		all = append(all, name+" $LATEST")
	}
	for i := range 11 { // past nine: numbers, not texts, are ordered
		if a := c.do("PUT", functions+"/fn-3/configuration", members{"Timeout": 10 + i}); a.StatusCode != 200 {
			t.Fatalf("%s", a.body)
		}
		if a := c.do("POST", functions+"/fn-3/versions", members{}); a.StatusCode != 201 {
			t.Fatalf("%s", a.body)
		}
	}
	versions := []string{"fn-3 $LATEST"}
	for i := range 11 {
		versions = append(versions, fmt.Sprintf("fn-3 %d", i+1))
	}
	everything := slices.Concat(all[:3], versions, all[4:])
	for _, test := range []struct {
		path string
		key  string
		want []string
	}{
		{functions + "?MaxItems=2", "Functions", all},
		{functions + "/?MaxItems=5&FunctionVersion=ALL", "Functions", everything},
		{functions + "?MaxItems=5&FunctionVersion=ALL&MasterRegion=us-east-1", "Functions", nil},
		{functions + "/fn-3/versions?MaxItems=4", "Versions", versions},
	} {
		var got []string
		marker := ""
		for page := 0; ; page++ {
			path := test.path
			if marker != "" {
				path += "&Marker=" + marker
			}
			m := c.do("GET", path, nil).json(t)
			list, ok := m[test.key].([]any)
			if !ok {
				t.Fatalf("%s: %v", path, m)
			}
			for _, f := range list {
				got = append(got, f.(members)["FunctionName"].(string)+" "+f.(members)["Version"].(string))
			}
			if marker, ok = m["NextMarker"].(string); !ok {
				break
			}
			if page > 20 {
				t.Fatal("it never ends")
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.path, diff)
		}
	}
}

func TestCode(t *testing.T) {
	c := newClient(t)
	c.mustCreate("fn", nil)
	c.active("fn")
	zip := base64.StdEncoding.EncodeToString(append(zipped(t), make([]byte, 0)...))
	dry := c.do("PUT", functions+"/fn/code", members{"ZipFile": zip, "DryRun": true, "Architectures": []string{"arm64"}}).json(t)
	if after := c.do("GET", functions+"/fn/configuration", nil).json(t); dry["Architectures"].([]any)[0] != "arm64" || after["Architectures"].([]any)[0] != "x86_64" || after["RevisionId"] != dry["RevisionId"] {
		t.Errorf("a dry run changed something: %v %v", dry, after)
	}
	published := c.do("PUT", functions+"/fn/code", members{"ZipFile": zip, "Publish": true, "Architectures": []string{"arm64"}}).json(t)
	if published["Version"] != "1" || published["Architectures"].([]any)[0] != "arm64" {
		t.Errorf("published %v", published)
	}
	if a := c.do("DELETE", functions+"/fn?Qualifier=1", nil); a.StatusCode != 204 || len(a.body) > 0 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := c.do("DELETE", functions+"/fn", nil); a.StatusCode != 204 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := c.do("GET", functions+"/fn", nil); a.StatusCode != 404 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// FuzzName: names never panic, and what is accepted is spelled back as an ARN
// that means the same.
func FuzzName(f *testing.F) {
	for _, seed := range []string{"fn", "fn:1", "fn:$LATEST", "function:fn", "123456789012:function:fn:live", "arn:aws:lambda:eu-west-1:123456789012:function:fn:1", "eu-west-1:123456789012:function:fn", "arn:aws:lambda", ":", "::::::::", "fn:", "$:$"} {
		f.Add(seed, "")
		f.Add(seed, "1")
	}
	tenant := radiograph.Tenant{Account: "123456789012", Region: "eu-west-1"}
	f.Fuzz(func(t *testing.T, name, qualifier string) {
		id, err := parseName(tenant, name, "")
		if err != nil {
			return
		}
		again, err := parseName(tenant, id.arn(tenant), "")
		if err != nil || again.name != id.name || again.qualifier != id.qualifier {
			t.Errorf("%q is %+v, its ARN %q is %+v, %v", name, id, id.arn(tenant), again, err)
		}
		if strings.ContainsAny(id.name, "/: ") {
			t.Errorf("%q gives the name %q", name, id.name)
		}
		if both, err := parseName(tenant, name, qualifier); err == nil && qualifier != "" && both.qualifier != qualifier {
			t.Errorf("%q with %q gives %+v", name, qualifier, both)
		}
	})
}
