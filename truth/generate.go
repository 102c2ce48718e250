package truth

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The words that generated documents and expressions share, so that they meet.
var (
	names     = []string{"shop", "pay", "stock", "DynamoDB", "dynamodb", "S3", "sqs", "SNS", "Lambda"}
	origins   = []string{"", "", "AWS::EC2::Instance", "AWS::ECS::Container"}
	users     = []string{"", "", "u1", "u2", "Ann \"q\" \\ é"}
	urls      = []string{"", "http://shop.test/buy", "http://api.test/api/game/1", "https://long.test/" + strings.Repeat("é/", 140)}
	methods   = []string{"", "GET", "POST"}
	agents    = []string{"", "curl/8", "boto3"}
	addresses = []string{"", "10.0.0.9", "2001:db8::1"}
	zones     = []string{"", "eu-west-1a", "eu-west-1b"}
	arns      = []string{"", "arn:aws:lambda:eu-west-1:111111111111:function:fn", "arn:aws:s3:::b"}
	accounts  = []string{"", "", "", "000000000000", "222222222222"}
	keys      = []string{"k", "order.id", "aws:api_id", "n"}
	types     = []string{"Denied", "Timeout", ""}
	messages  = []string{"Access Denied", "late", ""}
	statuses  = []int{0, 200, 200, 301, 404, 429, 500, 503}
	values    = []any{"v", "", "vé", 1.5, 29.0, -1e-7, true, false}

	lengths     = []float64{0, 0.1, 0.3, 0.5, 1, 1.1, 1.7, 2.3, 3, 1e3}
	codes       = []float64{200, 301, 404, 429, 500, 503, 99.5}
	allAccounts = []string{"000000000000", "111111111111", "222222222222", "3"}
	instances   = []string{"i-eu-west-1a", "i-eu-west-1b", "eu"}
	nodeNames   = append([]string{"orders", "jobs", "photos", "fn", "nobody"}, names...)
	nodeTypes   = []string{
		"unknown", "remote", "client", "AWS::EC2::Instance", "aws::ec2::instance", "AWS::DynamoDB::Table", "AWS::S3", "Database::SQL",
		"AWS::Lambda", "AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::SNS",
	}
)

// Generator makes segment documents of all shapes.
type Generator struct {
	from   Source
	traces int
	past   [][2]string // trace and segment ids that links may name
}

// NewGenerator makes a generator; from makes its choices.
func NewGenerator(from Source) *Generator { return &Generator{from: from} }

// writer writes one trace.
type writer struct {
	asker
	g     *Generator
	trace string // the id, spelled in one of its ways
	start int64  // nanoseconds
	base  int    // ids of this trace start here
	ids   []string
	docs  []string
	apart []object // subsegments to be sent on their own
}

// Trace is the documents of a trace that begins about start, in the order their
// clients send them. Some are versions of others.
func (g *Generator) Trace(start int64) []string {
	g.traces++
	w := &writer{asker: asker{g.from}, g: g, start: start, base: 0x1000 * g.traces}
	w.trace = w.traceID()
	if w.chance(6) {
		w.lambda()
		return w.docs
	}
	for i := range 1 + w.IntN(4) {
		known := append([]string{"", "", "00000000000000ff"}, w.ids...)
		m := w.entity(100*w.IntN(30), false, 0)
		switch {
		case i > 0 && w.chance(10):
			m["type"], m["parent_id"] = "subsegment", "00000000000000fe"
			delete(m, "origin")
		default:
			if p := pick(w, known...); p != "" {
				m["parent_id"] = w.cased(p)
			}
		}
		w.versions(m)
	}
	for len(w.apart) > 0 && w.chance(4) { // an array of subsegments is one document
		n := 1 + w.IntN(len(w.apart))
		w.docs = append(w.docs, text(w.apart[:n]))
		w.apart = w.apart[n:]
	}
	for _, m := range w.apart {
		w.versions(m)
	}
	g.past = append(g.past[max(0, len(g.past)-20):], [2]string{w.trace, w.ids[w.IntN(len(w.ids))]})
	return w.docs
}

// traceID is the X-Ray form, or one of W3C's random ids, in various spellings.
func (w *writer) traceID() string {
	digits := fmt.Sprintf("%08x%08x%04x%012x", w.start/second, w.IntN(1<<30), w.IntN(1<<16), w.g.traces)
	if w.chance(6) {
		digits = fmt.Sprintf("%08x", w.IntN(1<<31)) + digits[8:]
	}
	if w.chance(8) {
		digits = strings.ToUpper(digits)
	}
	if w.chance(8) {
		return digits
	}
	return "1-" + digits[:8] + "-" + digits[8:]
}

// cased spells an id.
func (w *writer) cased(id string) string {
	if w.chance(10) {
		return strings.ToUpper(id)
	}
	return id
}

