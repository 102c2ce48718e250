package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

var tenant = radiograph.Tenant{Account: "000000000000", Region: "eu-west-1"}

const traceID = "1-69a42a40-000000000000000000000001"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func open(store radiograph.TraceStore, state radiograph.State) *Ingester {
	return New(Config{Store: store, State: state, Limits: radiograph.LocalLimits(), Clock: func() time.Time { return now }})
}

func segment(n int) radiograph.Document {
	return radiograph.Document{Body: fmt.Appendf(nil, `{"id":"%016x","trace_id":%q,"name":"a","start_time":1,"end_time":2}`, n, traceID)}
}

// spy is a store that notes how it was written to.
type spy struct {
	radiograph.TraceStore
	records []*radiograph.Record
	durable []bool
	err     error
}

func (s *spy) Put(ctx context.Context, t radiograph.Tenant, recs []*radiograph.Record, durable bool) ([]radiograph.Refused, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.records = append(s.records, recs...)
	s.durable = append(s.durable, durable)
	return s.TraceStore.Put(ctx, t, recs, durable)
}

func TestBatchIsOneWrite(t *testing.T) {
	store := &spy{TraceStore: storetest.NewModel()}
	g := open(store, nil)
	stamp := radiograph.Stamp{Trace: radiograph.TraceID{1}, Invocation: radiograph.SegmentID{2}}
	good := segment(1)
	good.Stamp = stamp
	array := radiograph.Document{Body: []byte(`[{"id":"0000000000000002","parent_id":"0000000000000001","trace_id":"` + traceID + `","name":"a","start_time":1,"end_time":2},
{"id":"0000000000000003","parent_id":"0000000000000001","trace_id":"` + traceID + `","name":"a","start_time":1,"end_time":2}]`)}
	rejected, err := g.Put(t.Context(), tenant, radiograph.DoorEnvironment, []radiograph.Document{good, {Body: []byte(`{`)}, array, {Body: []byte(`{"id":"x"}`)}})
	if err != nil {
		t.Fatal(err)
	}
	want := []radiograph.Rejection{
		{Index: 1, Code: "ParseError", Message: "Invalid segment. ErrorCode: ParseError"},
		{Index: 3, ID: "x", Code: "InvalidId", Message: "Invalid segment. ErrorCode: InvalidId"},
	}
	if d := cmp.Diff(want, rejected); d != "" {
		t.Errorf("rejections (-want +got):\n%s", d)
	}
	if len(store.durable) != 1 || !store.durable[0] || len(store.records) != 3 {
		t.Fatalf("%d records in writes durable=%v, want 3 in one durable write", len(store.records), store.durable)
	}
	if r := store.records[0]; r.Stamp != stamp || r.Door != radiograph.DoorEnvironment || r.Received != radiograph.TimestampOf(now) {
		t.Errorf("record = %+v", r)
	}
	if _, err := g.Offer(t.Context(), tenant, radiograph.DoorLambda, []radiograph.Document{segment(9)}); err != nil || store.durable[1] {
		t.Errorf("Offer: %v, durable %v", err, store.durable)
	}
	wantCounts := Counts{
		Accepted: map[string]int64{"environment": 2, "lambda": 1},
		Rejected: map[string]int64{"ParseError": 1, "InvalidId": 1},
	}
	if d := cmp.Diff(wantCounts, g.Counts()); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
}

func TestNothingGoodIsNoWrite(t *testing.T) {
	store := &spy{TraceStore: storetest.NewModel()}
	rejected, err := open(store, nil).Put(t.Context(), tenant, radiograph.DoorAPI, []radiograph.Document{{Body: nil}})
	if err != nil || len(rejected) != 1 || len(store.durable) != 0 {
		t.Errorf("Put = %v, %v, %d writes, want one rejection and no write", rejected, err, len(store.durable))
	}
}

func TestStoreFailureFailsTheBatch(t *testing.T) {
	full := errors.New("disk full")
	g := open(&spy{err: full}, nil)
	rejected, err := g.Put(t.Context(), tenant, radiograph.DoorAPI, []radiograph.Document{segment(1), {Body: []byte(`{`)}})
	if !errors.Is(err, full) || rejected != nil {
		t.Errorf("Put = %v, %v, want the store's error alone", rejected, err)
	}
	if c := g.Counts(); len(c.Accepted)+len(c.Rejected) != 0 {
		t.Errorf("counts = %v of a batch that may be sent again", c)
	}
}

