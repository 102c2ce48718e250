package interop

import (
	"net/http"
	"testing"
	"time"
)

// TestKilledServer kills the server with SIGKILL while its functions run: no
// process outlives it, and the data opens again with the function in it. What is
// acknowledged and must survive is the crash test's matter, in cmd/radiograph.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	dir := t.TempDir()
	s := start(t, "--data", dir)
	account := account(t.Name())
	code := packageOf(t, map[string][]byte{"app.py": []byte("import time\ndef handler(event, context):\n    time.sleep(event)\n    return event\n")})
	f := s.function(t, account, "sleeps", python.Runtime, code)
	f.invoke(t, "0", "Sampled=1") // one environment is idle, the next ones run
	for range 2 {
		a := s.call(t, account, "lambda", "POST", "/2015-03-31/functions/sleeps/invocations", http.Header{"X-Amz-Invocation-Type": {"Event"}}, []byte("5"))
		if a.Status != http.StatusAccepted {
			t.Fatalf("Invoke: %d %s", a.Status, a.Body)
		}
	}
	for began := time.Now(); len(s.running()) < 2; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("processes of the server's functions: %v, want 2", s.running())
		}
	}
	s.kill()
	if left := s.leftBehind(); len(left) > 0 {
		t.Errorf("outlived the killed server: %v", left)
	}

	s = start(t, "--data", dir)
	if s.Startup > 5*time.Second {
		t.Errorf("the start after a crash took %s", s.Startup)
	}
	f.server = s
	id := f.invoke(t, "0.01", "Sampled=1")
	s.trace(t, account, id).segment(t, "AWS::Lambda::Function").sub(t, "Initialization")
}
