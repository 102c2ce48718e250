package otlp

import (
	"strconv"

	"radiograph"
)

// writer builds one JSON object after the other. Empty texts and objects are left
// out.
type writer []byte

func (w *writer) comma() {
	if b := *w; len(b) > 0 && b[len(b)-1] != '{' && b[len(b)-1] != '[' {
		*w = append(b, ',')
	}
}

func (w *writer) key(k string) {
	w.comma()
	*w = append(radiograph.AppendJSONString(*w, k), ':')
}

func (w *writer) text(k, s string) {
	if s != "" {
		w.key(k)
		*w = radiograph.AppendJSONString(*w, s)
	}
}

func (w *writer) texts(k string, list []string) {
	if len(list) == 0 {
		return
	}
	w.key(k)
	*w = append(*w, '[')
	for _, s := range list {
		w.comma()
		*w = radiograph.AppendJSONString(*w, s)
	}
	*w = append(*w, ']')
}

func (w *writer) int(k string, n int64) {
	w.key(k)
	*w = strconv.AppendInt(*w, n, 10)
}

// yes writes a flag that is set; others are absent.
func (w *writer) yes(k string, b bool) {
	if b {
		w.key(k)
		*w = append(*w, "true"...)
	}
}

func (w *writer) id(k string, id radiograph.SegmentID) {
	if !id.IsZero() {
		w.key(k)
		*w = append(*w, '"')
		*w = append(id.Append(*w), '"')
	}
}

func (w *writer) time(k string, t radiograph.Timestamp) {
	w.key(k)
	*w = t.AppendSeconds(*w)
}

func (w *writer) value(k string, v *value) {
	w.key(k)
	*w = v.appendJSON(*w)
}

// member writes an object through fill, or nothing when fill writes nothing.
func (w *writer) member(k string, fill func()) {
	mark := len(*w)
	w.key(k)
	*w = append(*w, '{')
	inner := len(*w)
	fill()
	if len(*w) == inner {
		*w = (*w)[:mark]
		return
	}
	*w = append(*w, '}')
}

// element writes an object of a list.
func (w *writer) element(fill func()) {
	w.comma()
	*w = append(*w, '{')
	fill()
	*w = append(*w, '}')
}

// list writes an array of objects through fill, or nothing when fill writes
// nothing.
func (w *writer) list(k string, fill func()) {
	mark := len(*w)
	w.key(k)
	*w = append(*w, '[')
	inner := len(*w)
	fill()
	if len(*w) == inner {
		*w = (*w)[:mark]
		return
	}
	*w = append(*w, ']')
}
