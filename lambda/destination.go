package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"radiograph"
)

// invokeFunction is what a role must allow for a destination that is a function.
const invokeFunction = "lambda:InvokeFunction"

// condition is why an event is over, as its record tells it.
type condition string

const (
	eventSucceeded   condition = "Success"
	retriesExhausted condition = "RetriesExhausted"
	eventAgeExceeded condition = "EventAgeExceeded"
	zeroConcurrency  condition = "ZeroReservedConcurrency"
)

// destinationRecord is what a destination gets (Lambda developer guide,
// "Capturing records of asynchronous invocations").
type destinationRecord struct {
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	RequestContext  recordRequest    `json:"requestContext"`
	RequestPayload  json.RawMessage  `json:"requestPayload"`
	ResponseContext *recordResponse  `json:"responseContext,omitempty"`
	ResponsePayload *json.RawMessage `json:"responsePayload,omitempty"`
}

type recordRequest struct {
	RequestID              string    `json:"requestId"`
	FunctionARN            string    `json:"functionArn"`
	Condition              condition `json:"condition"`
	ApproximateInvokeCount int       `json:"approximateInvokeCount"`
}

type recordResponse struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion"`
	FunctionError   string `json:"functionError,omitempty"`
}

// record tells of an event's end; x is its last execution, nil when that is long
// past.
func (s *Service) record(q *queuedEvent, why condition, x *execution) ([]byte, error) {
	r := destinationRecord{
		Version: "1.0", Timestamp: s.now().UTC().Format("2006-01-02T15:04:05.000Z"), RequestPayload: q.Payload,
		RequestContext: recordRequest{
			RequestID: q.RequestID, FunctionARN: invokedARN(q.Tenant, q.Function, eventInvokeQualifier(q.Qualifier)),
			Condition: why, ApproximateInvokeCount: q.Failures,
		},
	}
	if why == eventSucceeded {
		r.RequestContext.ApproximateInvokeCount++
	}
	if x != nil && x.outcome.err == nil {
		r.ResponseContext = &recordResponse{StatusCode: x.status(), ExecutedVersion: x.fn.Version}
		if x.outcome.functionError {
			r.ResponseContext.FunctionError = unhandled
		}
		payload := json.RawMessage(x.outcome.payload)
		if !json.Valid(payload) {
			text, err := json.Marshal(string(payload))
			if err != nil {
				return nil, fmt.Errorf("spell the answer of request %s: %w", q.RequestID, err)
			}
			payload = text
		}
		r.ResponsePayload = &payload
	}
	return json.Marshal(r)
}

// splitFunctionARN reads the ARN of a function, a version or an alias.
func splitFunctionARN(arn string) (t radiograph.Tenant, name, qualifier string, ok bool) {
	parts := strings.Split(arn, ":")
	if len(parts) < 7 || len(parts) > 8 || parts[0] != "arn" || parts[2] != "lambda" || parts[5] != "function" || parts[6] == "" {
		return t, "", "", false
	}
	if len(parts) == 8 {
		qualifier = parts[7]
	}
	return radiograph.Tenant{Account: radiograph.AccountID(parts[4]), Region: radiograph.Region(parts[3])}, parts[6], qualifier, true
}

// checkDestination refuses what events of f cannot be told to.
func (s *Service) checkDestination(ctx context.Context, f *radiograph.Function, arn string) error {
	if arn == "" {
		return nil
	}
	t, name, qualifier, ok := splitFunctionARN(arn)
	if !ok {
		if parts := strings.SplitN(arn, ":", 4); len(parts) == 4 && parts[0] == "arn" && parts[2] != "lambda" {
			return invalidParameter("radiograph does not serve destinations in %s yet; a function can be one.", parts[2])
		}
		return invalidParameter("The destination ARN %s is invalid.", cut(arn, maxErrorText))
	}
	if t == f.Tenant && name == f.Name {
		return invalidParameter("You can't specify the function as a destination for itself.")
	}
	if err := s.checkQualifier(t, name, qualifier); err != nil {
		return invalidParameter("The destination ARN %s is invalid.", cut(arn, maxErrorText))
	}
	allowed, err := s.cfg.Roles.Allowed(ctx, f.Role, invokeFunction, arn)
	if err != nil {
		return err
	}
	if !allowed {
		return invalidParameter("The function's execution role does not have permissions to call InvokeFunction on %s", arn)
	}
	return nil
}

// tell sends the record of an event's end to the destination that wants it: as
// an event in the same trace, below the segment of the one that ended. What
// cannot be told stands in the decision. It is called inside the gate.
func (s *Service) tell(ctx context.Context, q *queuedEvent, rules *EventInvokeConfig, role string, why condition, x *execution, d *radiograph.Decision) {
	arn := rules.destination(why == eventSucceeded)
	if arn == "" {
		return
	}
	drop := func(format string, args ...any) {
		text := oneLine(fmt.Sprintf("The destination "+arn+" was not told: "+format, args...))
		d.Dropped = append(d.Dropped, text)
		s.log.Warn("a destination was not told", "function", q.Function, "request_id", q.RequestID, "destination", arn, "err", text)
	}
	allowed, err := s.cfg.Roles.Allowed(ctx, role, invokeFunction, arn)
	if err != nil {
		drop("%v", err)
		return
	}
	if !allowed {
		drop("the role %s does not allow %s.", role, invokeFunction)
		return
	}
	payload, err := s.record(q, why, x)
	if err != nil {
		drop("%v", err)
		return
	}
	t, name, qualifier, _ := splitFunctionARN(arn) // checked when it was set
	_, err = s.invoke(ctx, &radiograph.InvokeRequest{
		Tenant: t, Function: name, Qualifier: qualifier, Type: radiograph.Event, Payload: payload, TraceHeader: q.Trace.answerHeader(),
	})
	if err != nil {
		drop("%v", err)
	}
}
