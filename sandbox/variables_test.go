package sandbox

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

func TestVariables(t *testing.T) {
	common := []string{
		"AWS_ACCESS_KEY_ID=ASIA1",
		"AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ENDPOINT_URL=http://127.0.0.1:4566",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_FUNCTION_NAME=fn",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/fn",
		"AWS_LAMBDA_LOG_STREAM_NAME=2026/01/02/[$LATEST]00000000000000000000000000000000",
		"AWS_LAMBDA_RUNTIME_API=127.0.0.1:9001",
		"AWS_REGION=eu-west-1",
		"AWS_SECRET_ACCESS_KEY=s",
		"AWS_SESSION_TOKEN=t",
		"AWS_XRAY_CONTEXT_MISSING=LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000",
		"LAMBDA_TASK_ROOT=/task",
		"LANG=en_US.UTF-8",
		"TMPDIR=/scratch/1",
		"TZ=:UTC",
		"_AWS_XRAY_DAEMON_ADDRESS=127.0.0.1",
		"_AWS_XRAY_DAEMON_PORT=2000",
		"_HANDLER=app.handler",
	}
	p := &place{taskRoot: "/task", temporary: "/scratch/1", runtimeAPI: "127.0.0.1:9001", daemonHost: "127.0.0.1", daemonPort: "2000", endpoint: "http://127.0.0.1:4566", hostPath: "/usr/bin:/home/me/bin:relative"}
	own, err := prepareBootstrap(t.Context(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	python := &prepared{managed: true, runtimeDir: "/rt", binDir: "/venv/bin", variables: func(string) map[string]string { return map[string]string{"LC_CTYPE": "C.UTF-8"} }, appended: map[string]string{"PYTHONPATH": "/rt"}}
	for _, c := range []struct {
		name, runtime string
		prepared      *prepared
		user          map[string]string
		change        func(*place)
		add, remove   []string // by name=value
	}{
		{name: "custom runtime", runtime: "provided.al2023", prepared: own, add: []string{
			"LAMBDA_RUNTIME_DIR=/var/runtime", "PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin:/home/me/bin",
			"LD_LIBRARY_PATH=/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/task:/task/lib:/opt/lib",
		}},
		{name: "Python", runtime: "python3.12", prepared: python, add: []string{
			"AWS_EXECUTION_ENV=AWS_Lambda_python3.12", "LAMBDA_RUNTIME_DIR=/rt", "LC_CTYPE=C.UTF-8", "PYTHONPATH=/rt",
			"PATH=/venv/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin:/home/me/bin",
			"LD_LIBRARY_PATH=/lib64:/usr/lib64:/rt:/rt/lib:/task:/task/lib:/opt/lib",
		}},
		{
			name: "the user's", runtime: "python3.12", prepared: python,
			user: map[string]string{
				"MY": "a=b", "AWS_XRAY_CONTEXT_MISSING": "RUNTIME_ERROR", "AWS_XRAY_DAEMON_ADDRESS": "elsewhere:1", "TZ": "Europe/Berlin", "PYTHONPATH": "lib",
				"PATH": "/mine", "AWS_LAMBDA_FUNCTION_NAME": "other", "AWS_REGION": "mars", "_HANDLER": "x", "AWS_LAMBDA_RUNTIME_API": "evil:1", "N\x00": "", "V": "a\x00",
			},
			add: []string{
				"MY=a=b", "AWS_XRAY_CONTEXT_MISSING=RUNTIME_ERROR", "AWS_XRAY_DAEMON_ADDRESS=elsewhere:1", "TZ=Europe/Berlin", "PYTHONPATH=lib:/rt", "PATH=/mine",
				"AWS_EXECUTION_ENV=AWS_Lambda_python3.12", "LAMBDA_RUNTIME_DIR=/rt", "LC_CTYPE=C.UTF-8",
				"LD_LIBRARY_PATH=/lib64:/usr/lib64:/rt:/rt/lib:/task:/task/lib:/opt/lib",
			},
			remove: []string{"AWS_XRAY_CONTEXT_MISSING=LOG_ERROR", "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000", "TZ=:UTC"},
		},
		{
			name: "no daemon, no endpoint", runtime: "provided.al2", prepared: own, change: func(p *place) { p.daemonHost, p.endpoint, p.hostPath = "", "", "" },
			add:    []string{"LAMBDA_RUNTIME_DIR=/var/runtime", "PATH=/usr/local/bin:/usr/bin/:/bin:/opt/bin", "LD_LIBRARY_PATH=/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/task:/task/lib:/opt/lib"},
			remove: []string{"AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2000", "_AWS_XRAY_DAEMON_ADDRESS=127.0.0.1", "_AWS_XRAY_DAEMON_PORT=2000", "AWS_ENDPOINT_URL=http://127.0.0.1:4566"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := newSpec("", "")
			spec.Function.Runtime, spec.Function.Environment = c.runtime, c.user
			at := *p
			if c.change != nil {
				c.change(&at)
			}
			want := append(slices.Clone(common), c.add...)
			want = slices.DeleteFunc(want, func(v string) bool { return slices.Contains(c.remove, v) })
			slices.Sort(want)
			if d := cmp.Diff(want, variables(spec, c.prepared, &at)); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestHostEnvironmentIsNotLeaked looks from inside a function.
func TestHostEnvironmentIsNotLeaked(t *testing.T) {
	t.Setenv("AWS_PROFILE", "the-owner's")
	t.Setenv("SECRET_OF_THE_HOST", "1")
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "loop"))
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("1", task{Do: "environment"})
	var got []string
	if err := json.Unmarshal(l.next(radiograph.RuntimeResponse).Payload, &got); err != nil {
		t.Fatal(err)
	}
	l.end()
	for _, v := range got {
		for _, name := range []string{"AWS_PROFILE", "SECRET_OF_THE_HOST", "_X_AMZN_TRACE_ID", "HOME", "AWS_EXECUTION_ENV"} {
			if strings.HasPrefix(v, name+"=") {
				t.Errorf("the function has %s", v)
			}
		}
	}
	if !slices.Contains(got, "AWS_LAMBDA_FUNCTION_NAME=fn") {
		t.Errorf("the function has %q", got)
	}
}
