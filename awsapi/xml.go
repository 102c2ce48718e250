package awsapi

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"reflect"
	"strconv"
	"time"
)

// appendXML writes the members of a structure as elements.
func appendXML(b *bytes.Buffer, s *Shape, v reflect.Value) {
	for _, m := range s.Members {
		f := v.Field(m.index)
		if m.Location != InBody || absent(m, f) {
			continue
		}
		element(b, m.WireName, func() { appendXMLValue(b, m.Shape, f) })
	}
}

func element(b *bytes.Buffer, name string, content func()) {
	b.WriteString("<" + name + ">")
	content()
	b.WriteString("</" + name + ">")
}

func appendXMLValue(b *bytes.Buffer, s *Shape, v reflect.Value) {
	if s.pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch s.Type {
	case Structure:
		appendXML(b, s, v)
	case List:
		for i := range v.Len() {
			element(b, "member", func() { appendXMLValue(b, s.Elem, v.Index(i)) })
		}
	case Map:
		for _, key := range sortedKeys(v) {
			element(b, "entry", func() {
				element(b, "key", func() { escapeXML(b, key.String()) })
				element(b, "value", func() { appendXMLValue(b, s.Elem, v.MapIndex(key)) })
			})
		}
	case String:
		if s.text {
			escapeXML(b, string(v.Bytes()))
			return
		}
		escapeXML(b, v.String())
	case Blob:
		b.WriteString(base64.StdEncoding.EncodeToString(v.Bytes()))
	case Boolean:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case Integer:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case Double:
		b.Write(appendDouble(nil, v.Float()))
	case Time:
		t := getTime(v).Time()
		form := "2006-01-02T15:04:05Z"
		if t.Nanosecond() != 0 {
			form = time.RFC3339Nano
		}
		b.WriteString(t.Format(form))
	}
}

func escapeXML(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a bytes.Buffer takes every write
}

// envelopeXML is a successful answer of the query protocol.
func envelopeXML(namespace, operation, requestID string, s *Shape, v reflect.Value) []byte {
	b := new(bytes.Buffer)
	b.WriteString("<" + operation + `Response xmlns="` + namespace + `">`)
	if s != nil {
		element(b, operation+"Result", func() { appendXML(b, s, v) })
	}
	element(b, "ResponseMetadata", func() {
		element(b, "RequestId", func() { escapeXML(b, requestID) })
	})
	b.WriteString("</" + operation + "Response>\n")
	return b.Bytes()
}

// errorXML is an error of the query protocol.
func errorXML(namespace, code, message, requestID string, status int) []byte {
	b := new(bytes.Buffer)
	b.WriteString("<ErrorResponse")
	if namespace != "" {
		b.WriteString(` xmlns="` + namespace + `"`)
	}
	b.WriteString(">")
	element(b, "Error", func() {
		element(b, "Type", func() { b.WriteString(fault(status, "Sender", "Receiver")) })
		element(b, "Code", func() { escapeXML(b, code) })
		element(b, "Message", func() { escapeXML(b, message) })
	})
	element(b, "RequestId", func() { escapeXML(b, requestID) })
	b.WriteString("</ErrorResponse>\n")
	return b.Bytes()
}

// restXML is an error as S3 sends it.
func restXML(code, message, requestID string) []byte {
	b := new(bytes.Buffer)
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	element(b, "Error", func() {
		element(b, "Code", func() { escapeXML(b, code) })
		element(b, "Message", func() { escapeXML(b, message) })
		element(b, "RequestId", func() { escapeXML(b, requestID) })
	})
	return b.Bytes()
}

// ec2XML is an error as EC2 sends it.
func ec2XML(code, message, requestID string) []byte {
	b := new(bytes.Buffer)
	element(b, "Response", func() {
		element(b, "Errors", func() {
			element(b, "Error", func() {
				element(b, "Code", func() { escapeXML(b, code) })
				element(b, "Message", func() { escapeXML(b, message) })
			})
		})
		element(b, "RequestID", func() { escapeXML(b, requestID) })
	})
	return b.Bytes()
}

func fault(status int, ours, theirs string) string {
	if status < 500 {
		return ours
	}
	return theirs
}
