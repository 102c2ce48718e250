package console_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"radiograph"
	"radiograph/console"
	"radiograph/group"
	"radiograph/ingest"
	"radiograph/insight"
	"radiograph/query"
	"radiograph/storetest"
)

var tenant = radiograph.Tenant{Account: radiograph.DefaultAccount, Region: radiograph.DefaultRegion}

// fixture is the console over the real engine and a store in memory, with
// functions and roles that are played.
type fixture struct {
	http.Handler
	now       time.Time
	sink      *ingest.Ingester
	functions *playedFunctions
	roles     *playedRoles
	logged    *strings.Builder
}

func newFixture(now time.Time) *fixture {
	return newFixtureOn(now, func(e *query.Engine) console.Engine { return e })
}

// newFixtureOn lets a test stand between the pages and the engine.
func newFixtureOn(now time.Time, between func(*query.Engine) console.Engine) *fixture {
	clock := func() time.Time { return now }
	store := storetest.NewModel()
	f := &fixture{now: now, functions: &playedFunctions{now: now}, roles: &playedRoles{allowed: map[string]bool{}}, logged: &strings.Builder{}}
	log := slog.New(slog.NewTextHandler(f.logged, nil))
	f.sink = ingest.New(ingest.Config{Store: store, Limits: radiograph.LocalLimits(), Log: log, Clock: clock})
	state, engine := storetest.NewState(), query.New(store, clock)
	groups := group.New(group.Config{State: state, Clock: clock, Limits: radiograph.LocalLimits()})
	f.Handler = console.New(console.Config{
		Engine: between(engine), Groups: groups, Insights: insight.New(insight.Config{State: state, Sums: engine, Groups: groups, Clock: clock}), Functions: f.functions, Roles: f.roles, Usage: playedUsage{}, Limits: radiograph.LocalLimits(), Tenant: tenant,
		Hosts: []string{"radiograph.test"}, Log: log, Clock: clock,
	})
	return f
}

var (
	timeMark  = regexp.MustCompile(`@(-?[0-9.]+)`)
	lambdaArn = "arn:aws:lambda:us-east-1:000000000000:function:"
)

// put stores documents of one trace that began so long ago. In them @1.5 is a
// time in seconds after its begin, and $T the trace's id. Lambda's documents
// come through Lambda's door.
func (f *fixture) put(ago time.Duration, docs ...string) radiograph.TraceID {
	begin := f.now.Add(-ago)
	id := radiograph.NewTraceID(begin)
	for _, doc := range docs {
		doc = strings.ReplaceAll(doc, "$T", id.String())
		doc = timeMark.ReplaceAllStringFunc(doc, func(m string) string {
			s, err := strconv.ParseFloat(m[1:], 64)
			if err != nil {
				panic(err)
			}
			return string(radiograph.TimestampOf(begin.Add(time.Duration(s * 1e9))).AppendSeconds(nil))
		})
		door := radiograph.DoorAPI
		if strings.Contains(doc, `"AWS::Lambda`) {
			door = radiograph.DoorLambda
		}
		rejected, err := f.sink.Put(context.Background(), tenant, door, []radiograph.Document{{Body: []byte(doc)}})
		if err != nil || len(rejected) > 0 {
			panic(fmt.Sprint(err, rejected, doc))
		}
	}
	return id
}

