package sandbox

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxCause is the size above which a cause is cut (Runtime API: 64 KiB).
const maxCause = 64 << 10

// cause is the X-Ray cause of an error, as a runtime sends it.
type cause struct {
	Message          string           `json:"message,omitempty"`
	WorkingDirectory string           `json:"working_directory,omitempty"`
	Exceptions       []causeException `json:"exceptions,omitempty"`
	Paths            []string         `json:"paths,omitempty"`
}

type causeException struct {
	Message string       `json:"message,omitempty"`
	Type    string       `json:"type,omitempty"`
	Stack   []causeFrame `json:"stack,omitempty"`
}

type causeFrame struct {
	Path  string `json:"path,omitempty"`
	Line  *int   `json:"line,omitempty"`
	Label string `json:"label,omitempty"`
}

// parseCause reads a cause leniently: what is null or of a wrong type counts as
// absent. It returns at most maxCause bytes of JSON, or nil when nothing of use
// is there.
func parseCause(b []byte) []byte {
	var raw struct {
		Message          json.RawMessage `json:"message"`
		WorkingDirectory json.RawMessage `json:"working_directory"`
		Exceptions       json.RawMessage `json:"exceptions"`
		Paths            json.RawMessage `json:"paths"`
	}
	if len(b) == 0 || json.Unmarshal(b, &raw) != nil {
		return nil
	}
	c := cause{Message: text(raw.Message), WorkingDirectory: text(raw.WorkingDirectory)}
	for _, e := range list(raw.Exceptions) {
		var x struct{ Message, Type, Stack json.RawMessage }
		if json.Unmarshal(e, &x) != nil {
			continue
		}
		ex := causeException{Message: text(x.Message), Type: text(x.Type)}
		for _, f := range list(x.Stack) {
			var y struct{ Path, Line, Label json.RawMessage }
			if json.Unmarshal(f, &y) != nil {
				continue
			}
			frame := causeFrame{Path: text(y.Path), Label: text(y.Label)}
			var line *int
			if json.Unmarshal(y.Line, &line) == nil {
				frame.Line = line
			}
			ex.Stack = append(ex.Stack, frame)
		}
		c.Exceptions = append(c.Exceptions, ex)
	}
	for _, p := range list(raw.Paths) {
		if s := text(p); s != "" {
			c.Paths = append(c.Paths, s)
		}
	}
	if c.Message == "" && c.WorkingDirectory == "" && len(c.Exceptions) == 0 && len(c.Paths) == 0 {
		return nil
	}
	return c.cut()
}

// cut marshals the cause, with fewer and fewer exceptions and paths until it
// fits: four fifths of them, then three, two, one, none. At last the strings are
// cut.
func (c cause) cut() []byte {
	whole := c
	for fifths := 5; fifths >= 0; fifths-- {
		c.Exceptions = whole.Exceptions[:len(whole.Exceptions)*fifths/5]
		c.Paths = whole.Paths[:len(whole.Paths)*fifths/5]
		if b := c.marshal(); len(b) <= maxCause {
			return b
		}
	}
	// JSON may spell one byte with six.
	const each = maxCause/2/6 - 64
	c.Message, c.WorkingDirectory = prefix(c.Message, each), prefix(c.WorkingDirectory, each)
	return c.marshal()
}

func (c cause) marshal() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return b
}

// prefix is at most n bytes of s, whole characters.
func prefix(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n])
}

func text(b json.RawMessage) string {
	var s string
	if len(b) == 0 || json.Unmarshal(b, &s) != nil {
		return ""
	}
	return s
}

func list(b json.RawMessage) []json.RawMessage {
	var l []json.RawMessage
	if len(b) == 0 || json.Unmarshal(b, &l) != nil {
		return nil
	}
	return l
}
