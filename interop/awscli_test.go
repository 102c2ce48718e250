package interop

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// TestAWSCLI does with the command line what the AWS page on Lambda and X-Ray
// shows: switch active tracing on, invoke, look at the traces.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	dir := t.TempDir()
	account := account(t.Name())
	code := filepath.Join(dir, "function.zip")
	handler := []byte("def handler(event, context):\n    return {'sum': event['a'] + event['b']}\n")
	if err := os.WriteFile(code, packageOf(t, map[string][]byte{"app.py": handler}), 0o644); err != nil {
		t.Fatal(err)
	}

	aws := func(args ...string) map[string]any {
		t.Helper()
		out := client(t, s.env(account), python.bin("aws"), append(args, "--output", "json")...)
		var v map[string]any
		if out != "" {
			if err := json.Unmarshal([]byte(out), &v); err != nil {
				t.Fatalf("aws %s printed %q: %v", strings.Join(args, " "), out, err)
			}
		}
		return v
	}
	role := aws("iam", "create-role", "--role-name", "cli", "--assume-role-policy-document", lambdaTrust)
	arn := at(t, role, "Role", "Arn").(string)
	aws("iam", "attach-role-policy", "--role-name", "cli", "--policy-arn", "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess")
	aws("lambda", "create-function", "--function-name", "cli", "--runtime", python.Runtime, "--handler", "app.handler",
		"--role", arn, "--zip-file", "fileb://"+code)
	aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
	updated := aws("lambda", "update-function-configuration", "--function-name", "cli", "--tracing-config", "Mode=Active")
	if got := at(t, updated, "TracingConfig", "Mode"); got != "Active" {
		t.Errorf("update-function-configuration answers mode %v", got)
	}
	aws("lambda", "wait", "function-updated", "--function-name", "cli")

	payload := filepath.Join(dir, "out.json")
	invoked := aws("lambda", "invoke", "--function-name", "cli", "--payload", `{"a":2,"b":3}`, payload)
	if got := at(t, invoked, "StatusCode"); got != 200.0 {
		t.Errorf("invoke answers %v", invoked)
	}
	if b, err := os.ReadFile(payload); err != nil || string(bytes.TrimSpace(b)) != `{"sum": 5}` {
		t.Errorf("invoke wrote %s (%v), want {\"sum\": 5}", b, err)
	}

	now := time.Now()
	summaries := aws("xray", "get-trace-summaries", "--start-time", now.Add(-time.Minute).UTC().Format(time.RFC3339),
		"--end-time", now.Add(time.Minute).UTC().Format(time.RFC3339))
	list := at(t, summaries, "TraceSummaries").([]any)
	if len(list) != 1 {
		t.Fatalf("get-trace-summaries found %d traces, want 1: %v", len(list), summaries)
	}
	id := at(t, list[0], "Id").(string)
	traces := at(t, aws("xray", "batch-get-traces", "--trace-ids", id), "Traces").([]any)
	var origins []string
	for _, seg := range at(t, traces[0], "Segments").([]any) {
		var doc struct {
			Origin, Name string
		}
		if err := json.Unmarshal([]byte(at(t, seg, "Document").(string)), &doc); err != nil {
			t.Fatal(err)
		}
		origins = append(origins, doc.Name+" "+doc.Origin)
	}
	if got := strings.Join(origins, ", "); got != "cli AWS::Lambda, cli AWS::Lambda::Function" {
		t.Errorf("batch-get-traces shows %s", got)
	}
	graph := aws("xray", "get-service-graph", "--start-time", now.Add(-time.Minute).UTC().Format(time.RFC3339),
		"--end-time", now.Add(time.Minute).UTC().Format(time.RFC3339))
	if got := at(t, graph, "Services").([]any); len(got) != 3 {
		t.Errorf("get-service-graph has %d nodes, want client, AWS::Lambda and AWS::Lambda::Function", len(got))
	}

	version := aws("lambda", "publish-version", "--function-name", "cli")
	if got := at(t, version, "Version"); got != "1" {
		t.Errorf("publish-version answers version %v", got)
	}
	aws("lambda", "update-function-configuration", "--function-name", "cli", "--tracing-config", "Mode=PassThrough")
	frozen := aws("lambda", "get-function-configuration", "--function-name", "cli", "--qualifier", "1")
	if got := at(t, frozen, "TracingConfig", "Mode"); got != "Active" {
		t.Errorf("version 1 has mode %v, want the Active it was published with", got)
	}

	alias := aws("lambda", "create-alias", "--function-name", "cli", "--name", "live", "--function-version", "1")
	if got := at(t, alias, "AliasArn"); got != at(t, version, "FunctionArn").(string)[:strings.LastIndex(at(t, version, "FunctionArn").(string), ":")]+":live" {
		t.Errorf("create-alias answers %v", got)
	}
	if got := at(t, aws("lambda", "invoke", "--function-name", "cli:live", "--payload", `{"a":2,"b":3}`, payload), "ExecutedVersion"); got != "1" {
		t.Errorf("by alias, version %v ran", got)
	}
	aws("lambda", "add-permission", "--function-name", "cli", "--statement-id", "s", "--action", "lambda:InvokeFunction", "--principal", "events.amazonaws.com")
	if got := at(t, aws("lambda", "get-policy", "--function-name", "cli"), "Policy").(string); !strings.Contains(got, `"Sid":"s"`) {
		t.Errorf("get-policy answers %s", got)
	}
	aws("lambda", "put-function-concurrency", "--function-name", "cli", "--reserved-concurrent-executions", "3")
	if got := at(t, aws("lambda", "get-function", "--function-name", "cli"), "Concurrency", "ReservedConcurrentExecutions"); got != 3.0 {
		t.Errorf("get-function tells concurrency %v", got)
	}

	// Errors as a person sees them.
	for _, c := range []struct{ args, want string }{
		{"lambda get-function --function-name absent", "An error occurred (ResourceNotFoundException) when calling the GetFunction operation: Function not found: arn:aws:lambda:"},
		{"iam get-role --role-name absent", "An error occurred (NoSuchEntity) when calling the GetRole operation: "},
		{"xray get-service-graph --start-time 2000000000 --end-time 1900000000", "An error occurred (InvalidRequestException) when calling the GetServiceGraph operation: "},
		{"lambda update-function-configuration --function-name cli:1 --tracing-config Mode=Active", "An error occurred (InvalidParameterValueException) when calling the UpdateFunctionConfiguration operation: "},
		{"dynamodb list-tables", "--fallback-endpoint"},
	} {
		if out, err := try(t, s.env(account), python.bin("aws"), strings.Fields(c.args)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("aws %s: got %s %v, want %q", c.args, out, err, c.want)
		}
	}
	aws("lambda", "delete-function", "--function-name", "cli")
	aws("iam", "detach-role-policy", "--role-name", "cli", "--policy-arn", "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess")
	aws("iam", "delete-role", "--role-name", "cli")
}

// at walks down decoded JSON.
func at(t testing.TB, v any, path ...string) any {
	t.Helper()
	for i, key := range path {
		m, ok := v.(map[string]any)
		if !ok || m[key] == nil {
			t.Fatalf("no %s in %v", strings.Join(path[:i+1], "."), v)
		}
		v = m[key]
	}
	return v
}
