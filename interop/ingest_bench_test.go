package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	rg "radiograph"
)

// clockTicks is USER_HZ, the unit of CPU times in /proc; Linux shows 100 to
// programs on every machine Go runs on.
const clockTicks = 100

// BenchmarkPutTraceSegments measures documents acknowledged, and so durable, a
// second: 51 documents a request (17 traces of an API stage, both Lambda
// segments and what the SDK recorded; 8 segments and subsegments a trace), eight
// connections. Where taskset is, server and client have a core of their own.
func BenchmarkPutTraceSegments(b *testing.B) {
	for _, perRequest := range []int{1, 17} {
		b.Run(fmt.Sprintf("traces=%d", perRequest), func(b *testing.B) {
			s := start(b, "--data", b.TempDir())
			body := newSegmentBody(b, perRequest)
			cpu := flood(b, s, body, func(mine []byte) bool {
				req, err := http.NewRequest("POST", s.Endpoint+"/TraceSegments", bytes.NewReader(mine))
				if err != nil {
					b.Error(err)
					return false
				}
				req.Header.Set("Authorization", scope("000000000000", "xray"))
				return answers(b, req, func(answer []byte) bool { return bytes.Contains(answer, []byte(`"UnprocessedTraceSegments":[]`)) })
			})
			documents := float64(b.N * perRequest * 3)
			b.ReportMetric(documents/b.Elapsed().Seconds(), "segments/s")
			b.ReportMetric(documents/cpu.Seconds(), "segments/cpu-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// renewable is a request's body whose trace ids can be renewed in place.
type renewable interface {
	whole() []byte
	renew(body []byte, request int64)
}

// flood sends bodies over eight connections until the benchmark ends, each with
// trace ids of its own, and returns what the server used of its CPU. send is
// false when the benchmark has failed.
func flood(b *testing.B, s *server, body renewable, send func(body []byte) bool) time.Duration {
	pin(b, s.PID, "0")
	defer pin(b, os.Getpid(), fmt.Sprintf("0-%d", runtime.NumCPU()-1))
	pin(b, os.Getpid(), "1")
	defer http.DefaultClient.CloseIdleConnections()
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 64
	var sent atomic.Int64
	cpu := cpuTime(b, s.PID)
	b.SetBytes(int64(len(body.whole())))
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		mine := bytes.Clone(body.whole())
		for pb.Next() {
			body.renew(mine, sent.Add(1))
			if !send(mine) {
				return
			}
		}
	})
	b.StopTimer()
	return cpuTime(b, s.PID) - cpu
}

// answers sends a request and reports whether it was answered 200 and as good
// says.
func answers(b *testing.B, req *http.Request, good func(answer []byte) bool) bool {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Error(err)
		return false
	}
	answer, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK || !good(answer) {
		b.Errorf("%s %s %v", res.Status, answer, err)
		return false
	}
	return true
}

// BenchmarkStartup measures from the start of the process to the ready file, and
// the memory of the server at rest.
func BenchmarkStartup(b *testing.B) {
	for _, mode := range []string{"memory", "data"} {
		b.Run("store="+mode, func(b *testing.B) {
			args := []string{}
			if mode == "data" {
				args = append(args, "--data", b.TempDir())
			}
			var took []time.Duration
			var resident, anonymous float64
			for b.Loop() { // its own time means nothing: it includes the stop
				s := start(b, args...)
				took = append(took, s.Startup)
				resident, anonymous = memory(b, s.PID)
				s.stop(b)
			}
			quantiles(b, took)
			b.ReportMetric(resident, "RSS-MB")
			b.ReportMetric(anonymous, "anonymous-MB")
		})
	}
}

// pin gives a process the cores of the list, where taskset is.
func pin(b *testing.B, pid int, cores string) {
	if err := exec.Command("taskset", "-a", "-p", "-c", cores, strconv.Itoa(pid)).Run(); err != nil {
		b.Logf("not pinned to cores %s: %v", cores, err)
	}
}

// cpuTime is what a process has used so far.
func cpuTime(b *testing.B, pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("no CPU times: %v", err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / clockTicks
}

// memory is a process's resident and anonymous memory.
func memory(b *testing.B, pid int) (resident, anonymous float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skipf("no memory figures: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kb); err == nil {
			resident = kb / 1024
		}
		if _, err := fmt.Sscanf(line, "RssAnon: %f kB", &kb); err == nil {
			anonymous = kb / 1024
		}
	}
	return resident, anonymous
}

// segmentBody is a PutTraceSegments request whose trace ids can be renewed in
// place, so that the client's work is small beside the server's.
type segmentBody struct {
	bytes []byte
	ids   [][]int // where each trace's id stands
}

const idDigits = 24 // the random part of a trace id

func newSegmentBody(b *testing.B, traces int) *segmentBody {
	now := float64(time.Now().UnixMicro()) / 1e6
	var docs []string
	var marks []string
	for n := range traces {
		id := rg.NewTraceID(time.Now()).String()
		marks = append(marks, id[len(id)-idDigits:])
		common := fmt.Sprintf(`"trace_id":%q,"start_time":%.6f,"end_time":%.6f`, id, now, now+0.2)
		part := func(seg, name, rest string) string {
			return fmt.Sprintf(`{"id":"%016x","name":%q,"start_time":%.6f,"end_time":%.6f%s}`, n<<8|len(seg)<<4|len(name), name, now, now+0.1, rest)
		}
		docs = append(docs,
			`{"id":"1000000000000001","name":"orders/prod","origin":"AWS::ApiGateway::Stage",`+common+`,"http":{"request":{"method":"POST","url":"https://api.example.com/orders/17","client_ip":"203.0.113.7","user_agent":"bench"},"response":{"status":200,"content_length":217}},"subsegments":[`+
				part("stage", "Lambda", `,"namespace":"aws","aws":{"operation":"Invoke","function_name":"orders","region":"eu-west-1"},"http":{"response":{"status":200}}`)+`]}`,
			`{"id":"1000000000000002","name":"orders","origin":"AWS::Lambda","parent_id":"1000000000000001",`+common+`,"http":{"response":{"status":200}},"aws":{"request_id":"8476a536-e9f4-11e8-9739-2dfe598c3fcd"},"resource_arn":"arn:aws:lambda:eu-west-1:000000000000:function:orders"}`,
			`{"id":"1000000000000003","name":"orders","origin":"AWS::Lambda::Function","parent_id":"1000000000000002",`+common+`,"aws":{"account_id":"000000000000","function_arn":"arn:aws:lambda:eu-west-1:000000000000:function:orders"},"subsegments":[`+
				part("function", "Overhead", "")+","+
				part("function", "Invocation", `,"annotations":{"user_id":"u-4711","plan":"pro","order_id":"o-99","items":3,"canary":false},"metadata":{"default":{"cart":"`+strings.Repeat("abcdefgh", 60)+`"}},"subsegments":[`+
					part("fn", "orders-table", `,"namespace":"aws","aws":{"operation":"GetItem","table_name":"orders","region":"eu-west-1"},"http":{"response":{"status":200}}`)+","+
					part("fn", "S3", `,"namespace":"aws","aws":{"operation":"PutObject","bucket_name":"orders","region":"eu-west-1"},"http":{"response":{"status":200}}`)+`]`)+`]}`)
	}
	body, err := json.Marshal(map[string]any{"TraceSegmentDocuments": docs})
	if err != nil {
		b.Fatal(err)
	}
	s := &segmentBody{bytes: body}
	for _, mark := range marks {
		var at []int
		for from := 0; ; {
			i := bytes.Index(body[from:], []byte(mark))
			if i < 0 {
				break
			}
			at = append(at, from+i)
			from += i + idDigits
		}
		s.ids = append(s.ids, at)
	}
	return s
}

func (s *segmentBody) whole() []byte { return s.bytes }

// renew gives every trace in a copy of the body an id that no other request has.
func (s *segmentBody) renew(body []byte, request int64) {
	for n, places := range s.ids {
		id := fmt.Sprintf("%0*x", idDigits, request<<8|int64(n))
		for _, at := range places {
			copy(body[at:], id)
		}
	}
}
