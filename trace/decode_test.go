package trace

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// whole is a segment with the given members besides the required ones.
func whole(members string) string {
	return `{"id":"7000000000000001","trace_id":"1-69a42a40-000000000000000000000001","name":"a","start_time":1.25,"end_time":2` + members + `}`
}

func mustDecode(t testing.TB, doc string) *radiograph.Entity {
	t.Helper()
	got, err := Decode([]byte(doc))
	if err != nil {
		t.Fatalf("Decode(%.200s): %v", doc, err)
	}
	if len(got) != 1 {
		t.Fatalf("Decode gave %d documents, want 1", len(got))
	}
	return got[0].Root
}

func TestDecodeReadsEveryMember(t *testing.T) {
	doc := whole(`,"parent_id":"7000000000000000","origin":"o","user":"u","resource_arn":"r","namespace":"remote","error":true,"fault":true,"throttle":true,
 "http":{"request":{"method":"GET","url":"http:\/\/x\u002f\ud83d\ude00\ud83d","user_agent":"ua","client_ip":"ip","traced":true,"x_forwarded_for":true},"response":{"status":418,"content_length":-1}},
 "aws":{"account_id":"1","operation":"op","region":"eu","request_id":"rid","function_arn":"fa","function_name":"fn","table_names":["t1"],"queue_url":"q","topic_arn":"ta","bucket_name":"b",
  "ec2":{"instance_id":"i-1","availability_zone":"a","ami_id":"x"},"xray":{"rule_name":"rule","sdk":"s"},"resource_names":["x",5,"y"]},
 "annotations":{"s":"v","n":-1.5e3,"b":false},"sql":{"url":"u"},
 "cause":{"paths":["p"],"exceptions":[{"id":"00000000000000aa","type":"T","message":"M","remote":true,"cause":"00000000000000bb"}]},
 "links":[{"trace_id":"1-69a42a40-000000000000000000000002","id":"7000000000000009","attributes":{"aws.xray.reserved.reference_type":"child","x":1}},{"trace_id":"bad"}]`)
	got := mustDecode(t, doc)
	want := &radiograph.Entity{
		ID: radiograph.SegmentID{0x70, 7: 1}, Parent: radiograph.SegmentID{0: 0x70}, Name: "a", Namespace: "remote", Origin: "o", User: "u", ResourceARN: "r",
		Start: 1_250_000_000, End: 2_000_000_000, Error: true, Fault: true, Throttle: true,
		HTTP: radiograph.HTTP{Method: "GET", URL: "http://x/😀\ufffd", UserAgent: "ua", ClientIP: "ip", Traced: true, Status: 418, ContentLength: -1},
		AWS: radiograph.AWS{
			AccountID: "1", Operation: "op", Region: "eu", RequestID: "rid", FunctionARN: "fa", FunctionName: "fn", TableName: "t1", QueueURL: "q", TopicARN: "ta",
			BucketName: "b", InstanceID: "i-1", AvailabilityZone: "a", SamplingRule: "rule", ResourceNames: []string{"x", "y"},
		},
		SQL: true,
		Annotations: []radiograph.Annotation{
			{Key: "s", Value: radiograph.Value{String: "v"}},
			{Key: "n", Value: radiograph.Value{Kind: radiograph.NumberValue, Number: -1500}},
			{Key: "b", Value: radiograph.Value{Kind: radiograph.BooleanValue}},
		},
		Exceptions: []radiograph.Exception{{ID: radiograph.SegmentID{7: 0xaa}, Type: "T", Message: "M", Remote: true}},
		Links: []radiograph.Link{{
			Trace: radiograph.TraceID{0x69, 0xa4, 0x2a, 0x40, 15: 2}, Segment: radiograph.SegmentID{0: 0x70, 7: 9}, Type: "child",
		}},
		Body: []byte(doc),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestDecodeShortensOptionalStrings(t *testing.T) {
	long := strings.Repeat("é", 1200)
	doc := whole(fmt.Sprintf(`,"user":%q,"http":{"request":{"url":%q}},"annotations":{"a":%q}`, long, long, long))
	e := mustDecode(t, doc)
	if got := []int{len(e.User), len(e.HTTP.URL), len(e.Annotations[0].Value.String)}; !cmp.Equal(got, []int{500, 500, 2000}) {
		t.Errorf("lengths in bytes = %v, want 500, 500, 2000", got)
	}
	rendered := string(Document(merged(t, doc), merged(t, doc).Root))
	if n := strings.Count(rendered, "é"); n != 250+250+1000 {
		t.Errorf("the rendered document has %d of the characters, want 1500", n)
	}
}

func TestDecodeKeepsEachEntitysBytes(t *testing.T) {
	inner := `{"id":"7000000000000003","name":"c","start_time":1,"end_time":2}`
	outer := `{"id":"7000000000000002","subsegments":[ ` + inner + ` ],"name":"b","start_time":1,"end_time":2}`
	e := mustDecode(t, "\n "+whole(`,"subsegments":[`+outer+`]`)+" ")
	b := e.Children[0]
	c := b.Children[0]
	if string(b.Body) != outer || string(c.Body) != inner {
		t.Errorf("bodies = %s and %s", b.Body, c.Body)
	}
	if b.Parent != e.ID || c.Parent != b.ID || !c.Nested || !c.Subsegment {
		t.Errorf("parents = %s, %s", b.Parent, c.Parent)
	}
}

func TestDecodeKeepsNanoseconds(t *testing.T) {
	for text, want := range map[string]radiograph.Timestamp{
		"1772366400.123456789": 1772366400123456789,
		"1.772366400389E9":     1772366400389000000,
		"1772366400":           1772366400000000000,
	} {
		doc := strings.Replace(whole(""), "1.25", text, 1)
		if got := mustDecode(t, doc).Start; got != want {
			t.Errorf("start_time %s = %d, want %d", text, got, want)
		}
	}
}

func TestTooLarge(t *testing.T) {
	long := whole(`,"metadata":{"d":{"x":"` + strings.Repeat("x", 64<<10) + `"}}`)
	for doc, id := range map[string]string{long: "7000000000000001", "[" + long + "]": ""} {
		if bad := TooLarge([]byte(doc)); bad.Code != codeTooLarge || bad.ID != id {
			t.Errorf("TooLarge = %#v, want %s of %q", bad, codeTooLarge, id)
		}
	}
}

func TestDecodeLimits(t *testing.T) {
	nested := func(n int) string {
		open := strings.Repeat(`,"subsegments":[{"id":"7000000000000002","name":"b","start_time":1,"end_time":2`, n)
		return whole(open + strings.Repeat(`}]`, n))
	}
	for _, test := range []struct {
		name, doc, code, id string
	}{
		{"arrays", whole(`,"x":` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000)), codeParse, ""},
		{"objects", whole(`,"x":` + strings.Repeat(`{"a":`, 10_000)), codeParse, ""},
		{"subsegments", nested(maxDepth), codeParse, ""},
		{"name", strings.Replace(whole(""), `"a"`, `"`+strings.Repeat("é", 201)+`"`, 1), codeInvalidName, "7000000000000001"},
		{"empty", "", codeParse, ""},
		{"after the end", whole("") + "x", codeParse, ""},
		{"invalid UTF-8 in a name", strings.Replace(whole(""), `"a"`, "\"\xff\"", 1), codeInvalidName, "7000000000000001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Decode([]byte(test.doc))
			var bad *InvalidError
			if !errors.As(err, &bad) || bad.Code != test.code || bad.ID != test.id {
				t.Errorf("Decode = %#v, want %s of %q", err, test.code, test.id)
			}
		})
	}
	if e := mustDecode(t, nested(maxDepth/2-2)); e == nil {
		t.Error("deep nesting within the limit is refused")
	}
	mustDecode(t, strings.Replace(whole(""), `"a"`, `"`+strings.Repeat("é", 200)+`"`, 1))
}

// merged merges documents in the order given.
func merged(t testing.TB, docs ...string) *radiograph.Trace {
	t.Helper()
	var recs []*radiograph.Record
	for i, doc := range docs {
		decoded, err := Decode([]byte(doc))
		if err != nil {
			t.Fatalf("Decode(%.200s): %v", doc, err)
		}
		for _, d := range decoded {
			recs = append(recs, &radiograph.Record{Trace: d.Trace, Sequence: uint64(i + 1), Root: d.Root})
		}
	}
	return Merge(recs[0].Trace, recs)
}
