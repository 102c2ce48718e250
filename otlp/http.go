package otlp

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"radiograph"
)

// Path is where traces are posted (OTLP specification, OTLP/HTTP request).
const Path = "/v1/traces"

// otherSignals are OTLP's other paths.
var otherSignals = map[string]string{
	"/v1/metrics":             "metrics",
	"/v1/logs":                "logs",
	"/v1development/profiles": "profiles",
}

// IsPath reports whether a path is OTLP's, of whatever signal.
func IsPath(path string) bool { return path == Path || otherSignals[path] != "" }

// The media types of OTLP over HTTP.
const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

// retrySeconds is when a client may come again after a failure of the store.
const retrySeconds = 1

// What clients are told that may come again.
const (
	tooMany   = "more spans come than the account may send"
	notStored = "the spans could not be stored; send them again"
)

// statusCode is google.rpc.Code.
type statusCode int

const (
	codeOK                statusCode = 0
	codeCanceled          statusCode = 1
	codeInvalidArgument   statusCode = 3
	codeDeadlineExceeded  statusCode = 4
	codeResourceExhausted statusCode = 8
	codeUnimplemented     statusCode = 12
	codeInternal          statusCode = 13
	codeUnavailable       statusCode = 14
)

// HTTP is OTLP over HTTP for one tenant. Spans are durable when it answers 200.
func (r *Receiver) HTTP(t radiograph.Tenant) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.serveHTTP(w, req, t) })
}

func (r *Receiver) serveHTTP(w http.ResponseWriter, req *http.Request, t radiograph.Tenant) {
	media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	a := answer{w: w, json: media != protobufType}
	if signal := otherSignals[req.URL.Path]; signal != "" {
		a.fail(http.StatusNotFound, codeUnimplemented, "radiograph takes traces only, no "+signal)
		return
	}
	switch {
	case req.URL.Path != Path:
		a.fail(http.StatusNotFound, codeUnimplemented, "OTLP's traces are taken at "+Path)
		return
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		a.fail(http.StatusMethodNotAllowed, codeUnimplemented, "spans are sent with POST")
		return
	case media != protobufType && media != jsonType:
		a.fail(http.StatusUnsupportedMediaType, codeInvalidArgument, "the Content-Type is neither "+protobufType+" nor "+jsonType)
		return
	}
	body, status, err := readBody(w, req)
	if err != nil {
		a.fail(status, codeInvalidArgument, err.Error())
		return
	}
	decode := decodeProtobuf
	if a.json {
		decode = decodeJSON
	}
	request, err := decode(body)
	if err != nil {
		a.fail(http.StatusBadRequest, codeInvalidArgument, err.Error())
		return
	}
	o, err := r.put(req.Context(), t, request)
	if err != nil {
		w.Header().Set("Retry-After", strconv.Itoa(retrySeconds))
		if radiograph.ErrorKind(err) == radiograph.KindThrottled {
			a.fail(http.StatusTooManyRequests, codeResourceExhausted, tooMany)
			return
		}
		if req.Context().Err() == nil {
			r.cfg.Log.Error("spans were not stored", "op", "export", "err", err)
		}
		a.fail(http.StatusServiceUnavailable, codeUnavailable, notStored)
		return
	}
	a.accepted(o)
}

var errTooLarge = fmt.Errorf("the request is larger than %d bytes", maxBody)

// readBody is the decompressed body, or an error and its status.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, int, error) {
	body := io.Reader(http.MaxBytesReader(w, r.Body, maxBody))
	switch encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, http.StatusBadRequest, errors.New("the body is not gzip, though Content-Encoding says so")
		}
		body = z
	default:
		return nil, http.StatusUnsupportedMediaType, fmt.Errorf("Content-Encoding %.40q is not gzip", encoding)
	}
	b, err := readAll(body, r.ContentLength)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over), errors.Is(err, errTooLarge):
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	case err != nil:
		return nil, http.StatusBadRequest, fmt.Errorf("the body could not be read: %w", err)
	}
	return b, 0, nil
}

// firstBuffer bounds the memory that a stated length alone gets.
const firstBuffer = 1 << 20

// readAll reads up to maxBody bytes.
func readAll(body io.Reader, stated int64) ([]byte, error) {
	b := make([]byte, 0, min(max(stated, 512), firstBuffer)+1)
	for {
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case len(b) > maxBody:
			return nil, errTooLarge
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return nil, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

// answer writes in the request's encoding.
type answer struct {
	w    http.ResponseWriter
	json bool
}

// accepted is an ExportTraceServiceResponse.
func (a answer) accepted(o outcome) {
	switch {
	case !a.json:
		a.write(http.StatusOK, appendResponse(nil, o.rejected, o.text()))
	case o.rejected == 0:
		a.write(http.StatusOK, []byte("{}"))
	default:
		type partial struct {
			Rejected int    `json:"rejectedSpans,string"`
			Message  string `json:"errorMessage"`
		}
		b, _ := json.Marshal(map[string]partial{"partialSuccess": {o.rejected, o.text()}}) // always marshals
		a.write(http.StatusOK, b)
	}
}

// fail is a google.rpc.Status.
func (a answer) fail(status int, code statusCode, message string) {
	message = strings.ToValidUTF8(message, "\uFFFD")
	if !a.json {
		a.write(status, appendStatus(nil, code, message, false))
		return
	}
	b, _ := json.Marshal(struct {
		Code    statusCode `json:"code"`
		Message string     `json:"message"`
	}{code, message}) // always marshals
	a.write(status, b)
}

func (a answer) write(status int, body []byte) {
	media := protobufType
	if a.json {
		media = jsonType
	}
	a.w.Header().Set("Content-Type", media)
	a.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	a.w.WriteHeader(status)
	_, _ = a.w.Write(body) // the client may be gone
}
