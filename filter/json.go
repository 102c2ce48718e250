package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"radiograph"
)

// jsonTest wants the root causes of a pattern, each among the trace's causes of
// one kind.
type jsonTest struct {
	kind    causeKind
	negate  bool
	pattern []causePattern
}

// The pattern has the shape of the API's root causes. Members that are present
// must match exactly, lists in length and order; absent ones match anything
// (X-Ray developer guide, "Root cause analytics").
type (
	causePattern struct {
		ClientImpacting *bool            `json:",omitzero"`
		Services        []servicePattern `json:",omitzero"`
	}
	servicePattern struct {
		Name       *string         `json:",omitzero"`
		Names      []string        `json:",omitzero"`
		Type       *string         `json:",omitzero"`
		AccountID  *string         `json:"AccountId,omitzero"`
		Inferred   *bool           `json:",omitzero"`
		EntityPath []entityPattern `json:",omitzero"`
	}
	entityPattern struct {
		Name       *string            `json:",omitzero"`
		Remote     *bool              `json:",omitzero"`
		Coverage   *float64           `json:",omitzero"`
		Exceptions []exceptionPattern `json:",omitzero"`
	}
	exceptionPattern struct {
		Name    *string `json:",omitzero"`
		Message *string `json:",omitzero"`
	}
)

// json reads = # and the document behind it: a list of causes, or one.
func (p *parser) json(kind causeKind) (term, *InvalidError) {
	op, at := p.operator()
	if op != Equal && op != NotEqual {
		return nil, invalid(at.offset, "json takes only = and !=")
	}
	if !p.tok.is("#") {
		return nil, p.unexpected(`"#" and a JSON document`)
	}
	start := p.at // the lexer stands behind the #
	t := jsonTest{kind: kind, negate: op == NotEqual}
	d := json.NewDecoder(strings.NewReader(p.text[start:]))
	d.DisallowUnknownFields()
	var err error
	if rest := strings.TrimLeft(p.text[start:], " \t\r\n"); strings.HasPrefix(rest, "{") {
		t.pattern = make([]causePattern, 1)
		err = d.Decode(&t.pattern[0])
	} else {
		err = d.Decode(&t.pattern)
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, invalid(len(p.text), "root cause JSON: unclosed")
	case err != nil:
		return nil, invalid(start+jsonOffset(err, d), "root cause JSON: %s", jsonReason(err))
	}
	if len(t.pattern) == 0 {
		return nil, invalid(start, "root cause JSON names no cause")
	}
	p.at = start + int(d.InputOffset())
	p.advance()
	return t, nil
}

// jsonOffset is where in the document an error is, as far as it tells.
func jsonOffset(err error, d *json.Decoder) int {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return max(0, int(syntax.Offset)-1)
	case errors.As(err, &kind):
		return max(0, int(kind.Offset)-1)
	}
	return int(d.InputOffset())
}

// jsonReason words an error without Go's names.
func jsonReason(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		if kind.Field == "" {
			return "expected a list of causes, not " + kind.Value
		}
		return clip(kind.Field) + " cannot be " + kind.Value
	}
	return clip(strings.TrimPrefix(err.Error(), "json: "))
}

func (t jsonTest) print(b []byte, _ power) []byte {
	b = append(b, "rootcause."...)
	if t.kind != anyCause {
		b = append(append(b, causeNames[t.kind]...), '.')
	}
	b = append(b, "json "...)
	if t.negate {
		b = append(b, '!')
	}
	w := bytes.NewBuffer(append(b, "= #"...))
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(t.pattern) // strings, booleans and finite numbers always encode
	return bytes.TrimRight(w.Bytes(), "\n")
}

func (t jsonTest) judge(s *subject) radiograph.Verdict {
	found := false
	for _, kind := range [...]causeKind{faultCause, errorCause, slowCause} {
		if t.kind == anyCause || t.kind == kind {
			found = found || t.among(s, kind)
		}
	}
	return radiograph.VerdictOf(found != t.negate)
}

// among reports whether each cause of the pattern is one of the trace's.
func (t jsonTest) among(s *subject, kind causeKind) bool {
	causes := kind.causes(s.view.Summary)
	for _, p := range t.pattern {
		if !slices.ContainsFunc(causes, func(c radiograph.RootCause) bool { return p.matches(s, kind, c) }) {
			return false
		}
	}
	return true
}

// same reports whether a member is absent from the pattern or equal.
func same[T comparable](want *T, got T) bool { return want == nil || *want == got }

// inOrder reports whether a list is absent from the pattern or matches one by one.
func inOrder[P, T any](want []P, got []T, matches func(P, T) bool) bool {
	return want == nil || slices.EqualFunc(want, got, matches)
}

func (p causePattern) matches(s *subject, kind causeKind, c radiograph.RootCause) bool {
	return same(p.ClientImpacting, c.ClientImpacting) &&
		inOrder(p.Services, c.Services, func(p servicePattern, got radiograph.RootCauseService) bool { return p.matches(s, kind, got) })
}

func (p servicePattern) matches(s *subject, kind causeKind, got radiograph.RootCauseService) bool {
	return same(p.Name, got.Name) && (p.Type == nil || strings.EqualFold(*p.Type, got.Type)) &&
		same(p.AccountID, s.account(got.ServiceID)) && same(p.Inferred, got.Inferred) &&
		(p.Names == nil || slices.Equal(p.Names, []string{got.Name})) &&
		inOrder(p.EntityPath, got.Entities, func(p entityPattern, got radiograph.RootCauseEntity) bool { return p.matches(kind, got) })
}

// matches wants Coverage only of response time causes, Exceptions only of the
// others, as the API's shapes have them.
func (p entityPattern) matches(kind causeKind, got radiograph.RootCauseEntity) bool {
	return same(p.Name, got.Name) && same(p.Remote, got.Remote) &&
		(p.Coverage == nil || kind == slowCause && *p.Coverage == got.Coverage) &&
		(p.Exceptions == nil || kind != slowCause && inOrder(p.Exceptions, got.Exceptions, exceptionPattern.matches))
}

func (p exceptionPattern) matches(got radiograph.Exception) bool {
	return same(p.Name, got.Type) && same(p.Message, got.Message)
}

// lower is nothing: a summary's members are not held against causes.
func (t jsonTest) lower(bool) Condition { return Condition{} }
