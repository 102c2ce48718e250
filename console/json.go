package console

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// maxColoured is the longest JSON text that is cut into coloured parts; longer
// ones are shown plain, since each part is an element for the browser to keep.
const maxColoured = 200 << 10

// token is a part of a JSON text. Class is "k" for a key, "s" for a string, "n"
// for a number or a literal, "" for the rest.
type token struct{ Class, Text string }

// colourJSON indents a JSON text and cuts it into tokens whose texts, joined,
// are the indented text. What is not JSON stays as it is.
func colourJSON(text []byte) []token {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return []token{{Text: string(text)}}
	}
	src := b.Bytes()
	if len(src) > maxColoured {
		return []token{{Text: string(src)}}
	}
	var out []token
	plain := 0
	add := func(class string, from, to int) {
		if plain < from {
			out = append(out, token{Text: string(src[plain:from])})
		}
		out = append(out, token{Class: class, Text: string(src[from:to])})
		plain = to
	}
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '"':
			end := i + 1
			for src[end] != '"' { // json.Indent has checked that it is there
				if src[end] == '\\' {
					end++
				}
				end++
			}
			end++
			class := "s"
			if end < len(src) && src[end] == ':' {
				class = "k"
			}
			add(class, i, end)
			i = end
		case c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z':
			end := i + 1
			for end < len(src) && !bytes.ContainsRune([]byte(",\n]} "), rune(src[end])) {
				end++
			}
			add("n", i, end)
			i = end
		default:
			i++
		}
	}
	if plain < len(src) {
		out = append(out, token{Text: string(src[plain:])})
	}
	return out
}

// field is one name and value of a list.
type field struct {
	Name, Value string
}

// flatten lists the members of a JSON object in their order, nested ones by
// dotted names: {"a":{"b":1}} is a.b = 1. It stops at a bound of fields.
func flatten(text []byte) []field {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var out []field
	var walk func(prefix string) bool
	walk = func(prefix string) bool {
		t, err := dec.Token()
		if err != nil || len(out) > maxFields {
			return false
		}
		switch t := t.(type) {
		case json.Delim:
			if t == '{' {
				for dec.More() {
					key, err := dec.Token()
					if err != nil {
						return false
					}
					name, _ := key.(string)
					if prefix != "" {
						name = prefix + "." + name
					}
					if !walk(name) {
						return false
					}
				}
			} else {
				for i := 0; dec.More(); i++ {
					if !walk(prefix + "[" + strconv.Itoa(i) + "]") {
						return false
					}
				}
			}
			_, err := dec.Token()
			return err == nil
		case string:
			out = append(out, field{prefix, t})
		case json.Number:
			out = append(out, field{prefix, t.String()})
		case bool:
			out = append(out, field{prefix, strconv.FormatBool(t)})
		default:
			out = append(out, field{prefix, "null"})
		}
		return true
	}
	walk("")
	return out
}

// maxFields bounds a flattened list.
const maxFields = 500
