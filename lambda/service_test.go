package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"radiograph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var home = radiograph.Tenant{Account: "123456789012", Region: "eu-west-1"}

const (
	goodRole = "arn:aws:iam::123456789012:role/fn"
	someID   = "1-5759e988-bd862e3fe1be46a994272793"
)

// roles is an Authorizer whose answers tests set.
type roles struct {
	mu          sync.Mutex
	denied      map[string]bool // action
	unassumable bool
}

func (r *roles) deny(action string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.denied[action] = true
}

func (r *roles) Allowed(_ context.Context, _, action, _ string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.denied[action], nil
}

func (r *roles) Assumable(context.Context, radiograph.AccountID, string, string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.unassumable, nil
}

func (r *roles) Issue(context.Context, radiograph.AccountID, string, string, time.Duration) (radiograph.Credentials, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.unassumable {
		return radiograph.Credentials{}, radiograph.Errorf(radiograph.KindDenied, "not assumable")
	}
	return radiograph.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "s", SessionToken: "t"}, nil
}

func (r *roles) Session(context.Context, string) (radiograph.Session, bool) {
	return radiograph.Session{}, false
}

// sampler samples the first request it sees and none after.
type sampler struct {
	mu   sync.Mutex
	seen int
}

func (s *sampler) Sample(radiograph.Tenant, string, time.Time) (bool, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen++
	return s.seen == 1, s.seen == 1
}

// offered is one document as the sink got it.
type offered struct {
	tenant radiograph.Tenant
	body   []byte
}

// recordingSink keeps every document in order.
type recordingSink struct {
	mu      sync.Mutex
	docs    []offered
	batches int
	fail    error
	reject  []radiograph.Rejection
}

func (s *recordingSink) Put(context.Context, radiograph.Tenant, radiograph.Door, []radiograph.Document) ([]radiograph.Rejection, error) {
	return nil, errors.New("Lambda's segments are offered, not put")
}

func (s *recordingSink) Offer(_ context.Context, t radiograph.Tenant, door radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if door != radiograph.DoorLambda {
		return nil, fmt.Errorf("door %s", door)
	}
	if s.fail != nil {
		return nil, s.fail
	}
	s.batches++
	for _, d := range docs {
		s.docs = append(s.docs, offered{t, d.Body})
	}
	return s.reject, nil
}

func (s *recordingSink) bodies() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var bodies [][]byte
	for _, d := range s.docs {
		bodies = append(bodies, d.body)
	}
	return bodies
}

// segment is what tests read of a document.
type segment struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"`
	Start      radiograph.Timestamp `json:"start_time"`
	End        radiograph.Timestamp `json:"end_time"`
	InProgress bool                 `json:"in_progress"`
	Parent     string               `json:"parent_id"`
	TraceID    string               `json:"trace_id"`
	Origin     string               `json:"origin"`
	Error      bool                 `json:"error"`
	Fault      bool                 `json:"fault"`
	Throttle   bool                 `json:"throttle"`
	Cause      *cause               `json:"cause"`
	HTTP       struct {
		Response struct {
			Status int `json:"status"`
		} `json:"response"`
	} `json:"http"`
	Subsegments []segment `json:"subsegments"`
}

func (g *segment) duration() time.Duration { return g.End.Sub(g.Start) }

func (g *segment) sub(name string) *segment {
	for i := range g.Subsegments {
		if g.Subsegments[i].Name == name {
			return &g.Subsegments[i]
		}
	}
	return nil
}

// segments is the last document of each id, in order of first arrival.
func (s *recordingSink) segments(t testing.TB) []*segment {
	t.Helper()
	var all []*segment
	for _, body := range s.bodies() {
		g := new(segment)
		if err := json.Unmarshal(body, g); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		replaced := false
		for i := range all {
			if all[i].ID == g.ID {
				all[i], replaced = g, true
			}
		}
		if !replaced {
			all = append(all, g)
		}
	}
	return all
}

// world is a service with everything around it.
type world struct {
	*Service
	t       testing.TB
	state   *memoryState
	sink    *recordingSink
	roles   *roles
	sandbox *scriptedSandbox
	sampler *sampler
}

func newWorld(t testing.TB, behave func(*process), options ...func(*Config)) *world {
	t.Helper()
	return newWorldOn(t, newMemoryState(folderCode(t.TempDir())), behave, options...)
}

func newWorldOn(t testing.TB, state *memoryState, behave func(*process), options ...func(*Config)) *world {
	t.Helper()
	w := &world{
		t: t, state: state, sink: &recordingSink{}, roles: &roles{denied: map[string]bool{}},
		sandbox: &scriptedSandbox{behave: behave}, sampler: &sampler{},
	}
	cfg := Config{
		State: w.state, Code: state.code, Sink: w.sink, Roles: w.roles, Sandbox: w.sandbox, Sampler: w.sampler,
		MaxEnvironments: 4,
	}
	for _, option := range options {
		option(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Service = s
	return w
}

// in runs a test of a service in a bubble of its own time.
func in(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

func zipOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func someFunction(name string) *radiograph.Function {
	return &radiograph.Function{Tenant: home, Name: name, Role: goodRole, Runtime: "python3.12", Handler: "app.handler", Tracing: radiograph.TracingActive, Timeout: 1}
}

// create makes a function and waits until it is Active.
func (w *world) create(f *radiograph.Function) *radiograph.Function {
	w.t.Helper()
	f, err := w.CreateFunction(context.Background(), f, zipOf(w.t, map[string]string{"app.py": "def handler(e, c): return e"}), false)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// invoke runs fn and fails the test on an error.
func (w *world) invoke(req radiograph.InvokeRequest) *radiograph.InvokeResult {
	w.t.Helper()
	r, err := w.Invoke(context.Background(), w.request(req))
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) request(req radiograph.InvokeRequest) *radiograph.InvokeRequest {
	if req.Tenant == (radiograph.Tenant{}) {
		req.Tenant = home
	}
	if req.Function == "" {
		req.Function = "fn"
	}
	if req.RequestID == "" {
		req.RequestID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
	}
	return &req
}

func (w *world) close() {
	w.t.Helper()
	if err := w.Close(); err != nil {
		w.t.Error(err)
	}
}

// code is an error's AWS name.
func code(err error) string {
	var e *radiograph.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
