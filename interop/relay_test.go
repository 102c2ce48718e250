package interop

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rg "radiograph"
)

// relayVar makes the test binary a relay: the least that can stand between a
// caller and a runtime, to measure the program beside it.
const relayVar = "RADIOGRAPH_INTEROP_RELAY"

// relay hands each POST / to the runtime that asks for an event, and its
// response back. It runs in a process of its own, as the program does, and
// prints its address when it is ready.
func relay() error {
	type call struct {
		payload []byte
		answer  chan []byte
	}
	waiting, running := make(chan call), make(chan call, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c := call{body, make(chan []byte, 1)}
		waiting <- c
		_, _ = w.Write(<-c.answer)
	})
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case c := <-waiting:
			running <- c
			h := w.Header()
			h.Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			h.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:f")
			h.Set("Lambda-Runtime-Trace-Id", "Root="+rg.NewTraceID(time.Now()).String()+";Parent=53995c3f42cd8ad8;Sampled=1")
			_, _ = w.Write(c.payload)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{what}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		(<-running).answer <- body
		w.WriteHeader(http.StatusAccepted)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, mux)
}

// startRelay starts the relay and the Go function behind it; the function's
// datagrams go to a socket nobody reads. It returns the relay's URL.
func startRelay(t testing.TB) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = environment(relayVar + "=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		t.Fatalf("the relay printed no address: %v", err)
	}
	addr := strings.TrimSpace(string(line[:n]))
	sink, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })
	function := exec.Command(filepath.Join(goPrograms(t), "bootstrap"))
	function.Env = environment("AWS_LAMBDA_RUNTIME_API="+addr, "AWS_XRAY_DAEMON_ADDRESS="+sink.LocalAddr().String(),
		"LAMBDA_TASK_ROOT=/var/task", "AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST")
	if err := function.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = function.Process.Kill(); _ = function.Wait() })
	return "http://" + addr
}
