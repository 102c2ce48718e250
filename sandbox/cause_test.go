package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseCause(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{
			"whole", `{"working_directory":"/var/task","exceptions":[{"type":"E","message":"m","stack":[{"path":"a.py","line":3,"label":"f"}]}],"paths":["a.py"],"message":"x"}`,
			`{"message":"x","working_directory":"/var/task","exceptions":[{"message":"m","type":"E","stack":[{"path":"a.py","line":3,"label":"f"}]}],"paths":["a.py"]}`,
		},
		{"null line (Node.js)", `{"exceptions":[{"message":"m","stack":[{"path":"file","line":null,"label":null}]}]}`, `{"exceptions":[{"message":"m","stack":[{"path":"file"}]}]}`},
		{"line below zero (Java)", `{"exceptions":[{"stack":[{"line":-2}]}]}`, `{"exceptions":[{"stack":[{"line":-2}]}]}`},
		{"empty stack (Go)", `{"exceptions":[{"type":"E","stack":[]}],"paths":[]}`, `{"exceptions":[{"type":"E"}]}`},
		{
			"members of odd types", `{"message":7,"working_directory":["x"],"exceptions":[{"message":{},"type":"E","stack":"none"},"odd",null],"paths":["a",1,null,"b"]}`,
			`{"exceptions":[{"type":"E"},{}],"paths":["a","b"]}`,
		},
		{"unknown members", `{"paths":["a"],"other":1}`, `{"paths":["a"]}`},
		{"only a message", `{"message":"m"}`, `{"message":"m"}`},
		{"nothing in it", `{}`, ""},
		{"only empty things", `{"message":"","exceptions":[],"paths":[],"working_directory":""}`, ""},
		{"null", `null`, ""},
		{"a list", `[1]`, ""},
		{"text", `"x"`, ""},
		{"not JSON", `{`, ""},
		{"absent", ``, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(parseCause([]byte(c.in))); got != c.want {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestCauseIsCut(t *testing.T) {
	exceptions := func(n, size int) []causeException {
		l := make([]causeException, n)
		for i := range l {
			l[i].Message = strings.Repeat("m", size)
		}
		return l
	}
	for _, c := range []struct {
		name       string
		cause      cause
		exceptions int
	}{
		{"fits", cause{Exceptions: exceptions(10, 6000)}, 10},
		{"four fifths", cause{Exceptions: exceptions(10, 8000)}, 8},
		{"one fifth", cause{Exceptions: exceptions(10, 30000)}, 2},
		{"none", cause{Exceptions: exceptions(1, maxCause), WorkingDirectory: "/var/task"}, 0},
		{"long strings", cause{Message: strings.Repeat("ä", maxCause), WorkingDirectory: strings.Repeat("\x01", maxCause)}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.cause.cut()
			var got cause
			if err := json.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			if len(b) > maxCause || len(got.Exceptions) != c.exceptions || !utf8.ValidString(got.Message) || strings.Contains(got.Message, "\ufffd") {
				t.Errorf("%d bytes, %d exceptions", len(b), len(got.Exceptions))
			}
			if (c.cause.Message == "") != (got.Message == "") || (c.cause.WorkingDirectory == "") != (got.WorkingDirectory == "") {
				t.Errorf("got %.40q, %.40q", got.Message, got.WorkingDirectory)
			}
		})
	}
}

func TestErrorType(t *testing.T) {
	for in, want := range map[string]string{
		"Runtime.ImportModuleError": "Runtime.ImportModuleError", "Function.Oops": "Function.Oops",
		"Runtime.": "Runtime.Unknown", "Runtime.lower": "Runtime.Unknown", "Runtime.With Blank": "Runtime.Unknown",
		"": "Function.Unknown", "ValueError": "Function.Unknown", "Function.x": "Function.Unknown", "XRuntime.A": "Function.Unknown",
	} {
		if got := errorType(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func FuzzParseCause(f *testing.F) {
	f.Add([]byte(`{"working_directory":"/var/task","exceptions":[{"type":"E","message":"m","stack":[{"path":"a.py","line":3,"label":"f"}]}],"paths":["a.py"]}`))
	f.Add([]byte(`{"exceptions":[{"stack":[{"line":null}]}]}`))
	f.Add([]byte(`{"message":7,"paths":[null]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		got := parseCause(in)
		if len(got) > maxCause {
			t.Errorf("%d bytes", len(got))
		}
		if got != nil {
			if !json.Valid(got) {
				t.Fatalf("%q is not JSON", got)
			}
			if again := parseCause(got); string(again) != string(got) {
				t.Errorf("read again:\n%s\nbefore\n%s", again, got)
			}
		}
	})
}
