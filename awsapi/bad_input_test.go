package awsapi_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"radiograph/awsapi"
)

// maxAnswer is the longest an answer to a bad request may take. On a machine that
// is busy with something else a request is tried again, and may take three times as
// long as encoding/json takes to check its body.
const (
	maxAnswer = 100 * time.Millisecond
	maxTries  = 5
)

// hugeBodies are as long as a body may be, each bad for another part of a reader.
// They put a member in the place of the one given, or besides it.
func hugeBodies(m *awsapi.Member) []string {
	const size = 8 << 20
	fill := func(begin, of, end string) string {
		return begin + strings.Repeat(of, (size-len(begin)-len(end))/len(of)) + end
	}
	switch {
	case m == nil:
		return []string{fill(`{"unknown":`, "[", ""), fill(`{"unknown":[`, `[],`, `0]}`), fill(`{"unknown":`, "9", `}`), fill(`{`, `"unknown":null,`, `"a":1}`)}
	case m.Shape.Type == awsapi.List:
		return []string{fill(`{"`+m.WireName+`":[`, `"",`, `""]}`), fill(`{"`+m.WireName+`":[`, `{},`, `{}]}`)}
	}
	return []string{fill(`{"`+m.WireName+`":"`, "x", `"}`), fill(`{"`+m.WireName+`":"`, `\u00e9`, `"}`)}
}

// plausible is a value that fits a shape, as far as its tags say.
func plausible(s *awsapi.Shape, m *awsapi.Member) any {
	switch s.Type {
	case awsapi.Structure:
		v := make(map[string]any)
		for _, inner := range s.Members {
			v[inner.WireName] = plausible(inner.Shape, inner)
		}
		return v
	case awsapi.List:
		return []any{plausible(s.Elem, nil)}
	case awsapi.Map:
		return map[string]any{"k": plausible(s.Elem, nil)}
	case awsapi.Boolean:
		return false
	case awsapi.Integer, awsapi.Double:
		return 1
	case awsapi.Time:
		return 1726980530
	}
	switch {
	case m != nil && len(m.Enum) > 0:
		return m.Enum[0]
	case m != nil && m.Min != nil && *m.Min > 1:
		return strings.Repeat("a", int(*m.Min))
	}
	return "a"
}

// bad are values that at least one of the shape's rules should not like; some are
// merely odd.
func bad(s *awsapi.Shape, m *awsapi.Member) []any {
	odd := []any{nil, "", "\x00\uFFFD", strings.Repeat("x", 100_000), -1, 0, 1e300, -1e300, 0.5, 2147483648, true, []any{}, []any{nil}, []any{[]any{}}, map[string]any{}, map[string]any{"": nil}}
	if s.Type == awsapi.List {
		many := make([]any, 300)
		for i := range many {
			many[i] = plausible(s.Elem, nil)
		}
		odd = append(odd, many)
	}
	if m != nil && len(m.Enum) > 0 {
		odd = append(odd, "nosuch")
	}
	return odd
}

// spoil calls yield with each member of v, at any depth, in turn replaced by each
// bad value, and left out. v is as it was afterwards.
func spoil(s *awsapi.Shape, v map[string]any, at string, yield func(what string)) {
	for _, m := range s.Members {
		name, good := m.WireName, v[m.WireName]
		delete(v, name)
		yield(at + name + " absent")
		for _, value := range bad(m.Shape, m) {
			v[name] = value
			yield(fmt.Sprintf("%s%s = %.40v", at, name, value))
		}
		v[name] = good
		switch inner := good.(type) {
		case map[string]any:
			if m.Shape.Type == awsapi.Structure {
				spoil(m.Shape, inner, at+name+".", yield)
			}
		case []any:
			if element, ok := inner[0].(map[string]any); ok && m.Shape.Elem.Type == awsapi.Structure {
				spoil(m.Shape.Elem, element, at+name+"[].", yield)
			}
		}
	}
}

