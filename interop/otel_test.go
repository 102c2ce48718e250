package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	rg "radiograph"
)

// OpenTelemetry's SDKs, unmodified, over each protocol they speak. Each program
// makes the same trace, with times that the test gives, and prints its ids.

var otelPythonOnce = sync.OnceValues(func() (*python, error) { return installPython("testdata/otel-requirements.txt") })

// otelPython installs OpenTelemetry's Python clients when they are not there yet.
func otelPython(t testing.TB) *python {
	t.Helper()
	return installed(t, "Python clients of OpenTelemetry", otelPythonOnce)
}

// otelEnv is what an SDK has in its environment to come here.
func (s *server) otelEnv(account, protocol string, extra ...string) []string {
	endpoint := "http://" + s.OTLPHTTP
	if protocol == "grpc" {
		endpoint = "http://" + s.OTLPGRPC
	}
	return s.env(account, append([]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL=" + protocol,
		"OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=none",
	}, extra...)...)
}

func TestOTelPython(t *testing.T) {
	t.Parallel()
	p := otelPython(t)
	for _, protocol := range []string{"http/protobuf", "grpc", "udp", "signed"} {
		t.Run(strings.ReplaceAll(protocol, "/", " "), func(t *testing.T) {
			t.Parallel()
			otelStory(t, protocol, "ValueError", nil, p.bin("python"), "testdata/otel_story.py")
		})
	}
}

// TestOTelServices runs two services under OpenTelemetry's own instrumentation.
func TestOTelServices(t *testing.T) {
	t.Parallel()
	p := otelPython(t)
	account := account(t.Name())
	s := start(t, "--account", account, "--region", "eu-west-1")
	p.script(t, s, account, "otel_services.py", "http://"+s.OTLPHTTP, "http://"+s.OTLPGRPC)
}

// TestOTelSampler has ADOT's X-Ray sampler decide by the daemon's rules and quotas.
func TestOTelSampler(t *testing.T) {
	t.Parallel()
	p := otelPython(t)
	account := account(t.Name())
	s := start(t, "--account", account, "--region", "eu-west-1")
	p.script(t, s, account, "otel_sampler.py", s.Daemon)
}

// TestOTelInside sends from within a function to the environment's daemon.
func TestOTelInside(t *testing.T) {
	t.Parallel()
	p := otelPython(t)
	p.script(t, start(t), account(t.Name()), "otel_inside.py")
}

var otelNodeOnce = sync.OnceValues(func() (*node, error) { return installNode("clients/otel/node") })

func TestOTelNode(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real clients are not run with -short")
	}
	n, err := otelNodeOnce()
	if err != nil {
		missing(t, "no Node clients of OpenTelemetry: %v", err)
	}
	for _, protocol := range []string{"http/protobuf", "http/json", "grpc", "udp"} {
		t.Run(strings.ReplaceAll(protocol, "/", " "), func(t *testing.T) {
			t.Parallel()
			otelStory(t, protocol, "RangeError", n.env(), n.program, "clients/otel/node/story.cjs")
		})
	}
}

func TestOTelGo(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real clients are not run with -short")
	}
	files, err := readAll("clients/otel/go/go.mod", "clients/otel/go/go.sum", "clients/otel/go/story/main.go")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := cacheDir("otel-go", slices.Concat(files...))
	if err != nil {
		t.Fatal(err)
	}
	if err := install(dir, func(dir string) error {
		return runIn("clients/otel/go", "go", "build", "-trimpath", "-o", dir, "./story")
	}); err != nil {
		missing(t, "no Go clients of OpenTelemetry: %v", err)
	}
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(strings.ReplaceAll(protocol, "/", " "), func(t *testing.T) {
			t.Parallel()
			otelStory(t, protocol, "errorString", nil, filepath.Join(dir, "story"))
		})
	}
}

var otelJavaOnce = sync.OnceValues(func() (*java, error) { return installJava("clients/otel/java") })

func TestOTelJava(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real clients are not run with -short")
	}
	j, err := otelJavaOnce()
	if err != nil {
		missing(t, "no Java clients of OpenTelemetry: %v", err)
	}
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(strings.ReplaceAll(protocol, "/", " "), func(t *testing.T) {
			t.Parallel()
			otelStory(t, protocol, "IllegalStateException", nil, j.program, j.args("Story")...)
		})
	}
}

