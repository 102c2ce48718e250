package awsapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/iam"
	"radiograph/storetest"
)

// thingInput and thingOutput use every location.
type thingInput struct {
	Name    string   `path:"Name" required:"true" max:"40"`
	Kind    string   `query:"kind" enum:"small,large"`
	Filters []string `query:"filter"`
	Token   *int32   `header:"X-Token"`
	Size    *int32   `min:"1" max:"9"`
	Fail    string
}

type thingOutput struct {
	Name    string
	Account string
	Region  string
	Session string `omit:"empty"`
	Filters []string
	Version string `header:"X-Version"`
	Status  int    `status:""`
}

type blobInput struct {
	Name    string `path:"Name" required:"true"`
	Payload []byte `payload:""`
}

type blobOutput struct {
	Payload []byte `payload:""`
	Status  int    `status:""`
	Log     string `header:"X-Log"`
}

func getThing(_ context.Context, r *awsapi.Request, in *thingInput) (*thingOutput, error) {
	switch in.Fail {
	case "panic":
		panic("on purpose")
	case "foreign":
		return nil, errors.New("secret text")
	case "gone":
		return nil, radiograph.Errorf(radiograph.KindNotFound, "no %s", in.Name)
	case "busy":
		return nil, &awsapi.Failure{
			Err:     &radiograph.Error{Kind: radiograph.KindThrottled, Code: "TooManyRequestsException", Message: "Rate Exceeded."},
			Members: map[string]string{"Reason": "ConcurrentInvocationLimitExceeded"}, Header: http.Header{"Retry-After": {"1"}},
		}
	case "odd":
		return nil, &radiograph.Error{Kind: radiograph.KindInvalid, Code: "OddException", Message: "odd"}
	}
	out := &thingOutput{Name: in.Name, Account: string(r.Tenant.Account), Region: string(r.Tenant.Region), Filters: in.Filters, Version: "7"}
	if r.Session != nil {
		out.Session = r.Session.Name
	}
	if in.Token != nil {
		out.Status = int(*in.Token)
	}
	return out, nil
}

func echoBlob(_ context.Context, _ *awsapi.Request, in *blobInput) (*blobOutput, error) {
	return &blobOutput{Payload: in.Payload, Status: 202, Log: "bG9n"}, nil
}

func dropThing(context.Context, *awsapi.Request, *blobInput) (*struct{}, error) { return nil, nil }

// things is a rest-json service that has what X-Ray has not.
func things() awsapi.Service {
	return awsapi.Service{
		Name: "things", Title: "Things", Version: "2026-01-01", TypedErrors: true,
		Operations: []awsapi.Operation{
			awsapi.Op("PutThing", "POST /v1/things/{Name}", getThing, awsapi.Status(201)),
			awsapi.Op("GetThing", "GET /v1/things/{Name}/configuration", getThing,
				awsapi.Action("things:ReadThing"), awsapi.Resource(func(_ *awsapi.Request, in *thingInput) string { return "arn:things:" + in.Name })),
			awsapi.Op("Blob", "POST /v1/things/{Name}/blobs", echoBlob, awsapi.MaxBody(1<<12)),
			awsapi.Op("Drop", "DELETE /v1/things/{Name}", dropThing, awsapi.Status(204)),
		},
		Modelled: []awsapi.Unserved{{Name: "FindThings", Route: "GET /v1/things/{Name}/configuration?find=All"}},
		Statuses: map[string]int{"OddException": 418},
	}
}

const signedFor = "AWS4-HMAC-SHA256 Credential=%KEY%/20240922/eu-west-1/%SERVICE%/aws4_request, SignedHeaders=host, Signature=00"

func sign(key, service string) string {
	return strings.NewReplacer("%KEY%", key, "%SERVICE%", service).Replace(signedFor)
}

