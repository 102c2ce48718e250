package interop

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	rg "radiograph"
)

// crashRoundsVar is how often the server is killed; 1 when it is not set.
const crashRoundsVar = "RADIOGRAPH_CRASH_ROUNDS"

// TestCrash kills the server with SIGKILL while it takes segments and events,
// and starts it again on the same data: every acknowledged segment is there,
// every accepted event runs, and no function's process outlived the server.
func TestCrash(t *testing.T) {
	t.Parallel()
	code := goFunction(t)
	rounds, err := strconv.Atoi(os.Getenv(crashRoundsVar))
	if err != nil {
		rounds = 1
	}
	dir := t.TempDir()
	account := account(t.Name())
	var segments, events acknowledged
	for round := range rounds {
		s := start(t, "--data", dir, "--async-backoff", "50ms,50ms")
		if round == 0 {
			s.function(t, account, "crash", "provided.al2023", code)
		}
		stop := make(chan struct{})
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() { s.putUntil(stop, account, &segments) })
		}
		writers.Go(func() { s.eventsUntil(stop, account, &events) })
		time.Sleep(time.Duration(200+rand.IntN(600)) * time.Millisecond) // the moment is what varies
		s.kill()
		close(stop)
		writers.Wait()
		if left := s.leftBehind(); len(left) > 0 {
			t.Errorf("round %d: outlived the killed server: %v", round, left)
		}
		if len(segments.ids) == 0 || round == 0 && len(events.ids) == 0 {
			t.Fatalf("round %d: nothing was acknowledged: %d segments, %d events", round, len(segments.ids), len(events.ids))
		}
	}
	s := start(t, "--data", dir)
	if s.Startup > 5*time.Second {
		t.Errorf("the start after a crash took %s", s.Startup)
	}
	t.Logf("%d segments and %d events were acknowledged in %d rounds", len(segments.ids), len(events.ids), rounds)
	s.finds(t, account, segments.ids, func(docs []string) bool { return len(docs) == 1 })
	ran := func(docs []string) bool {
		return slices.ContainsFunc(docs, func(d string) bool { return strings.Contains(d, "AWS::Lambda::Function") })
	}
	s.finds(t, account, events.ids, ran)
}

// acknowledged collects trace ids.
type acknowledged struct {
	mu  sync.Mutex
	ids []string
}

func (a *acknowledged) add(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ids = append(a.ids, id)
}

// putUntil writes segments until stop and notes what was acknowledged.
func (s *server) putUntil(stop <-chan struct{}, account string, done *acknowledged) {
	for open(stop) {
		now := time.Now()
		id := rg.NewTraceID(now).String()
		doc := fmt.Sprintf(`{"trace_id":%q,"id":"53995c3f42cd8ad8","name":"crash","start_time":%d,"end_time":%d.25}`, id, now.Unix(), now.Unix())
		body, _ := json.Marshal(map[string]any{"TraceSegmentDocuments": []string{doc}})
		if s.accepted(account, "xray", "/TraceSegments", nil, body, http.StatusOK) {
			done.add(id)
		}
	}
}

// eventsUntil invokes asynchronously until stop and notes what was accepted.
func (s *server) eventsUntil(stop <-chan struct{}, account string, done *acknowledged) {
	for open(stop) {
		id := rg.NewTraceID(time.Now()).String()
		header := http.Header{"X-Amz-Invocation-Type": {"Event"}, "X-Amzn-Trace-Id": {"Root=" + id + ";Sampled=1"}}
		if s.accepted(account, "lambda", "/2015-03-31/functions/crash/invocations", header, []byte(`{"subsegment":true}`), http.StatusAccepted) {
			done.add(id)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func open(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return false
	default:
		return true
	}
}

// accepted sends a request to a server that may die meanwhile.
func (s *server) accepted(account, service, path string, header http.Header, body []byte, want int) bool {
	req, err := http.NewRequest("POST", s.Endpoint+path, strings.NewReader(string(body)))
	if err != nil {
		return false
	}
	if header != nil {
		req.Header = header
	}
	req.Header.Set("Authorization", scope(account, service))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == want
}

// finds waits until each trace is as it should be. Traces are asked for five at
// a time, as the API permits.
func (s *server) finds(t testing.TB, account string, ids []string, good func(docs []string) bool) {
	t.Helper()
	missing := ids
	for began := time.Now(); len(missing) > 0; time.Sleep(50 * time.Millisecond) {
		var still []string
		for some := range slices.Chunk(missing, 5) {
			body, _ := json.Marshal(map[string]any{"TraceIds": some})
			a := s.call(t, account, "xray", "POST", "/Traces", nil, body)
			var out struct {
				Traces []struct {
					ID       string `json:"Id"`
					Segments []struct{ Document string }
				}
			}
			if err := json.Unmarshal(a.Body, &out); err != nil || a.Status != http.StatusOK {
				t.Fatalf("BatchGetTraces: %d %s %v", a.Status, a.Body, err)
			}
			found := map[string]bool{}
			for _, tr := range out.Traces {
				var docs []string
				for _, seg := range tr.Segments {
					docs = append(docs, seg.Document)
				}
				found[tr.ID] = good(docs)
			}
			for _, id := range some {
				if !found[id] {
					still = append(still, id)
				}
			}
		}
		if missing = still; time.Since(began) > 30*time.Second {
			t.Fatalf("%d of %d acknowledged traces are not what they must be after the crash, such as %s", len(missing), len(ids), missing[0])
		}
		if len(missing) == 0 {
			return
		}
	}
}
