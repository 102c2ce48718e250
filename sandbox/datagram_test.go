package sandbox

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"radiograph"
	"radiograph/daemon"
)

// collector is the far end of an environment's daemon.
type collector struct {
	radiograph.Sink
	radiograph.Authorizer

	mu   sync.Mutex
	docs []radiograph.Document
}

func (c *collector) Offer(_ context.Context, _ radiograph.Tenant, _ radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.docs = append(c.docs, docs...)
	return nil, nil
}

func (c *collector) Allowed(context.Context, string, string, string) (bool, error) { return true, nil }

// TestDatagramsOfAFunction: what a process sends before it answers has entered
// the Sink after Drain, stamped with its invocation.
func TestDatagramsOfAFunction(t *testing.T) {
	sink := &collector{}
	s := newSandbox(t, func(c *Config) { c.Daemons = daemon.New(daemon.Config{Sink: sink, Roles: sink}) })
	l := begin(t, s, newSpec(selfZip(t), "loop"))
	l.next(radiograph.RuntimeAskedNext)
	for i := range 100 {
		stamp := radiograph.Stamp{Trace: radiograph.TraceID{byte(i)}, Invocation: radiograph.SegmentID{byte(i + 1)}}
		id := strconv.Itoa(i)
		if err := l.env.Deliver(&radiograph.RuntimeEvent{RequestID: id, Payload: fmt.Appendf(nil, `{"Do":"send","Text":%q,"N":3}`, id)}, stamp); err != nil {
			t.Fatal(err)
		}
		l.next(radiograph.RuntimeResponse)
		report := l.env.Drain(t.Context())
		if report.Datagrams != 3 || report.Dropped != nil {
			t.Fatalf("invocation %d: %+v", i, report)
		}
		sink.mu.Lock()
		for _, d := range sink.docs[len(sink.docs)-3:] {
			if d.Stamp != stamp || !strings.HasPrefix(string(d.Body), `{"id":"`+id+"-") {
				t.Errorf("invocation %d: document %s, stamp %v", i, d.Body, d.Stamp)
			}
		}
		sink.mu.Unlock()
		l.next(radiograph.RuntimeAskedNext)
	}
	// What it sent before it died is kept, and still reported afterwards.
	l.deliver("last", task{Do: "send", Text: "last", N: 5})
	l.next(radiograph.RuntimeResponse)
	l.end()
	if report := l.env.Drain(t.Context()); report.Datagrams != 5 {
		t.Errorf("after the end: %+v", report)
	}
}
