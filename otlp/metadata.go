package otlp

import (
	"encoding/json"
	"slices"
	"strings"

	"radiograph"
)

// Limits of annotations (segment document schema).
const (
	maxAnnotation    = 1000 // characters of a value
	maxAnnotationKey = 500
)

const (
	// annotationsAttribute lists attributes that become annotations.
	annotationsAttribute = "aws.xray.annotations"
	// metadataPrefix begins attributes that hold a namespace of metadata, as JSON.
	metadataPrefix = "aws.xray.metadata."
	// resourcePrefix is before a resource attribute's name, in both.
	resourcePrefix = "otel.resource."
	// defaultNamespace holds the attributes that are not indexed.
	defaultNamespace = "default"
)

// rest makes annotations and metadata of what has no member of its own.
func (m *mapper) rest(p part) {
	var listed []string
	if p.own {
		if i := m.span.attributes.index(annotationsAttribute); i >= 0 && m.span.attributes[i].value.kind == listValue {
			listed = m.span.attributes[i].value.strings()
			m.used[i] = true
		}
	} else if v := m.span.attributes.find(annotationsAttribute); v != nil {
		listed = v.strings()
	}
	indexed := func(key string, v *value) bool {
		return v.scalar() && (m.cfg.AnnotateAll || slices.Contains(m.cfg.Annotations, key) || slices.Contains(listed, key))
	}
	w := &m.w
	w.member("annotations", func() {
		if p.segment {
			for i := range m.resource.attributes {
				a := &m.resource.attributes[i]
				if key := resourcePrefix + a.key; indexed(key, &a.value) {
					m.annotate(key, &a.value)
				}
			}
		}
		if !p.own {
			return
		}
		for i := range m.span.attributes {
			// What is listed is indexed also when it has a member of its own.
			a := &m.span.attributes[i]
			if m.cfg.AnnotateAll && m.used[i] && !slices.Contains(listed, a.key) {
				continue
			}
			if indexed(a.key, &a.value) {
				m.annotate(a.key, &a.value)
				m.used[i] = true
			}
		}
	})
	w.member("metadata", func() {
		var spaces []attribute // aws.xray.metadata.NAME, which holds an object
		var merged []attribute // aws.xray.metadata.default
		if p.own {
			for i := range m.span.attributes {
				a := &m.span.attributes[i]
				name, ok := strings.CutPrefix(a.key, metadataPrefix)
				if m.used[i] || !ok || a.value.kind != stringValue || !isObject(a.value.text) {
					continue
				}
				m.used[i] = true
				if strings.EqualFold(name, defaultNamespace) {
					merged = append(merged, *a)
				} else {
					spaces = append(spaces, attribute{name, a.value})
				}
			}
		}
		w.member(defaultNamespace, func() { m.defaultMetadata(p, indexed, merged) })
		for i := range spaces {
			w.key(spaces[i].key)
			*w = append(*w, spaces[i].value.text...)
		}
	})
}

// defaultMetadata writes the span's and the resource's attributes that nothing
// else tells, and what documents have no place for.
func (m *mapper) defaultMetadata(p part, indexed func(string, *value) bool, merged []attribute) {
	w := &m.w
	if p.own {
		for i := range m.span.attributes {
			if a := &m.span.attributes[i]; !m.used[i] && a.value.kind != emptyValue {
				w.value(a.key, &a.value)
			}
		}
	}
	if p.segment { // once for each service is enough
		for i := range m.resource.attributes {
			a := &m.resource.attributes[i]
			if key := resourcePrefix + a.key; a.value.kind != emptyValue && !indexed(key, &a.value) {
				w.value(key, &a.value)
			}
		}
	}
	if !p.own {
		return
	}
	for _, a := range merged {
		inner := strings.TrimSpace(a.value.text)
		if inner = strings.TrimSpace(inner[1 : len(inner)-1]); inner != "" {
			w.comma()
			*w = append(*w, inner...)
		}
	}
	shown := m.serviceName()
	if !p.segment {
		shown = m.spanName()
	}
	if cleanName(shown) != m.span.name {
		w.text("otel.span.name", m.span.name)
	}
	w.list("otel.events", func() {
		for i := range m.span.events {
			e := &m.span.events[i]
			if e.name == exceptionEvent || e.name == retryEvent && m.awsCall() { // in the cause
				continue
			}
			w.element(func() {
				w.text("name", e.name)
				if e.time <= maxTime {
					w.time("time", radiograph.Timestamp(e.time))
				}
				if len(e.attributes) > 0 {
					w.value("attributes", new(mapOf(e.attributes)))
				}
			})
		}
	})
}

func isObject(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), "{") && json.Valid([]byte(text))
}

// annotate writes one annotation.
func (m *mapper) annotate(key string, v *value) {
	if key = annotationKey(key); key == "" {
		return
	}
	if v.kind == stringValue {
		m.w.key(key)
		m.w = radiograph.AppendJSONString(m.w, radiograph.Clip(v.text, maxAnnotation))
		return
	}
	m.w.value(key, v)
}

// annotationKey puts _ for what keys of annotations cannot have.
func annotationKey(key string) string {
	key = strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == ':' {
			return c
		}
		return '_'
	}, key)
	return key[:min(len(key), maxAnnotationKey)]
}