// coldCall is a cold synchronous invocation whose call to DynamoDB fails.
func (f *fixture) coldCall(ago time.Duration) radiograph.TraceID {
	return f.put(ago,
		`{"trace_id":"$T","id":"00000000000000a1","name":"checkout","start_time":@0,"end_time":@1.24,"origin":"AWS::Lambda","resource_arn":"`+lambdaArn+`checkout","http":{"response":{"status":200}},"aws":{"request_id":"5b1f9e0c-7f62-4b1b-9c3e-3f8f3f9b1d10"},"error":true}`,
		`{"trace_id":"$T","id":"00000000000000a2","parent_id":"00000000000000a1","name":"checkout","start_time":@0.52,"end_time":@1.238,"origin":"AWS::Lambda::Function","error":true,
		"aws":{"account_id":"000000000000","function_arn":"`+lambdaArn+`checkout","cloudwatch_logs":[{"log_group":"/aws/lambda/checkout"}],"resource_names":["checkout"]},
		"cause":{"working_directory":"/var/task","exceptions":[{"id":"00000000000000ee","type":"ResourceNotFoundException","message":"Requested resource not found: table orders-2026","stack":[{"path":"/var/task/app.py","line":41,"label":"handler"},{"path":"/var/task/orders.py","line":12,"label":"save_order"},{"path":"/var/lang/lib/botocore/client.py","line":1023,"label":"_make_api_call"}],"truncated":7}]},
		"subsegments":[
			{"id":"00000000000000a3","name":"Initialization","start_time":@0.112,"end_time":@0.516,"aws":{"function_arn":"`+lambdaArn+`checkout"}},
			{"id":"00000000000000a4","name":"Invocation","start_time":@0.5203,"end_time":@1.201,"error":true,"aws":{"function_arn":"`+lambdaArn+`checkout"}},
			{"id":"00000000000000a5","name":"Overhead","start_time":@1.2011,"end_time":@1.2375,"aws":{"function_arn":"`+lambdaArn+`checkout"}}]}`,
		`{"trace_id":"$T","id":"00000000000000a6","parent_id":"00000000000000a4","type":"subsegment","name":"S3","namespace":"aws","start_time":@0.55,"end_time":@0.71,"http":{"response":{"status":200}},"aws":{"operation":"PutObject","bucket_name":"receipts","region":"us-east-1","request_id":"E1"}}`,
		`{"trace_id":"$T","id":"00000000000000a7","parent_id":"00000000000000a4","type":"subsegment","name":"## price","start_time":@0.715,"end_time":@0.93,"annotations":{"cart_size":3,"customer":"c-1042","express":true},"metadata":{"default":{"basket":[{"sku":"A-17","price":12.5,"gift":null},{"sku":"B-2","price":3}]},"debug":{"cache":"miss"}},"subsegments":[
			{"id":"00000000000000a8","name":"prices.internal","namespace":"remote","start_time":@0.72,"end_time":@0.91,"http":{"request":{"method":"GET","url":"http://prices.internal/v2/quote?cart=1042"},"response":{"status":200,"content_length":812}}},
			{"id":"00000000000000b8","name":"shop@db.internal","namespace":"remote","start_time":@0.911,"end_time":@0.928,"sql":{"url":"jdbc:postgresql://db.internal:5432/shop","preparation":"statement","database_type":"PostgreSQL","database_version":"16.2","driver_version":"42.7","user":"shop","sanitized_query":"SELECT * FROM customers WHERE id = ?"}}]}`,
		`{"trace_id":"$T","id":"00000000000000a9","parent_id":"00000000000000a4","type":"subsegment","name":"DynamoDB","namespace":"aws","start_time":@0.95,"end_time":@1.19,"fault":false,"error":true,"http":{"response":{"status":400}},"aws":{"operation":"PutItem","table_name":"orders-2026","region":"us-east-1","retries":2},"cause":{"working_directory":"/var/task","exceptions":[{"id":"00000000000000ef","type":"ResourceNotFoundException","message":"Requested resource not found: table orders-2026"}]}}`)
}

// retried is an asynchronous invocation whose first attempt fails.
func (f *fixture) retried(ago time.Duration) radiograph.TraceID {
	fn := func(id, parent, from, to, more string) string {
		return `{"trace_id":"$T","id":"` + id + `","parent_id":"` + parent + `","name":"thumbnail","start_time":` + from + `,"end_time":` + to + `,"origin":"AWS::Lambda::Function"` + more + `}`
	}
	return f.put(ago,
		`{"trace_id":"$T","id":"00000000000000c0","name":"upload-page","start_time":@0,"end_time":@0.05,"http":{"request":{"method":"POST","url":"https://photos.test/upload","client_ip":"192.0.2.17","user_agent":"Mozilla/5.0"},"response":{"status":202}},"annotations":{"album":"Lisbon 2026"},"subsegments":[{"id":"00000000000000c9","name":"Lambda","namespace":"aws","start_time":@0.004,"end_time":@0.048,"http":{"response":{"status":202}},"aws":{"operation":"Invoke","function_name":"thumbnail"}}]}`,
		`{"trace_id":"$T","id":"00000000000000c1","parent_id":"00000000000000c9","name":"thumbnail","start_time":@0.021,"end_time":@0.036,"origin":"AWS::Lambda","resource_arn":"`+lambdaArn+`thumbnail","http":{"response":{"status":202}},"aws":{"request_id":"r"},"subsegments":[
			{"id":"00000000000000c2","name":"Dwell Time","start_time":@0.021,"end_time":@0.221},
			{"id":"00000000000000c3","name":"Attempt #1","start_time":@0.221,"end_time":@0.402,"http":{"response":{"status":200}},"error":true},
			{"id":"00000000000000c4","name":"Attempt #2","start_time":@0.602,"end_time":@0.791,"http":{"response":{"status":200}}}]}`,
		fn("00000000000000d1", "00000000000000c3", "@0.23", "@0.4", `,"error":true,"cause":{"working_directory":"/var/task","exceptions":[{"id":"00000000000000f1","type":"ValueError","message":"image has no pixels"}]},"subsegments":[{"id":"00000000000000d2","name":"Invocation","start_time":@0.231,"end_time":@0.39,"error":true},{"id":"00000000000000d3","name":"Overhead","start_time":@0.3901,"end_time":@0.399}]`),
		fn("00000000000000d5", "00000000000000c4", "@0.61", "@0.79", `,"subsegments":[{"id":"00000000000000d6","name":"Invocation","start_time":@0.611,"end_time":@0.78},{"id":"00000000000000d7","name":"Overhead","start_time":@0.7801,"end_time":@0.789}]`))
}

