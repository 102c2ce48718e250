package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"radiograph"
)

// The one method that is served, and where the other signals' are.
const (
	exportMethod   = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
	servicesPrefix = "/opentelemetry.proto.collector."
)

// GRPC is OTLP over gRPC for one tenant: unary calls over HTTP/2, whose listener
// must accept it in cleartext. Spans are durable when it answers OK.
func (r *Receiver) GRPC(t radiograph.Tenant) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if media := req.Header.Get("Content-Type"); req.ProtoMajor < 2 || req.Method != http.MethodPost || !isGRPC(media) {
			// What comes before the protocol is answered by HTTP alone.
			http.Error(w, "this port takes OTLP over gRPC; OTLP over HTTP has one of its own", http.StatusUnsupportedMediaType)
			return
		}
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Accept-Encoding", "identity,gzip")
		o, err := r.export(req, t)
		if err != nil {
			var s *grpcError
			if !errors.As(err, &s) {
				s = grpcErrorf(codeInternal, "internal error")
			}
			s.write(w.Header())
			return
		}
		response := appendResponse(make([]byte, 5), o.rejected, o.text())
		binary.BigEndian.PutUint32(response[1:], uint32(len(response)-5))
		_, _ = w.Write(response) // the client may be gone
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", strconv.Itoa(int(codeOK)))
	})
}

// isGRPC accepts application/grpc with or without the name of a codec, which must
// then be protobuf's.
func isGRPC(media string) bool {
	media, _, _ = strings.Cut(media, ";")
	media = strings.TrimSpace(strings.ToLower(media))
	return media == "application/grpc" || media == "application/grpc+proto"
}

// export runs one call.
func (r *Receiver) export(req *http.Request, t radiograph.Tenant) (outcome, error) {
	if path := req.URL.Path; path != exportMethod {
		if rest, ok := strings.CutPrefix(path, servicesPrefix); ok && !strings.HasPrefix(rest, "trace.") {
			return outcome{}, grpcErrorf(codeUnimplemented, "radiograph takes traces only, not %s", rest)
		}
		return outcome{}, grpcErrorf(codeUnimplemented, "unknown method %s", path)
	}
	ctx := req.Context()
	if text := req.Header.Get("Grpc-Timeout"); text != "" {
		timeout, ok := parseTimeout(text)
		if !ok {
			return outcome{}, grpcErrorf(codeInternal, "malformed grpc-timeout %.20q", text)
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	message, err := readMessage(req.Body, req.Header.Get("Grpc-Encoding"))
	if err != nil {
		return outcome{}, err
	}
	request, err := decodeProtobuf(message)
	if err != nil {
		return outcome{}, grpcErrorf(codeInvalidArgument, "%v", err)
	}
	o, err := r.put(ctx, t, request)
	switch {
	case err == nil:
		return o, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return o, grpcErrorf(codeDeadlineExceeded, "the deadline passed before the spans were stored")
	case ctx.Err() != nil:
		return o, grpcErrorf(codeCanceled, "the call was canceled")
	case radiograph.ErrorKind(err) == radiograph.KindThrottled:
		return o, &grpcError{codeResourceExhausted, tooMany, true}
	}
	r.cfg.Log.Error("spans were not stored", "op", "export", "err", err)
	return o, &grpcError{codeUnavailable, notStored, true}
}

// readMessage reads the one message of a unary call: a byte that says whether it
// is compressed, four of length, and the message.
func readMessage(body io.Reader, encoding string) ([]byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(body, head[:]); err != nil {
		return nil, grpcErrorf(codeInternal, "the call has no whole message")
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > maxBody {
		return nil, grpcErrorf(codeResourceExhausted, "%v", errTooLarge)
	}
	message, err := readAll(io.LimitReader(body, int64(size)), int64(size))
	if err != nil || len(message) != int(size) {
		return nil, grpcErrorf(codeInternal, "the message ends before its length")
	}
	if n, _ := io.ReadFull(body, head[:1]); n != 0 {
		return nil, grpcErrorf(codeInternal, "the call has more than one message")
	}
	switch {
	case head[0] == 0:
		return message, nil
	case head[0] != 1:
		return nil, grpcErrorf(codeInternal, "the message begins with %d, not with 0 or 1", head[0])
	case !strings.EqualFold(encoding, "gzip"):
		return nil, grpcErrorf(codeUnimplemented, "grpc-encoding %.40q is not gzip", encoding)
	}
	z, err := gzip.NewReader(bytes.NewReader(message))
	if err == nil {
		message, err = readAll(z, 0)
	}
	switch {
	case errors.Is(err, errTooLarge):
		return nil, grpcErrorf(codeResourceExhausted, "%v", errTooLarge)
	case err != nil:
		return nil, grpcErrorf(codeInternal, "the message is not gzip, though its first byte says so")
	}
	return message, nil
}

// parseTimeout reads up to eight digits and a unit.
func parseTimeout(s string) (time.Duration, bool) {
	if len(s) < 2 || len(s) > 9 {
		return 0, false
	}
	unit := map[byte]time.Duration{
		'H': time.Hour, 'M': time.Minute, 'S': time.Second,
		'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
	}[s[len(s)-1]]
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
	if err != nil || unit == 0 {
		return 0, false
	}
	if n > uint64(maxTimeout/unit) {
		return maxTimeout, true
	}
	return time.Duration(n) * unit, true
}

// maxTimeout is the longest a call may be told to take; a longer one would not
// fit a Duration.
const maxTimeout = 24 * time.Hour

// grpcError is a failed call.
type grpcError struct {
	code    statusCode
	message string
	retry   bool // the client may come again
}

func grpcErrorf(code statusCode, format string, args ...any) *grpcError {
	return &grpcError{code: code, message: fmt.Sprintf(format, args...)}
}

// Error is the message.
func (e *grpcError) Error() string { return e.message }

// write makes an answer of headers alone, which a call without a message may
// have.
func (e *grpcError) write(h http.Header) {
	h.Set("Grpc-Status", strconv.Itoa(int(e.code)))
	h.Set("Grpc-Message", percentEncode(e.message))
	if e.retry {
		details := appendStatus(nil, e.code, strings.ToValidUTF8(e.message, "\uFFFD"), true)
		h.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(details))
	}
}

// percentEncode spells a message as grpc-message carries it.
func percentEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c <= '~' && c != '%' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
