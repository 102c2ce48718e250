// Sdk is a client written with the AWS SDK for Go v2. It makes an actively
// traced function of the package named by its argument, invokes it, reads the
// trace by every read of the X-Ray API, sees errors as typed errors, and prints
// nothing when all is as it must be. The role's ARN is its second argument.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	xraytypes "github.com/aws/aws-sdk-go-v2/service/xray/types"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, zip, role string) error {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	if err != nil {
		return err
	}
	functions, traces := lambda.NewFromConfig(cfg), xray.NewFromConfig(cfg)
	code, err := os.ReadFile(zip)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("go"), Role: &role, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code:          &lambdatypes.FunctionCode{ZipFile: code},
		TracingConfig: &lambdatypes.TracingConfig{Mode: lambdatypes.TracingModeActive},
	}); err != nil {
		return err
	}
	get := &lambda.GetFunctionInput{FunctionName: aws.String("go")}
	if err := lambda.NewFunctionActiveV2Waiter(functions, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, time.Second
	}).Wait(ctx, get, 20*time.Second); err != nil {
		return err
	}
	out, err := functions.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String("go"), Payload: []byte(`{"subsegment":true,"nested":true}`), LogType: lambdatypes.LogTypeTail,
	})
	if err != nil {
		return err
	}
	if out.FunctionError != nil || out.StatusCode != 200 || aws.ToString(out.ExecutedVersion) != "$LATEST" || out.LogResult == nil {
		return fmt.Errorf("invoke answered %d %q %s", out.StatusCode, aws.ToString(out.FunctionError), out.Payload)
	}
	var seen struct{ TraceHeader, Context string }
	if err := json.Unmarshal(out.Payload, &seen); err != nil {
		return fmt.Errorf("payload %s: %w", out.Payload, err)
	}
	if seen.TraceHeader == "" || seen.TraceHeader != seen.Context {
		return fmt.Errorf("the function saw %q in its environment, %q in its context", seen.TraceHeader, seen.Context)
	}
	id, ok := strings.CutPrefix(strings.Split(seen.TraceHeader, ";")[0], "Root=")
	if !ok {
		return fmt.Errorf("trace header %q", seen.TraceHeader)
	}
	if err := read(ctx, traces, id, began); err != nil {
		return err
	}
	return refusals(ctx, functions, traces)
}

// read finds the trace by each read.
func read(ctx context.Context, traces *xray.Client, id string, began time.Time) error {
	got, err := traces.BatchGetTraces(ctx, &xray.BatchGetTracesInput{TraceIds: []string{id}})
	if err != nil {
		return err
	}
	if len(got.Traces) != 1 || len(got.Traces[0].Segments) != 2 || len(got.UnprocessedTraceIds) != 0 {
		return fmt.Errorf("BatchGetTraces of %s: %+v", id, got.Traces)
	}
	all := aws.ToString(got.Traces[0].Segments[0].Document) + aws.ToString(got.Traces[0].Segments[1].Document)
	for _, want := range []string{`"work"`, `"inner"`, `"Invocation"`, `"language"`} {
		if !strings.Contains(all, want) {
			return fmt.Errorf("BatchGetTraces of %s does not show %s: %s", id, want, all)
		}
	}
	start, end := began.Add(-time.Minute), time.Now().Add(time.Minute)
	found := 0
	for pages := xray.NewGetTraceSummariesPaginator(traces, &xray.GetTraceSummariesInput{StartTime: &start, EndTime: &end}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.TraceSummaries {
			if aws.ToString(s.Id) == id && s.Http != nil && aws.ToFloat64(s.Duration) > 0 {
				found++
			}
		}
	}
	if found != 1 {
		return fmt.Errorf("GetTraceSummaries shows %s %d times", id, found)
	}
	graph, err := traces.GetServiceGraph(ctx, &xray.GetServiceGraphInput{StartTime: &start, EndTime: &end})
	if err != nil {
		return err
	}
	if len(graph.Services) != 3 {
		return fmt.Errorf("GetServiceGraph has %d nodes, want client and two of Lambda", len(graph.Services))
	}
	rules, err := traces.GetSamplingRules(ctx, &xray.GetSamplingRulesInput{})
	if err != nil {
		return err
	}
	if len(rules.SamplingRuleRecords) != 1 || aws.ToString(rules.SamplingRuleRecords[0].SamplingRule.RuleName) != "Default" {
		return fmt.Errorf("GetSamplingRules: %+v", rules.SamplingRuleRecords)
	}
	return nil
}

// refusals come as the SDK's typed errors.
func refusals(ctx context.Context, functions *lambda.Client, traces *xray.Client) error {
	_, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("absent")})
	if e, ok := errors.AsType[*lambdatypes.ResourceNotFoundException](err); !ok || !strings.Contains(e.ErrorMessage(), "Function not found: ") {
		return fmt.Errorf("invoke of an absent function: %w", err)
	}
	_, err = traces.GetServiceGraph(ctx, &xray.GetServiceGraphInput{StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now().Add(-time.Hour))})
	if _, ok := errors.AsType[*xraytypes.InvalidRequestException](err); !ok {
		return fmt.Errorf("GetServiceGraph of a reversed range: %w", err)
	}
	_, err = functions.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("go")})
	return err
}