// faulty is a request that ends with 502 because what it called answers 503.
func (f *fixture) faulty(ago time.Duration) radiograph.TraceID {
	return f.put(ago, `{"trace_id":"$T","id":"00000000000000e0","name":"api.shop.test","origin":"AWS::EC2::Instance","start_time":@0,"end_time":@0.31,"fault":true,"http":{"request":{"method":"GET","url":"https://api.shop.test/orders/1042","client_ip":"192.0.2.9"},"response":{"status":502}},"subsegments":[
		{"id":"00000000000000e1","name":"stock.internal","namespace":"remote","start_time":@0.01,"end_time":@0.3,"fault":true,"http":{"request":{"method":"GET","url":"http://stock.internal/levels"},"response":{"status":503}},"cause":{"working_directory":"/srv","exceptions":[{"id":"00000000000000e9","type":"UpstreamUnavailable","message":"503 from stock.internal","remote":true}]}}]}`)
}

// throttled is a request that was one too many.
func (f *fixture) throttled(ago time.Duration) radiograph.TraceID {
	return f.put(ago, `{"trace_id":"$T","id":"00000000000000f0","name":"checkout","origin":"AWS::Lambda","start_time":@0,"end_time":@0.008,"error":true,"throttle":true,"http":{"response":{"status":429}},"resource_arn":"`+lambdaArn+`checkout"}`)
}

// running is a request that has not ended.
func (f *fixture) running(ago time.Duration) radiograph.TraceID {
	return f.put(ago, `{"trace_id":"$T","id":"0000000000000100","name":"report","start_time":@0,"in_progress":true,"http":{"request":{"method":"GET","url":"https://photos.test/report"}},"subsegments":[{"id":"0000000000000101","name":"render","start_time":@0.2,"end_time":@0.9},{"id":"0000000000000102","name":"mail","start_time":@0.9,"in_progress":true}]}`)
}

// everything stores one or more of each.
func (f *fixture) everything() map[string]radiograph.TraceID {
	for i := range 7 {
		f.put(time.Duration(i)*100*time.Second+30*time.Second,
			`{"trace_id":"$T","id":"0000000000000200","name":"checkout","start_time":@0,"end_time":@0.0`+strconv.Itoa(i+2)+`,"origin":"AWS::Lambda","resource_arn":"`+lambdaArn+`checkout","http":{"response":{"status":200}},"aws":{"request_id":"x"}}`,
			`{"trace_id":"$T","id":"0000000000000201","parent_id":"0000000000000200","name":"checkout","start_time":@0.002,"end_time":@0.0`+strconv.Itoa(i+2)+`,"origin":"AWS::Lambda::Function","aws":{"function_arn":"`+lambdaArn+`checkout"},"subsegments":[{"id":"0000000000000202","name":"Invocation","start_time":@0.003,"end_time":@0.019},{"id":"0000000000000203","name":"Overhead","start_time":@0.0191,"end_time":@0.0194}]}`,
			`{"trace_id":"$T","id":"0000000000000204","parent_id":"0000000000000202","type":"subsegment","name":"S3","namespace":"aws","start_time":@0.004,"end_time":@0.015,"http":{"response":{"status":200}},"aws":{"operation":"PutObject","bucket_name":"receipts"}}`)
	}
	ids := map[string]radiograph.TraceID{
		"fault": f.faulty(150 * time.Second), "retried": f.retried(95 * time.Second), "cold": f.coldCall(40 * time.Second),
		"throttle": f.throttled(12 * time.Second), "running": f.running(4 * time.Second),
	}
	f.functions.populate(ids)
	return ids
}

