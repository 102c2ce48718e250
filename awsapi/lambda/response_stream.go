package lambda

import (
	"context"
	"encoding/json"

	"radiograph/awsapi"
)

type invokeWithResponseStreamInput struct {
	FunctionName   string `path:"FunctionName" required:"true" min:"1" max:"256"`
	InvocationType string `header:"X-Amz-Invocation-Type" enum:"RequestResponse,DryRun"`
	LogType        string `header:"X-Amz-Log-Type" enum:"None,Tail"`
	ClientContext  string `header:"X-Amz-Client-Context"`
	TenantId       string `header:"X-Amz-Tenant-Id" min:"1" max:"256"`
	Qualifier      string `query:"Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	Payload        []byte `payload:""`
}

func (in *invokeWithResponseStreamInput) functionName() (string, string) {
	return in.FunctionName, in.Qualifier
}

type invokeWithResponseStreamOutput struct {
	StatusCode                int    `status:""`
	ExecutedVersion           string `header:"X-Amz-Executed-Version"`
	ResponseStreamContentType string `header:"Content-Type"`
	TraceHeader               string `header:"X-Amzn-Trace-Id"` // as Invoke's
	EventStream               []byte `payload:""`               // frames
}

// invokeComplete is the last frame's payload.
type invokeComplete struct {
	ErrorCode    string `json:",omitempty"`
	ErrorDetails string `json:",omitempty"`
	LogResult    string `json:",omitempty"`
}

// invokeWithResponseStream answers in frames, when the function has ended.
func (a *api) invokeWithResponseStream(ctx context.Context, r *awsapi.Request, in *invokeWithResponseStreamInput) (*invokeWithResponseStreamOutput, error) {
	whole, err := a.invoke(ctx, r, &invokeInput{
		FunctionName: in.FunctionName, Qualifier: in.Qualifier, InvocationType: in.InvocationType, LogType: in.LogType,
		ClientContext: in.ClientContext, TenantId: in.TenantId, Payload: in.Payload,
	})
	if err != nil {
		return nil, err
	}
	out := &invokeWithResponseStreamOutput{
		StatusCode: whole.StatusCode, ExecutedVersion: whole.ExecutedVersion, ResponseStreamContentType: eventStreamType, TraceHeader: whole.TraceHeader,
	}
	if in.InvocationType == "DryRun" {
		return out, nil
	}
	end := invokeComplete{LogResult: whole.LogResult}
	rest := whole.Payload
	if whole.FunctionError != "" { // the error is no part of the response
		end.ErrorCode, end.ErrorDetails, rest = whole.FunctionError, string(whole.Payload), nil
	}
	for len(rest) > 0 {
		n := min(len(rest), maxChunk)
		out.EventStream = appendFrame(out.EventStream, "PayloadChunk", "application/octet-stream", rest[:n])
		rest = rest[n:]
	}
	last, err := json.Marshal(end)
	if err != nil {
		return nil, err
	}
	out.EventStream = appendFrame(out.EventStream, "InvokeComplete", "application/json", last)
	return out, nil
}