func TestLambdasEntitiesAreTold(t *testing.T) {
	var log strings.Builder
	g := New(Config{Store: storetest.NewModel(), Log: slog.New(slog.NewTextHandler(&log, nil)), Clock: func() time.Time { return now }})
	if _, err := g.Put(t.Context(), tenant, radiograph.DoorLambda, []radiograph.Document{segment(1)}); err != nil {
		t.Fatal(err)
	}
	forged := radiograph.Document{Body: []byte(strings.Replace(string(segment(1).Body), `"a"`, `"forged"`, 1))}
	for _, test := range []struct {
		door radiograph.Door
		want []radiograph.Rejection
	}{
		{radiograph.DoorAPI, nil},
		{radiograph.DoorEnvironment, []radiograph.Rejection{{
			Index: 1, ID: "0000000000000001", Code: CodeReservedEntity,
			Message: "segment 0000000000000001 is Lambda's own and cannot be replaced by code",
		}}},
	} {
		got, err := g.Put(t.Context(), tenant, test.door, []radiograph.Document{segment(2), forged})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("door %s (-want +got):\n%s", test.door, d)
		}
	}
	if n := g.Counts().Rejected[CodeReservedEntity]; n != 2 {
		t.Errorf("counted %d, want 2", n)
	}
	if !strings.Contains(log.String(), "door=api") || !strings.Contains(log.String(), "segment_id=0000000000000001") {
		t.Errorf("the log does not tell: %s", log.String())
	}
}

// meterSpy notes what is counted.
type meterSpy map[radiograph.Tenant]int

func (m meterSpy) Count(t radiograph.Tenant, u radiograph.Usage, traces int) {
	if u == radiograph.TracesRecorded {
		m[t] += traces
	}
}

