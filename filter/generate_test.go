package filter_test

import (
	"encoding/json"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"radiograph"
	"radiograph/storetest"
)

// The words that generated documents and expressions share, so that they meet.
var (
	names      = []string{"shop", "pay", "DynamoDB", "S3"}
	origins    = []string{"", "AWS::EC2::Instance", "AWS::ECS::Container"}
	users      = []string{"", "u1", "u2", "Ann \"q\" \\ é"}
	urls       = []string{"", "http://shop.test/buy", "http://api.test/api/game/1"}
	methods    = []string{"", "GET", "POST"}
	agents     = []string{"", "curl/8", "boto3"}
	zones      = []string{"", "eu-west-1a", "eu-west-1b"}
	arns       = []string{"", "arn:aws:lambda:eu-west-1:111111111111:function:fn", "arn:aws:s3:::b"}
	accounts   = []string{"", "", "000000000000", "222222222222"}
	keys       = []string{"k", "order.id", "aws:api_id", "n"}
	types      = []string{"Denied", "Timeout", ""}
	messages   = []string{"Access Denied", "late", ""}
	statuses   = []int{0, 200, 301, 404, 429, 500, 503}
	annotation = []any{"v", "", 1.5, 29, true, false}
)

// genDocuments generates the documents of one trace, each segment whole.
func genDocuments(t *rapid.T) [][]byte {
	start := storetest.Epoch
	w := docWriter{T: t, id: radiograph.NewTraceID(start)}
	copy(w.id[4:], rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(t, "trace"))
	var docs [][]byte
	for i := range rapid.IntRange(1, 4).Draw(t, "segments") {
		at := 100 * rapid.IntRange(0, 30).Draw(t, "start")
		known := append([]string{"", "", "00000000000000ff"}, w.ids...)
		m := w.entity(at, false, 0)
		m["trace_id"] = w.id.String()
		orphan := i > 0 && rapid.IntRange(0, 9).Draw(t, "orphan") == 0
		if orphan {
			m["type"], m["parent_id"] = "subsegment", "00000000000000fe"
			delete(m, "origin")
		} else if p := rapid.SampledFrom(known).Draw(t, "parent"); p != "" {
			m["parent_id"] = p
		}
		doc, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs
}

type docWriter struct {
	*rapid.T
	id  radiograph.TraceID
	ids []string
}

func pick[V any](w *docWriter, label string, from []V) V {
	return rapid.SampledFrom(from).Draw(w.T, label)
}

// chance is true once in n.
func (w *docWriter) chance(label string, n int) bool {
	return rapid.IntRange(1, n).Draw(w.T, label) == n
}

func (w *docWriter) entity(ms int, sub bool, depth int) map[string]any {
	id := fmt.Sprintf("%016x", 0x1000+len(w.ids))
	ms = ms/100*100 + len(w.ids) // no two start at once
	w.ids = append(w.ids, id)
	m := map[string]any{"id": id, "name": pick(w, "name", names), "start_time": at(ms)}
	if w.chance("open", 8) {
		m["in_progress"] = true
	} else {
		m["end_time"] = at(ms + 100*rapid.IntRange(0, 30).Draw(w.T, "length"))
	}
	set := func(m map[string]any, key, v string) {
		if v != "" {
			m[key] = v
		}
	}
	request := map[string]any{}
	set(request, "url", pick(w, "url", urls))
	set(request, "method", pick(w, "method", methods))
	set(request, "user_agent", pick(w, "agent", agents))
	if sub && w.chance("traced", 8) {
		request["traced"] = true
	}
	m["http"] = map[string]any{"request": request, "response": map[string]any{"status": pick(w, "status", statuses)}}
	for _, flag := range []string{"error", "fault", "throttle"} {
		if w.chance(flag, 6) {
			m[flag] = rapid.Bool().Draw(w.T, flag)
		}
	}
	if w.chance("annotated", 3) {
		m["annotations"] = map[string]any{pick(w, "key", keys): pick(w, "value", annotation), pick(w, "key", keys): pick(w, "value", annotation)}
	}
	if w.chance("thrown", 3) {
		var list []any
		for range rapid.IntRange(1, 2).Draw(w.T, "exceptions") {
			list = append(list, map[string]any{"id": "00000000000000aa", "type": pick(w, "type", types), "message": pick(w, "message", messages), "remote": w.chance("remote", 3)})
		}
		m["cause"] = map[string]any{"exceptions": list}
	}
	aws := map[string]any{}
	set(aws, "account_id", pick(w, "account", accounts))
	if zone := pick(w, "zone", zones); zone != "" && !sub {
		aws["ec2"] = map[string]any{"availability_zone": zone, "instance_id": "i-" + zone}
	}
	if sub {
		ns := pick(w, "namespace", []string{"", "local", "remote", "aws"})
		set(m, "namespace", ns)
		if ns == "aws" && rapid.Bool().Draw(w.T, "table") {
			aws["table_name"] = "orders"
		}
		if ns == "remote" && w.chance("sql", 3) {
			m["sql"] = map[string]any{"url": "db"}
		}
	} else {
		set(m, "origin", pick(w, "origin", origins))
		set(m, "user", pick(w, "user", users))
		set(m, "resource_arn", pick(w, "arn", arns))
	}
	m["aws"] = aws
	if depth < 2 {
		var list []any
		for range rapid.IntRange(0, 2).Draw(w.T, "subsegments") {
			list = append(list, w.entity(ms+100*rapid.IntRange(0, 10).Draw(w.T, "later"), true, depth+1))
		}
		m["subsegments"] = list
	}
	return m
}

// at is a time in epoch seconds, exact to the millisecond.
func at(ms int) json.Number {
	return json.Number(radiograph.TimestampOf(storetest.Epoch.Add(time.Duration(ms) * time.Millisecond)).AppendSeconds(nil))
}