// otelStory runs a program that makes the trace and holds what the server tells
// of it against what was sent. Programs get the protocol and the first start.
func otelStory(t *testing.T, protocol, exception string, env []string, program string, args ...string) {
	account := account(t.Name())
	s := start(t, "--account", account, "--region", "eu-west-1")
	base := time.Now().Add(-time.Second).Truncate(time.Second).UnixNano() + 123456789
	out := client(t, s.otelEnv(account, protocol, env...), program, append(args, protocol, strconv.FormatInt(base, 10))...)
	var ids struct{ Trace, Buy, Price, Pay string }
	if err := json.Unmarshal([]byte(lastLine(out)), &ids); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	id, err := rg.ParseTraceID(ids.Trace)
	if err != nil {
		t.Fatal(err)
	}
	docs := s.otelDocuments(t, account, id.String(), 2)
	if len(docs) != 2 {
		t.Fatalf("%d documents: %v", len(docs), docs)
	}
	i := slices.IndexFunc(docs, func(d otelEntity) bool { return !d.Inferred })
	buy, inferred := docs[i], docs[1-i]
	if inferred.Name != "pay.test" || inferred.Parent != ids.Pay || !inferred.Inferred {
		t.Errorf("inferred: %+v", inferred)
	}
	if len(buy.Subsegments) != 2 {
		t.Fatalf("%+v", buy)
	}
	slices.SortFunc(buy.Subsegments, func(a, b otelEntity) int { return strings.Compare(string(a.Start), string(b.Start)) })
	price, pay := buy.Subsegments[0], buy.Subsegments[1]
	at := func(offset int64) json.Number {
		return json.Number(rg.Timestamp(base + offset).AppendSeconds(nil))
	}
	type facts struct {
		ID, Name, Namespace, Origin, User string
		Start, End                        json.Number
		Status                            int
		Error, Fault, Throttle            bool
	}
	for name, tt := range map[string]struct {
		got  otelEntity
		want facts
	}{
		"buy":   {buy, facts{ids.Buy, "shop", "", "AWS::EC2::Instance", "u7", at(0), at(5000003), 500, false, true, false}},
		"price": {price, facts{ids.Price, "price", "", "", "", at(1000000), at(2000001), 0, false, true, false}},
		"pay":   {pay, facts{ids.Pay, "pay.test", "remote", "", "", at(3000000), at(4000002), 429, true, false, true}},
	} {
		e := tt.got
		got := facts{e.ID, e.Name, e.Namespace, e.Origin, e.User, json.Number(e.Start), json.Number(e.End), e.HTTP.Response.Status, e.Error, e.Fault, e.Throttle}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	if buy.HTTP.Request.Method != "POST" || !strings.HasPrefix(buy.HTTP.Request.URL, "http") || !strings.HasSuffix(buy.HTTP.Request.URL, "shop.test/buy") {
		t.Errorf("request %+v", buy.HTTP.Request)
	}
	if diff := cmp.Diff(map[string]any{"cart": 3.0}, buy.Annotations); diff != "" {
		t.Error(diff)
	}
	if len(price.Cause.Exceptions) == 0 {
		t.Fatalf("cause %+v", price.Cause)
	}
	x := price.Cause.Exceptions[0]
	if !strings.Contains(x.Type, exception) || x.Message != "no price" {
		t.Errorf("exception %+v", x)
	}
	if len(x.Stack) == 0 || x.Stack[0].Path == "" {
		t.Errorf("stack %+v", x.Stack)
	}
	s.otelAnswers(t, account, id.String(), base)
}

// otelAnswers asks what else shows the trace.
func (s *server) otelAnswers(t *testing.T, account, id string, base int64) {
	t.Helper()
	from, to := base/1e9-60, base/1e9+60
	window := fmt.Sprintf(`"StartTime":%d,"EndTime":%d`, from, to)
	found := s.call(t, account, "xray", "POST", "/TraceSummaries", nil,
		[]byte(`{`+window+`,"FilterExpression":"annotation.cart = 3 AND user = \"u7\" AND fault AND service(\"shop\")"}`))
	if found.Status != http.StatusOK || !strings.Contains(string(found.Body), id) {
		t.Errorf("GetTraceSummaries: %d %s", found.Status, found.Body)
	}
	graph := s.call(t, account, "xray", "POST", "/ServiceGraph", nil, []byte(`{`+window+`}`))
	var g struct {
		Services []struct {
			Name, Type string
			Root       bool
			Edges      []struct{ ReferenceID int }
		}
	}
	if err := json.Unmarshal(graph.Body, &g); err != nil {
		t.Fatalf("GetServiceGraph: %d %s", graph.Status, graph.Body)
	}
	var nodes []string
	for _, n := range g.Services {
		nodes = append(nodes, fmt.Sprintf("%s %s %d", n.Name, n.Type, len(n.Edges)))
	}
	slices.Sort(nodes)
	want := []string{"pay.test remote 0", "shop AWS::EC2::Instance 1", "shop client 1"}
	if diff := cmp.Diff(want, nodes); diff != "" {
		t.Errorf("GetServiceGraph: -want +got:\n%s", diff)
	}
}

// otelEntity is a document, with the text of its numbers.
type otelEntity struct {
	ID, Name, Namespace, Origin, User string
	Parent                            string      `json:"parent_id"`
	Start                             json.Number `json:"start_time"`
	End                               json.Number `json:"end_time"`
	Inferred, Error, Fault, Throttle  bool
	HTTP                              struct {
		Request  struct{ Method, URL string }
		Response struct{ Status int }
	}
	Annotations map[string]any
	Cause       struct {
		Exceptions []struct {
			Type, Message string
			Stack         []struct{ Path string }
		}
	}
	Subsegments []otelEntity
}

// otelDocuments are a trace's documents once there are as many; what comes by
// UDP takes a moment.
func (s *server) otelDocuments(t *testing.T, account, id string, n int) (docs []otelEntity) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		a := s.call(t, account, "xray", "POST", "/Traces", nil, fmt.Appendf(nil, `{"TraceIds":[%q]}`, id))
		var out struct {
			Traces []struct{ Segments []struct{ Document string } }
		}
		if err := json.Unmarshal(a.Body, &out); err != nil || a.Status != http.StatusOK {
			t.Fatalf("BatchGetTraces: %d %s", a.Status, a.Body)
		}
		docs = nil
		for _, tr := range out.Traces {
			for _, seg := range tr.Segments {
				var e otelEntity
				if err := json.Unmarshal([]byte(seg.Document), &e); err != nil {
					t.Fatalf("%s: %v", seg.Document, err)
				}
				docs = append(docs, e)
			}
		}
		if len(docs) >= n || time.Since(began) > 5*time.Second {
			return docs
		}
	}
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
