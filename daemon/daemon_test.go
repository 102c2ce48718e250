package daemon

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

const header = "{\"format\":\"json\",\"version\":1}\n"

var tenant = radiograph.Tenant{Account: "123456789012", Region: "eu-west-1"}

// environment starts an environment's daemon and a client of it.
func environment(t testing.TB, cfg Config, memory int) (*Daemon, net.Conn) {
	t.Helper()
	d, err := New(cfg).StartDaemon(t.Context(), radiograph.DaemonSpec{Tenant: tenant, RoleARN: "arn:role", MemorySize: memory})
	if err != nil {
		t.Fatal(err)
	}
	return d.(*Daemon), client(t, d.(*Daemon))
}

func client(t testing.TB, d *Daemon) net.Conn {
	t.Helper()
	c, err := net.Dial("udp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func send(t testing.TB, c net.Conn, body string) {
	t.Helper()
	if _, err := c.Write([]byte(header + body)); err != nil {
		t.Fatal(err)
	}
}

func TestEnvironmentDaemon(t *testing.T) {
	r := &recorder{}
	d, c := environment(t, Config{Sink: r, Roles: r}, 128)
	if got := d.Drain(t.Context()); got.Datagrams != 0 || got.Bytes != 0 || got.Dropped != nil {
		t.Errorf("empty report %+v", got)
	}
	send(t, c, "before")
	one := radiograph.Stamp{Trace: radiograph.TraceID{1}, Invocation: radiograph.SegmentID{1}}
	two := radiograph.Stamp{Trace: radiograph.TraceID{2}, Invocation: radiograph.SegmentID{2}}
	d.Stamp(one)
	send(t, c, "first")
	send(t, c, `{"account":"999999999999"}`)
	d.Stamp(two)
	send(t, c, "second")
	want := radiograph.DatagramReport{Datagrams: 4, Bytes: 4*len(header) + len("beforefirst"+`{"account":"999999999999"}`+"second")}
	if diff := cmp.Diff(want, d.Drain(t.Context())); diff != "" {
		t.Error(diff)
	}
	docs := []radiograph.Document{
		{Body: []byte("before")},
		{Body: []byte("first"), Stamp: one},
		{Body: []byte(`{"account":"999999999999"}`), Stamp: one},
		{Body: []byte("second"), Stamp: two},
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(docs, r.docs); diff != "" {
		t.Error(diff)
	}
	if !r.tenants[tenant] || len(r.tenants) != 1 || !r.doors[radiograph.DoorEnvironment] || len(r.doors) != 1 {
		t.Errorf("tenants %v, doors %v", r.tenants, r.doors)
	}
	if !slices.Contains(r.asked, "arn:role xray:PutTraceSegments *") {
		t.Errorf("asked %q", r.asked)
	}
}

func TestDropped(t *testing.T) {
	for _, c := range []struct {
		name string
		sink *recorder
		send []string // whole datagrams
		want []string
		docs int
	}{
		{"garbage", &recorder{}, []string{"", "\x00\xff", "{}\n{}", "a\nb", header, header + "good"}, []string{
			ErrMissing.Error() + " (3 times)", ErrHeader.Error() + " (2 times)",
		}, 1},
		{
			"no right", &recorder{deny: putSegments},
			[]string{header + "a", header + "b"},
			[]string{"AccessDenied: arn:role is not authorized to perform: xray:PutTraceSegments (2 times)"},
			0,
		},
		{"rejected", &recorder{reject: func(d radiograph.Document) *radiograph.Rejection {
			if string(d.Body) == "bad" {
				return &radiograph.Rejection{ID: "1234", Code: "MissingId", Message: "no id"}
			}
			return nil
		}}, []string{header + "bad", header + "good"}, []string{"document 1234 was rejected: MissingId: no id"}, 2},
		{"a second try", &recorder{fail: 1}, []string{header + "a"}, nil, 1},
		{"OpenTelemetry", &recorder{}, []string{header + "T1Sgood", header + "T1Sbad"}, []string{"a span was lost"}, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, conn := environment(t, Config{Sink: c.sink, Roles: c.sink, Spans: spanDecoder{}}, 128)
			for _, frame := range c.send {
				if _, err := conn.Write([]byte(frame)); err != nil {
					t.Fatal(err)
				}
			}
			got := d.Drain(t.Context())
			if diff := cmp.Diff(c.want, got.Dropped); diff != "" {
				t.Error(diff)
			}
			if got.Datagrams != len(c.send) || c.sink.count() != c.docs {
				t.Errorf("%d datagrams, %d documents", got.Datagrams, c.sink.count())
			}
		})
	}
}

// spanDecoder makes two documents of a good frame.
type spanDecoder struct{}

func (spanDecoder) IsFrame(body []byte) bool { return strings.HasPrefix(string(body), "T1S") }

func (spanDecoder) Frame(body []byte) (docs [][]byte, lost []string) {
	if string(body) == "T1Sbad" {
		return nil, []string{"a span was lost"}
	}
	return [][]byte{[]byte("one"), []byte("two")}, nil
}

// TestSpansStamped: what comes of a frame is an invocation's like any document.
func TestSpansStamped(t *testing.T) {
	r := &recorder{}
	d, c := environment(t, Config{Sink: r, Roles: r, Spans: spanDecoder{}}, 128)
	stamp := radiograph.Stamp{Trace: radiograph.TraceID{1}, Invocation: radiograph.SegmentID{1}}
	d.Stamp(stamp)
	send(t, c, "T1Sgood")
	d.Drain(t.Context())
	want := []radiograph.Document{{Body: []byte("one"), Stamp: stamp}, {Body: []byte("two"), Stamp: stamp}}
	if diff := cmp.Diff(want, r.docs); diff != "" {
		t.Error(diff)
	}
}

func TestStoreFails(t *testing.T) {
	r := &recorder{fail: attempts}
	d, c := environment(t, Config{Sink: r, Roles: r}, 128)
	send(t, c, "lost")
	if got := d.Drain(t.Context()); !slices.Equal(got.Dropped, []string{"the documents could not be stored: full"}) {
		t.Errorf("got %+v", got)
	}
	send(t, c, "kept")
	if got := d.Drain(t.Context()); got.Dropped != nil || !slices.Equal(r.bodies(), []string{"kept"}) {
		t.Errorf("got %+v, %q", got, r.bodies())
	}
}

func TestSinkPanics(t *testing.T) {
	r := &recorder{reject: func(d radiograph.Document) *radiograph.Rejection {
		if string(d.Body) == "bad" {
			panic("on purpose")
		}
		return nil
	}}
	d, c := environment(t, Config{Sink: r, Roles: r}, 128)
	send(t, c, "bad")
	if got := d.Drain(t.Context()); !slices.Equal(got.Dropped, []string{"the documents could not be stored: internal error"}) {
		t.Errorf("got %+v", got)
	}
	send(t, c, "good")
	if got := d.Drain(t.Context()); got.Dropped != nil || got.Datagrams != 1 {
		t.Errorf("got %+v", got)
	}
}

// TestDrainIsComplete: every datagram sent before Drain has been offered when it
// returns, whoever read it.
func TestDrainIsComplete(t *testing.T) {
	r := &recorder{}
	d, c := environment(t, Config{Sink: r, Roles: r}, 128)
	rounds := 10000
	if testing.Short() {
		rounds = 1000
	}
	sent := 0
	for round := range rounds {
		for i := range round % 4 {
			send(t, c, fmt.Sprintf("%d.%d", round, i))
			sent++
		}
		d.Drain(t.Context())
		if got := r.count(); got != sent {
			t.Fatalf("round %d: %d of %d documents", round, got, sent)
		}
	}
	seen := map[string]bool{}
	for _, b := range r.bodies() {
		if seen[b] {
			t.Fatalf("%s came twice", b)
		}
		seen[b] = true
	}
}

// TestDrainUnderFlood: a sender who never stops keeps nobody in Drain.
func TestDrainUnderFlood(t *testing.T) {
	r := &recorder{}
	d, c := environment(t, Config{Sink: r, Roles: r}, 128)
	stop := make(chan struct{})
	var flood sync.WaitGroup
	flood.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = c.Write([]byte(header + "x"))
			}
		}
	})
	for range 20 {
		d.Drain(t.Context())
	}
	close(stop)
	flood.Wait()
}

