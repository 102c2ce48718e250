package lambda

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/lambda"
)

type invokeInput struct {
	FunctionName         string `path:"FunctionName" required:"true" min:"1" max:"256"`
	InvocationType       string `header:"X-Amz-Invocation-Type" enum:"Event,RequestResponse,DryRun"`
	LogType              string `header:"X-Amz-Log-Type" enum:"None,Tail"`
	ClientContext        string `header:"X-Amz-Client-Context"`
	DurableExecutionName string `header:"X-Amz-Durable-Execution-Name" min:"1" max:"64" pattern:"[a-zA-Z0-9-_]+"`
	TenantId             string `header:"X-Amz-Tenant-Id" min:"1" max:"256"`
	Qualifier            string `query:"Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	Payload              []byte `payload:""`
}

func (in *invokeInput) functionName() (string, string) { return in.FunctionName, in.Qualifier }

type invokeOutput struct {
	StatusCode      int    `status:""`
	FunctionError   string `header:"X-Amz-Function-Error"`
	LogResult       string `header:"X-Amz-Log-Result"`
	ExecutedVersion string `header:"X-Amz-Executed-Version"`
	// TraceHeader is in no model; AWS's own test kit finds a trace by it.
	TraceHeader string `header:"X-Amzn-Trace-Id"`
	Payload     []byte `payload:""`
}

func (a *api) invoke(ctx context.Context, r *awsapi.Request, in *invokeInput) (*invokeOutput, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	switch {
	case in.DurableExecutionName != "":
		return nil, notServed("durable executions (DurableExecutionName)")
	case in.TenantId != "":
		return nil, notServed("tenant isolation (TenantId)")
	}
	req := &radiograph.InvokeRequest{
		Tenant: r.Tenant, Function: id.name, Qualifier: id.qualifier, Type: radiograph.InvocationType(in.InvocationType), Payload: in.Payload,
		TraceHeader: r.Header.Get(radiograph.TraceHeaderName), ClientContext: in.ClientContext, Tail: in.LogType == "Tail", RequestID: r.ID,
	}
	if req.Type == "" {
		req.Type = radiograph.RequestResponse
	}
	result, err := a.functions.Invoke(ctx, req)
	if err != nil {
		return nil, throttle(err)
	}
	return &invokeOutput{
		StatusCode: result.Status, FunctionError: result.FunctionError, LogResult: base64.StdEncoding.EncodeToString(result.LogTail),
		ExecutedVersion: result.ExecutedVersion, TraceHeader: result.TraceHeader, Payload: result.Payload,
	}, nil
}

// throttle adds what TooManyRequestsException carries besides its text.
func throttle(err error) error {
	var limit *lambda.Throttle
	if !errors.As(err, &limit) {
		return err
	}
	seconds := strconv.Itoa(int((limit.RetryAfter + time.Second - 1) / time.Second))
	return &awsapi.Failure{Err: err, Members: map[string]string{"Reason": limit.Reason}, Header: http.Header{"Retry-After": {seconds}}}
}
