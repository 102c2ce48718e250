package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"radiograph"
)

// crashRounds is how often the default run kills the server;
// RADIOGRAPH_CRASH_ROUNDS asks for more (`make crash`).
const crashRounds = 3

// acknowledged is what servers have promised so far: in each round some clients
// write until the server is killed under them.
type acknowledged struct {
	mu     sync.Mutex
	traces map[radiograph.TraceID]int // segments of each
	orders map[int]bool               // accepted events

	charged map[int]bool // orders the provider was asked to charge
}

// TestCrash kills the real program at random moments while clients write, and
// finds everything that was acknowledged: segments by PutTraceSegments, and
// events by a 202, which run after the restart.
func TestCrash(t *testing.T) {
	t.Parallel()
	rounds := crashRounds
	if s := os.Getenv("RADIOGRAPH_CRASH_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("RADIOGRAPH_CRASH_ROUNDS: %v", err)
		}
		rounds = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))

	dir := t.TempDir()
	payments := newPayments(t)
	ack := &acknowledged{traces: map[radiograph.TraceID]int{}, orders: map[int]bool{}, charged: map[int]bool{}}
	go ack.watch(t.Context(), payments)
	began := time.Now()
	for round := range rounds {
		p := up(t, "--data", dir, "--async-backoff", "10ms,10ms")
		c := p.client()
		if round == 0 {
			if err := deployDemo(t.Context(), c, binary, 5*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for range 4 {
			clients.Go(func() { ack.putTraces(ctx, t, c) })
		}
		clients.Go(func() { ack.sendOrders(ctx, t, c, payments, round*1_000_000) })
		select {
		case <-time.After(time.Duration(50+random.IntN(250)) * time.Millisecond):
		case <-p.ended:
			t.Fatalf("round %d: the server ended by itself: %v\n%s", round, p.err, &p.stderr)
		}
		p.kill()
		cancel()
		clients.Wait()
	}
	if len(ack.traces) == 0 || len(ack.orders) == 0 {
		t.Fatalf("nothing was acknowledged: %d traces, %d events", len(ack.traces), len(ack.orders))
	}

	p := up(t, "--data", dir, "--async-backoff", "10ms,10ms")
	ack.findTraces(t, p.client())
	ack.findSummaries(t, p.client(), began)
	ack.awaitOrders(t)
	t.Logf("%d rounds: %d traces and %d events acknowledged, all there", rounds, len(ack.traces), len(ack.orders))
}

// putTraces writes traces of one to three segments until the server is gone. A
// segment counts only when its own request was answered.
func (a *acknowledged) putTraces(ctx context.Context, t testing.TB, c *client) {
	for n := 0; ; n++ {
		id := radiograph.NewTraceID(time.Now())
		for range n%3 + 1 {
			now := radiograph.TimestampOf(time.Now())
			err := c.putSegment(ctx, &segment{Name: "crash", ID: radiograph.NewSegmentID(), TraceID: id, Start: now, End: now.Add(time.Millisecond)})
			if !a.answered(t, err) {
				return
			}
			a.mu.Lock()
			a.traces[id]++
			a.mu.Unlock()
		}
	}
}

// sendOrders invokes the function asynchronously until the server is gone.
func (a *acknowledged) sendOrders(ctx context.Context, t testing.TB, c *client, payments *payments, first int) {
	// Environments start at their own pace: the queue must not outgrow the test.
	for n := first; n < first+40; n++ {
		inv, err := c.invoke(ctx, demoFunction, payments.order(n), invokeOptions{event: true})
		if !a.answered(t, err) {
			return
		}
		if inv.status != http.StatusAccepted {
			t.Errorf("an event was answered with %d", inv.status)
			return
		}
		a.mu.Lock()
		a.orders[n] = true
		a.mu.Unlock()
	}
}

// answered tells whether the server acknowledged. No answer is what a killed
// server gives; an error answer is a failure of the test.
func (a *acknowledged) answered(t testing.TB, err error) bool {
	var refused *apiError
	if errors.As(err, &refused) {
		t.Errorf("the server refused: %v", err)
	}
	return err == nil
}

// findTraces asks for each acknowledged trace by its id.
func (a *acknowledged) findTraces(t *testing.T, c *client) {
	const batch = 5 // BatchGetTraces takes no more
	found := map[string]int{}
	var ids []string
	for id := range a.traces {
		ids = append(ids, id.String())
	}
	for some := range slices.Chunk(ids, batch) {
		var out struct{ Traces []fetchedTrace }
		if err := c.json(t.Context(), "xray", http.MethodPost, "/Traces", map[string]any{"TraceIds": some}, &out); err != nil {
			t.Fatal(err)
		}
		for _, tr := range out.Traces {
			found[tr.ID] = len(tr.Segments)
			for _, s := range tr.Segments {
				if !json.Valid([]byte(s.Document)) {
					t.Errorf("half a document: %q", s.Document)
				}
			}
		}
	}
	for id, want := range a.traces {
		// A segment whose answer never came may be there too.
		if got := found[id.String()]; got < want || got > want+1 {
			t.Errorf("trace %s has %d segments, want the %d acknowledged ones", id, got, want)
		}
	}
}

// findSummaries finds each acknowledged trace in the list.
func (a *acknowledged) findSummaries(t *testing.T, c *client, since time.Time) {
	raw, _, err := c.fetchSummaries(t.Context(), since.Add(-time.Second), time.Now().Add(time.Second), "", 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, r := range raw {
		var s fetchedSummary
		if err := json.Unmarshal(r, &s); err != nil {
			t.Fatal(err)
		}
		listed[s.ID] = true
	}
	for id := range a.traces {
		if !listed[id.String()] {
			t.Errorf("trace %s is not in the list of %d summaries", id, len(listed))
		}
	}
}

// watch notes what is charged until ctx ends.
func (a *acknowledged) watch(ctx context.Context, payments *payments) {
	for {
		select {
		case n := <-payments.charged:
			a.mu.Lock()
			a.charged[n] = true
			a.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// awaitOrders waits until each accepted order has been charged; one whose
// attempt was cut by a kill may be charged twice.
func (a *acknowledged) awaitOrders(t *testing.T) {
	waitFor(t, "the run of every accepted event", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		for n := range a.orders {
			if !a.charged[n] {
				return false
			}
		}
		return true
	})
}
