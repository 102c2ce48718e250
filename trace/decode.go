package trace

import (
	"strconv"
	"unsafe"

	"radiograph"
)

// Decode reads and checks one document, an object or an array of subsegments, by
// the rules of the segment document format. What the service only shortens is
// shortened; unknown members, nulls and optional members of a wrong type are
// passed over. An error is an *InvalidError and is about the whole document.
//
// The entities keep body and share its memory: the caller must not change it.
func Decode(body []byte) ([]Decoded, error) {
	d := newDecoder(body)
	var out []Decoded
	if d.peek() == '[' {
		for ok := d.open('['); ok; ok = d.more('[') {
			out = append(out, d.document(independentRole))
		}
	} else {
		out = []Decoded{d.document(segmentRole)}
	}
	d.end()
	switch {
	case d.failed:
		return nil, invalid("", segmentRole, codeParse)
	case d.invalid != nil:
		return nil, d.invalid
	case len(out) == 0: // the service calls [] a document without an id
		return nil, invalid("", segmentRole, codeMissingID)
	}
	return out, nil
}

// TooLarge is the error for a document beyond the limit of its size.
func TooLarge(body []byte) *InvalidError {
	d := newDecoder(body)
	return invalid(d.peekID(), segmentRole, codeTooLarge)
}

// TooOld is the error for a document that began, or whose trace was first
// recorded, too long ago. The service is known to refuse the ids of such
// documents (developer guide, "Sending trace data").
func TooOld(root *radiograph.Entity) *InvalidError {
	as := segmentRole
	if root.Subsegment {
		as = independentRole
	}
	return invalid(root.ID.String(), as, codeInvalidTraceID)
}

func newDecoder(body []byte) decoder {
	// The text shares body's memory, which nobody changes from here on.
	return decoder{body: body, scanner: scanner{s: unsafe.String(unsafe.SliceData(body), len(body))}}
}

// decoder is the state of one Decode.
type decoder struct {
	scanner
	body    []byte
	invalid *InvalidError // the first broken rule
}

// document reads one outermost entity.
func (d *decoder) document(as role) Decoded {
	if d.peek() != '{' {
		d.fail()
		return Decoded{}
	}
	before := d.invalid
	var f fields
	root := d.entity(as, &f)
	if d.failed {
		return Decoded{}
	}
	if before == nil && d.invalid != nil {
		d.invalid.ID = f.idText // a bad subsegment is told under its document's id
	}
	return Decoded{Trace: f.trace, Root: root}
}

// fields is what the check of an entity needs beyond the entity.
type fields struct {
	idText, traceText, parentText string
	trace                         radiograph.TraceID
	hasID, hasTrace, hasName      state
	hasParent, hasStart, hasEnd   state
	subsegment                    bool // type says so
	inProgress                    bool // in_progress says so
	traced                        bool // on the subsegment itself
	flags                         bool // error, fault or throttle is stated
}

// state is what is known of a required member.
type state uint8

const (
	absent state = iota // also null
	bad
	good
)

// entity reads one segment or subsegment object, and into f what is not kept.
func (d *decoder) entity(as role, f *fields) *radiograph.Entity {
	e := new(radiograph.Entity)
	d.peek()
	start := d.i
	for ok := d.open('{'); ok; ok = d.more('{') {
		d.member(d.key(), e, f)
	}
	if d.failed {
		return e
	}
	e.Body = d.body[start:d.i:d.i]
	e.Nested = as == nestedRole
	if as == segmentRole && f.subsegment {
		as = independentRole
	}
	e.Subsegment = as != segmentRole
	e.Inferred = e.Inferred && !e.Subsegment
	e.HTTP.Traced = e.HTTP.Traced || f.traced
	d.check(e, f, as)
	if !f.flags {
		e.Error, e.Fault, e.Throttle = statusFlags(e.HTTP.Status)
	}
	for _, c := range e.Children {
		c.Parent = e.ID // nesting beats what the child states
	}
	nameExceptions(e)
	return e
}

