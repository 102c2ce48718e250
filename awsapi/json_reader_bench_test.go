package awsapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

type textsInput struct {
	TraceSegmentDocuments []Text `required:"true"`
}

// batch is a daemon's request: n documents with the fields that SDKs send.
func batch(n int) []byte {
	var docs []string
	for i := range n {
		docs = append(docs, fmt.Sprintf(`{"name":"shop","id":"70de5b6f19ff%04x","trace_id":"1-66f0a1b2-a006649127e371903a2de979","start_time":1726980530.1,"end_time":1726980530.4,`+
			`"origin":"AWS::EC2::Instance","aws":{"ec2":{"instance_id":"i-01","availability_zone":"eu-west-1a"},"xray":{"sdk":"X-Ray for Python","sdk_version":"2.15.0"}},"annotations":{"cart":3},`+
			`"http":{"request":{"method":"POST","url":"http://shop.test/buy","client_ip":"10.0.0.9","user_agent":"curl/8"},"response":{"status":200}},`+
			`"subsegments":[{"id":"53995c3f42cd%04x","name":"DynamoDB","start_time":1726980530.2,"end_time":1726980530.3,"namespace":"aws","http":{"response":{"status":200}},`+
			`"aws":{"operation":"PutItem","table_name":"orders","region":"eu-west-1","request_id":"0b6f4d0e-6f3a-4f0e-9f6d-2f1c6b0a7e55"}}]}`, i, i))
	}
	body, err := json.Marshal(map[string]any{"TraceSegmentDocuments": docs})
	if err != nil {
		panic(err)
	}
	return body
}

func BenchmarkDecodeTexts(b *testing.B) {
	for _, n := range []int{1, 50} {
		body := batch(n)
		b.Run(fmt.Sprintf("docs=%d", n), func(b *testing.B) {
			s := ShapeOf(reflect.TypeFor[textsInput]())
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				var in textsInput
				if err := decodeJSON(body, s, reflect.ValueOf(&in).Elem()); err != nil {
					b.Fatal(err)
				}
				if len(in.TraceSegmentDocuments) != n {
					b.Fatal(len(in.TraceSegmentDocuments))
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "documents/s")
		})
	}
}

// BenchmarkDecodeTextsStandard is encoding/json at the same work.
func BenchmarkDecodeTextsStandard(b *testing.B) {
	body := batch(50)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var in struct{ TraceSegmentDocuments []string }
		if err := json.Unmarshal(body, &in); err != nil {
			b.Fatal(err)
		}
	}
}
