package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"radiograph"
)

// realNode is a sandbox and the runtime whose version this machine's node has.
func realNode(t *testing.T) (*Sandbox, string) {
	t.Helper()
	s := newSandbox(t)
	n, err := s.nodes.find(t.Context(), 20)
	if err != nil {
		if os.Getenv("RADIOGRAPH_CLIENTS") == "require" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return s, fmt.Sprintf("nodejs%d.x", n.major)
}

const nodeHandler = `
class Odd extends Error { constructor(m) { super(m); this.name = "OddError"; this.code = 7 } }
exports.handler = async (event, context) => {
  console.log("trace", process.env._X_AMZN_TRACE_ID)
  if (event.fail) throw new Odd("no " + event.fail)
  return { got: event, id: context.awsRequestId, ms: context.getRemainingTimeInMillis() > 0, arn: context.invokedFunctionArn,
    name: context.functionName, version: context.functionVersion, group: context.logGroupName, stream: context.logStreamName,
    memory: context.memoryLimitInMB, client: context.clientContext,
    root: process.env.LAMBDA_TASK_ROOT === process.cwd(), env: process.env.AWS_EXECUTION_ENV, path: process.env.NODE_PATH,
    options: process.execArgv.join(" ") }
}
exports.nested = { deep: async function () { return this === exports.nested ? "bound" : "free" } }
exports.callback = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = event.wait
  setTimeout(() => console.log("later"), 30)
  callback(event.fail ? "text" : null, event.wait)
}
exports.twice = (event, context, callback) => { callback(null, 1); callback(null, 2) }
exports.succeed = (event, context) => { context.succeed("old way") }
exports.fail = (event, context) => { context.fail() }
exports.throws = () => { throw new TypeError("at once") }
exports.forgets = () => {}
exports.neverSettles = async () => new Promise(() => {})
exports.undef = async () => undefined
exports.cyclic = async () => { const a = {}; a.a = a; return a }
exports.rejectsPlain = async () => { throw "plain" }
exports.unicode = async () => { throw new Error("größe\n\u{1f600}") }
exports.uncaught = async () => new Promise(() => setTimeout(() => { throw new RangeError("nobody") }))
exports.unhandled = async () => { Promise.reject(new Error("lost")); return new Promise((r) => setTimeout(r, 1000)) }
exports.exits = async () => process.exit(3)
exports.large = async (event) => "x".repeat(event)
exports.echo = async (event) => event
exports.levels = async () => {
  console.trace("t"); console.debug("d"); console.info("i %d", 1); console.warn("w\nnext"); console.error({ e: 1 })
  process.stdout.write("bare\n")
}
exports.http = async () => {
  const http = require("node:http")
  http.request = http.get = () => { throw new Error("the runtime is no client of node:http") }
}
exports.streams = awslambda.streamifyResponse(async (event, response, context) => {
  response.setContentType("text/plain")
  response.write("one ")
  response.write({ two: context.awsRequestId !== undefined })
  if (event.fail) throw new Error("midway")
  response.end(" three")
})
exports.page = awslambda.streamifyResponse(async (event, response) => {
  const page = awslambda.HttpResponseStream.from(response, { statusCode: 201 })
  page.end("body")
})
exports.open = awslambda.streamifyResponse(async () => {})
exports.syncStream = awslambda.streamifyResponse((event, response) => { response.write("x") })
exports.late = async () => { setTimeout(() => { throw new Error("late") }, 50); return 1 }
exports.number = 7
`

// TestNode runs handlers of every form through the bootstrap.
func TestNode(t *testing.T) {
	s, asked := realNode(t)
	code := writeZip(t,
		entry{"app.js", nodeHandler, 0o644},
		entry{"dir/sub/mod.mjs", `import fs from "node:fs"; export const handler = async () => typeof require; export const fails = async () => { throw new Error("in a module") }`, 0o644},
		entry{"esm/package.json", `{"type":"module"}`, 0o644},
		entry{"esm/app.js", `export async function handler() { return import.meta.url.startsWith("file:") }`, 0o644},
		entry{"common.cjs", `exports.handler = async () => require("top")`, 0o644},
		entry{"top.js", `module.exports = "by NODE_PATH"`, 0o644},
		entry{"broken.js", `exports.handler = (`, 0o644},
		entry{"absent.js", `require("nothing-of-the-kind")`, 0o644},
		entry{"absentmodule.mjs", `import "nothing-of-the-kind"`, 0o644},
		entry{"throws.js", `throw new TypeError("while loading")`, 0o644},
		entry{"rejects.js", `Promise.reject(new Error("early")); exports.handler = async () => new Promise((r) => setTimeout(r, 5000))`, 0o644},
		entry{"leaves.js", `process.exit(4)`, 0o644},
		entry{"stalls.mjs", `await new Promise(() => {}); export const handler = async () => 1`, 0o644},
	)
	run := func(t *testing.T, handler string) *life {
		spec := newSpec(code, "")
		spec.Function.Runtime, spec.Function.Handler, spec.Function.MemorySize = asked, handler, 512
		return begin(t, s, spec)
	}
	deliver := func(l *life, payload string) *radiograph.RuntimeEvent {
		l.t.Helper()
		ev := &radiograph.RuntimeEvent{
			RequestID: "8476a536-e9f4-11e8-9739-2dfe598c3fcd", Payload: []byte(payload), Deadline: time.Now().Add(time.Minute),
			TraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
			FunctionARN: "arn:aws:lambda:eu-west-1:123456789012:function:fn:live", ClientContext: `{"a":"ä"}`,
		}
		if err := l.env.Deliver(ev, radiograph.Stamp{}); err != nil {
			l.t.Fatal(err)
		}
		return ev
	}

	t.Run("context and errors, warm too", func(t *testing.T) {
		l := run(t, "app.handler")
		l.next(radiograph.RuntimeAskedNext)
		ev := deliver(l, `{"a":"ä"}`)
		got := string(l.next(radiograph.RuntimeResponse).Payload)
		for _, want := range []string{
			`"got":{"a":"ä"}`, `"ms":true`, `"id":"` + ev.RequestID, `"arn":"` + ev.FunctionARN, `"root":true`, `"env":"AWS_Lambda_` + asked, `"name":"fn"`,
			`"version":"$LATEST"`, `"group":"/aws/lambda/fn"`, `"stream":"2026/01/02/[$LATEST]`, `"memory":"512"`, `"client":{"a":"ä"}`, `"path":"/opt/nodejs/node`,
			`--max-semi-space-size=25 --max-old-space-size=461"`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s is not in %s", want, got)
			}
		}
		l.next(radiograph.RuntimeAskedNext)
		deliver(l, `{"fail":"luck"}`)
		failed := l.next(radiograph.RuntimeError)
		var body struct {
			ErrorType, ErrorMessage string
			Trace                   []string
		}
		if err := json.Unmarshal(failed.Payload, &body); err != nil || body.ErrorType != "OddError" || body.ErrorMessage != "no luck" ||
			len(body.Trace) < 2 || body.Trace[0] != "OddError: no luck" || !strings.Contains(body.Trace[1], "app.js:5:") {
			t.Errorf("payload %s, %v", failed.Payload, err)
		}
		for _, want := range []string{`"type":"OddError"`, `"message":"no luck"`, `app.js","line":5,"label":"`, `"working_directory":"`, `"paths":["`} {
			if !strings.Contains(string(failed.Cause), want) {
				t.Errorf("%s is not in cause %s", want, failed.Cause)
			}
		}
		wantLines(t, l.lines,
			`\tINFO\ttrace Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`,
			`\tINFO\ttrace Root=.*`,
			`\tERROR\tInvoke Error \t\{"errorType":"OddError","errorMessage":"no luck","code":7,.*"stack":\["OddError: no luck","    at .*`)
		l.next(radiograph.RuntimeAskedNext)
		l.end()
	})

	const response, failure = radiograph.RuntimeResponse, radiograph.RuntimeError
	for _, c := range []struct {
		handler, event string
		kind           radiograph.EnvironmentEventKind
		want           string // a pattern of the payload
		cause          string // and of the cause
		exit           string // the process ends so afterwards; "": it asks for the next
		lines          []string
	}{
		{handler: "app.nested.deep", kind: response, want: `^"free"$`},
		{handler: "dir/sub/mod.handler", kind: response, want: `^"undefined"$`},
		{handler: "dir/sub/mod.fails", kind: failure, want: `"errorType":"Error","errorMessage":"in a module","trace":`, cause: `{"path":"/[^"]*/dir/sub/mod\.mjs","line":1,"label":"fails"}`},
		{handler: "esm/app.handler", kind: response, want: `^true$`},
		{handler: "common.handler", kind: response, want: `^"by NODE_PATH"$`},
		{handler: "app.callback", event: `{"wait":true}`, kind: response, want: `^true$`, lines: []string{`\tINFO\tlater`}},
		{handler: "app.callback", event: `{"wait":false}`, kind: response, want: `^false$`, lines: []string{}},
		{handler: "app.callback", event: `{"fail":true,"wait":true}`, kind: failure, want: `^{"errorType":"string","errorMessage":"text","trace":\[\]}$`},
		{handler: "app.twice", kind: response, want: `^1$`},
		{handler: "app.succeed", kind: response, want: `^"old way"$`},
		{handler: "app.fail", kind: failure, want: `"errorMessage":"handled"`},
		{handler: "app.throws", kind: failure, want: `"errorType":"TypeError","errorMessage":"at once"`},
		{handler: "app.forgets", kind: response, want: `^null$`},
		{handler: "app.neverSettles", kind: failure, want: `"errorType":"Runtime.NodeJsExit","errorMessage":"The Lambda runtime client detected an unexpected Node.js exit code\.`},
		{handler: "app.undef", kind: response, want: `^null$`},
		{handler: "app.cyclic", kind: failure, want: `"errorMessage":"Unable to stringify response body"`},
		{handler: "app.rejectsPlain", kind: failure, want: `"errorType":"string","errorMessage":"plain"`},
		{handler: "app.unicode", kind: failure, want: `"errorMessage":"größe\\n😀"`},
		{handler: "app.uncaught", kind: failure, want: `"errorType":"RangeError","errorMessage":"nobody"`, exit: "exit status 129", lines: []string{`\tERROR\tUncaught Exception \t\{"errorType":"RangeError".*`}},
		{handler: "app.unhandled", kind: failure, want: `"errorType":"Runtime.UnhandledPromiseRejection","errorMessage":"Error: lost"`, exit: "exit status 128", lines: []string{`\tERROR\tUnhandled Promise Rejection \t\{"errorType":"Runtime.UnhandledPromiseRejection","errorMessage":"Error: lost","reason":\{"errorType":"Error".*`}},
		{handler: "app.exits", kind: radiograph.EnvironmentExited, exit: "exit status 3"},
		{handler: "app.large", event: "6300000", kind: response, want: `^$`},
		{handler: "app.echo", event: `"` + strings.Repeat("ä", 2_000_000) + `"`, kind: response, want: `^"ä`},
		{handler: "app.levels", kind: response, want: `^null$`, lines: []string{`\tTRACE\tt`, `\tDEBUG\td`, `\tINFO\ti 1`, `\tWARN\tw\rnext`, `\tERROR\t\{ e: 1 \}`, `bare`}},
		{handler: "app.http", kind: response, want: `^null$`},
		{handler: "app.streams", kind: response, want: `^one {"two":true} three$`},
		{handler: "app.streams", event: `{"fail":true}`, kind: failure, want: `"errorMessage":"midway"`},
		{handler: "app.page", kind: response, want: "^{\"statusCode\":201}\x00{8}body$"},
		{handler: "app.open", kind: failure, want: `"errorMessage":"Response stream is not finished."`},
		{handler: "app.syncStream", kind: failure, want: `"errorMessage":"Streaming does not support non-async handlers."`},
	} {
		t.Run(c.handler+" "+c.event[:min(len(c.event), 20)], func(t *testing.T) {
			t.Parallel()
			l := run(t, c.handler)
			l.next(radiograph.RuntimeAskedNext)
			if c.event == "" {
				c.event = `{}`
			}
			deliver(l, c.event)
			got := l.next(c.kind)
			if !regexp.MustCompile(c.want).Match(got.Payload) {
				t.Errorf("payload %.300q, want %s", got.Payload, c.want)
			}
			if !regexp.MustCompile(c.cause).Match(got.Cause) {
				t.Errorf("cause %s, want %s", got.Cause, c.cause)
			}
			if c.kind == radiograph.RuntimeResponse && c.handler == "app.large" && !got.TooLarge {
				t.Error("the response is not too large")
			}
			switch {
			case c.kind == radiograph.EnvironmentExited:
			case c.exit != "":
				got = l.next(radiograph.EnvironmentExited)
			default:
				l.next(radiograph.RuntimeAskedNext)
			}
			if got.ExitReason != c.exit {
				t.Errorf("exit %q, want %q", got.ExitReason, c.exit)
			}
			if c.lines != nil {
				wantLines(t, l.lines, c.lines...)
			}
			if c.exit == "" {
				l.end()
			}
		})
	}

	t.Run("callbacks ended with Node.js 24", func(t *testing.T) {
		t.Parallel()
		spec := newSpec(code, "")
		spec.Function.Runtime, spec.Function.Handler = "nodejs24.x", "app.callback"
		l := begin(t, s, spec)
		if got := l.next(radiograph.RuntimeInitError); !strings.Contains(string(got.Payload), `"errorType":"Runtime.CallbackHandlerDeprecated"`) {
			t.Errorf("payload %s", got.Payload)
		}
		l.end()
	})
	t.Run("no global of the runtime's", func(t *testing.T) {
		t.Parallel()
		spec := newSpec(code, "")
		spec.Function.Runtime = asked
		spec.Function.Environment["AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA"] = "1"
		l := begin(t, s, spec)
		if got := l.next(radiograph.RuntimeInitError); !strings.Contains(string(got.Payload), "awslambda is not defined") {
			t.Errorf("payload %s", got.Payload)
		}
		l.end()
	})
	t.Run("an error after the answer", func(t *testing.T) {
		t.Parallel()
		l := run(t, "app.late")
		l.next(radiograph.RuntimeAskedNext)
		deliver(l, `{}`)
		l.next(response)
		l.next(radiograph.RuntimeAskedNext)
		if got := l.next(radiograph.EnvironmentExited); got.ExitReason != "exit status 129" {
			t.Errorf("exit %q", got.ExitReason)
		}
		wantLines(t, l.lines, `\tERROR\tUncaught Exception \t\{"errorType":"Error","errorMessage":"late".*`)
	})

	for _, c := range []struct{ handler, want, exit string }{
		{"absent.handler", `"errorType":"Runtime.ImportModuleError","errorMessage":"Error: Cannot find module 'nothing-of-the-kind'\nRequire stack:`, "exit status 129"},
		{"nofile.handler", `"errorType":"Runtime.ImportModuleError","errorMessage":"Error: Cannot find module 'nofile'`, "exit status 129"},
		{"absentmodule.handler", `"errorType":"Error","errorMessage":"Cannot find package 'nothing-of-the-kind'`, "exit status 129"},
		{"broken.handler", `"errorType":"Runtime.UserCodeSyntaxError","errorMessage":"SyntaxError: Unexpected`, "exit status 129"},
		{"throws.handler", `"errorType":"TypeError","errorMessage":"while loading"`, "exit status 129"},
		{"rejects.handler", `"errorType":"Runtime.UnhandledPromiseRejection"`, "exit status 128"},
		{"app.nothing", `"errorType":"Runtime.HandlerNotFound","errorMessage":"app.nothing is undefined or not exported"`, "exit status 129"},
		{"app.number", `"errorMessage":"app.number is not a function"`, "exit status 129"},
		{"app", `"errorType":"Runtime.MalformedHandlerName","errorMessage":"Bad handler"`, "exit status 129"},
		{"../app.handler", `"errorType":"Runtime.MalformedHandlerName"`, "exit status 129"},
		{"leaves.handler", "", "exit status 4"},
		{"stalls.handler", "", "exit status 13"},
	} {
		t.Run(c.handler, func(t *testing.T) {
			t.Parallel()
			l := run(t, c.handler)
			if c.want != "" {
				failed := l.next(radiograph.RuntimeInitError)
				if !strings.Contains(string(failed.Payload), c.want) {
					t.Errorf("payload %s, want %s", failed.Payload, c.want)
				}
			}
			if got := l.next(radiograph.EnvironmentExited); got.ExitReason != c.exit {
				t.Errorf("exit %q, want %q", got.ExitReason, c.exit)
			}
		})
	}
}