func TestNewTracesAreMetered(t *testing.T) {
	meter := meterSpy{}
	g := New(Config{Store: storetest.NewModel(), Meter: meter, Clock: func() time.Time { return now }})
	second := radiograph.Document{Body: bytes.Replace(segment(1).Body, []byte("01\""), []byte("02\""), -1)}
	other := radiograph.Tenant{Account: "222222222222", Region: "eu-west-1"}
	for _, put := range []struct {
		tenant radiograph.Tenant
		docs   []radiograph.Document
	}{
		{tenant, []radiograph.Document{segment(1), segment(2), {Body: []byte("{")}}},
		{tenant, []radiograph.Document{segment(3), second}},
		{other, []radiograph.Document{segment(1)}},
	} {
		if _, err := g.Put(t.Context(), put.tenant, radiograph.DoorAPI, put.docs); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(meterSpy{tenant: 2, other: 1}, meter); d != "" {
		t.Errorf("recorded (-want +got):\n%s", d)
	}
}

func TestLimits(t *testing.T) {
	at := now
	begun := func(ago time.Duration, size int) radiograph.Document {
		start := at.Add(-ago).Unix()
		return radiograph.Document{Body: fmt.Appendf(nil, `{"id":"%016x","trace_id":%q,"name":"a","start_time":%d,"end_time":%d,"metadata":{"x":{"y":"%s"}}}`,
			size, traceID, start, start+1, strings.Repeat("y", size))}
	}
	const day = 24 * time.Hour
	for _, test := range []struct {
		name   string
		limits string
		doc    radiograph.Document
		code   string
	}{
		{"old, local", "local", begun(4000*day, 1), ""},
		{"old, aws", "aws", begun(30*day+time.Second, 1), "InvalidTraceId"},
		{"not yet old, aws", "aws", begun(30*day, 1), ""},
		{"long", "local", begun(0, 64<<10), "SegmentTooLarge"},
		{"long, permitted", "segment-bytes=none", begun(0, 64<<10), ""},
		{"short, forbidden", "segment-bytes=100", begun(0, 100), "SegmentTooLarge"},
	} {
		t.Run(test.name, func(t *testing.T) {
			limits, err := radiograph.ParseLimits(test.limits)
			if err != nil {
				t.Fatal(err)
			}
			g := New(Config{Store: storetest.NewModel(), Limits: limits, Clock: func() time.Time { return at }})
			rejected, err := g.Put(t.Context(), tenant, radiograph.DoorAPI, []radiograph.Document{test.doc})
			if err != nil {
				t.Fatal(err)
			}
			code := ""
			for _, r := range rejected {
				code = r.Code
				if r.ID == "" || !strings.HasSuffix(r.Message, "ErrorCode: "+code) {
					t.Errorf("rejection = %+v", r)
				}
			}
			if code != test.code {
				t.Errorf("code %q, want %q", code, test.code)
			}
		})
	}
}

// A throttled batch is refused whole, is not stored, and counts; Lambda's own
// segments pass.
func TestThrottledBatch(t *testing.T) {
	at := now
	store := &spy{TraceStore: storetest.NewModel()}
	g := New(Config{Store: store, Limits: radiograph.Limits{SegmentsPerSecond: 2}, Clock: func() time.Time { return at }})
	put := func(door radiograph.Door, n int, throttled bool) {
		t.Helper()
		docs := make([]radiograph.Document, n)
		for i := range docs {
			docs[i] = segment(100*len(store.records) + i + 1)
		}
		_, err := g.Put(t.Context(), tenant, door, docs)
		if throttled != (err != nil) || throttled && radiograph.ErrorKind(err) != radiograph.KindThrottled {
			t.Fatalf("%d documents by door %s: %v, want throttled %v", n, door, err, throttled)
		}
	}
	put(radiograph.DoorAPI, 2, false)
	put(radiograph.DoorAPI, 1, true)
	put(radiograph.DoorEnvironment, 2, true)
	put(radiograph.DoorLambda, 2, false)
	at = at.Add(500 * time.Millisecond)
	put(radiograph.DoorAPI, 2, true)
	put(radiograph.DoorAPI, 1, false)
	if len(store.records) != 5 {
		t.Errorf("%d records stored, want 5", len(store.records))
	}
	if d := cmp.Diff(map[string]int64{"api": 3, "environment": 2}, g.Counts().Throttled); d != "" {
		t.Errorf("throttled (-want +got):\n%s", d)
	}
}

// lateStore refuses all but the first record.
type lateStore struct{ radiograph.TraceStore }

func (lateStore) Put(_ context.Context, _ radiograph.Tenant, recs []*radiograph.Record, _ bool) ([]radiograph.Refused, error) {
	var out []radiograph.Refused
	for _, r := range recs[1:] {
		out = append(out, radiograph.Refused{Record: r, ID: r.Root.ID, Late: true})
	}
	return out, nil
}

func TestLateDocumentsAreTold(t *testing.T) {
	g := New(Config{Store: lateStore{}, Clock: func() time.Time { return now }})
	pair := radiograph.Document{Body: []byte(`[{"id":"0000000000000002","parent_id":"0000000000000001","trace_id":"` + traceID + `","name":"a","start_time":1,"end_time":2},
{"id":"0000000000000003","parent_id":"0000000000000001","trace_id":"` + traceID + `","name":"a","start_time":1,"end_time":2}]`)}
	rejected, err := g.Put(t.Context(), tenant, radiograph.DoorAPI, []radiograph.Document{segment(1), pair, segment(4)})
	if err != nil {
		t.Fatal(err)
	}
	want := []radiograph.Rejection{
		{Index: 1, ID: "0000000000000002", Code: "InvalidTraceId", Message: "Invalid subsegment. ErrorCode: InvalidTraceId, Cause: null"},
		{Index: 2, ID: "0000000000000004", Code: "InvalidTraceId", Message: "Invalid segment. ErrorCode: InvalidTraceId"},
	}
	if d := cmp.Diff(want, rejected); d != "" {
		t.Errorf("rejections (-want +got):\n%s", d)
	}
	if c := g.Counts(); c.Accepted["api"] != 1 || c.Rejected["InvalidTraceId"] != 2 {
		t.Errorf("counts = %+v", c)
	}
}

func TestTelemetryIsKeptAndBounded(t *testing.T) {
	state := storetest.NewState()
	g := open(nil, state)
	put := func(g *Ingester, tenant radiograph.Tenant, from, n int) {
		t.Helper()
		var recs []radiograph.TelemetryRecord
		for i := range n {
			recs = append(recs, radiograph.TelemetryRecord{Received: int64(from + i)})
		}
		if err := g.PutTelemetry(t.Context(), tenant, radiograph.TelemetrySource{Hostname: "h"}, recs); err != nil {
			t.Fatal(err)
		}
	}
	read := func(tenant radiograph.Tenant) (n int, newest, oldest int64) {
		t.Helper()
		got, err := g.Telemetry(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return 0, 0, 0
		}
		if got[0].Source.Hostname != "h" || got[0].Received != radiograph.TimestampOf(now) {
			t.Errorf("record = %+v", got[0])
		}
		return len(got), got[0].Record.Received, got[len(got)-1].Record.Received
	}
	put(g, tenant, 1, 600)
	g = open(nil, state) // a restart
	put(g, tenant, 601, 600)
	other := radiograph.Tenant{Account: tenant.Account, Region: "eu-west-1/../x"}
	put(g, other, 1, 1)
	if n, newest, oldest := read(tenant); n != maxTelemetry || newest != 1200 || oldest != 201 {
		t.Errorf("%d records from %d to %d, want the last 1000 of 1200", n, oldest, newest)
	}
	put(g, tenant, 5000, 3000)
	if n, newest, oldest := read(tenant); n != maxTelemetry || newest != 7999 || oldest != 7000 {
		t.Errorf("%d records from %d to %d, want the last 1000 of many", n, oldest, newest)
	}
	if n, _, _ := read(other); n != 1 {
		t.Errorf("another region has %d records, want 1", n)
	}
}

func TestManyWriters(t *testing.T) {
	g := open(storetest.NewModel(), storetest.NewState())
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				if _, err := g.Put(context.Background(), tenant, radiograph.DoorAPI, []radiograph.Document{segment(w*100 + i + 1), {}}); err != nil {
					t.Error(err)
				}
				if err := g.PutTelemetry(context.Background(), tenant, radiograph.TelemetrySource{}, make([]radiograph.TelemetryRecord, 1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if c := g.Counts(); c.Accepted["api"] != 160 || c.Rejected["ParseError"] != 160 {
		t.Errorf("counts = %v", c)
	}
	if got, err := g.Telemetry(t.Context(), tenant); err != nil || len(got) != 160 {
		t.Errorf("%d telemetry records, %v, want 160", len(got), err)
	}
}
