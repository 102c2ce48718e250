package trace

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

func TestSpans(t *testing.T) {
	id, err := radiograph.ParseTraceID("1-66f0a1b2-a006649127e371903a2de979")
	if err != nil {
		t.Fatal(err)
	}
	var recs []*radiograph.Record
	for _, doc := range []string{
		`{"id":"70de5b6f19ff9a0a","trace_id":"1-66f0a1b2-a006649127e371903a2de979","name":"shop","start_time":10.5,"end_time":11,"origin":"AWS::EC2::Instance","user":"u7",
		  "annotations":{"cart":3,"gold":true,"plan":"x"},"http":{"request":{"method":"POST","url":"http://shop.test/"},"response":{"status":500}},
		  "links":[{"trace_id":"1-66f0a1b2-000000000000000000000001","id":"0000000000000001","attributes":{"aws.xray.reserved.reference_type":"parent"}}],
		  "cause":{"exceptions":[{"id":"1111111111111111","type":"Broken","message":"it is"}]},
		  "subsegments":[{"id":"53995c3f42cd8ad8","name":"DynamoDB","namespace":"aws","start_time":10.6,"end_time":10.7,"aws":{"operation":"PutItem","table_name":"orders"}},
		                 {"id":"53995c3f42cd8ad9","name":"think","start_time":10.8,"in_progress":true}]}`,
		`{"id":"53995c3f42cd8ada","trace_id":"1-66f0a1b2-a006649127e371903a2de979","parent_id":"ffffffffffffffff","type":"subsegment","name":"orphan","start_time":12,"end_time":13}`,
	} {
		decoded, err := Decode([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		recs = append(recs, &radiograph.Record{Trace: id, Root: decoded[0].Root})
	}
	type span struct {
		TraceID, SpanID, ParentSpanID, Name, Kind string
		Start                                     int64 `json:"startTimeUnixNano"`
		End                                       int64 `json:"endTimeUnixNano"`
		Resource                                  struct{ Attributes map[string]any }
		Attributes                                map[string]any
		Events, Links                             []map[string]any
		Status                                    struct{ Code string }
	}
	var got []span
	for _, s := range Spans(Merge(id, recs)) {
		var d span
		if err := json.Unmarshal(s.Document, &d); err != nil || d.SpanID != s.ID.String() || d.TraceID != "66f0a1b2a006649127e371903a2de979" {
			t.Fatalf("%s: %v", s.Document, err)
		}
		d.TraceID = ""
		got = append(got, d)
	}
	resource := func(attributes map[string]any) struct{ Attributes map[string]any } {
		return struct{ Attributes map[string]any }{attributes}
	}
	status := func(code string) struct{ Code string } { return struct{ Code string }{code} }
	shop := resource(map[string]any{"service.name": "shop", "aws.xray.origin": "AWS::EC2::Instance"})
	want := []span{
		{
			SpanID: "70de5b6f19ff9a0a", Name: "shop", Kind: "SERVER", Start: 10_500_000_000, End: 11_000_000_000, Resource: shop, Status: status("ERROR"),
			Attributes: map[string]any{
				"cart": 3.0, "gold": true, "plan": "x", "enduser.id": "u7",
				"http.request.method": "POST", "url.full": "http://shop.test/", "http.response.status_code": 500.0,
			},
			Events: []map[string]any{{"name": "exception", "timeUnixNano": 11e9, "attributes": map[string]any{"exception.type": "Broken", "exception.message": "it is"}}},
			Links: []map[string]any{{
				"traceId": "66f0a1b2000000000000000000000001", "spanId": "0000000000000001",
				"attributes": map[string]any{"aws.xray.reserved.reference_type": "parent"},
			}},
		},
		{
			SpanID: "53995c3f42cd8ad8", ParentSpanID: "70de5b6f19ff9a0a", Name: "DynamoDB", Kind: "CLIENT", Start: 10_600_000_000, End: 10_700_000_000,
			Resource: shop, Status: status("UNSET"), Attributes: map[string]any{"rpc.method": "PutItem", "aws.dynamodb.table_names": []any{"orders"}},
		},
		{
			SpanID: "53995c3f42cd8ad9", ParentSpanID: "70de5b6f19ff9a0a", Name: "think", Kind: "INTERNAL", Start: 10_800_000_000,
			Resource: shop, Status: status("UNSET"), Attributes: map[string]any{},
		},
		{
			SpanID: "53995c3f42cd8ada", ParentSpanID: "ffffffffffffffff", Name: "orphan", Kind: "INTERNAL", Start: 12_000_000_000, End: 13_000_000_000,
			Resource: resource(map[string]any{"service.name": "orphan"}), Status: status("UNSET"), Attributes: map[string]any{},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
