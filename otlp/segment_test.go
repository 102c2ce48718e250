package otlp

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph/trace"
)

var update = flag.Bool("update", false, "write the answers of testdata anew")

// TestDocuments runs the tables of testdata. A case is a few lines, "----", and
// the documents that come of it, a member a line:
//
//	annotate name...               the configured list; "all" for every attribute
//	resource key=value...
//	span KIND name [parent] [remote|local] [open] [error[=message]]
//	key=value                      an attribute of the span; JSON, else a string
//	event name [key=value...]
//	link trace span [key=value...]
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no tables", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for i, c := range strings.Split(string(b), "\n\n") {
				if i > 0 {
					got.WriteString("\n\n")
				}
				script, _, _ := strings.Cut(strings.TrimRight(c, "\n"), "\n----")
				got.WriteString(script + "\n----" + runCase(t, script))
			}
			got.WriteString("\n")
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(b), got.String()); diff != "" {
				t.Errorf("-want +got, -update to accept:\n%s", diff)
			}
		})
	}
}

// runCase is the documents of a script, each of which must be one that the
// store's decoder takes.
func runCase(t *testing.T, script string) string {
	t.Helper()
	var cfg Config
	var resource attributes
	s := &span{
		traceID: bytes.Repeat([]byte{0x5b}, 16), spanID: []byte("\x0a\x0a\x0a\x0a\x0a\x0a\x0a\x0a"),
		start: 1700000000_123456789, end: 1700000001_000000001,
	}
	for line := range strings.SplitSeq(script, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		switch fields := splitFields(rest); word {
		case "annotate":
			cfg.Annotations, cfg.AnnotateAll = fields, rest == "all"
		case "resource":
			resource = append(resource, keyValues(t, fields)...)
		case "span":
			s.kind = map[string]spanKind{"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}[fields[0]]
			s.name = fields[1]
			for _, f := range fields[2:] {
				switch key, text, _ := strings.Cut(f, "="); key {
				case "parent":
					s.parentID = []byte("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b")
				case "remote":
					s.flags |= flagKnowsRemote | flagIsRemote
				case "local":
					s.flags |= flagKnowsRemote
				case "open":
					s.end = 0
				case "error":
					s.status, s.message = statusError, valueOf(t, text).text
				default:
					t.Fatalf("span %s", f)
				}
			}
		case "event":
			s.events = append(s.events, event{fields[0], 1700000000_500000000, keyValues(t, fields[1:])})
		case "link":
			traceID, err := hex.DecodeString(fields[0])
			spanID, err2 := hex.DecodeString(fields[1])
			if err != nil || err2 != nil {
				t.Fatal(line)
			}
			s.links = append(s.links, link{traceID, spanID, keyValues(t, fields[2:])})
		default:
			s.attributes = append(s.attributes, keyValues(t, []string{line})...)
		}
	}
	docs, err := (&mapper{cfg: &cfg}).documents(newResource(resource), s)
	if err != nil {
		t.Fatalf("%s\n%v", script, err)
	}
	var out strings.Builder
	for _, d := range docs {
		if _, err := trace.Decode(d); err != nil {
			t.Errorf("%s\n%s\n%v", script, d, err)
		}
		out.WriteString(members(t, d))
	}
	return out.String()
}

// splitFields splits at blanks outside quotes, and takes quotes off whole fields.
func splitFields(s string) (out []string) {
	quoted, escaped := false, false
	for f := range strings.FieldsFuncSeq(s, func(c rune) bool {
		quoted = quoted != (c == '"' && !escaped)
		escaped = c == '\\' && !escaped
		return c == ' ' && !quoted
	}) {
		if text, err := strconv.Unquote(f); err == nil {
			f = text
		}
		out = append(out, f)
	}
	return out
}

func keyValues(t *testing.T, fields []string) (list attributes) {
	t.Helper()
	for _, f := range fields {
		key, text, ok := strings.Cut(f, "=")
		if !ok {
			t.Fatalf("%q has no value", f)
		}
		list = append(list, attribute{key, valueOf(t, text)})
	}
	return list
}

// valueOf reads a value as JSON, or takes it as a string.
func valueOf(t *testing.T, text string) value {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil || dec.More() {
		return value{kind: stringValue, text: text}
	}
	switch x := x.(type) {
	case string:
		return value{kind: stringValue, text: x}
	case bool:
		v := value{kind: boolValue}
		if x {
			v.number = 1
		}
		return v
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return value{kind: intValue, number: uint64(n)}
		}
		f, _ := x.Float64()
		return doubleOf(f)
	case []any:
		v := value{kind: listValue, nested: &nested{}}
		for _, item := range x {
			b, _ := json.Marshal(item)
			v.list = append(v.list, valueOf(t, string(b)))
		}
		return v
	}
	return value{kind: stringValue, text: text} // an object: metadata as JSON
}

// members writes a document with one member a line.
func members(t *testing.T, doc []byte) string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(doc))
	out := "\n{"
	if _, err := dec.Token(); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	for dec.More() {
		key, err := dec.Token()
		var raw json.RawMessage
		if err == nil {
			err = dec.Decode(&raw)
		}
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		out += fmt.Sprintf("\n  %s: %s", key, raw)
	}
	return out + "\n}"
}
