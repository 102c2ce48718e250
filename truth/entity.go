package truth

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Entity is one segment or subsegment. Times are nanoseconds since 1970.
type Entity struct {
	ID, ParentID, TraceID   string
	Name, Namespace, Origin string
	User, ResourceARN       string
	Start, End              int64
	Open                    bool // in progress
	Sub, Inferred           bool
	Error, Fault, Throttle  bool
	HTTP                    block
	AWS                     awsBlock
	SQL                     bool
	Annotations             map[string]any // string, float64 or bool
	Exceptions              []Exception
	Links                   []link
	Subsegments             []*Entity // wherever they were told
	nested                  bool
	told                    []*Entity // nested in the document
	body                    string
	parent, segment         *Entity
	callees                 []*Entity
	service                 Service
}

// Exception is one exception of a cause.
type Exception struct {
	Type, Message string
	Remote        bool
}

type block struct {
	Request struct {
		Method    string
		URL       string
		UserAgent string `json:"user_agent"`
		ClientIP  string `json:"client_ip"`
		Traced    bool
	}
	Response struct{ Status int }
}

type awsBlock struct {
	AccountID    string   `json:"account_id"`
	TableName    string   `json:"table_name"`
	TableNames   []string `json:"table_names"`
	QueueURL     string   `json:"queue_url"`
	TopicARN     string   `json:"topic_arn"`
	BucketName   string   `json:"bucket_name"`
	FunctionName string   `json:"function_name"`
	FunctionARN  string   `json:"function_arn"`
	EC2          host
	ECS          host
}

type host struct {
	InstanceID       string `json:"instance_id"`
	AvailabilityZone string `json:"availability_zone"`
}

type link struct {
	TraceID    string            `json:"trace_id"`
	ID         string            `json:"id"`
	Attributes map[string]string `json:"attributes"`
}

// rawEntity is the document format.
type rawEntity struct {
	ID, Name, Type, Namespace, Origin, User string
	TraceID                                 string       `json:"trace_id"`
	ParentID                                string       `json:"parent_id"`
	ResourceARN                             string       `json:"resource_arn"`
	StartTime                               json.Number  `json:"start_time"`
	EndTime                                 *json.Number `json:"end_time"`
	Error, Fault, Throttle                  *bool
	Traced                                  bool
	HTTP                                    block
	AWS                                     awsBlock
	SQL                                     map[string]any
	Annotations                             map[string]any
	Cause                                   json.RawMessage
	Links                                   []link
	Subsegments                             []json.RawMessage
}

// split makes an array of documents single ones.
func split(document string) []string {
	if document = strings.TrimSpace(document); document[0] != '[' {
		return []string{document}
	}
	var list []json.RawMessage
	must(json.Unmarshal([]byte(document), &list))
	var out []string
	for _, d := range list {
		out = append(out, string(d))
	}
	return out
}

// traceOf is the id of a document's trace as 1-8hex-24hex.
func traceOf(document string) string {
	var d struct {
		TraceID string `json:"trace_id"`
	}
	must(json.Unmarshal([]byte(document), &d))
	return spelled(d.TraceID)
}

func spelled(traceID string) string {
	digits := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(traceID, "1-"), "-", ""))
	return "1-" + digits[:8] + "-" + digits[8:]
}

// read reads a document's outermost entity.
func read(document string) *Entity { return readEntity(document, "") }

func readEntity(body, nestedIn string) *Entity {
	var r rawEntity
	must(json.Unmarshal([]byte(body), &r))
	e := &Entity{
		ID: strings.ToLower(r.ID), ParentID: strings.ToLower(r.ParentID), TraceID: r.TraceID,
		Name: r.Name, Namespace: r.Namespace, Origin: r.Origin, User: short(r.User), ResourceARN: r.ResourceARN,
		Start: nanoseconds(r.StartTime), Open: r.EndTime == nil, Sub: nestedIn != "" || r.Type == "subsegment",
		HTTP: r.HTTP, AWS: r.AWS, SQL: r.SQL != nil, Links: r.Links, nested: nestedIn != "", body: body,
	}
	if e.nested {
		e.ParentID = nestedIn
	}
	if !e.Open {
		e.End = nanoseconds(*r.EndTime)
	}
	e.HTTP.Request.Traced = e.HTTP.Request.Traced || r.Traced
	for _, s := range []*string{&e.HTTP.Request.Method, &e.HTTP.Request.URL, &e.HTTP.Request.UserAgent, &e.HTTP.Request.ClientIP} {
		*s = short(*s)
	}
	if e.AWS.TableName == "" && len(e.AWS.TableNames) == 1 {
		e.AWS.TableName = e.AWS.TableNames[0]
	}
	e.flags(&r)
	e.Annotations = make(map[string]any)
	for k, v := range r.Annotations {
		switch v := v.(type) {
		case string:
			e.Annotations[k] = first(v, 1000)
		case float64, bool:
			e.Annotations[k] = v
		}
	}
	var cause struct{ Exceptions []Exception }
	if json.Unmarshal(r.Cause, &cause) == nil { // else the id of an exception told elsewhere
		e.Exceptions = cause.Exceptions
	}
	for _, s := range r.Subsegments {
		e.told = append(e.told, readEntity(string(s), e.ID))
	}
	return e
}

// flags are the stated ones, else what the status says.
func (e *Entity) flags(r *rawEntity) {
	is := func(b *bool) bool { return b != nil && *b }
	if r.Error != nil || r.Fault != nil || r.Throttle != nil {
		e.Error, e.Fault, e.Throttle = is(r.Error), is(r.Fault), is(r.Throttle)
		return
	}
	status := r.HTTP.Response.Status
	e.Error, e.Fault, e.Throttle = status/100 == 4, status/100 == 5, status == 429
}

// nanoseconds reads decimal seconds; what is finer is cut.
func nanoseconds(n json.Number) int64 {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		panic(fmt.Sprintf("%q is no number", n))
	}
	r.Mul(r, big.NewRat(1e9, 1))
	return new(big.Int).Quo(r.Num(), r.Denom()).Int64()
}

func short(s string) string { return first(s, 250) }

func first(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (e *Entity) status() int { return e.HTTP.Response.Status }

func (e *Entity) ok() bool { return !e.Open && !e.Error && !e.Fault && !e.Throttle }

// length is how long e took; a clock that went back makes it nothing.
func (e *Entity) length() int64 { return max(0, e.End-e.Start) }

// calls reports whether e is a call to something outside of its service.
func (e *Entity) calls() bool {
	return e.Sub && (e.Namespace == "aws" || e.Namespace == "remote")
}

// remote reports whether what e did, or what failed in it, was elsewhere.
func (e *Entity) remote() bool {
	return e.calls() || slices.ContainsFunc(e.Exceptions, func(x Exception) bool { return x.Remote })
}
