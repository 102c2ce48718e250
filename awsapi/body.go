package awsapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"radiograph"
)

// firstBuffer bounds the memory that a Content-Length alone gets.
const firstBuffer = 1 << 20

// maxDrain is how much of a body that is too large is read and thrown away.
const maxDrain = 64 << 20

// bodies are buffers for requests whose input keeps nothing of the body itself.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled keeps a rare large body from being held for ever.
const maxPooled = 1 << 20

func releaseBody(buf *bytes.Buffer) {
	if buf.Cap() <= maxPooled {
		buf.Reset()
		bodies.Put(buf)
	}
}

// readBody reads a request's body into buf, decompressed, up to limit bytes. The
// bytes are buf's.
func readBody(r *http.Request, buf *bytes.Buffer, limit int64, operation string) ([]byte, error) {
	tooLarge := func() error {
		// A client that is still sending would see a broken connection instead of
		// the answer. One that waits for 100 Continue has not begun.
		if r.Header.Get("Expect") == "" {
			_, _ = io.CopyN(io.Discard, r.Body, maxDrain)
		}
		return radiograph.Errorf(radiograph.KindTooLarge, "Request must be smaller than %d bytes for the %s operation", limit, operation)
	}
	if r.ContentLength > limit {
		return nil, tooLarge()
	}
	var body io.Reader = r.Body
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	switch encoding {
	case "", "identity":
	case "gzip":
		zr, err := gzip.NewReader(body)
		if err != nil {
			return nil, unreadable("the body is not gzip, though Content-Encoding says so", err)
		}
		body = zr
	default:
		return nil, &radiograph.Error{Kind: radiograph.KindInvalid, Code: "UnsupportedMediaTypeException", Message: fmt.Sprintf("Content-Encoding %.40q is not supported.", encoding)}
	}
	if n := r.ContentLength; n > 0 {
		buf.Grow(int(min(n, firstBuffer)) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(body, limit+1))
	switch {
	case n > limit:
		return nil, tooLarge()
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), encoding == "gzip" && err != nil:
		return nil, unreadable("the body is not gzip, though Content-Encoding says so", err)
	case err != nil:
		return nil, unreadable("the body ended before its length", err)
	}
	return buf.Bytes(), nil
}

func unreadable(what string, err error) error {
	return &radiograph.Error{Kind: radiograph.KindInvalid, Code: "InvalidRequestException", Message: "Could not read the request: " + what, Err: err}
}

// minCompressed is the size below which compressing an answer costs more than it
// saves.
const minCompressed = 1 << 10

var gzipWriters = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err)
	}
	return w
}}

// write sends an answer, compressed if the client asked for it and it is worth
// it.
func (a answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	body := a.body
	if len(body) >= minCompressed && acceptsGzip(r.Header) {
		var buf bytes.Buffer
		zw := gzipWriters.Get().(*gzip.Writer)
		zw.Reset(&buf)
		_, _ = zw.Write(body) // a bytes.Buffer takes every write
		_ = zw.Close()
		gzipWriters.Put(zw)
		body = buf.Bytes()
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
	}
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", fmt.Sprint(len(body)))
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

// acceptsGzip reads Accept-Encoding: gzip named, and not refused by q=0.
func acceptsGzip(h http.Header) bool {
	for _, line := range h.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(part, ";")
			if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				continue
			}
			q := strings.ReplaceAll(strings.ToLower(params), " ", "")
			return strings.Trim(strings.TrimPrefix(q, "q="), "0.") != "" || q == ""
		}
	}
	return false
}