// ask sends one request; headers are name, value pairs.
func ask(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:4566"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestLocations(t *testing.T) {
	s := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{things()}})
	auth := sign("AK", "things")
	for _, tt := range []struct {
		name, method, target, body string
		headers                    []string
		status                     int
		want                       string
	}{
		{"defaults", "POST", "/v1/things/a", "{}", nil, 201, `{"Name":"a","Account":"000000000000","Region":"eu-west-1","Filters":[]}`},
		{"trailing slash", "POST", "/v1/things/a/", "", nil, 201, `{"Name":"a","Account":"000000000000","Region":"eu-west-1","Filters":[]}`},
		{"encoded ARN", "GET", "/v1/things/arn%3Aaws%3Ax%3A%2Fy%20z/configuration?filter=1&filter=2", "", nil, 200, `{"Name":"arn:aws:x:/y z","Account":"000000000000","Region":"eu-west-1","Filters":["1","2"]}`},
		{"plain ARN", "GET", "/v1/things/arn:aws:x:y/configuration", "", nil, 200, `{"Name":"arn:aws:x:y","Account":"000000000000","Region":"eu-west-1","Filters":[]}`},
		{"status member", "POST", "/v1/things/a", "{}", []string{"X-Token", "207"}, 207, `{"Name":"a","Account":"000000000000","Region":"eu-west-1","Filters":[]}`},
		{"bad header", "POST", "/v1/things/a", "{}", []string{"X-Token", "x"}, 400, `"x\" is not a 32-bit integer`},
		{"bad enum", "POST", "/v1/things/a?kind=huge", "{}", nil, 400, `{"__type":"ValidationException","Message":"1 validation error detected: Value 'huge' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [small, large]",`},
		{"bad bounds", "POST", "/v1/things/" + strings.Repeat("n", 41), `{"Size":10}`, nil, 400, `2 validation errors detected: `},
		{"payload", "POST", "/v1/things/a/blobs", "\x00raw", nil, 202, "\x00raw"},
		{"empty payload", "POST", "/v1/things/a/blobs", "", nil, 202, ""},
		{"payload too large", "POST", "/v1/things/a/blobs", strings.Repeat("x", 1<<12+1), nil, 413, `Request must be smaller than 4096 bytes for the Blob operation`},
		{"no content", "DELETE", "/v1/things/a", "", nil, 204, ""},
		{"query decides", "GET", "/v1/things/a/configuration?find=All", "", nil, 400, "radiograph does not serve FindThings of Things yet"},
		{"unknown path", "GET", "/v1/nothing", "", nil, 404, `"__type":"UnknownOperationException"`},
		{"unknown method", "PATCH", "/v1/things/a", "", nil, 404, `"__type":"UnknownOperationException"`},
		{"empty label", "GET", "/v1/things//configuration", "", nil, 404, `"__type":"UnknownOperationException"`},
		{"many segments", "GET", strings.Repeat("/a", 5000), "", nil, 404, `"__type":"UnknownOperationException"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := ask(s, tt.method, tt.target, tt.body, append(tt.headers, "Authorization", auth)...)
			if w.Code != tt.status {
				t.Errorf("status %d, want %d", w.Code, tt.status)
			}
			if w.Code < 300 && w.Body.String() != tt.want || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("body %s\nwant %s", w.Body, tt.want)
			}
			if w.Header().Get("X-Amzn-Requestid") == "" {
				t.Error("no request id")
			}
			if w.Code == 204 && (w.Body.Len() > 0 || w.Header().Get("Content-Type") != "") {
				t.Errorf("a 204 with content: %v", w.Header())
			}
		})
	}
	if w := ask(s, "POST", "/v1/things/a/blobs", "x", "Authorization", auth); w.Header().Get("X-Log") != "bG9n" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", w.Header())
	}
}

func TestErrors(t *testing.T) {
	var log bytes.Buffer
	s := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{things()}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, tt := range []struct {
		fail, want string
		status     int
		logged     bool
	}{
		{"gone", `{"__type":"ResourceNotFoundException","Type":"User","Message":"no a","message":"no a"}`, 404, false},
		{"busy", `{"__type":"TooManyRequestsException","Type":"User","Reason":"ConcurrentInvocationLimitExceeded","Message":"Rate Exceeded.","message":"Rate Exceeded."}`, 429, false},
		{"odd", `{"__type":"OddException","Type":"User","Message":"odd","message":"odd"}`, 418, false},
		{"foreign", `{"__type":"InternalFailure","Type":"Server","Message":"An internal error occurred; the server's log has it under the request id.","message":"An internal error occurred; the server's log has it under the request id."}`, 500, true},
		{"panic", `{"__type":"InternalFailure","Type":"Server","Message":"An internal error occurred; the server's log has it under the request id.","message":"An internal error occurred; the server's log has it under the request id."}`, 500, true},
	} {
		log.Reset()
		w := ask(s, "POST", "/v1/things/a", `{"Fail":"`+tt.fail+`"}`, "Authorization", sign("AK", "things"))
		if w.Code != tt.status || w.Body.String() != tt.want {
			t.Errorf("%s: %d %s\nwant %d %s", tt.fail, w.Code, w.Body, tt.status, tt.want)
		}
		if (log.Len() > 0) != tt.logged {
			t.Errorf("%s: logged %q", tt.fail, log.String())
		}
		if tt.logged && !strings.Contains(log.String(), w.Header().Get("X-Amzn-Requestid")) {
			t.Errorf("%s: the log does not have the request id: %s", tt.fail, log.String())
		}
		if tt.fail == "busy" && w.Header().Get("Retry-After") != "1" {
			t.Errorf("headers %v", w.Header())
		}
	}
}

func TestCaller(t *testing.T) {
	ctx := context.Background()
	clock := now
	roles := iam.New(storetest.NewState(), func() time.Time { return clock })
	role, err := roles.CreateRole(ctx, &radiograph.Role{Account: "111122223333", Name: "fn", TrustPolicy: `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`})
	if err != nil {
		t.Fatal(err)
	}
	if err := roles.PutInlinePolicy(ctx, role.Account, "fn", "p", `{"Statement":[{"Effect":"Allow","Action":"things:PutThing","Resource":"*"},{"Effect":"Allow","Action":"things:ReadThing","Resource":"arn:things:mine*"}]}`); err != nil {
		t.Fatal(err)
	}
	keys, err := roles.Issue(ctx, role.Account, role.ARN(), "sess", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{things()}, Authorizer: roles, Account: "999999999999", Region: "eu-north-1", Clock: func() time.Time { return clock }})
	for _, tt := range []struct {
		name, method, target, auth string
		status                     int
		want                       string
	}{
		{"unsigned", "POST", "/v1/things/a", "", 201, `"Account":"999999999999","Region":"eu-north-1"`},
		{"any key", "POST", "/v1/things/a", sign("AKIAEXAMPLE", "things"), 201, `"Account":"999999999999","Region":"eu-west-1"`},
		{"twelve digits", "POST", "/v1/things/a", sign("444455556666", "things"), 201, `"Account":"444455556666","Region":"eu-west-1"`},
		{"unknown session key", "POST", "/v1/things/a", sign("ASIAEXAMPLE", "things"), 201, `"Account":"999999999999"`},
		{"issued key", "POST", "/v1/things/a", sign(keys.AccessKeyID, "things"), 201, `"Account":"111122223333","Region":"eu-west-1","Session":"sess"`},
		{"allowed resource", "GET", "/v1/things/mine1/configuration", sign(keys.AccessKeyID, "things"), 200, `"Name":"mine1"`},
		{
			"denied resource", "GET", "/v1/things/yours/configuration", sign(keys.AccessKeyID, "things"), 403,
			"User: arn:aws:sts::111122223333:assumed-role/fn/sess is not authorized to perform: things:ReadThing on resource: arn:things:yours because no identity-based policy allows the things:ReadThing action",
		},
		{
			"denied action", "DELETE", "/v1/things/a", sign(keys.AccessKeyID, "things"), 403,
			`{"__type":"AccessDeniedException","Type":"User","Message":"User: arn:aws:sts::111122223333:assumed-role/fn/sess is not authorized to perform: things:Drop because no identity-based policy allows the things:Drop action"`,
		},
		{"malformed", "POST", "/v1/things/a", "AWS4-HMAC-SHA256 Credential=", 400, `"__type":"IncompleteSignatureException"`},
	} {
		w := ask(s, tt.method, tt.target, "", "Authorization", tt.auth)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: %d %s\nwant %d %s", tt.name, w.Code, w.Body, tt.status, tt.want)
		}
	}
	clock = clock.Add(2 * time.Hour)
	if w := ask(s, "POST", "/v1/things/a", "", "Authorization", sign(keys.AccessKeyID, "things")); w.Code != 403 || !strings.Contains(w.Body.String(), "ExpiredTokenException") {
		t.Errorf("expired: %d %s", w.Code, w.Body)
	}
}

func TestAs(t *testing.T) {
	s := awsapi.NewServer(awsapi.Config{Services: append(newHouse(t).services, things())})
	who := awsapi.Caller{Tenant: radiograph.Tenant{Account: "111122223333", Region: "sa-east-1"}}
	if w := ask(s.As(who), "POST", "/v1/things/a", "", "Authorization", sign("444455556666", "things")); w.Code != 201 || !strings.Contains(w.Body.String(), `"Account":"111122223333","Region":"sa-east-1"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	daemon := s.As(who, "xray")
	if w := ask(daemon, "POST", "/GetSamplingRules", "{}"); w.Code != 200 || !strings.Contains(w.Body.String(), "arn:aws:xray:sa-east-1:111122223333:sampling-rule/Default") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/v1/things/a", "/", "/nowhere"} {
		if w := ask(daemon, "POST", path, ""); w.Code != 404 {
			t.Errorf("%s on the daemon's door: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestUnservedServices asks for services that are not here, in the ways their
// clients do.
func TestUnservedServices(t *testing.T) {
	s := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{things()}})
	for _, tt := range []struct {
		name, service string
		headers       []string
		kind          string
		want          []string
	}{
		{"DynamoDB", "dynamodb", []string{"X-Amz-Target", "DynamoDB_20120810.ListTables", "Content-Type", "application/x-amz-json-1.0"}, "application/x-amz-json-1.0", []string{`"__type":"UnsupportedOperationException"`, "radiograph does not serve dynamodb"}},
		{"S3", "s3", nil, "application/xml", []string{"<Error><Code>UnsupportedOperation</Code>", "radiograph does not serve s3"}},
		{"SNS", "sns", []string{"Content-Type", "application/x-www-form-urlencoded"}, "text/xml", []string{"<ErrorResponse><Error><Type>Sender</Type><Code>UnsupportedOperation</Code>"}},
		{"EC2", "ec2", nil, "text/xml", []string{"<Response><Errors><Error><Code>UnsupportedOperation</Code>"}},
		{"CBOR", "monitoring", []string{"Smithy-Protocol", "rpc-v2-cbor"}, "application/cbor", []string{"\xa2f__type\x78\x1dUnsupportedOperationException\x67message\x78"}},
		{"any other", "batch", nil, "application/json", []string{`"__type":"UnsupportedOperationException"`, "--fallback-endpoint"}},
	} {
		w := ask(s, "POST", "/", "body", append(tt.headers, "Authorization", sign("AK", tt.service))...)
		if w.Code != 400 || w.Header().Get("Content-Type") != tt.kind {
			t.Errorf("%s: %d %v", tt.name, w.Code, w.Header())
		}
		for _, want := range tt.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %q lacks %q", tt.name, w.Body, want)
			}
		}
	}
}

// TestOther checks what an unsigned request that is no operation meets.
func TestOther(t *testing.T) {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.WriteHeader(299)
		_, _ = w.Write(b)
	})
	h := newHouse(t)
	with := awsapi.NewServer(awsapi.Config{Services: append(h.services, things()), Other: page})
	without := awsapi.NewServer(awsapi.Config{Services: append(h.services, things())})
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, tt := range []struct {
		method, target, body string
		headers              []string
		status               int
	}{
		{"GET", "/", "", nil, 299},
		{"GET", "/traces", "", nil, 299},
		{"POST", "/", "name=value", form, 299},
		{"POST", "/", "Action=Nonsense&Version=1", form, 299},
		{"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", form, 200},
		{"GET", "/?Action=GetCallerIdentity&Version=2011-06-15", "", nil, 200},
		{"POST", "/TraceSegments", "{}", nil, 400},
		{"GET", "/TraceSegments", "", nil, 299},
		{"POST", "/v1/things/a", "", nil, 201},
	} {
		w := ask(with, tt.method, tt.target, tt.body, tt.headers...)
		if w.Code != tt.status || w.Code == 299 && w.Body.String() != tt.body {
			t.Errorf("%s %s: %d %s, want %d and the body whole", tt.method, tt.target, w.Code, w.Body, tt.status)
		}
		if tt.status != 299 {
			continue
		}
		w = ask(without, tt.method, tt.target, tt.body, tt.headers...)
		if w.Code != 404 || !strings.Contains(w.Body.String(), "UnknownOperation") {
			t.Errorf("%s %s without others: %d %s", tt.method, tt.target, w.Code, w.Body)
		}
	}
}