func (w *writer) id() string {
	id := fmt.Sprintf("%016x", w.base+len(w.ids))
	w.ids = append(w.ids, id)
	return id
}

// at is a time in epoch seconds; ms counts from the start of the trace.
func (w *writer) at(ms int) json.Number {
	ns := w.start + int64(ms)*1e6
	if w.chance(20) { // nine digits and an exponent
		return json.Number(fmt.Sprintf("%d.%08dE9", ns/1e18, ns%1e18/1e10))
	}
	if w.chance(4) {
		ns += int64(w.IntN(1_000_000))
	}
	return json.Number(strings.TrimRight(fmt.Sprintf("%d.%09d", ns/second, ns%second), "0") + "0")
}

// versions writes a document: at once; first in progress; or in versions that
// differ. Some are sent twice.
func (w *writer) versions(m object) {
	if _, open := m["in_progress"]; !open && w.chance(4) {
		first := object{}
		for k, v := range m {
			first[k] = v
		}
		for _, k := range []string{"end_time", "annotations", "http", "subsegments", "cause"} {
			if w.chance(2) {
				delete(first, k)
			}
		}
		delete(first, "end_time")
		first["in_progress"] = true
		w.docs = append(w.docs, w.print(first))
	}
	w.docs = append(w.docs, w.print(m))
	for w.chance(8) {
		again := object{}
		for k, v := range m {
			again[k] = v
		}
		again["annotations"] = object{pick(w, keys...): pick(w, values...)}
		again["fault"] = w.chance(2)
		again["end_time"] = w.at(100 * w.IntN(60))
		delete(again, "in_progress")
		w.docs = append(w.docs, w.print(again))
		if w.chance(2) {
			w.docs = append(w.docs, w.docs[w.IntN(len(w.docs))])
		}
	}
}

// print writes a document, with members that say nothing.
func (w *writer) print(m object) string {
	m["trace_id"] = w.trace
	if w.chance(10) {
		m["Dummy"], m["metadata"] = false, object{"default": object{"a": []any{1, nil}}}
	}
	return text(m)
}

func set(m object, key, v string) {
	if v != "" {
		m[key] = v
	}
}

// entity makes a segment, or a subsegment with what is nested in it.
func (w *writer) entity(ms int, sub bool, depth int) object {
	id := w.id()
	ms = ms/100*100 + len(w.ids) // no two start at once
	m := object{"id": w.cased(id), "name": pick(w, names...), "start_time": w.at(ms)}
	switch {
	case w.chance(8):
		m["in_progress"] = true
	case w.chance(40): // a clock that went back
		m["end_time"] = w.at(max(0, ms-100))
	default:
		m["end_time"] = w.at(ms + 100*w.IntN(30))
		if w.chance(4) {
			m["in_progress"] = false // the X-Ray SDK for Python
		}
	}
	w.http(m, sub)
	for _, flag := range []string{"error", "fault", "throttle"} {
		if w.chance(6) {
			m[flag] = w.chance(2)
		}
	}
	if w.chance(3) {
		m["annotations"] = object{pick(w, keys...): pick(w, values...), pick(w, keys...): pick(w, values...)}
	}
	w.cause(m)
	if sub {
		w.call(m)
	} else {
		w.host(m)
	}
	if depth < 2 {
		var nested []any
		for range w.IntN(3) {
			s := w.entity(ms+100*w.IntN(10), true, depth+1)
			switch w.IntN(6) {
			case 0: // sent on its own
				s["type"], s["parent_id"], s["trace_id"] = "subsegment", id, w.trace
				w.apart = append(w.apart, s)
			case 1: // both
				nested = append(nested, s)
				alone := object{"type": "subsegment", "parent_id": id, "trace_id": w.trace}
				for k, v := range s {
					alone[k] = v
				}
				w.apart = append(w.apart, alone)
			default:
				if w.chance(4) {
					s["parent_id"] = id
				}
				nested = append(nested, s)
			}
		}
		if nested != nil {
			m["subsegments"] = nested
		}
	}
	return m
}

func (w *writer) http(m object, sub bool) {
	request := object{}
	set(request, "url", pick(w, urls...))
	set(request, "method", pick(w, methods...))
	set(request, "user_agent", pick(w, agents...))
	set(request, "client_ip", pick(w, addresses...))
	if !sub && w.chance(3) {
		request["x_forwarded_for"] = true
	}
	if sub && w.chance(8) {
		if w.chance(2) {
			request["traced"] = true
		} else {
			m["traced"] = true
		}
	}
	response := object{"status": pick(w, statuses...)}
	if w.chance(3) {
		response["content_length"] = pick[any](w, -1, 12, "12", nil)
	}
	if !w.chance(4) {
		m["http"] = object{"request": request, "response": response}
	}
}