func TestDrainEndsWithItsContext(t *testing.T) {
	r := &recorder{block: make(chan struct{})}
	d, c := environment(t, Config{Sink: r, Roles: r}, 128)
	send(t, c, "stuck")
	ctx, cancel := context.WithCancel(t.Context())
	drained := make(chan struct{})
	go func() { d.Drain(ctx); close(drained) }()
	cancel()
	close(r.block) // whichever goroutine offers may go on
	<-drained
}

// TestMemoryBound: with a sink that does not take them, documents wait within
// the bound, the oldest are dropped, and every loss is counted.
func TestMemoryBound(t *testing.T) {
	r := &recorder{block: make(chan struct{})}
	d, c := environment(t, Config{Sink: r, Roles: r}, 128)
	if d.queue.limit != environmentMemory {
		t.Fatalf("limit %d", d.queue.limit)
	}
	d.queue.limit = 1 << 20 // before anything is sent
	body := strings.Repeat("x", 50_000)
	const n = 200
	for i := range n {
		send(t, c, fmt.Sprintf("%03d%s", i, body))
		d.socket.each(func(fd int) { d.receive(fd) })
		d.queue.mu.Lock()
		if d.queue.bytes > d.queue.limit {
			t.Fatalf("%d bytes wait", d.queue.bytes)
		}
		d.queue.mu.Unlock()
	}
	close(r.block)
	got := d.Drain(t.Context())
	if len(got.Dropped) != 1 || !strings.Contains(got.Dropped[0], "the oldest document was dropped") {
		t.Fatalf("dropped %q", got.Dropped)
	}
	var dropped int
	if _, err := fmt.Sscanf(got.Dropped[0][strings.LastIndex(got.Dropped[0], "("):], "(%d times)", &dropped); err != nil {
		t.Fatal(err)
	}
	docs := r.bodies()
	if dropped == 0 || len(docs)+dropped != n {
		t.Errorf("%d documents, %d dropped, %d sent", len(docs), dropped, n)
	}
	if last := docs[len(docs)-1]; last[:3] != fmt.Sprint(n-1) {
		t.Errorf("the newest document is %s", last[:3])
	}
}

