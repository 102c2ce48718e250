package interop

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	rg "radiograph"
)

// BenchmarkInvoke measures a warm, recorded invocation from a client's view: of a
// Go function that sends one subsegment, beside a bare relay in front of the same
// function, and of functions in Python and Node that send two.
func BenchmarkInvoke(b *testing.B) {
	post := func(b *testing.B, url, payload string, header func() http.Header) {
		client := &http.Client{}
		var took []time.Duration
		send := func() {
			req, err := http.NewRequest("POST", url, bytes.NewReader([]byte(payload)))
			if err != nil {
				b.Fatal(err)
			}
			req.Header = header()
			began := time.Now()
			res, err := client.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			_, err = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if took = append(took, time.Since(began)); err != nil || res.StatusCode != http.StatusOK || res.Header.Get("X-Amz-Function-Error") != "" {
				b.Fatalf("%s %v", res.Status, err)
			}
		}
		for range 50 {
			send()
		}
		took = nil
		for b.Loop() {
			send()
		}
		quantiles(b, took)
	}
	recorded := func(runtime string, code []byte, variables map[string]string, payload string) func(*testing.B) {
		return func(b *testing.B) {
			s := start(b, "--data", b.TempDir())
			f := s.function(b, account(b.Name()), "bench", runtime, code)
			f.configure(b, map[string]any{"MemorySize": 512, "Environment": map[string]any{"Variables": variables}})
			post(b, s.Endpoint+"/2015-03-31/functions/bench/invocations", payload, func() http.Header {
				return http.Header{
					"Authorization":   {scope(f.account, "lambda")},
					"X-Amzn-Trace-Id": {"Root=" + rg.NewTraceID(time.Now()).String() + ";Sampled=1"},
				}
			})
		}
	}
	const one = `{"subsegment":true}`
	b.Run("through=radiograph", recorded("provided.al2023", goFunction(b), nil, one))
	b.Run("through=relay", func(b *testing.B) {
		post(b, startRelay(b)+"/", one, func() http.Header { return http.Header{} })
	})
	for _, m := range managedRuntimes {
		b.Run("runtime="+m.language, func(b *testing.B) {
			runtime, code, variables := m.function(b)
			recorded(runtime, code, variables, `{"do":"work"}`)(b)
		})
	}
}

// BenchmarkColdStart measures the first invocation of a function, from a
// client's view: process, runtime, handler, both segments.
func BenchmarkColdStart(b *testing.B) {
	measure := func(runtime string, code []byte) func(*testing.B) {
		return func(b *testing.B) {
			s := start(b, "--data", b.TempDir())
			s.function(b, account(b.Name()), "warmup", runtime, code).invoke(b, `{}`, "Sampled=1") // the runtime is fetched, the package unpacked
			var took []time.Duration
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				f := s.function(b, account(b.Name()), fmt.Sprintf("cold-%d", n), runtime, code)
				b.StartTimer()
				began := time.Now()
				f.invoke(b, `{}`, "Sampled=1")
				took = append(took, time.Since(began))
				b.StopTimer()
				s.call(b, f.account, "lambda", "DELETE", "/2015-03-31/functions/"+f.name, nil, nil)
				b.StartTimer()
			}
			quantiles(b, took)
		}
	}
	b.Run("runtime=go", measure("provided.al2023", goFunction(b)))
	python := pythonClients(b)
	b.Run("runtime=python", measure(python.Runtime, packageOf(b, map[string][]byte{"app.py": []byte("def handler(event, context):\n    return event\n")})))
	b.Run("runtime=node", measure(nodeClients(b).runtime(b), packageOf(b, map[string][]byte{"app.js": []byte("exports.handler = async (event) => event\n")})))
}

// quantiles reports p50 and p99 in milliseconds.
func quantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	at := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))]) / 1e6 }
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(0, "ns/op")
}