// member reads one member's value into e and f.
func (d *decoder) member(key string, e *radiograph.Entity, f *fields) {
	switch key {
	case "name":
		f.hasName = d.required(&e.Name)
	case "id":
		if f.hasID = d.required(&f.idText); f.hasID == good {
			var err error
			if e.ID, err = radiograph.ParseSegmentID(f.idText); err != nil || e.ID.IsZero() {
				f.hasID = bad
			}
		}
	case "trace_id":
		if f.hasTrace = d.required(&f.traceText); f.hasTrace == good {
			var err error
			if f.trace, err = radiograph.ParseTraceID(f.traceText); err != nil || f.trace.IsZero() {
				f.hasTrace = bad
			}
		}
	case "parent_id":
		d.parent(e, f)
	case "type":
		var text string
		f.subsegment = d.optText(&text) && text == "subsegment"
	case "start_time":
		e.Start, f.hasStart = d.time()
	case "end_time":
		e.End, f.hasEnd = d.time()
	case "in_progress":
		d.optBool(&f.inProgress)
	case "subsegments":
		e.Children = nil
		for ok := d.optOpen('['); ok; ok = d.more('[') {
			if d.peek() != '{' {
				d.skip()
				continue
			}
			var nested fields
			e.Children = append(e.Children, d.entity(nestedRole, &nested))
		}
	case "namespace":
		d.optText(&e.Namespace)
	case "origin":
		d.optText(&e.Origin)
	case "user":
		d.optText(&e.User)
		e.User = radiograph.Clip(e.User, maxText)
	case "resource_arn":
		d.optText(&e.ResourceARN)
	case "error":
		f.flags = d.optBool(&e.Error) || f.flags
	case "fault":
		f.flags = d.optBool(&e.Fault) || f.flags
	case "throttle":
		f.flags = d.optBool(&e.Throttle) || f.flags
	case "inferred":
		d.optBool(&e.Inferred)
	case "traced":
		d.optBool(&f.traced)
	case "sql":
		e.SQL = d.peek() == '{'
		d.skip()
	case "http":
		e.HTTP = d.http()
	case "aws":
		e.AWS = d.aws()
	case "annotations":
		e.Annotations = d.annotations()
	case "cause":
		e.CauseID, e.Exceptions = d.cause()
	case "links":
		e.Links = d.links()
	default:
		d.skip()
	}
}

// required reads a string that must be there; null counts as absent.
func (d *decoder) required(into *string) state {
	if d.peek() == 'n' {
		d.skip()
		return absent
	}
	if d.optText(into) {
		return good
	}
	return bad
}

// parent reads parent_id. Some clients write an empty or all-zero one for none.
func (d *decoder) parent(e *radiograph.Entity, f *fields) {
	f.hasParent, e.Parent = absent, radiograph.SegmentID{}
	if !d.optText(&f.parentText) || f.parentText == "" {
		return
	}
	var err error
	switch e.Parent, err = radiograph.ParseSegmentID(f.parentText); {
	case err != nil:
		f.hasParent = bad
	case !e.Parent.IsZero():
		f.hasParent = good
	}
}

// time reads a number of epoch seconds, exactly.
func (d *decoder) time() (radiograph.Timestamp, state) {
	if d.peek() == 'n' {
		d.skip()
		return 0, absent
	}
	t, err := radiograph.ParseSeconds(d.optNumber())
	if err != nil || t < 0 {
		return 0, bad
	}
	return t, good
}

// peekID finds the id of a document that is not decoded, so that its rejection
// can name it.
func (d *decoder) peekID() string {
	var id string
	if d.peek() == '{' {
		for ok := d.open('{'); ok; ok = d.more('{') {
			if d.key() == "id" {
				d.optText(&id)
				return id
			}
			d.skip()
		}
	}
	return ""
}

// statusFlags derives the outcome from an HTTP status.
func statusFlags(status int) (isError, fault, throttle bool) {
	return status >= 400 && status < 500, status >= 500 && status < 600, status == 429
}

func (d *decoder) annotations() []radiograph.Annotation {
	var out []radiograph.Annotation
	for ok := d.optOpen('{'); ok; ok = d.more('{') {
		a := radiograph.Annotation{Key: d.key()}
		fits := annotationKey(a.Key)
		switch c := d.peek(); {
		case c == '"':
			a.Value = radiograph.Value{Kind: radiograph.StringValue, String: radiograph.Clip(d.text(), maxAnnotation)}
		case c == 't' || c == 'f':
			a.Value.Kind = radiograph.BooleanValue
			d.optBool(&a.Value.Bool)
		default:
			a.Value.Kind = radiograph.NumberValue
			n, err := strconv.ParseFloat(d.optNumber(), 64)
			a.Value.Number = n
			fits = fits && err == nil
		}
		if fits {
			out = append(out, a)
		}
	}
	return out
}
