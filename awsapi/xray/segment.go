package xray

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
)

type putTraceSegmentsInput struct {
	TraceSegmentDocuments []awsapi.Text `required:"true"`
}

type putTraceSegmentsOutput struct {
	UnprocessedTraceSegments []unprocessedTraceSegment
}

type unprocessedTraceSegment struct {
	ID        string `name:"Id" omit:"empty"` // absent when the document has none
	ErrorCode string
	Message   string
}

// putTraceSegments answers 200 whatever the documents are: each bad one is named
// in the answer and the others are stored.
func (a *api) putTraceSegments(ctx context.Context, r *awsapi.Request, in *putTraceSegmentsInput) (*putTraceSegmentsOutput, error) {
	docs := make([]radiograph.Document, len(in.TraceSegmentDocuments))
	for i, text := range in.TraceSegmentDocuments {
		docs[i].Body = text
	}
	rejected, err := a.sink.Put(ctx, r.Tenant, radiograph.DoorAPI, docs)
	if err != nil {
		return nil, err
	}
	out := &putTraceSegmentsOutput{UnprocessedTraceSegments: make([]unprocessedTraceSegment, len(rejected))}
	for i, rej := range rejected {
		out.UnprocessedTraceSegments[i] = unprocessedTraceSegment{ID: rej.ID, ErrorCode: rej.Code, Message: rej.Message}
	}
	return out, nil
}