func TestMemoryShare(t *testing.T) {
	r := &recorder{}
	d, _ := environment(t, Config{Sink: r, Roles: r}, 10240)
	if want := 10240 * (1 << 20) * 3 / 100; d.queue.limit != want {
		t.Errorf("limit %d, want %d", d.queue.limit, want)
	}
}

// TestKernelDrops: what the kernel throws away is counted.
func TestKernelDrops(t *testing.T) {
	r := &recorder{}
	d, c := environment(t, Config{Sink: r, Roles: r}, 128)
	d.reading.Lock() // nobody reads
	body := strings.Repeat("x", 60_000)
	sent := 2*d.socket.buffer/len(body) + 100
	for range sent {
		send(t, c, body)
	}
	d.reading.Unlock()
	got := d.Drain(t.Context())
	if _, known := kernelDrops(0); !known && len(got.Dropped) == 0 {
		d.socket.each(func(fd int) { _, known = kernelDrops(fd) })
		if !known {
			t.Skip("this system does not tell")
		}
	}
	var lost int
	for _, reason := range got.Dropped {
		if strings.HasPrefix(reason, "the socket's receive buffer was full") {
			if _, err := fmt.Sscanf(reason[strings.LastIndex(reason, "("):], "(%d times)", &lost); err != nil {
				t.Fatal(err)
			}
		}
	}
	if lost == 0 || lost+got.Datagrams != sent {
		t.Errorf("%d lost, %d received, %d sent: %q", lost, got.Datagrams, sent, got.Dropped)
	}
}

