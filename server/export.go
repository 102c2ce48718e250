package server

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode/utf8"

	"radiograph"
)

// ExportPath answers GET requests of programs on this machine with the documents
// of a tenant (?account=, ?region=), one [ExportedDocument] to a line; ImportPath
// takes them by POST and answers with an [Imported].
const (
	ExportPath = "/export"
	ImportPath = "/import"
)

// importBatch is how many documents are stored at once.
const importBatch = 500

// ExportedDocument is one segment document as it was stored. Those of a trace
// stand in the order they came, in which they are to be put back.
type ExportedDocument struct {
	Door       string               `json:"door"`
	Received   radiograph.Timestamp `json:"received"`
	Trace      string               `json:"stamp_trace,omitempty"` // see radiograph.Stamp
	Invocation string               `json:"stamp_invocation,omitempty"`
	Document   string               `json:"document,omitempty"`
	Bytes      []byte               `json:"document_base64,omitempty"` // of a document that is not UTF-8
}

// Imported is what became of an import.
type Imported struct {
	Documents int      `json:"documents"`
	Rejected  int      `json:"rejected"`
	Reasons   []string `json:"reasons,omitempty"` // of the first ones
}

// maxReasons bounds Imported.Reasons.
const maxReasons = 20

// asked is the tenant a request names.
func (s *Server) asked(r *http.Request) radiograph.Tenant {
	t := s.tenant
	if account := r.URL.Query().Get("account"); account != "" {
		t.Account = radiograph.AccountID(account)
	}
	if region := r.URL.Query().Get("region"); region != "" {
		t.Region = radiograph.Region(region)
	}
	return t
}

// export answers ExportPath. An error on the way cuts the connection, so that no
// part is taken for the whole.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for rec, err := range s.store.Records(r.Context(), s.asked(r)) {
		if err == nil {
			err = lines.Encode(exported(rec))
		}
		if err != nil {
			s.cfg.Log.Warn("export ended early", "err", err)
			panic(http.ErrAbortHandler)
		}
	}
	if err := out.Flush(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func exported(r *radiograph.Record) ExportedDocument {
	d := ExportedDocument{Door: r.Door.String(), Received: r.Received}
	if !r.Stamp.Trace.IsZero() {
		d.Trace = r.Stamp.Trace.String()
	}
	if !r.Stamp.Invocation.IsZero() {
		d.Invocation = r.Stamp.Invocation.String()
	}
	body := r.Root.Body
	if r.Root.Subsegment { // in an array it need not say so itself
		body = append(append([]byte{'['}, body...), ']')
	}
	if utf8.Valid(body) {
		d.Document = string(body)
	} else {
		d.Bytes = body
	}
	return d
}

// imported is the opposite of exported.
func (d *ExportedDocument) imported() (radiograph.Door, radiograph.Document, error) {
	doc := radiograph.Document{Body: []byte(d.Document)}
	if d.Document == "" {
		doc.Body = d.Bytes
	}
	door, err := radiograph.ParseDoor(d.Door)
	if err == nil && d.Trace != "" {
		doc.Stamp.Trace, err = radiograph.ParseTraceID(d.Trace)
	}
	if err == nil && d.Invocation != "" {
		doc.Stamp.Invocation, err = radiograph.ParseSegmentID(d.Invocation)
	}
	return door, doc, err
}

// importDocuments answers ImportPath. What was read before an error is stored; to
// import it again changes nothing.
func (s *Server) importDocuments(w http.ResponseWriter, r *http.Request) {
	t := s.asked(r)
	lines := json.NewDecoder(r.Body)
	var sum Imported
	var batch []radiograph.Document
	var door radiograph.Door
	put := func() error {
		if len(batch) == 0 {
			return nil
		}
		rejected, err := s.sink.Put(r.Context(), t, door, batch)
		if err != nil {
			return err
		}
		sum.Documents += len(batch)
		sum.Rejected += len(rejected)
		for _, rej := range rejected[:min(len(rejected), maxReasons-len(sum.Reasons))] {
			sum.Reasons = append(sum.Reasons, fmt.Sprintf("%s %s", rej.ID, rej.Message))
		}
		batch = nil // the sink keeps the documents
		return nil
	}
	for n := 1; ; n++ {
		var line ExportedDocument
		err := lines.Decode(&line)
		if errors.Is(err, io.EOF) {
			break
		}
		var from radiograph.Door
		var doc radiograph.Document
		if err == nil {
			from, doc, err = line.imported()
		}
		if err != nil {
			writeError(w, radiograph.Errorf(radiograph.KindInvalid, "document %d: %w; those before it were looked at", n, errors.Join(err, put())))
			return
		}
		if len(batch) == importBatch || from != door {
			if err := put(); err != nil {
				writeError(w, err)
				return
			}
			door = from
		}
		batch = append(batch, doc)
	}
	if err := put(); err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, sum)
}
