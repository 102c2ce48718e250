package otlp

import (
	"encoding/base64"
	"math"
	"strconv"

	"radiograph"
)

// attribute is one KeyValue.
type attribute struct {
	key   string
	value value
}

// value is an AnyValue. The zero value is one without a content.
type value struct {
	kind   valueKind
	number uint64 // a bool, the bits of an int64 or of a float64
	text   string // a string, or bytes
	*nested
}

// nested is what a list or a map holds; scalars have none.
type nested struct {
	list  []value
	pairs attributes
}

type valueKind uint8

const (
	emptyValue valueKind = iota
	stringValue
	boolValue
	intValue
	doubleValue
	bytesValue
	listValue
	mapValue
)

// string is a scalar's text, "" for what has none.
func (v *value) string() string {
	switch v.kind {
	case stringValue:
		return v.text
	case boolValue:
		return strconv.FormatBool(v.number != 0)
	case intValue:
		return strconv.FormatInt(int64(v.number), 10)
	case doubleValue:
		return strconv.FormatFloat(math.Float64frombits(v.number), 'g', -1, 64)
	}
	return ""
}

// strings are a list's strings, or the one string there is.
func (v *value) strings() (list []string) {
	if v.kind == stringValue {
		return []string{v.text}
	}
	if v.kind != listValue {
		return nil
	}
	for i := range v.list {
		if v.list[i].kind == stringValue {
			list = append(list, v.list[i].text)
		}
	}
	return list
}

// scalar reports whether an annotation can have the value.
func (v *value) scalar() bool {
	switch v.kind {
	case stringValue, boolValue, intValue:
		return true
	case doubleValue:
		f := math.Float64frombits(v.number)
		return !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return false
}

// appendJSON appends the value as JSON: bytes in base64, and as text the numbers
// that JSON cannot say.
func (v *value) appendJSON(b []byte) []byte {
	switch v.kind {
	case stringValue:
		return radiograph.AppendJSONString(b, v.text)
	case boolValue:
		return strconv.AppendBool(b, v.number != 0)
	case intValue:
		return strconv.AppendInt(b, int64(v.number), 10)
	case doubleValue:
		if !v.scalar() {
			return radiograph.AppendJSONString(b, v.string())
		}
		return strconv.AppendFloat(b, math.Float64frombits(v.number), 'g', -1, 64)
	case bytesValue:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, []byte(v.text))
		return append(b, '"')
	case listValue:
		b = append(b, '[')
		for i := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = v.list[i].appendJSON(b)
		}
		return append(b, ']')
	case mapValue:
		return v.pairs.appendJSON(b)
	}
	return append(b, "null"...)
}

// attributes are in the order they came.
type attributes []attribute

// index is where the first of keys is that has a value, by the keys' order; -1
// when none has.
func (a attributes) index(keys ...string) int {
	for _, k := range keys {
		for i := range a {
			if a[i].key == k && a[i].value.kind != emptyValue {
				return i
			}
		}
	}
	return -1
}

// find is the value of the first of keys that has one, or nil.
func (a attributes) find(keys ...string) *value {
	if i := a.index(keys...); i >= 0 {
		return &a[i].value
	}
	return nil
}

// get is the text of the first of keys that has one.
func (a attributes) get(keys ...string) string {
	for _, k := range keys {
		if v := a.find(k); v != nil {
			if s := v.string(); s != "" {
				return s
			}
		}
	}
	return ""
}

func (a attributes) appendJSON(b []byte) []byte {
	b = append(b, '{')
	for i := range a {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(radiograph.AppendJSONString(b, a[i].key), ':')
		b = a[i].value.appendJSON(b)
	}
	return append(b, '}')
}

func doubleOf(f float64) value { return value{kind: doubleValue, number: math.Float64bits(f)} }

func mapOf(a attributes) value { return value{kind: mapValue, nested: &nested{pairs: a}} }