// TestConcurrently is for the race detector.
func TestConcurrently(t *testing.T) {
	h := newHouse(t)
	s := awsapi.NewServer(awsapi.Config{Services: append(h.services, things()), Authorizer: h.roles})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 30 {
				for _, path := range []string{"/TraceSegments", "/GetSamplingRules", "/v1/things/a", "/none"} {
					w := ask(s, "POST", path, `{"TraceSegmentDocuments":["x"]}`, "Accept-Encoding", "gzip")
					if w.Code >= 500 {
						t.Errorf("%s: %d %s", path, w.Code, w.Body)
					}
				}
			}
		})
	}
	wg.Wait()
}

// FuzzRequest sends any request to every service: never a 5xx, always an answer
// that its client can read.
func FuzzRequest(f *testing.F) {
	h := newHouse(f)
	s := awsapi.NewServer(awsapi.Config{Services: append(h.services, things()), Authorizer: h.roles})
	f.Add("POST", "/TraceSegments", "", "xray", "", `{"TraceSegmentDocuments":["{}"]}`)
	f.Add("POST", "/TraceSummaries", "", "xray", "", `{"StartTime":1,"EndTime":2}`)
	f.Add("POST", "/", "", "iam", "application/x-www-form-urlencoded", "Action=CreateRole&Version=2010-05-08&RoleName=r")
	f.Add("GET", "/v1/things/%2F%00/configuration", "filter=a&kind=small", "things", "", "")
	f.Add("POST", "/", "", "dynamodb", "application/x-amz-json-1.0", "{}")
	f.Fuzz(func(t *testing.T, method, path, query, service, kind, body string) {
		u := &url.URL{Path: path, RawQuery: query}
		if unescaped, err := url.PathUnescape(path); err == nil {
			u.Path, u.RawPath = unescaped, path
		}
		r := &http.Request{
			Method: method, URL: u, Host: "localhost", Header: http.Header{"Content-Type": {kind}, "Authorization": {sign("AK", service)}},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		}
		if strings.Contains(body, `"Fail"`) {
			return
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") == "application/json" && w.Header().Get("X-Amzn-Errortype") != "" && !json.Valid(w.Body.Bytes()) {
			t.Errorf("not JSON: %s", w.Body)
		}
	})
}
