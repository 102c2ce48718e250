package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"radiograph"
)

const (
	// demoFunctionCommand is the hidden command the function's bootstrap runs.
	demoFunctionCommand = "demo-function"
	// demoWorkVariable tells the function how long to work.
	demoWorkVariable = "DEMO_WORK"
	// daemonHeader is the line before a document in a datagram (X-Ray developer
	// guide, "Sending trace data to AWS X-Ray").
	daemonHeader = `{"format":"json","version":1}` + "\n"
)

// newDemoFunction is the demo's function: a custom runtime that asks the Runtime
// API for events, and a handler that sends its subsegments by UDP itself, as the
// Lambda and X-Ray developer guides describe for programs without an SDK.
func newDemoFunction() *cobra.Command {
	return &cobra.Command{
		Use:    demoFunctionCommand,
		Short:  "The demo's Lambda function",
		Hidden: true,
		Args:   exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := newFunction()
			if err != nil {
				return err
			}
			for {
				if err := f.next(cmd.Context()); err != nil {
					return err
				}
			}
		},
	}
}

// function is the running runtime with its handler.
type function struct {
	api    string // URL of the Runtime API
	work   time.Duration
	daemon net.Conn
	http   *http.Client
}

func newFunction() (*function, error) {
	api := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if api == "" {
		return nil, errors.New("AWS_LAMBDA_RUNTIME_API is not set: this command runs inside a Lambda environment")
	}
	f := &function{api: "http://" + api + "/2018-06-01/runtime/", http: &http.Client{}}
	var err error
	if f.work, err = time.ParseDuration(os.Getenv(demoWorkVariable)); err != nil {
		return nil, fmt.Errorf("%s: %w", demoWorkVariable, err)
	}
	if f.daemon, err = net.Dial("udp", os.Getenv("AWS_XRAY_DAEMON_ADDRESS")); err != nil {
		return nil, fmt.Errorf("AWS_XRAY_DAEMON_ADDRESS: %w", err)
	}
	return f, nil
}

// next takes one event, handles it and posts the answer.
func (f *function) next(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.api+"invocation/next", nil)
	if err != nil {
		return err
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return err
	}
	event, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("next: %s: %s", resp.Status, event)
	}
	answer := "invocation/" + resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
	t := tracer{header: radiograph.ParseTraceHeader(resp.Header.Get("Lambda-Runtime-Trace-Id")), daemon: f.daemon}

	var o order
	if err := json.Unmarshal(event, &o); err != nil {
		return f.fail(ctx, answer, "EventError", err.Error())
	}
	if err := f.handle(ctx, t, o); err != nil {
		fmt.Printf("order %d: %v\n", o.Number, err)
		return f.fail(ctx, answer, "PaymentError", err.Error())
	}
	fmt.Printf("order %d is paid\n", o.Number)
	return f.post(ctx, answer+"/response", map[string]any{"order": o.Number, "paid": true}, nil)
}

// handle is the business: check the order, then charge it.
func (f *function) handle(ctx context.Context, t tracer, o order) error {
	check := t.begin("check order")
	time.Sleep(f.work)
	check.Annotations = map[string]any{"order": o.Number}
	if err := t.end(check); err != nil {
		return err
	}

	charge := t.begin("payments")
	charge.Namespace = "remote"
	url := fmt.Sprintf("%s/charges/%d", o.Provider, o.Number)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return err
	}
	status := 0
	resp, err := f.http.Do(req)
	if err != nil {
		charge.Fault = true
		charge.Cause = causeOf("ConnectionError", err.Error(), false)
		charge.HTTP = &segmentHTTP{Request: &segmentRequest{http.MethodPost, url}}
	} else {
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
		resp.Body.Close()
		status = resp.StatusCode
		charge.HTTP = httpCall(http.MethodPost, url, status)
		charge.Fault = status >= 500
	}
	if err := errors.Join(err, t.end(charge)); err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("the payment provider answers %d", status)
	}
	return nil
}

// fail posts the function's error with its X-Ray cause (Runtime API,
// "Invocation error").
func (f *function) fail(ctx context.Context, answer, kind, message string) error {
	dir, _ := os.Getwd()
	cause, err := json.Marshal(map[string]any{
		"working_directory": dir,
		"exceptions":        []map[string]any{{"type": kind, "message": message, "stack": []any{}}},
		"paths":             []string{},
	})
	if err != nil {
		return err
	}
	return f.post(ctx, answer+"/error", map[string]any{"errorType": kind, "errorMessage": message, "stackTrace": []string{}}, http.Header{
		"Lambda-Runtime-Function-Error-Type":       {"Function." + kind},
		"Lambda-Runtime-Function-Xray-Error-Cause": {string(cause)},
	})
}

func (f *function) post(ctx context.Context, path string, body any, header http.Header) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.api+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := f.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusAccepted {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, answer)
	}
	return err
}

// A tracer sends the subsegments of one invocation. Their parent is what the
// trace header names: the Invocation.
type tracer struct {
	header radiograph.TraceHeader
	daemon net.Conn
}

func (t tracer) begin(name string) *segment {
	return &segment{
		Name: name, ID: radiograph.NewSegmentID(), TraceID: t.header.Root, ParentID: t.header.Parent,
		Type: "subsegment", Start: radiograph.TimestampOf(time.Now()),
	}
}

// end sends the subsegment, when upstream sampled the trace.
func (t tracer) end(s *segment) error {
	s.End = radiograph.TimestampOf(time.Now())
	if t.header.Sampled != radiograph.SampledYes {
		return nil
	}
	document, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = t.daemon.Write(append([]byte(daemonHeader), document...))
	return err
}
