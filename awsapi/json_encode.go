package awsapi

import (
	"encoding/base64"
	"math"
	"reflect"
	"slices"
	"strconv"

	"radiograph"
)

// JSONAppender is a list that writes itself, since outputs have very long ones of
// it. It writes what the encoder would.
type JSONAppender interface {
	AppendJSON(b []byte) []byte
}

// appendJSON writes the body members of a structure, a value at a time, without
// blanks.
func appendJSON(b []byte, s *Shape, v reflect.Value) []byte {
	b = append(b, '{')
	first := true
	for _, m := range s.Members {
		f := v.Field(m.index)
		if m.Location != InBody || absent(m, f) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(radiograph.AppendJSONString(b, m.WireName), ':')
		b = appendValue(b, m.Shape, f)
	}
	return append(b, '}')
}

// absent tells a member that is left out: a nil pointer, and an empty one when
// the tag says so.
func absent(m *Member, v reflect.Value) bool {
	if m.Shape.pointer {
		return v.IsNil()
	}
	if !m.OmitEmpty {
		return false
	}
	switch m.Shape.Type {
	case List, Map, Blob:
		return v.Len() == 0
	}
	return v.IsZero()
}

func appendValue(b []byte, s *Shape, v reflect.Value) []byte {
	if s.pointer {
		if v.IsNil() {
			return append(b, "null"...) // an element of a list: never made by handlers
		}
		v = v.Elem()
	}
	switch s.Type {
	case Structure:
		return appendJSON(b, s, v)
	case List:
		if s.appends {
			return v.Interface().(JSONAppender).AppendJSON(b)
		}
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, s.Elem, v.Index(i))
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, key := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(radiograph.AppendJSONString(b, key.String()), ':')
			b = appendValue(b, s.Elem, v.MapIndex(key))
		}
		return append(b, '}')
	case String:
		if s.text {
			return radiograph.AppendJSONString(b, v.Bytes())
		}
		return radiograph.AppendJSONString(b, v.String())
	case Blob:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"')
	case Boolean:
		return strconv.AppendBool(b, v.Bool())
	case Integer:
		return strconv.AppendInt(b, v.Int(), 10) // never a decimal point: Go's SDK refuses 10.0
	case Double:
		return appendDouble(b, v.Float())
	default:
		return getTime(v).AppendSeconds(b)
	}
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch x, y := a.String(), b.String(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return keys
}

// appendDouble writes a finite number. What JSON cannot say is a bug of the
// handler and becomes 0.
func appendDouble(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}