// exceptions are those of the public model that only some operations have.
var exceptions = map[string][]string{
	"CreateSamplingRule":      {"RuleLimitExceededException"},
	"TagResource":             {"ResourceNotFoundException", "TooManyTagsException"},
	"UntagResource":           {"ResourceNotFoundException"},
	"ListTagsForResource":     {"ResourceNotFoundException"},
	"PutResourcePolicy":       {"MalformedPolicyDocumentException", "LockoutPreventionException", "InvalidPolicyRevisionIdException", "PolicySizeLimitExceededException", "PolicyCountLimitExceededException"},
	"DeleteResourcePolicy":    {"InvalidPolicyRevisionIdException"},
	"UpdateIndexingRule":      {"ResourceNotFoundException"},
	"StartTraceRetrieval":     {"ResourceNotFoundException"},
	"ListRetrievedTraces":     {"ResourceNotFoundException"},
	"GetRetrievedTracesGraph": {"ResourceNotFoundException"},
	"CancelTraceRetrieval":    {"ResourceNotFoundException"},
}

// TestBadInput sends every X-Ray operation requests that are wrong in one place,
// made from its own shape: each is answered at once, with success or with an
// error that the operation may have, never with one of ours.
func TestBadInput(t *testing.T) {
	services := newHouse(t).services
	server := awsapi.NewServer(awsapi.Config{Services: services})
	auth := sign("AK", "xray")
	for _, op := range services[0].Operations {
		t.Run(op.Name, func(t *testing.T) {
			sent, refused := 0, 0
			modelled := append([]string{"InvalidRequestException", "SerializationException", "ThrottledException"}, exceptions[op.Name]...)
			send := func(what, body string) {
				var w *httptest.ResponseRecorder
				took, allowed := time.Duration(math.MaxInt64), maxAnswer
				for try := 0; try < maxTries && took > allowed; try++ {
					began := time.Now()
					if try > 0 {
						json.Valid([]byte(body))
						allowed, began = max(allowed, 3*time.Since(began)), time.Now()
					}
					w = ask(server, op.Method, op.Path, body, "Authorization", auth)
					took = min(took, time.Since(began))
				}
				sent++
				name := w.Header().Get("X-Amzn-Errortype")
				switch {
				case w.Code == http.StatusOK && name == "":
				case w.Code >= 400 && w.Code < 500 && slices.Contains(modelled, name):
					refused++
				default:
					t.Errorf("%s: %d %s %.300s", what, w.Code, name, w.Body)
				}
				if took > allowed {
					t.Errorf("%s: took %v", what, took)
				}
			}
			good := plausible(op.Input, nil).(map[string]any)
			spoil(op.Input, good, "", func(what string) {
				body, err := json.Marshal(good)
				if err != nil {
					t.Fatal(err)
				}
				send(what, string(body))
			})
			for _, body := range []string{"", "null", "[]", `"x"`, "{", `{"a":`, strings.Repeat("[", 10_000), "\xff"} {
				send("body "+body[:min(len(body), 20)], body)
			}
			var member *awsapi.Member // nil where there is none: whatever comes is passed over
			if len(op.Input.Members) > 0 {
				member = op.Input.Members[0]
			}
			for i, body := range hugeBodies(member) {
				send(fmt.Sprintf("huge body %d", i), body)
			}
			if refused < 5 && len(op.Input.Members) > 0 { // a body without members is not read
				t.Errorf("only %d of %d bad requests were refused", refused, sent)
			}
		})
	}
}

// TestLongLists: a list has an end, so that a body of empty elements is not
// millions of complaints.
func TestLongLists(t *testing.T) {
	server := awsapi.NewServer(awsapi.Config{Services: newHouse(t).services})
	put := func(n int) *httptest.ResponseRecorder {
		return ask(server, "POST", "/TraceSegments", `{"TraceSegmentDocuments":[`+strings.Repeat(`"",`, n-1)+`""]}`, "Authorization", sign("AK", "xray"))
	}
	if w := put(10_000); w.Code != http.StatusOK || strings.Count(w.Body.String(), "ParseError") < 10_000 {
		t.Errorf("%d %.200s", w.Code, w.Body)
	}
	if w := put(10_001); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "a list of more than 10000 elements") {
		t.Errorf("%d %.200s", w.Code, w.Body)
	}
}
