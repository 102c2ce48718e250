package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"radiograph"
)

// TestMain runs the tests or, when a function's environment says so, a runtime:
// the tests' functions are this very program.
func TestMain(m *testing.M) {
	if mode := os.Getenv("TEST_RUNTIME"); mode != "" {
		testRuntime(mode)
		return
	}
	if zip := os.Getenv("TEST_SERVER"); zip != "" {
		testServer(zip)
	}
	goleak.VerifyTestMain(m)
}

// testServer starts an environment, prints its process id and waits to be killed.
func testServer(zip string) {
	s, err := New(Config{CacheDir: os.TempDir(), WorkDir: os.Getenv("TEST_SERVER_WORK")})
	if err != nil {
		panic(err)
	}
	env, err := s.Start(context.Background(), newSpec(zip, "loop"))
	if err != nil {
		panic(err)
	}
	for ev := range env.Events() {
		if ev.Kind == radiograph.RuntimeAskedNext {
			fmt.Println(env.(*Environment).process.pid)
		}
	}
}

// task is an event the test runtime understands.
type task struct {
	Do     string        // what to do; "": answer with the event
	Text   string        // what to print, send or answer
	N      int           // how much of it
	Wait   time.Duration // before the answer
	Before time.Duration // before the next event is asked for
}

// testRuntime is a small runtime. It ends the process.
func testRuntime(mode string) {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/"
	switch mode {
	case "loop":
	case "init-error":
		post(api+"init/error", strings.NewReader(`{"errorMessage":"no","errorType":"Runtime.ImportModuleError"}`), map[string]string{
			"Lambda-Runtime-Function-Error-Type":       "Runtime.ImportModuleError",
			"Lambda-Runtime-Function-XRay-Error-Cause": `{"working_directory":"/var/task","exceptions":[{"message":"no","type":"E","stack":null}]}`,
		})
		os.Exit(1)
	case "exit":
		fmt.Println("leaving at once")
		os.Exit(3)
	case "eat":
		eat(1 << 30)
	default:
		panic(mode)
	}
	for {
		resp, err := http.Get(api + "invocation/next")
		if err != nil {
			os.Exit(9)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		id := resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
		var t task
		_ = json.Unmarshal(body, &t)
		perform(api+"invocation/"+id+"/", t, resp.Header, body)
		time.Sleep(t.Before)
	}
}

func perform(invocation string, t task, head http.Header, event []byte) {
	time.Sleep(t.Wait)
	var answer io.Reader = bytes.NewReader(event)
	switch t.Do {
	case "":
	case "headers":
		b, _ := json.Marshal(head)
		answer = bytes.NewReader(b)
	case "environment":
		b, _ := json.Marshal(os.Environ())
		answer = bytes.NewReader(b)
	case "print":
		for i := range t.N {
			fmt.Printf("%s %d\n", t.Text, i)
		}
	case "print-partial":
		fmt.Print(t.Text)
	case "stdout-and-stderr":
		for i := range t.N {
			fmt.Fprintf([]*os.File{os.Stdout, os.Stderr}[i%2], "line %d\n", i)
		}
	case "send":
		conn, err := net.Dial("udp", os.Getenv("AWS_XRAY_DAEMON_ADDRESS"))
		if err != nil {
			panic(err)
		}
		for i := range t.N {
			fmt.Fprintf(conn, "{\"format\":\"json\",\"version\":1}\n{\"id\":\"%s-%d\"}", t.Text, i)
		}
		conn.Close()
	case "error":
		post(invocation+"error", strings.NewReader(`{"errorMessage":"`+t.Text+`","errorType":"Oops"}`), map[string]string{
			"Lambda-Runtime-Function-Error-Type":       "Function.Oops",
			"Lambda-Runtime-Function-XRay-Error-Cause": `{"exceptions":[{"message":"m","type":"T","stack":[{"path":"f.py","line":null,"label":"h"}]}]}`,
		})
		return
	case "large":
		answer = bytes.NewReader(make([]byte, t.N))
	case "stream":
		post(invocation+"response", io.MultiReader(answer), map[string]string{"Lambda-Runtime-Function-Response-Mode": "streaming"})
		return
	case "exit":
		os.Exit(t.N)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "eat":
		eat(t.N)
	case "children":
		// One in the group, one that has left it, both with the output open.
		for _, attr := range []*syscall.SysProcAttr{nil, {Setsid: true}} {
			cmd := exec.Command("/bin/sleep", "1000")
			cmd.Stdout, cmd.SysProcAttr = os.Stdout, attr
			if err := cmd.Start(); err != nil {
				panic(err)
			}
			fmt.Println(cmd.Process.Pid)
		}
	case "write-temporary":
		if err := os.WriteFile(os.TempDir()+"/left", []byte("x"), 0o400); err != nil {
			panic(err)
		}
		answer = strings.NewReader(strconv.Quote(os.TempDir()))
	case "directory":
		dir, _ := os.Getwd()
		answer = strings.NewReader(strconv.Quote(dir))
	default:
		panic(t.Do)
	}
	post(invocation+"response", answer, nil)
}

func post(url string, body io.Reader, headers map[string]string) {
	req, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		panic(err)
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		os.Exit(8)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
}

var eaten [][]byte

// eat takes memory and waits to be ended.
func eat(n int) {
	for range n >> 20 {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		eaten = append(eaten, b)
	}
	time.Sleep(time.Hour)
}
