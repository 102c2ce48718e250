// Handler is a function for the interop tests and benchmarks: aws-lambda-go as
// the runtime client, the X-Ray SDK for Go inside.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-xray-sdk-go/v2/xray"
)

// event says what to do.
type event struct {
	Subsegment bool   `json:"subsegment"` // record one subsegment
	Nested     bool   `json:"nested"`     // and one inside it
	Fail       string `json:"fail"`       // fail with this message, inside the subsegment
}

// seen is what the function saw.
type seen struct {
	TraceHeader string `json:"traceHeader"` // _X_AMZN_TRACE_ID
	Context     string `json:"context"`     // the header in the context
}

func handle(ctx context.Context, raw json.RawMessage) (*seen, error) {
	var ev event
	if err := json.Unmarshal(raw, &ev); err != nil {
		return nil, err
	}
	got := &seen{TraceHeader: os.Getenv("_X_AMZN_TRACE_ID")}
	got.Context, _ = ctx.Value(xray.LambdaTraceHeaderKey).(string)
	if !ev.Subsegment {
		return got, nil
	}
	return got, xray.Capture(ctx, "work", func(ctx context.Context) error {
		if err := xray.AddAnnotation(ctx, "language", "go"); err != nil {
			return err
		}
		if ev.Nested {
			if err := xray.Capture(ctx, "inner", func(context.Context) error { return nil }); err != nil {
				return err
			}
		}
		if ev.Fail != "" {
			return errors.New(ev.Fail)
		}
		return nil
	})
}

func main() { lambda.Start(handle) }
