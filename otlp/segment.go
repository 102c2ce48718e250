package otlp

import (
	"bytes"
	"crypto/sha256"

	"radiograph"
)

// mapper turns spans into their documents, one after the other.
type mapper struct {
	cfg *Config

	// Of the span at hand.
	identity
	resource *resource
	span     *span
	status   int64  // of HTTP; 0: none
	used     []bool // span attributes that have a member of their own, by position
	w        writer // the document at hand; documents are copies
}

// part says which document of a span is written.
type part struct {
	id, parent radiograph.SegmentID
	segment    bool // it stands for the service, and has what the resource says
	own        bool // it has what the span says
	links      bool
}

// documents maps a span: to one segment or subsegment, or, when a service begins
// with a call, to a segment of the service that has the call as its subsegment.
// The error is about that span alone.
func (m *mapper) documents(r *resource, s *span) (docs [][]byte, err error) {
	if m.identity, err = s.identity(); err != nil {
		return nil, err
	}
	m.resource, m.span = r, s
	m.used = append(m.used[:0], make([]bool, len(s.attributes))...)
	m.status = m.number("http.response.status_code", "http.status_code")
	switch {
	case !m.localRoot():
		return [][]byte{m.document(part{m.id, m.parent, false, true, true})}, nil
	case m.call():
		service := serviceID(m.trace, m.id)
		return [][]byte{
			m.document(part{service, m.parent, true, false, true}),
			m.document(part{m.id, service, false, true, false}),
		}, nil
	default:
		return [][]byte{m.document(part{m.id, m.parent, true, true, true})}, nil
	}
}

// serviceID is the id of the segment made for a service whose first span is a
// call. It is the same however often the span comes.
func serviceID(t radiograph.TraceID, s radiograph.SegmentID) radiograph.SegmentID {
	sum := sha256.Sum256(append(append([]byte("service"), t[:]...), s[:]...))
	return radiograph.SegmentID(sum[:8])
}

// localRoot reports whether the span is the first of its service in this trace:
// nobody called it, or it says that its parent is elsewhere, or its kind is one
// that others call. The spans beside it say nothing, since its parent may come in
// a later request. aws.span.kind is ADOT's.
//
// The segment of a Lambda function is Lambda's; its spans hang under the
// Invocation, which they have as their parent.
func (m *mapper) localRoot() bool {
	s := m.span
	switch {
	case m.parent.IsZero():
		return true
	case m.resource.platform == platformLambda:
		return false
	case s.kind == kindServer, s.flags&flagIsRemote != 0, s.attributes.get("aws.span.kind") == "LOCAL_ROOT":
		return true
	}
	return s.kind == kindConsumer && s.flags&flagKnowsRemote == 0
}

// call reports whether the span calls another service.
func (m *mapper) call() bool { return m.span.kind == kindClient || m.span.kind == kindProducer }

// awsCall reports whether the span is a call of an AWS SDK.
func (m *mapper) awsCall() bool {
	return m.span.attributes.get("rpc.system", "rpc.system.name") == "aws-api"
}

// document writes one document. Its members come in the same order each time, so
// that a span that is sent again makes the same bytes.
func (m *mapper) document(p part) []byte {
	m.w = append(m.w[:0], '{')
	w := &m.w
	w.text("trace_id", m.trace.String())
	w.id("id", p.id)
	w.id("parent_id", p.parent)
	if p.segment {
		w.text("name", cleanName(m.serviceName()))
	} else {
		w.text("type", "subsegment")
		w.text("name", cleanName(m.spanName()))
		w.text("namespace", m.namespace())
	}
	w.time("start_time", m.start)
	if m.end == 0 {
		w.yes("in_progress", true)
	} else {
		w.time("end_time", m.end)
	}
	if p.segment {
		w.text("origin", m.resource.origin)
		w.member("service", func() { w.text("version", m.resource.get("service.version", "container.image.tag")) })
	}
	w.member("aws", func() {
		if p.segment {
			m.resource.block(w)
		}
		if p.own && m.awsCall() {
			m.awsBlock()
		}
	})
	if p.own {
		w.text("user", m.take("enduser.id", "user.id"))
		w.member("http", m.httpBlock)
		w.member("sql", m.sqlBlock)
	}
	m.outcome()
	if p.own {
		w.member("cause", m.causeBlock)
	}
	if p.links {
		w.list("links", m.linkList)
	}
	m.rest(p)
	*w = append(*w, '}')
	return bytes.Clone(*w)
}

// outcome says what became of the request. The HTTP status says whose fault a
// failure was; without one, a span that failed failed by itself.
func (m *mapper) outcome() {
	switch {
	case m.status == 429:
		m.w.yes("error", true)
		m.w.yes("throttle", true)
	case m.status >= 400 && m.status < 500:
		m.w.yes("error", true)
	case m.status >= 500 && m.status < 600, m.span.status == statusError:
		m.w.yes("fault", true)
	}
}

// linkList writes the links to other traces.
func (m *mapper) linkList() {
	for i := range m.span.links {
		l := &m.span.links[i]
		if len(l.traceID) != len(radiograph.TraceID{}) || len(l.spanID) != len(radiograph.SegmentID{}) {
			continue
		}
		m.w.element(func() {
			m.w.text("trace_id", radiograph.TraceID(l.traceID).String())
			m.w.id("id", radiograph.SegmentID(l.spanID))
			if len(l.attributes) > 0 {
				m.w.value("attributes", new(mapOf(l.attributes)))
			}
		})
	}
}

// take is the text of the first of some span attributes that has one, and marks
// all of them as told: they spell the same thing by older and newer conventions.
func (m *mapper) take(keys ...string) string {
	text := ""
	for _, k := range keys {
		i := m.span.attributes.index(k)
		if i < 0 {
			continue
		}
		s := m.span.attributes[i].value.string()
		if s == "" {
			continue
		}
		m.used[i] = true
		if text == "" {
			text = s
		}
	}
	return text
}
