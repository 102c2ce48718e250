package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"radiograph"
)

// invokeView is the test of a function: the editor, and once it ran the result.
type invokeView struct {
	Action  string
	Version string
	Event   string
	Result  *resultView
}

// resultView is what an invocation answered.
type resultView struct {
	Status    status
	Head      string
	Code      string
	Duration  string
	Version   string
	RequestID string
	Payload   []token
	LogTail   string
	Trace     string
	TraceHref string // "" when the invocation was not recorded
	Reason    string // why it was, or was not
	Problem   string // the error when the function did not run
}

// invoke runs the function once with the event of the editor and waits for it.
func (s *console) invoke(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return radiograph.Errorf(radiograph.KindInvalid, "the form cannot be read: %v", err)
	}
	name, version, event := r.PathValue("name"), r.PostForm.Get("version"), strings.ReplaceAll(r.PostForm.Get("event"), "\r\n", "\n")
	code, result := s.runTest(r, name, version, event)
	if fragment(r) {
		return s.render(w, r, code, "function", "result", result)
	}
	v, err := s.describeFunction(r, name, version)
	if err != nil {
		return err
	}
	v.Invoke.Event, v.Invoke.Result = event, result
	return s.show(w, r, code, "function", "functions", name, v)
}

func (s *console) runTest(r *http.Request, name, version, event string) (int, *resultView) {
	if strings.TrimSpace(event) != "" && !json.Valid([]byte(event)) {
		return http.StatusBadRequest, &resultView{Status: statusError, Head: "The event is not JSON", Problem: jsonProblem(event)}
	}
	if version == radiograph.LatestVersion {
		version = ""
	}
	begin := time.Now()
	res, err := s.Functions.Invoke(r.Context(), &radiograph.InvokeRequest{
		Tenant: s.Tenant, Function: name, Qualifier: version, Type: radiograph.RequestResponse,
		Payload: []byte(event), Tail: true, RequestID: radiograph.NewUUID(),
	})
	if err != nil {
		code, f := s.explain(r, err)
		return code, &resultView{Status: decisionStatus(&radiograph.Decision{Status: code}), Head: "The function did not run", Code: strconv.Itoa(code), Problem: f.Message}
	}
	v := &resultView{
		Status: statusOK, Head: "Succeeded", Code: strconv.Itoa(res.Status), Duration: formatDuration(time.Since(begin)),
		Version: res.ExecutedVersion, RequestID: res.RequestID, Payload: colourJSON(res.Payload), LogTail: string(res.LogTail),
	}
	if res.FunctionError != "" {
		v.Status, v.Head = statusError, "The function failed"
	}
	h := radiograph.ParseTraceHeader(res.TraceHeader)
	if !h.Root.IsZero() {
		v.Trace = h.Root.String()
		if h.Sampled == radiograph.SampledYes {
			v.TraceHref = tracePath(v.Trace)
		}
	}
	if ds, err := s.Functions.Decisions(r.Context(), s.Tenant, name, shownDecisions); err == nil {
		for _, d := range ds {
			if d.RequestID == res.RequestID {
				v.Reason = d.Reason
				if d.Sampled && v.TraceHref == "" && !d.Trace.IsZero() {
					v.Trace = d.Trace.String()
					v.TraceHref = tracePath(v.Trace)
				}
				break
			}
		}
	}
	return http.StatusOK, v
}

// jsonProblem says where an event stops being JSON.
func jsonProblem(text string) string {
	var any json.RawMessage
	err := json.Unmarshal([]byte(text), &any)
	var at *json.SyntaxError
	if e, ok := err.(*json.SyntaxError); ok {
		at = e
	}
	if at == nil {
		return "It cannot be read as JSON."
	}
	before := text[:min(int(at.Offset), len(text))]
	line := strings.Count(before, "\n") + 1
	column := len(before) - strings.LastIndexByte(before, '\n') - 1
	return "Line " + strconv.Itoa(line) + ", column " + strconv.Itoa(max(column, 1)) + ": " + at.Error() + "."
}
