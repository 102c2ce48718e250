package storetest

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"radiograph"
)

// Story is what happened in one trace, before it is told in documents. The same
// story can be told in many ways, and each must give the same trace.
type Story struct {
	ID       radiograph.TraceID
	Segments []*Happening
}

// Happening is one segment or subsegment of a story.
type Happening struct {
	ID       radiograph.SegmentID
	Parent   radiograph.SegmentID // of a segment: the subsegment that called it; zero: none
	members  string               // name, times and the rest, as JSON members
	begun    string               // the members while it is in progress
	Open     bool                 // it never ends
	Children []*Happening
}

// Epoch is when stories happen.
var Epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Stories generates stories within ten minutes of Epoch.
func Stories() *rapid.Generator[*Story] {
	return rapid.Custom(func(t *rapid.T) *Story {
		start := Epoch.Add(time.Duration(rapid.IntRange(0, 600_000).Draw(t, "start")) * time.Millisecond)
		s := &Story{ID: radiograph.NewTraceID(start)}
		copy(s.ID[4:], rapid.SliceOfN(rapid.Byte(), 12, 12).Draw(t, "trace"))
		w := writer{t: t, used: map[radiograph.SegmentID]bool{{}: true}}
		for range rapid.IntRange(1, 4).Draw(t, "segments") {
			h := w.happening(start, false, 0)
			if len(s.Segments) > 0 && rapid.Bool().Draw(t, "called") {
				// A segment may be called only by what an earlier one did, so that
				// stories have no circles.
				var earlier []radiograph.SegmentID
				for _, e := range s.Segments {
					earlier = append(earlier, e.ids()...)
				}
				h.Parent = rapid.SampledFrom(earlier).Draw(t, "caller")
			}
			s.Segments = append(s.Segments, h)
			start = start.Add(time.Duration(rapid.IntRange(0, 40_000).Draw(t, "later")) * time.Millisecond)
		}
		return s
	})
}

// ids are the ids of a happening and all below it.
func (h *Happening) ids() []radiograph.SegmentID {
	ids := []radiograph.SegmentID{h.ID}
	for _, c := range h.Children {
		ids = append(ids, c.ids()...)
	}
	return ids
}

// writer draws happenings.
type writer struct {
	t    *rapid.T
	used map[radiograph.SegmentID]bool
}

func (w *writer) happening(start time.Time, sub bool, depth int) *Happening {
	t := w.t
	h := &Happening{}
	for w.used[h.ID] {
		h.ID = radiograph.SegmentID(rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "id"))
	}
	w.used[h.ID] = true
	length := time.Duration(rapid.IntRange(0, 5_000_000).Draw(t, "length")) * time.Microsecond
	h.Open = rapid.IntRange(0, 9).Draw(t, "open") == 0
	h.begun = fmt.Sprintf(`"name":%q,"start_time":%s`, rapid.SampledFrom([]string{"shop", "pay", "DynamoDB", "api.test"}).Draw(t, "name"), seconds(start))
	h.members = h.begun
	if !h.Open {
		h.members += `,"end_time":` + seconds(start.Add(length))
	}
	h.members += rapid.SampledFrom([]string{
		"", `,"http":{"response":{"status":200}}`, `,"http":{"response":{"status":503}}`, `,"http":{"response":{"status":429}}`,
		`,"error":true,"cause":{"exceptions":[{"type":"E","message":"no"}]}`, `,"fault":true`, `,"annotations":{"k":"v","n":1.5}`,
	}).Draw(t, "outcome")
	if sub {
		h.members += rapid.SampledFrom([]string{
			"", `,"namespace":"local"`, `,"namespace":"remote"`, `,"namespace":"aws","aws":{"table_name":"orders"}`,
			`,"namespace":"remote","http":{"request":{"traced":true}}`,
		}).Draw(t, "namespace")
	} else {
		h.members += rapid.SampledFrom([]string{"", `,"origin":"AWS::EC2::Instance"`, `,"user":"u7"`}).Draw(t, "origin")
	}
	for range rapid.IntRange(0, 2-min(depth, 2)).Draw(t, "children") {
		start = start.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "gap")) * time.Millisecond)
		h.Children = append(h.Children, w.happening(start, true, depth+1))
	}
	return h
}

func seconds(t time.Time) string {
	return string(radiograph.TimestampOf(t).AppendSeconds(nil))
}

// Plain tells the story in the fewest documents: each segment whole.
func (s *Story) Plain() [][]byte {
	var docs [][]byte
	for _, h := range s.Segments {
		docs = append(docs, s.document(h, false, true, h.Children))
	}
	return docs
}

// Tell tells the story in some other way: copies in progress, subsegments apart,
// documents twice, in any order.
func (s *Story) Tell(t *rapid.T) [][]byte {
	var docs [][]byte
	var tell func(h *Happening, sub bool, parent radiograph.SegmentID) (nested []*Happening)
	tell = func(h *Happening, sub bool, parent radiograph.SegmentID) []*Happening {
		var within []*Happening
		for _, c := range h.Children {
			if rapid.Bool().Draw(t, "apart") {
				for _, d := range tell(c, true, h.ID) {
					docs = append(docs, s.independent(d, h.ID, true))
				}
				continue
			}
			within = append(within, tell(c, true, h.ID)...)
		}
		if !h.Open && rapid.IntRange(0, 2).Draw(t, "copy") == 0 {
			if sub {
				docs = append(docs, s.independent(&Happening{ID: h.ID, begun: h.begun}, parent, false))
			} else {
				docs = append(docs, s.document(h, false, false, within))
			}
		}
		c := *h
		c.Children = within
		return []*Happening{&c}
	}
	for _, h := range s.Segments {
		for _, d := range tell(h, false, radiograph.SegmentID{}) {
			docs = append(docs, s.document(d, false, true, d.Children))
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "twice") {
		docs = append(docs, rapid.SampledFrom(docs).Draw(t, "again"))
	}
	return rapid.Permutation(docs).Draw(t, "order")
}

// document writes a segment; done is false for its copy in progress.
func (s *Story) document(h *Happening, nested, done bool, children []*Happening) []byte {
	var b strings.Builder
	b.WriteString(`{"id":"` + h.ID.String() + `",`)
	if !nested {
		b.WriteString(`"trace_id":"` + s.ID.String() + `",`)
	}
	if !h.Parent.IsZero() {
		b.WriteString(`"parent_id":"` + h.Parent.String() + `",`)
	}
	s.body(&b, h, done, children)
	return []byte(b.String())
}

// independent writes a subsegment as a document of its own.
func (s *Story) independent(h *Happening, parent radiograph.SegmentID, done bool) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `{"id":%q,"trace_id":%q,"parent_id":%q,"type":"subsegment",`, h.ID, s.ID, parent)
	s.body(&b, h, done, h.Children)
	return []byte(b.String())
}

func (s *Story) body(b *strings.Builder, h *Happening, done bool, children []*Happening) {
	if done {
		b.WriteString(h.members)
	} else {
		b.WriteString(h.begun)
	}
	if !done || h.Open {
		b.WriteString(`,"in_progress":true`)
	}
	if len(children) > 0 {
		b.WriteString(`,"subsegments":[`)
		for i, c := range children {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(s.document(c, true, true, c.Children))
		}
		b.WriteByte(']')
	}
	b.WriteByte('}')
}
