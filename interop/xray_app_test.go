package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	rg "radiograph"
)

// TestXRaySDKs has the X-Ray SDKs record one shop, written in each language with
// what its users instrument: a web server, an HTTP client and an AWS client.
// Segments go to the daemon by UDP; sampling rules and targets come from its TCP
// port at the SDKs' own pace. What was recorded is read by the X-Ray API.
func TestXRaySDKs(t *testing.T) {
	t.Parallel()
	for name, newShop := range map[string]func(*testing.T) *shop{
		"python": func(t *testing.T) *shop {
			return &shop{args: []string{pythonClients(t).bin("python"), "testdata/app.py"}, quota: reservoir}
		},
		"node": func(t *testing.T) *shop {
			n := nodeClients(t)
			// It takes the seconds at which a quota ends for milliseconds, so each has
			// ended long ago, and it borrows on (service_connector.js, dateToEpoch).
			return &shop{args: []string{n.program, "clients/node/app.cjs"}, env: n.env(), quota: 1}
		},
		"go": func(t *testing.T) *shop {
			return &shop{args: []string{filepath.Join(goPrograms(t), "app")}, quota: reservoir}
		},
		"java": func(t *testing.T) *shop {
			j := javaClients(t)
			return &shop{args: slices.Concat([]string{j.program}, j.args("App")), quota: reservoir}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.name = "shop-" + name
			s.open(t)
			load := s.load(t)
			t.Run("work", s.work)
			t.Run("fails", s.fails)
			t.Run("http", s.http)
			t.Run("aws", s.aws)
			t.Run("large", s.large)
			t.Run("long", s.long)
			<-load
			t.Run("sampling", s.sampling)
		})
	}
}

// What the rules of the test are, and how the load is that they decide on.
const (
	reservoir    = 5 // a second, of the rule limited, whose rate is 0
	quietCalls   = 7 // requests that the rule quiet forbids
	loadInterval = 50 * time.Millisecond
	// The SDKs report every 10 s, with at most 0.1 s of jitter, and get a quota in
	// the answer; the load goes on for some seconds with it.
	reports  = 10 * time.Second
	loadTime = reports + 4*time.Second
)

// shop is the program of one language.
type shop struct {
	name      string // of its segments
	args, env []string
	quota     int // how many requests a second it samples of the reservoir after a report

	*server
	account string
	url     string
	began   time.Time // when the SDK began to poll
	down    *httptest.Server
	header  chan string   // the trace header of each request to down
	held    chan struct{} // a request to /hold has come
	release chan struct{} // lets it go
}

