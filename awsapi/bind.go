package awsapi

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
)

// bindRest fills a rest-json input from a request's labels, parameters, headers
// and body.
func bindRest(s *Shape, v reflect.Value, labels map[string]string, query url.Values, header http.Header, body []byte) error {
	for _, m := range s.Members {
		var texts []string
		switch m.Location {
		case InPath:
			if text, ok := labels[m.WireName]; ok {
				texts = []string{text}
			}
		case InQuery:
			texts = query[m.WireName]
		case InHeader:
			texts = header.Values(m.WireName)
		case InPayload:
			v.Field(m.index).SetBytes(body)
		}
		if len(texts) == 0 {
			continue
		}
		if what := setTexts(m.Shape, v.Field(m.index), texts); what != "" {
			return &malformedError{Path: m.WireName, Offset: -1, What: what}
		}
	}
	if s.payload != nil || !s.body {
		// Without body members what a client sends as a body says nothing.
		return nil
	}
	return decodeJSON(body, s, v)
}

// setTexts sets a scalar from the first text, or a list from all.
func setTexts(s *Shape, v reflect.Value, texts []string) string {
	if s.pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if s.Type != List {
		return setScalar(s, v, texts[0])
	}
	list := reflect.MakeSlice(v.Type(), len(texts), len(texts))
	for i, text := range texts {
		if what := setScalar(s.Elem, list.Index(i), text); what != "" {
			return what
		}
	}
	v.Set(list)
	return ""
}

// answer is a response before it is written.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// restAnswer makes a rest-json success from an output, which is nil when the
// operation has no output members.
func restAnswer(op *Operation, out any) answer {
	a := answer{status: op.Status, header: http.Header{"Content-Type": {"application/json"}}}
	if op.Output == nil {
		if a.status != http.StatusNoContent {
			a.body = []byte("{}")
		}
		return a.withoutBody()
	}
	v := reflect.ValueOf(out).Elem()
	for _, m := range op.Output.Members {
		f := v.Field(m.index)
		if m.Shape.pointer {
			if f.IsNil() {
				continue
			}
			f = f.Elem()
		}
		switch m.Location {
		case InHeader:
			if text := scalarText(m.Shape, f); text != "" {
				a.header.Set(m.WireName, text)
			}
		case InStatus:
			if code := int(f.Int()); code != 0 {
				a.status = code
			}
		}
	}
	if p := op.Output.payload; p != nil {
		a.body = v.Field(p.index).Bytes()
	} else {
		a.body = appendJSON(make([]byte, 0, 512), op.Output, v)
	}
	return a.withoutBody()
}

// withoutBody drops what a 204 may not have.
func (a answer) withoutBody() answer {
	if a.status == http.StatusNoContent {
		a.body = nil
		a.header.Del("Content-Type")
	}
	return a
}

// scalarText is the header form of a scalar.
func scalarText(s *Shape, v reflect.Value) string {
	switch s.Type {
	case String:
		if s.text {
			return string(v.Bytes())
		}
		return v.String()
	case Blob:
		return base64.StdEncoding.EncodeToString(v.Bytes())
	case Boolean:
		return strconv.FormatBool(v.Bool())
	case Integer:
		return strconv.FormatInt(v.Int(), 10)
	case Time:
		return getTime(v).Time().Format(http.TimeFormat)
	}
	return fmt.Sprint(v.Interface())
}
