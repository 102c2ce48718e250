package filter

import (
	"slices"
	"strings"

	"radiograph"
)

// causeKind is what a root cause explains.
type causeKind uint8

const (
	anyCause causeKind = iota // rootcause.json
	faultCause
	errorCause
	slowCause
)

var causeNames = [...]string{"", "fault", "error", "responsetime"}

// causeTest wants a root cause with a step for which the block holds, or with
// any step when there is no block.
type causeTest struct {
	kind  causeKind
	steps scope  // inCauseService, inCauseEntity, inSlowCauseEntity or inCauseException
	noun  string // service, entity or exception
	block term   // nil: none
}

// rootCause reads rootcause.kind.noun and its block, or one of the json forms.
func (p *parser) rootCause() (term, *InvalidError) {
	if err := p.top(); err != nil {
		return nil, err
	}
	at := p.tok
	parts := strings.Split(strings.ToLower(at.text), ".")
	if parts[len(parts)-1] == "json" && len(parts) <= 3 {
		kind := anyCause
		if len(parts) == 3 {
			kind = causeKind(max(0, slices.Index(causeNames[:], parts[1])))
		}
		if len(parts) < 3 || kind != anyCause {
			p.advance()
			return p.json(kind)
		}
	}
	t := causeTest{}
	if len(parts) == 3 {
		t.kind = causeKind(max(0, slices.Index(causeNames[:], parts[1])))
		t.noun = parts[2]
	}
	switch {
	case t.kind == anyCause:
	case t.noun == "service":
		t.steps = inCauseService
	case t.noun == "entity" && t.kind == slowCause:
		t.steps = inSlowCauseEntity
	case t.noun == "entity":
		t.steps = inCauseEntity
	case t.noun == "exception":
		t.steps = inCauseException
	}
	if t.steps == 0 {
		return nil, invalid(at.offset, "unknown keyword %s; a root cause is rootcause, then fault, error or responsetime, then service, entity, exception or json", at)
	}
	p.advance()
	var err *InvalidError
	if t.block, err = p.block(t.steps); err != nil {
		return nil, err
	}
	return t, nil
}

func (t causeTest) print(b []byte, _ power) []byte {
	b = append(append(b, "rootcause."...), causeNames[t.kind]...)
	return printBlock(append(append(b, '.'), t.noun...), t.block)
}

// causes are a trace's root causes of a kind.
func (k causeKind) causes(s *radiograph.Summary) []radiograph.RootCause {
	switch k {
	case faultCause:
		return s.FaultRootCauses
	case errorCause:
		return s.ErrorRootCauses
	}
	return s.ResponseTimeRootCauses
}

func (t causeTest) judge(s *subject) radiograph.Verdict {
	in := subject{scope: t.steps, view: s.view}
	causes := t.kind.causes(s.view.Summary)
	for i := range causes {
		if steps(&causes[i], t.steps, func(at step) bool {
			in.step = at
			return t.block == nil || t.block.judge(&in) == radiograph.Yes
		}) {
			return radiograph.Yes
		}
	}
	return radiograph.No
}

// lower is nothing: a summary's members are not held against causes.
func (t causeTest) lower(bool) Condition { return Condition{} }