func TestListen(t *testing.T) {
	r := &recorder{came: make(chan struct{}, 1000)}
	d, err := Listen(t.Context(), Config{Sink: r}, "127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, d)
	// Without a Drain, documents arrive the moment they are written.
	for i := range 120 {
		send(t, c, fmt.Sprint(i))
	}
	for range 120 {
		<-r.came
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.doors[radiograph.DoorAPI] || len(r.doors) != 1 || !r.tenants[tenant] {
		t.Errorf("doors %v, tenants %v", r.doors, r.tenants)
	}
	if slices.Max(r.batches) > batchSize {
		t.Errorf("batches %v", r.batches)
	}
	if len(r.asked) > 0 {
		t.Errorf("asked for rights: %q", r.asked)
	}
}

func TestListenErrors(t *testing.T) {
	r := &recorder{}
	taken, err := Listen(t.Context(), Config{Sink: r}, "127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := Listen(t.Context(), Config{Sink: r}, taken.Addr().String(), tenant); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("a port in use: %v", err)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	if _, err := Listen(t.Context(), Config{Sink: r}, udp.LocalAddr().String(), tenant); err == nil || !strings.Contains(err.Error(), "udp "+udp.LocalAddr().String()) {
		t.Errorf("a UDP port in use: %v", err)
	}
	if _, err := Listen(t.Context(), Config{Sink: r}, "nonsense", tenant); radiograph.ErrorKind(err) != radiograph.KindInvalid {
		t.Errorf("no address: %v", err)
	}
}

func TestCloseSendsWhatIsThere(t *testing.T) {
	r := &recorder{}
	d, err := New(Config{Sink: r, Roles: r, Telemetry: r}).StartDaemon(t.Context(), radiograph.DaemonSpec{Tenant: tenant, Listen: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("udp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const n = 500
	for i := range n {
		send(t, c, fmt.Sprint(i))
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if r.count() != n {
		t.Errorf("%d documents", r.count())
	}
	if len(r.telemetry) != 1 || r.telemetry[0].Received != n || r.telemetry[0].Sent != n {
		t.Errorf("telemetry %+v", r.telemetry)
	}
	if got := d.Drain(t.Context()); got.Datagrams != n {
		t.Errorf("report after Close: %+v", got)
	}
	if err := d.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestTelemetryNeedsTheRight(t *testing.T) {
	r := &recorder{deny: putTelemetry}
	d, c := environment(t, Config{Sink: r, Roles: r, Telemetry: r}, 128)
	send(t, c, "kept")
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if r.count() != 1 || len(r.telemetry) != 0 {
		t.Errorf("%d documents, telemetry %+v", r.count(), r.telemetry)
	}
}

func TestProxy(t *testing.T) {
	r := &recorder{}
	var spec radiograph.DaemonSpec
	d, err := Listen(t.Context(), Config{Sink: r, Proxy: func(s radiograph.DaemonSpec) http.Handler {
		spec = s
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/panic" {
				panic("a handler's")
			}
			body, _ := io.ReadAll(req.Body)
			fmt.Fprintf(w, "%s %s %s", req.Method, req.URL.Path, body)
		})
	}}, "127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if spec.Tenant != tenant {
		t.Errorf("the handler is made for %v", spec)
	}
	hc := &http.Client{Transport: &http.Transport{}}
	defer hc.CloseIdleConnections()
	post := func(path string) (string, error) {
		resp, err := hc.Post("http://"+d.Addr().String()+path, "", strings.NewReader("{}"))
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return string(b), err
	}
	if got, err := post("/GetSamplingRules"); got != "POST /GetSamplingRules {}" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := post("/panic"); err == nil {
		t.Error("a panic was answered")
	}
	if got, err := post("/any/path"); got != "POST /any/path {}" {
		t.Errorf("after a panic: %q, %v", got, err)
	}
}

func TestNoProxy(t *testing.T) {
	d, err := Listen(t.Context(), Config{Sink: &recorder{}}, "127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	resp, err := http.Post("http://"+d.Addr().String()+"/GetSamplingRules", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadGateway {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// TestHalfOpen: connections that never finish a request neither keep others out
// nor delay Close beyond its grace.
func TestHalfOpen(t *testing.T) {
	d, err := Listen(t.Context(), Config{Sink: &recorder{}, Proxy: func(radiograph.DaemonSpec) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	}}, "127.0.0.1:0", tenant)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxConnections - 1 {
		c, err := net.Dial("tcp", d.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			_, _ = io.WriteString(c, "POST /GetSamplingRules HTTP/1.1\r\nHost: ")
		}
	}
	resp, err := http.Get("http://" + d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if s := d.proxy.server; s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.IdleTimeout == 0 {
		t.Error("a half-open connection would stay for ever")
	}
	begin := time.Now()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 5*closeGrace {
		t.Errorf("Close took %v", took)
	}
}

func TestManySenders(t *testing.T) {
	r := &recorder{}
	d, _ := environment(t, Config{Sink: r, Roles: r}, 128)
	var senders sync.WaitGroup
	for s := range 8 {
		senders.Go(func() {
			c, err := net.Dial("udp", d.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for i := range 200 {
				_, _ = fmt.Fprintf(c, "%s%d.%d", header, s, i)
				d.Stamp(radiograph.Stamp{Invocation: radiograph.SegmentID{byte(i)}})
				if i%10 == 0 {
					d.Drain(t.Context())
				}
			}
		})
	}
	senders.Wait()
	d.Drain(t.Context())
	if r.count() != 8*200 {
		t.Errorf("%d documents", r.count())
	}
}

func BenchmarkDatagram(b *testing.B) {
	body := header + `{"id":"70de5b6f19ff9a0a","type":"subsegment","name":"x","start_time":1.478293361271E9,"end_time":1.478293361449E9,"trace_id":"1-581cf771-a006649127e371903a2de979","parent_id":"70de5b6f19ff9a0b"}`
	b.Run("send+drain", func(b *testing.B) {
		r := &recorder{}
		d, c := environment(b, Config{Sink: r, Roles: r}, 128)
		b.ReportAllocs()
		for b.Loop() {
			_, _ = c.Write([]byte(body))
			d.Drain(context.Background())
			r.docs, r.asked, r.batches = r.docs[:0], r.asked[:0], r.batches[:0]
		}
	})
	b.Run("drain=empty", func(b *testing.B) {
		r := &recorder{}
		d, _ := environment(b, Config{Sink: r, Roles: r}, 128)
		b.ReportAllocs()
		for b.Loop() {
			d.Drain(context.Background())
		}
	})
	b.Run("flood", func(b *testing.B) {
		r := &recorder{}
		d, c := environment(b, Config{Sink: r, Roles: r}, 128)
		b.SetBytes(int64(len(body)))
		n := 0
		for b.Loop() {
			_, _ = c.Write([]byte(body))
			n++
		}
		got := d.Drain(context.Background())
		b.ReportMetric(float64(got.Datagrams)/b.Elapsed().Seconds(), "datagrams/s")
		b.ReportMetric(100*float64(n-got.Datagrams)/float64(n), "%lost")
	})
}
