package awsapi

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"radiograph"
)

// commonExceptions are the names and statuses of kinds that a service does not
// name itself.
var commonExceptions = map[radiograph.Kind]Exception{
	radiograph.KindInternal:     {"InternalFailure", http.StatusInternalServerError},
	radiograph.KindInvalid:      {"InvalidRequestException", http.StatusBadRequest},
	radiograph.KindNotFound:     {"ResourceNotFoundException", http.StatusNotFound},
	radiograph.KindConflict:     {"ConflictException", http.StatusConflict},
	radiograph.KindPrecondition: {"PreconditionFailedException", http.StatusPreconditionFailed},
	radiograph.KindDenied:       {"AccessDeniedException", http.StatusForbidden},
	radiograph.KindThrottled:    {"ThrottledException", http.StatusTooManyRequests},
	radiograph.KindTooLarge:     {"RequestEntityTooLargeException", http.StatusRequestEntityTooLarge},
	radiograph.KindUnavailable:  {"ServiceUnavailable", http.StatusServiceUnavailable},
	// 400 and not 501: SDKs must show it at once, and never try again.
	radiograph.KindUnsupported: {"UnsupportedOperationException", http.StatusBadRequest},
}

// commonStatuses are the statuses of exceptions this package names itself, where
// they differ from their kind's.
var commonStatuses = map[string]int{
	"UnknownOperationException":     http.StatusNotFound,
	"UnsupportedMediaTypeException": http.StatusUnsupportedMediaType,
}

// internalText is all that a caller learns of an internal error.
const internalText = "An internal error occurred; the server's log has it under the request id."

// rendering is how errors go out: of a service, or of one that is not served.
type rendering uint8

const (
	renderJSON  rendering = iota
	renderQuery           // ErrorResponse XML
	renderS3              // Error XML
	renderEC2             // Response XML
	renderCBOR            // Smithy RPC v2
)

// failureForm is the form that errors of one request take.
type failureForm struct {
	service   *Service // nil: none is known
	rendering rendering
	requestID string
	jsonType  string // content type of renderJSON; "" means application/json
}

// exception is the name and status of an error for a service.
func exception(s *Service, e *radiograph.Error) Exception {
	x := commonExceptions[e.Kind]
	if s != nil {
		if own, ok := s.Exceptions[e.Kind]; ok {
			x = own
		}
	}
	if e.Code == "" {
		return x
	}
	x.Name = e.Code
	if status, ok := commonStatuses[e.Code]; ok {
		x.Status = status
	}
	if s != nil {
		if status, ok := s.Statuses[e.Code]; ok {
			x.Status = status
		}
		if e.Code == s.Validation.Name && s.Validation.Status != 0 {
			x.Status = s.Validation.Status
		}
	}
	return x
}

// exception is the name and status of any error.
func (f failureForm) exception(err error) Exception {
	return exception(f.service, known(err))
}

// known is the Error in err's chain; anything else is internal.
func known(err error) *radiograph.Error {
	var e *radiograph.Error
	if !errors.As(err, &e) {
		e = &radiograph.Error{Kind: radiograph.KindInternal}
	}
	return e
}

// answer renders err. internal reports whether the log should have it.
func (f failureForm) answer(err error) (a answer, internal bool) {
	e := known(err)
	x := f.exception(err)
	message := e.Message
	if e.Kind == radiograph.KindInternal {
		message, internal = internalText, true
	}
	a = answer{status: x.Status, header: make(http.Header)}
	var more *Failure
	if !errors.As(err, &more) {
		more = &Failure{}
	}
	maps.Copy(a.header, more.Header)
	switch f.rendering {
	case renderQuery:
		namespace := ""
		if f.service != nil {
			namespace = f.service.Namespace
		}
		a.header.Set("Content-Type", "text/xml")
		a.body = errorXML(namespace, queryCode(x.Name), message, f.requestID, x.Status)
	case renderS3:
		a.header.Set("Content-Type", "application/xml")
		a.body = restXML(queryCode(x.Name), message, f.requestID)
	case renderEC2:
		a.header.Set("Content-Type", "text/xml")
		a.body = ec2XML(queryCode(x.Name), message, f.requestID)
	case renderCBOR:
		a.header.Set("Content-Type", "application/cbor")
		a.header.Set("Smithy-Protocol", "rpc-v2-cbor")
		a.body = errorCBOR(x.Name, message)
	default:
		a.header.Set("Content-Type", "application/json")
		if f.jsonType != "" {
			a.header.Set("Content-Type", f.jsonType)
		}
		a.header.Set("X-Amzn-Errortype", x.Name)
		a.body = f.errorJSON(x, message, more.Members)
	}
	return a, internal
}

// errorJSON writes the name and the text in every spelling that clients read.
func (f failureForm) errorJSON(x Exception, message string, members map[string]string) []byte {
	b := append([]byte(`{"__type":`), radiograph.AppendJSONString(nil, x.Name)...)
	member := func(name, value string) {
		b = append(append(append(b, ','), radiograph.AppendJSONString(nil, name)...), ':')
		b = radiograph.AppendJSONString(b, value)
	}
	if f.service != nil && f.service.TypedErrors && x.Name != f.service.validation().Name {
		member("Type", fault(x.Status, "User", "Server"))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member(name, members[name])
	}
	member("Message", message)
	member("message", message)
	return append(b, '}')
}

// queryCode is how the XML services spell a name: without Exception.
func queryCode(name string) string {
	if short := strings.TrimSuffix(name, "Exception"); short != "" {
		return short
	}
	return name
}

// errorCBOR is a map of two texts.
func errorCBOR(name, message string) []byte {
	text := func(b []byte, s string) []byte {
		switch n := len(s); {
		case n < 24:
			b = append(b, 0x60|byte(n))
		case n < 1<<8:
			b = append(b, 0x78, byte(n))
		default:
			n = min(n, 1<<16-1)
			s = s[:n]
			b = append(b, 0x79, byte(n>>8), byte(n))
		}
		return append(b, s...)
	}
	b := []byte{0xa2}
	b = text(text(b, "__type"), name)
	return text(text(b, "message"), message)
}

func (s *Service) validation() Exception {
	if s.Validation.Name == "" {
		return Exception{"ValidationException", http.StatusBadRequest}
	}
	return s.Validation
}

// malformed is the service's error for input that cannot be read.
func (s *Service) malformed(err error) error {
	var m *malformedError
	if !errors.As(err, &m) {
		return err
	}
	if s.Malformed != nil {
		return s.Malformed(m.Error())
	}
	return &radiograph.Error{Kind: radiograph.KindInvalid, Code: "SerializationException", Message: m.Error()}
}