// playedFunctions plays lambda.Service.
type playedFunctions struct {
	mu        sync.Mutex
	now       time.Time
	versions  []*radiograph.Function // by name, $LATEST first
	decisions []*radiograph.Decision
	invoked   []*radiograph.InvokeRequest
	result    *radiograph.InvokeResult
	err       error
}

func (p *playedFunctions) populate(ids map[string]radiograph.TraceID) {
	fn := func(name, version, runtime string, mode radiograph.TracingMode) {
		p.versions = append(p.versions, &radiograph.Function{
			Tenant: tenant, Name: name, Version: version, Runtime: runtime, Handler: "app.handler", Role: "arn:aws:iam::000000000000:role/service-role/" + name + "-role",
			Timeout: 30, MemorySize: 256, EphemeralMB: 512, Architecture: "x86_64", PackageType: "Zip", Tracing: mode, State: "Active", LastUpdateStatus: "Successful",
			CodeSHA256: "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4", CodeSize: 48210, RevisionID: "rev-" + name, LastModified: p.now.Add(-26 * time.Minute),
			Environment: map[string]string{"TABLE": "orders-2026", "BUCKET": "receipts"},
		})
	}
	fn("checkout", radiograph.LatestVersion, "python3.12", radiograph.TracingActive)
	fn("checkout", "1", "python3.12", radiograph.TracingPassThrough)
	fn("checkout", "2", "python3.12", radiograph.TracingActive)
	fn("thumbnail", radiograph.LatestVersion, "provided.al2023", radiograph.TracingPassThrough)
	p.versions[0].Description = "Takes the money and stores the order"
	decide := func(ago time.Duration, d radiograph.Decision) {
		d.Time, d.Tenant, d.RequestID = p.now.Add(-ago), tenant, "5b1f9e0c-7f62-4b1b-9c3e-"+strconv.Itoa(int(ago/time.Millisecond))
		if d.Version == "" {
			d.Version = radiograph.LatestVersion
		}
		p.decisions = append(p.decisions, &d)
	}
	log := "START RequestId: 5b1f9e0c Version: $LATEST\n[ERROR] ResourceNotFoundException: Requested resource not found\nEND RequestId: 5b1f9e0c\nREPORT RequestId: 5b1f9e0c\tDuration: 681.02 ms\tBilled Duration: 682 ms\tMemory Size: 256 MB\tMax Memory Used: 71 MB\n"
	decide(12*time.Second, radiograph.Decision{Function: "checkout", Type: radiograph.RequestResponse, Attempt: 1, Mode: radiograph.TracingActive, Trace: ids["throttle"], Sampled: true, Reason: "the first request of its second (1 request a second, then 5 %)", Status: 429, Duration: 8 * time.Millisecond})
	decide(40*time.Second, radiograph.Decision{Function: "checkout", Type: radiograph.RequestResponse, Attempt: 1, Mode: radiograph.TracingActive, Trace: ids["cold"], Sampled: true, Cold: true, Reason: "the first request of its second (1 request a second, then 5 %)", Status: 200, FunctionError: "ResourceNotFoundException: Requested resource not found", Duration: 1240 * time.Millisecond, Datagrams: 3, DatagramBytes: 2310, LogTail: log})
	decide(44*time.Second, radiograph.Decision{Function: "checkout", Type: radiograph.RequestResponse, Attempt: 1, Mode: radiograph.TracingActive, Trace: radiograph.NewTraceID(p.now), Reason: "over the reservoir of 1 request a second, and not among the 5 % after it", Status: 200, Duration: 34 * time.Millisecond})
	decide(60*time.Second, radiograph.Decision{Function: "checkout", Version: "2", Type: radiograph.RequestResponse, Attempt: 1, HeaderIn: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", Mode: radiograph.TracingActive, Trace: ids["fault"], Sampled: true, Reason: "the caller's header says Sampled=1", Status: 200, Duration: 31 * time.Millisecond, Dropped: []string{"the role may not call xray:PutTraceSegments: 2 segments"}})
	decide(95*time.Second, radiograph.Decision{Function: "thumbnail", Type: radiograph.Event, Attempt: 2, Mode: radiograph.TracingPassThrough, Trace: ids["retried"], Sampled: true, Reason: "the caller's header says Sampled=1", Status: 200, Duration: 189 * time.Millisecond})
	decide(96*time.Second, radiograph.Decision{Function: "thumbnail", Type: radiograph.Event, Attempt: 1, Mode: radiograph.TracingPassThrough, Trace: ids["retried"], Sampled: true, Cold: true, Reason: "the caller's header says Sampled=1", Status: 200, FunctionError: "ValueError: image has no pixels", Duration: 181 * time.Millisecond})
}

func (p *playedFunctions) Functions(context.Context, radiograph.Tenant) ([]*radiograph.Function, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*radiograph.Function
	for _, f := range p.versions {
		if f.Version == radiograph.LatestVersion {
			out = append(out, f)
		}
	}
	return out, nil
}

func (p *playedFunctions) find(name, qualifier string) (*radiograph.Function, error) {
	if qualifier == "" {
		qualifier = radiograph.LatestVersion
	}
	for _, f := range p.versions {
		if f.Name == name && f.Version == qualifier {
			return f, nil
		}
	}
	return nil, &radiograph.Error{Kind: radiograph.KindNotFound, Code: "ResourceNotFoundException", Message: "Function not found: " + radiograph.FunctionARN(tenant, name)}
}

func (p *playedFunctions) Function(_ context.Context, _ radiograph.Tenant, name, qualifier string) (*radiograph.Function, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.find(name, qualifier)
	if err != nil {
		return nil, err
	}
	c := *f
	return &c, nil
}

func (p *playedFunctions) Versions(_ context.Context, _ radiograph.Tenant, name string) ([]*radiograph.Function, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.versions), func(f *radiograph.Function) bool { return f.Name != name }), nil
}

