package xray

import (
	"context"
	"encoding/base64"
	"math"
	"strconv"
	"strings"

	"radiograph"
	"radiograph/awsapi"
)

// The service's page size is not documented; these are ours. A page has at least
// one trace.
const (
	maxTracesPerPage = 5
	maxPageBytes     = 5 << 20
)

type batchGetTracesInput struct {
	TraceIDs  []string `name:"TraceIds" required:"true" eachmin:"1" eachmax:"35"`
	NextToken string
}

type batchGetTracesOutput struct {
	Traces              []traceDocuments
	UnprocessedTraceIDs []string `name:"UnprocessedTraceIds"`
	NextToken           string   `omit:"empty"`
}

type traceDocuments struct {
	ID            string `name:"Id"`
	Duration      float64
	LimitExceeded bool
	Segments      []segmentDocument
}

type segmentDocument struct {
	ID       string `name:"Id"`
	Document awsapi.Text
}

// batchGetTraces answers a page of the traces asked for. Ids that are unknown, or
// are no trace ids at all, are listed as they were spelled.
func (a *api) batchGetTraces(ctx context.Context, r *awsapi.Request, in *batchGetTracesInput) (*batchGetTracesOutput, error) {
	from, err := parseToken(in.NextToken, len(in.TraceIDs))
	if err != nil {
		return nil, err
	}
	out := &batchGetTracesOutput{}
	asked := make(map[radiograph.TraceID]bool)
	size := 0
	for i, spelled := range in.TraceIDs {
		id, err := radiograph.ParseTraceID(spelled)
		if err == nil {
			if asked[id] {
				continue
			}
			asked[id] = true
		}
		if i < from {
			continue
		}
		if len(out.Traces) == maxTracesPerPage || size >= maxPageBytes {
			out.NextToken = token(i)
			break
		}
		if err != nil {
			out.UnprocessedTraceIDs = append(out.UnprocessedTraceIDs, spelled)
			continue
		}
		found, _, err := a.engine.Traces(ctx, r.Tenant, []radiograph.TraceID{id})
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			out.UnprocessedTraceIDs = append(out.UnprocessedTraceIDs, spelled)
			continue
		}
		t := traceDocuments{ID: id.String(), Duration: seconds(a.engine.Duration(found[0])), LimitExceeded: found[0].LimitExceeded}
		for _, d := range a.engine.Documents(found[0]) {
			size += len(d.Document)
			t.Segments = append(t.Segments, segmentDocument{ID: d.ID.String(), Document: d.Document})
		}
		out.Traces = append(out.Traces, t)
	}
	a.meter.Count(r.Tenant, radiograph.TracesRetrieved, len(out.Traces))
	return out, nil
}

// seconds is a duration as the service prints it, to the millisecond.
func seconds(d radiograph.Timestamp) float64 { return math.Round(float64(d)/1e6) / 1e3 }

// token spells a place in a list.
func token(place int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("n" + strconv.Itoa(place)))
}

// parseToken reads a place in a list of n items; "" is the first.
func parseToken(token string, n int) (int, error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		if text, ok := strings.CutPrefix(string(b), "n"); ok {
			if place, err := strconv.Atoi(text); err == nil && 0 < place && place < n {
				return place, nil
			}
		}
	}
	return 0, invalid("NextToken is not valid")
}