func (w *writer) cause(m object) {
	switch w.IntN(9) {
	case 0:
		m["cause"] = "00000000000000aa"
	case 1, 2:
		var list []any
		for range 1 + w.IntN(2) {
			x := object{"id": "00000000000000aa", "type": pick(w, types...), "message": pick(w, messages...), "stack": []any{object{"path": "a.py", "line": 3, "label": "f"}}}
			if w.chance(3) {
				x["remote"] = true
			}
			list = append(list, x)
		}
		m["cause"] = object{"working_directory": "/var/task", "paths": []any{}, "exceptions": list}
	}
}

// call makes a subsegment a call, or leaves it local.
func (w *writer) call(m object) {
	aws := object{}
	set(aws, "account_id", pick(w, accounts...))
	switch pick(w, "", "local", "remote", "aws", "aws") {
	case "local":
		m["namespace"] = "local"
	case "remote":
		m["namespace"] = "remote"
		if w.chance(3) {
			m["sql"] = object{"url": "db", "sanitized_query": "select 1"}
		}
	case "aws":
		m["namespace"] = "aws"
		switch w.IntN(8) {
		case 0, 1:
			aws["table_name"] = "orders"
		case 2:
			aws["table_names"] = []any{"orders"}
		case 3:
			aws["queue_url"] = "https://sqs.eu-west-1.amazonaws.com/000000000000/jobs"
		case 4:
			aws["topic_arn"] = "arn:aws:sns:eu-west-1:000000000000:news"
		case 5:
			aws["bucket_name"] = "photos"
		case 6:
			aws["function_name"] = pick(w, "fn", "arn:aws:lambda:eu-west-1:000000000000:function:fn:live")
		}
	}
	m["aws"] = aws
}

// host says where a segment ran, for whom, and what other traces it is of.
func (w *writer) host(m object) {
	aws := object{}
	set(aws, "account_id", pick(w, accounts...))
	if zone := pick(w, zones...); zone != "" {
		if w.chance(3) {
			aws["ecs"] = object{"availability_zone": zone, "container": "c"}
		} else {
			aws["ec2"] = object{"availability_zone": zone, "instance_id": "i-" + zone}
		}
	}
	if w.chance(2) {
		m["aws"] = aws
	}
	set(m, "origin", pick(w, origins...))
	set(m, "user", pick(w, users...))
	set(m, "resource_arn", pick(w, arns...))
	if n := len(w.g.past); n > 0 && w.chance(8) {
		l := pick(w, w.g.past...)
		m["links"] = []any{object{"trace_id": l[0], "id": l[1], "attributes": object{"aws.xray.reserved.reference_type": pick(w, "parent", "child")}}}
	}
}

// lambda writes a caller and the two segments that Lambda makes.
func (w *writer) lambda() {
	const arn = "arn:aws:lambda:eu-west-1:000000000000:function:fn"
	caller, call, service, function := w.id(), w.id(), w.id(), w.id()
	status := pick(w, 200, 200, 429, 502)
	took := 100 + w.IntN(2000)
	if w.chance(2) {
		w.versions(object{
			"id": caller, "name": "shop", "start_time": w.at(0), "end_time": w.at(took + 20), "origin": "AWS::ECS::Container",
			"http": object{"request": object{"method": "POST", "url": "http://shop.test/buy"}, "response": object{"status": 200}},
			"subsegments": []any{object{
				"id": call, "name": pick(w, "Lambda", "lambda"), "namespace": "aws", "start_time": w.at(5), "end_time": w.at(took + 10),
				"http": object{"response": object{"status": status}}, "aws": object{"operation": "Invoke", "function_name": "fn"},
			}},
		})
	}
	w.versions(object{
		"id": service, "name": "fn", "parent_id": call, "origin": "AWS::Lambda", "resource_arn": arn, "start_time": w.at(6), "end_time": w.at(took + 8),
		"http": object{"response": object{"status": status}}, "aws": object{"request_id": "ac08"},
	})
	if status == 429 {
		return
	}
	m := object{
		"id": function, "name": "fn", "parent_id": service, "origin": "AWS::Lambda::Function", "start_time": w.at(8), "end_time": w.at(took + 7),
		"aws": object{"function_arn": arn, "resource_names": []any{"fn"}, "account_id": "000000000000"},
		"subsegments": []any{
			object{"id": w.id(), "name": "Initialization", "start_time": w.at(1), "end_time": w.at(8), "aws": object{"function_arn": arn}},
			object{"id": w.id(), "name": "Invocation", "start_time": w.at(8), "end_time": w.at(took)},
			object{"id": w.id(), "name": "Overhead", "start_time": w.at(took), "end_time": w.at(took + 7)},
		},
	}
	if status == 502 {
		m["fault"] = true
		m["cause"] = object{"exceptions": []any{object{"id": "00000000000000ab", "type": "Timeout", "message": "late"}}}
	}
	w.versions(m)
	if w.chance(2) {
		s := w.entity(50, true, 2)
		s["type"], s["parent_id"] = "subsegment", w.ids[5] // the Invocation
		w.versions(s)
	}
}