func (p *playedFunctions) UpdateConfiguration(_ context.Context, _ radiograph.Tenant, name string, change func(*radiograph.Function) error, revisionID string) (*radiograph.Function, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	f, err := p.find(name, "")
	if err != nil {
		return nil, err
	}
	if revisionID != "" && revisionID != f.RevisionID {
		return nil, radiograph.Errorf(radiograph.KindPrecondition, "The Revision Id provided does not match")
	}
	if err := change(f); err != nil {
		return nil, err
	}
	f.RevisionID += "+"
	return f, nil
}

func (p *playedFunctions) Invoke(_ context.Context, req *radiograph.InvokeRequest) (*radiograph.InvokeResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.invoked = append(p.invoked, req)
	if p.err != nil {
		return nil, p.err
	}
	if _, err := p.find(req.Function, req.Qualifier); err != nil {
		return nil, err
	}
	res := p.result
	if res == nil {
		res = &radiograph.InvokeResult{Status: 200, Payload: []byte(`{"order":1042,"state":"paid"}`), ExecutedVersion: "$LATEST", TraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", LogTail: []byte("START RequestId: …\nhello\nEND RequestId: …\n")}
	}
	res.RequestID = req.RequestID
	p.decisions = append([]*radiograph.Decision{{Function: req.Function, RequestID: req.RequestID, Time: p.now, Reason: "the first request of its second", Sampled: true, Status: 200, Version: "$LATEST", Type: req.Type, Attempt: 1, Trace: radiograph.ParseTraceHeader(res.TraceHeader).Root}}, p.decisions...)
	return res, nil
}

func (p *playedFunctions) Decisions(_ context.Context, _ radiograph.Tenant, function string, limit int) ([]*radiograph.Decision, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*radiograph.Decision
	for _, d := range p.decisions {
		if d.Function == function && len(out) < limit {
			out = append(out, d)
		}
	}
	return out, nil
}

// playedRoles plays iam.Service.
type playedRoles struct {
	mu      sync.Mutex
	allowed map[string]bool
	put     []string
	missing bool
}

func (p *playedRoles) Allowed(_ context.Context, roleARN, action, _ string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.allowed[roleARN+" "+action], nil
}

func (p *playedRoles) PutInlinePolicy(_ context.Context, _ radiograph.AccountID, role, policy, document string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.missing {
		return radiograph.Errorf(radiograph.KindNotFound, "The role with name %s cannot be found.", role)
	}
	p.put = append(p.put, role+" "+policy+" "+document)
	return nil
}