// wantLines compares a log with patterns: what follows time and request id.
func wantLines(t *testing.T, lines []string, want ...string) {
	t.Helper()
	if len(lines) != len(want) {
		t.Errorf("%d lines, want %d: %q", len(lines), len(want), lines)
		return
	}
	for i, line := range lines {
		if !regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t8476a536-e9f4-11e8-9739-2dfe598c3fcd)?` + want[i] + `$`).MatchString(line) {
			t.Errorf("line %d is %q, want %s", i, line, want[i])
		}
	}
}

func TestNearestNode(t *testing.T) {
	for _, c := range []struct {
		name string
		have []string // answers of the programs
		want int      // 0: an error
		says string
	}{
		{"the one asked for", []string{"v18.1.0", "v20.2.0", "v22.3.0"}, 20, ""},
		{"the newer of two as near", []string{"v18.1.0", "v22.3.0"}, 22, ""},
		{"the nearest", []string{"v16.1.0", "v18.1.0"}, 18, ""},
		{"too old", []string{"v14.21.3"}, 0, "install Node.js 20"},
		{"no Node.js", []string{"2.7"}, 0, "none was found"},
		{"none", nil, 0, "needs the program node"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("PATH", dir)
			t.Setenv("HOME", t.TempDir())
			n := newNodes(t.TempDir())
			for _, other := range nodeCandidates("") { // this machine's own
				n.probed[other] = nil
			}
			for i, version := range c.have {
				fakeNode(t, filepath.Join(dir, fmt.Sprintf("node-%d", i)), version)
			}
			got, err := n.find(t.Context(), 20)
			switch {
			case c.want == 0 && (radiograph.ErrorKind(err) != radiograph.KindUnsupported || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %+v, %v", got, err)
			case c.want != 0 && (err != nil || got.major != c.want):
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// fakeNode is a program that tells a version and does nothing else.
func fakeNode(t *testing.T, file, version string) {
	t.Helper()
	if err := os.WriteFile(file, []byte("#!/bin/sh\n[ \"$1\" = --version ] && echo "+version+"\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestAnotherNode: the log says which program stands in for the one asked for.
func TestAnotherNode(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "node")
	fakeNode(t, file, "v22.5.1")
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	s := newSandbox(t)
	for _, other := range nodeCandidates("") { // this machine's own
		s.nodes.probed[other] = nil
	}
	spec := newSpec(writeZip(t, entry{"app.js", "", 0o644}), "")
	spec.Function.Runtime = "nodejs24.x"
	l := begin(t, s, spec)
	note := l.next(radiograph.LogLine)
	if want := "radiograph: runtime nodejs24.x: this machine has no Node.js 24; the function runs on Node.js 22.5.1 (" + file + ")"; string(note.Payload) != want {
		t.Errorf("got %s\nwant %s", note.Payload, want)
	}
	l.next(radiograph.EnvironmentExited)
}

// TestNodeInstall: a bootstrap that was tampered with is written anew.
func TestNodeInstall(t *testing.T) {
	n := newNodes(t.TempDir())
	for range 2 {
		dir, err := n.install()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, nodeBootstrapName)
		got, err := os.ReadFile(file)
		if err != nil || string(got) != string(nodeBootstrap) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("left: %v, %v", left, err)
		}
		if err := os.WriteFile(file, got[:10], 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