// open starts a server with the rules and the program beside it, and waits until
// the program knows the rules.
func (s *shop) open(t *testing.T) {
	t.Helper()
	s.account = account(t.Name())
	s.server = start(t, "--account", s.account, "--region", "eu-west-1")
	s.header, s.held, s.release = make(chan string, 1), make(chan struct{}), make(chan struct{})
	for i, rule := range []struct {
		name            string
		rate, reservoir int
	}{{"all", 1, 0}, {"quiet", 0, 0}, {"limited", 0, reservoir}} {
		body := fmt.Appendf(nil, `{"SamplingRule":{"RuleName":%q,"ResourceARN":"*","Priority":%d,"FixedRate":%d,"ReservoirSize":%d,
			"ServiceName":%q,"ServiceType":"*","Host":"*","HTTPMethod":"*","URLPath":%q,"Version":1}}`, rule.name, i+1, rule.rate, rule.reservoir, s.name, "/"+rule.name+"/*")
		if a := s.call(t, s.account, "xray", "POST", "/CreateSamplingRule", nil, body); a.Status != http.StatusOK {
			t.Fatalf("CreateSamplingRule %s: %d %s", rule.name, a.Status, a.Body)
		}
	}
	s.down = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			s.held <- struct{}{}
			<-s.release
			return
		}
		s.header <- r.Header.Get("X-Amzn-Trace-Id")
		var status int
		_, _ = fmt.Sscanf(r.URL.Path, "/status/%d", &status)
		w.WriteHeader(status)
	}))
	t.Cleanup(s.down.Close)

	log := &logBuffer{}
	cmd := exec.Command(s.args[0], s.args[1:]...)
	cmd.Env = append(s.server.env(s.account, "PYTHONDONTWRITEBYTECODE=1", "AWS_XRAY_CONTEXT_MISSING=IGNORE_ERROR"), s.env...)
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %v: %v", s.args, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", s.name, log.tail(3000))
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s printed no URL: %v\n%s", s.name, err, log)
	}
	s.url = strings.TrimSpace(line)
	// The first decisions are the SDK's own, for the rules are not there yet.
	s.began = time.Now()
	for {
		id := s.get(t, "/all/ready")
		if docs := s.documents(t, s.account, id); len(docs) == 1 && docs[0].ruleName() == "all" {
			return
		}
		if time.Since(s.began) > 10*time.Second {
			t.Fatalf("%s does not sample by the rules after 10 s\n%s", s.name, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// get asks the shop, with a trace id and no decision.
func (s *shop) get(t testing.TB, path string) string {
	t.Helper()
	id := rg.NewTraceID(time.Now()).String()
	if err := s.ask(path, id); err != nil {
		t.Fatal(err)
	}
	return id
}

func (s *shop) ask(path, id string) error {
	req, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Amzn-Trace-Id", "Root="+id)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// segment waits for the shop's own segment of a trace, whole.
func (s *shop) segment(t testing.TB, id string) *entity {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		for _, d := range s.documents(t, s.account, id) {
			if d.Name == s.name && d.End > 0 {
				return d
			}
		}
		if time.Since(began) > 5*time.Second {
			t.Fatalf("trace %s has no complete segment of %s: %v", id, s.name, s.documents(t, s.account, id))
		}
	}
}

func (s *shop) work(t *testing.T) {
	segment := s.segment(t, s.get(t, "/all/work"))
	if segment.User != "ann" || segment.ruleName() != "all" || segment.HTTP.Response.Status != 200 || !strings.HasSuffix(segment.HTTP.Request.URL, "/all/work") {
		t.Errorf("the segment has user %q, rule %q, http %+v", segment.User, segment.ruleName(), segment.HTTP)
	}
	work := segment.sub(t, "work")
	if diff := cmp.Diff(map[string]any{"colour": "blue", "count": 3.0, "fine": true}, work.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(any(map[string]any{"table": map[string]any{"rows": []any{1.0, 2.0}}}), work.Metadata["details"]); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	work.sub(t, "inner")
	found := s.summaries(t, `annotation[colour] = "blue" AND user = "ann"`)
	if len(found) != 1 {
		t.Errorf("%d traces are found by annotation and user, want 1", len(found))
	}
}

func (s *shop) fails(t *testing.T) {
	segment := s.segment(t, s.get(t, "/all/fails"))
	if !segment.Fault || segment.HTTP.Response.Status != 500 {
		t.Errorf("the segment has fault %t, status %d", segment.Fault, segment.HTTP.Response.Status)
	}
	if sub := segment.sub(t, "fails"); !sub.Fault || !strings.Contains(string(sub.Cause), "on purpose") {
		t.Errorf("the subsegment has fault %t, cause %s", sub.Fault, sub.Cause)
	}
}

func (s *shop) http(t *testing.T) {
	for _, c := range []struct {
		status                 int
		error, throttle, fault bool
	}{{status: 200}, {status: 404, error: true}, {status: 429, error: true, throttle: true}, {status: 503, fault: true}} {
		id := s.get(t, "/all/http?url="+url.QueryEscape(fmt.Sprintf("%s/status/%d", s.down.URL, c.status)))
		calls := s.segment(t, id).inNamespace("remote")
		if len(calls) != 1 {
			t.Fatalf("%d calls of an HTTP client, want 1", len(calls))
		}
		call := calls[0]
		if call.HTTP.Response.Status != c.status || call.Error != c.error || call.Throttle != c.throttle || call.Fault != c.fault {
			t.Errorf("a call answered %d has status %d, error %t, throttle %t, fault %t", c.status, call.HTTP.Response.Status, call.Error, call.Throttle, call.Fault)
		}
		if h := rg.ParseTraceHeader(<-s.header); h.Root.String() != id || h.Parent.String() != call.ID || h.Sampled != rg.SampledYes {
			t.Errorf("the call's header is %+v, want trace %s and parent %s", h, id, call.ID)
		}
	}
}

func (s *shop) aws(t *testing.T) {
	id := s.get(t, "/all/aws")
	calls := s.segment(t, id).inNamespace("aws")
	if len(calls) != 2 {
		t.Fatalf("%d calls of an AWS client, want 2", len(calls))
	}
	if c := calls[0]; c.AWS.Operation != "GetGroups" || c.HTTP.Response.Status != 200 || c.Error || c.Fault {
		t.Errorf("the first call is %+v", c)
	}
	if c := calls[1]; c.AWS.Operation != "GetGroup" || c.HTTP.Response.Status != 400 || !strings.Contains(string(c.Cause), `There is no group \"absent\"`) {
		t.Errorf("the second call is %+v, cause %s", c, c.Cause)
	}
	for _, d := range s.documents(t, s.account, id) {
		if d.Name != s.name && (!d.Inferred || !strings.EqualFold(d.Name, "xray")) {
			t.Errorf("the trace has a segment %s", d.Name)
		}
	}
}

// large looks at a segment of many subsegments while it is recorded: the SDK
// sends some of them apart, before it.
func (s *shop) large(t *testing.T) {
	id := s.hold(t, "/all/large", func(id string) bool {
		seen := 0
		for _, d := range s.documents(t, s.account, id) {
			if d.Name == s.name {
				t.Errorf("the segment is there before its end")
			}
			seen += d.parts()
		}
		return seen > 0
	})
	if got := s.segment(t, id).parts(); got != 150 {
		t.Errorf("the segment has %d of 150 subsegments", got)
	}
}

// long looks at a segment that was sent before its end, and after.
func (s *shop) long(t *testing.T) {
	id := s.hold(t, "/all/long", func(id string) bool {
		docs := s.documents(t, s.account, id)
		return len(docs) == 1 && docs[0].InProgress && docs[0].End == 0
	})
	if e := s.segment(t, id); e.InProgress {
		t.Errorf("the segment is still in progress after its end")
	}
	if docs := s.documents(t, s.account, id); len(docs) != 1 {
		t.Errorf("the trace has %d documents, want 1", len(docs))
	}
}

// hold asks for a path that itself calls /hold, and lets it go when seen says so
// of the trace.
func (s *shop) hold(t *testing.T, path string, seen func(id string) bool) string {
	t.Helper()
	id, done := rg.NewTraceID(time.Now()).String(), make(chan error, 1)
	go func() { done <- s.ask(path+"?url="+url.QueryEscape(s.down.URL+"/hold"), id) }()
	select {
	case <-s.held:
	case err := <-done:
		t.Fatalf("%s did not call /hold: %v", path, err)
	}
	for began := time.Now(); !seen(id); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Errorf("%s: nothing as wanted of trace %s while it is recorded", path, id)
			break
		}
	}
	s.release <- struct{}{}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return id
}

// load asks what the rules quiet and limited decide on, until the SDK has had a
// quota for some seconds. The channel is closed at its end.
func (s *shop) load(t *testing.T) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range quietCalls {
			if err := s.ask("/quiet/x", rg.NewTraceID(time.Now()).String()); err != nil {
				t.Error(err)
			}
		}
		for tick := time.NewTicker(loadInterval); time.Since(s.began) < loadTime; <-tick.C {
			if err := s.ask("/limited/x", rg.NewTraceID(time.Now()).String()); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	t.Cleanup(func() { <-done })
	return done
}

func (s *shop) sampling(t *testing.T) {
	if n := len(s.summaries(t, `http.url CONTAINS "/quiet/"`)); n != 0 {
		t.Errorf("%d of %d requests were sampled by a rule of rate 0 without reservoir", n, quietCalls)
	}
	// Borrowed, one a second, until the report; then the quota, which can be the
	// whole reservoir, for nobody else asks.
	limited := s.summaries(t, `http.url CONTAINS "/limited/"`)
	perSecond := map[int64]int{}
	for _, found := range limited {
		perSecond[int64(found.StartTime)]++
	}
	if len(limited) == 0 {
		t.Fatal("no request was sampled by rule limited")
	}
	reported, last := s.began.Add(reports).Unix(), s.began.Add(loadTime).Unix()
	for second := s.began.Unix(); second <= last; second++ {
		// A request may be decided on in one second and begin in the next.
		least, most := 0, 1+1
		if second >= reported {
			most = s.quota + 1
		}
		if second >= reported+2 && second < last {
			least = s.quota - 1
		}
		if n := perSecond[second]; n < least || n > most {
			t.Errorf("%d requests were sampled in second %d of %d, want %d to %d: %v", n, second-s.began.Unix(), last-s.began.Unix(), least, most, perSecond)
		}
	}
	if doc := s.segment(t, limited[0].ID); doc.ruleName() != "limited" {
		t.Errorf("a segment that rule limited sampled names %q", doc.ruleName())
	}
	type statistics struct{ RequestCount, SampledCount, BorrowCount int }
	counts := map[string]statistics{}
	var out struct {
		SamplingStatisticSummaries []struct {
			RuleName string
			statistics
		}
	}
	s.read(t, "/SamplingStatisticSummaries", `{}`, &out)
	for _, c := range out.SamplingStatisticSummaries {
		sum := counts[c.RuleName]
		counts[c.RuleName] = statistics{sum.RequestCount + c.RequestCount, sum.SampledCount + c.SampledCount, sum.BorrowCount + c.BorrowCount}
	}
	if got, want := counts["quiet"], (statistics{RequestCount: quietCalls}); got != want {
		t.Errorf("rule quiet reported %+v, want %+v", got, want)
	}
	asked, seconds := int(reports/loadInterval), int(reports/time.Second)
	if c := counts["limited"]; c.RequestCount < asked/2 || c.RequestCount > asked+seconds || c.BorrowCount < seconds/2 || c.BorrowCount > seconds+1 {
		t.Errorf("rule limited reported %+v of some %d requests in %d s", c, asked, seconds)
	}
}

// summary is what GetTraceSummaries says of a trace.
type summary struct {
	ID        string `json:"Id"`
	StartTime float64
}

// summaries are the traces of the last minute that a filter finds.
func (s *shop) summaries(t testing.TB, filter string) (found []summary) {
	t.Helper()
	token := ""
	for {
		var page struct {
			TraceSummaries []summary
			NextToken      string
		}
		body, err := json.Marshal(map[string]any{"StartTime": time.Now().Unix() - 60, "EndTime": time.Now().Unix() + 1, "FilterExpression": filter, "NextToken": token})
		if err != nil {
			t.Fatal(err)
		}
		s.read(t, "/TraceSummaries", string(body), &page)
		found = append(found, page.TraceSummaries...)
		if token = page.NextToken; token == "" {
			return found
		}
	}
}

// read makes a call of X-Ray and decodes its answer.
func (s *shop) read(t testing.TB, path, body string, out any) {
	t.Helper()
	a := s.call(t, s.account, "xray", "POST", path, nil, []byte(body))
	if a.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		t.Fatalf("%s answered %s: %v", path, a.Body, err)
	}
}
