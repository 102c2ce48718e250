package awsapi

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"time"

	"radiograph"
)

// decodeJSON reads a body into the structure v points to. An empty body is an
// empty object; members that the shape does not have are skipped.
func decodeJSON(body []byte, s *Shape, v reflect.Value) error {
	r := &jsonReader{b: body}
	if r.peek() == 0 && r.i >= len(body) {
		return nil
	}
	if null, err := r.null(); err != nil || null {
		if err != nil {
			return err
		}
		return r.end()
	}
	if err := r.structure(s, v); err != nil {
		return err
	}
	return r.end()
}

func (r *jsonReader) structure(s *Shape, v reflect.Value) error {
	return r.object(func(name []byte) error {
		m := s.byName[string(name)]
		if m == nil {
			return r.skip()
		}
		r.push(step{name: m.WireName})
		defer r.pop()
		return r.value(m.Shape, v.Field(m.index))
	})
}

// value reads any value into v. null leaves v as it is.
func (r *jsonReader) value(s *Shape, v reflect.Value) error {
	if null, err := r.null(); err != nil || null {
		return err
	}
	if s.pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch s.Type {
	case Structure:
		return r.structure(s, v)
	case List:
		return r.elements(s, v)
	case Map:
		return r.entries(s, v)
	case String:
		if s.text {
			b, err := r.text()
			v.SetBytes(b)
			return err
		}
		str, err := r.str()
		v.SetString(str)
		return err
	case Blob:
		return r.blob(v)
	case Boolean:
		b, err := r.boolean()
		v.SetBool(b)
		return err
	case Integer:
		return r.integer(v)
	case Double:
		return r.double(v)
	default:
		return r.time(v)
	}
}

// maxElements bounds a list, since millions of empty elements fit into a body and
// each costs work and perhaps a part of the answer. The longest lists that clients
// send are the documents of PutTraceSegments, some 50. The limit is ours.
const maxElements = 10_000

func (r *jsonReader) elements(s *Shape, v reflect.Value) error {
	full := func(i int) error {
		if i >= maxElements {
			return r.fail("a list of more than %d elements", maxElements)
		}
		return nil
	}
	if s.texts {
		list := make([]Text, 0, 8)
		err := r.list(func(i int) error {
			if err := full(i); err != nil {
				return err
			}
			r.push(step{index: i})
			defer r.pop()
			t, err := r.text()
			list = append(list, t)
			return err
		})
		v.Set(reflect.ValueOf(list))
		return err
	}
	list := reflect.MakeSlice(v.Type(), 0, 4)
	zero := reflect.Zero(v.Type().Elem())
	err := r.list(func(i int) error {
		if err := full(i); err != nil {
			return err
		}
		r.push(step{index: i})
		defer r.pop()
		list = reflect.Append(list, zero)
		return r.value(s.Elem, list.Index(i))
	})
	v.Set(list)
	return err
}

func (r *jsonReader) entries(s *Shape, v reflect.Value) error {
	m := reflect.MakeMap(v.Type())
	v.Set(m)
	return r.object(func(name []byte) error {
		key := string(name)
		r.push(step{name: key})
		defer r.pop()
		e := reflect.New(v.Type().Elem()).Elem()
		if err := r.value(s.Elem, e); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), e)
		return nil
	})
}

func (r *jsonReader) blob(v reflect.Value) error {
	at := r.i
	b, err := r.key()
	if err != nil {
		return err
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(out, b)
	if err != nil {
		r.i = at
		return r.fail("a string that is not base64")
	}
	v.SetBytes(out[:n])
	return nil
}

func (r *jsonReader) integer(v reflect.Value) error {
	at := r.i
	text, err := r.number()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(text), 10, v.Type().Bits())
	if err != nil {
		// 10.0 and 1e3 are integers, too; some clients write them so.
		f, ferr := strconv.ParseFloat(string(text), 64)
		if n = int64(f); ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 || v.OverflowInt(n) {
			r.i = at
			return r.fail("%.40s where a %d-bit integer is wanted", text, v.Type().Bits())
		}
	}
	v.SetInt(n)
	return nil
}

func (r *jsonReader) double(v reflect.Value) error {
	at := r.i
	text, err := r.number()
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		r.i = at
		return r.fail("%.40s is out of range", text)
	}
	v.SetFloat(f)
	return nil
}

// time reads epoch seconds, or ISO 8601 text. Whole milliseconds are taken too
// where seconds would be past the year 2262: the X-Ray SDK for Java reports
// sampling statistics so.
func (r *jsonReader) time(v reflect.Value) error {
	at := r.i
	var ts radiograph.Timestamp
	if r.peek() == '"' {
		str, err := r.str()
		if err != nil {
			return err
		}
		var ok bool
		if ts, ok = parseTime(str); !ok {
			r.i = at
			return r.fail("%.40q is not a time", str)
		}
	} else {
		text, err := r.number()
		if err != nil {
			return err
		}
		if ts, err = radiograph.ParseSeconds(text); err != nil {
			ts, err = radiograph.ParseSeconds(string(text) + "e-3")
		}
		if err != nil {
			r.i = at
			return r.fail("%.40s is not a time", text)
		}
	}
	setTime(v, ts)
	return nil
}

// setTime sets a radiograph.Timestamp or a time.Time.
func setTime(v reflect.Value, ts radiograph.Timestamp) {
	if v.Kind() == reflect.Struct {
		v.Set(reflect.ValueOf(ts.Time()))
		return
	}
	v.SetInt(int64(ts))
}

// getTime reads a radiograph.Timestamp or a time.Time.
func getTime(v reflect.Value) radiograph.Timestamp {
	if v.Kind() == reflect.Struct {
		return radiograph.TimestampOf(v.Interface().(time.Time))
	}
	return radiograph.Timestamp(v.Int())
}

// timeForms are the texts of times that clients send where a number is usual.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly, time.RFC1123}

// parseTime reads ISO 8601, an HTTP date, or epoch seconds as text.
func parseTime(s string) (radiograph.Timestamp, bool) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, s); err == nil {
			if t.Year() < 1678 || t.Year() > 2261 {
				return 0, false
			}
			return radiograph.TimestampOf(t), true
		}
	}
	ts, err := radiograph.ParseSeconds(s)
	return ts, err == nil
}
