package interop

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// The X-Ray SDK for Python, in a function and outside.

func TestXRaySDKOutside(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	// What comes by UDP is the server's account and region's.
	s := start(t, "--account", account(t.Name()), "--region", "eu-west-1")
	python.script(t, s, account(t.Name()), "sdk_outside.py")
}

// TestXRaySDKInside: the SDKs for Python and Node in a function, with instrumented
// clients of the AWS SDKs.
func TestXRaySDKInside(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	for _, answers := range []string{"unserved", "forwarded"} {
		t.Run(answers, func(t *testing.T) {
			t.Parallel()
			var args []string
			if answers == "forwarded" {
				args = []string{"--fallback-endpoint", startMoto(t, python)}
			}
			s := start(t, args...)
			t.Run("python", func(t *testing.T) {
				t.Parallel()
				python.script(t, s, account(t.Name()), "sdk_inside.py", "python", answers)
			})
			t.Run("node", func(t *testing.T) {
				t.Parallel()
				n := nodeClients(t)
				python.scriptFor(t, s, account(t.Name()), n.runtime(t), n.modules(), "sdk_inside.py", "node", answers)
			})
		})
	}
}

// startMoto runs moto's server, which stands for S3 and DynamoDB, with
// the buckets photos and greetings, and returns its URL.
func startMoto(t testing.TB, p *python) string {
	t.Helper()
	addr := freeAddr(t)
	host, port, _ := net.SplitHostPort(addr)
	log := &logBuffer{}
	cmd := exec.Command(p.bin("moto_server"), "-H", host, "-p", port)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start moto_server: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url := "http://" + addr
	// moto keeps one set of buckets for each account, which it takes from the
	// access key; in a function that is an issued one, which moto does not know,
	// so the calls are its default account's.
	for _, bucket := range []string{"photos", "greetings"} {
		makeBucket(t, url+"/"+bucket, log)
	}
	return url
}

// makeBucket makes a bucket as soon as the server listens.
func makeBucket(t testing.TB, url string, log *logBuffer) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", strings.ReplaceAll(scope("x", "s3"), "eu-west-1", "us-east-1"))
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
			err = fmt.Errorf("status %s", res.Status)
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("moto_server is not ready: %v\n%s", err, log)
		}
	}
}

// freeAddr is a loopback address nobody listens on at the moment, for programs
// that cannot choose a port themselves.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
