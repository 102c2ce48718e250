package disk

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/trace"
)

// A link row tells that segments of a trace that count in an hour state links, so
// that Linked need not read every trace. Its key is tenant, hour and trace, its
// value:
//
//	version   1 byte
//	children  1 byte: 1 when one of the links is to a segment its own one caused
//	checksum  4 bytes
//
// Rows are only added; one that a change of its trace made untrue costs a reading.
const linkVersion = 1

// childReach is how long before or after a segment one may have begun that states
// a link to it as its child.
const childReach = 24 * time.Hour

type linkRow struct {
	hour     hour
	children bool
}

func appendLinkKey(b []byte, t tenant, h hour, id radiograph.TraceID) []byte {
	return append(binary.BigEndian.AppendUint32(appendSpace(b, linkSpace, t), uint32(h)), id[:]...)
}

func parseLinkKey(key []byte) (t tenant, h hour, id radiograph.TraceID, err error) {
	f := fields{b: key}
	space := f.byte()
	t, h, id = tenant(f.uint32()), hour(f.uint32()), f.traceID()
	if space != linkSpace || !f.ended() {
		return 0, 0, radiograph.TraceID{}, corrupt(key, "is no link key")
	}
	return t, h, id, nil
}

func appendLinkRow(b []byte, children bool) []byte {
	if children {
		return append(b, linkVersion, 1)
	}
	return append(b, linkVersion, 0)
}

func readLinkRow(key, sealed []byte) (children bool, err error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return false, err
	}
	f := fields{b: value}
	version, flag := f.byte(), f.byte()
	if version != linkVersion || flag > 1 || !f.ended() {
		return false, corrupt(key, "does not decode")
	}
	return flag == 1, nil
}

// linkRows are the rows that a trace wants.
func linkRows(tr *radiograph.Trace) []linkRow {
	var out []linkRow
	for _, n := range tr.Segments {
		if len(n.Links) == 0 {
			continue
		}
		r := linkRow{hour: hourOf(trace.Began(n)), children: slices.ContainsFunc(n.Links, radiograph.Link.ToChild)}
		if at := slices.IndexFunc(out, func(o linkRow) bool { return o.hour == r.hour }); at >= 0 {
			out[at].children = out[at].children || r.children
		} else {
			out = append(out, r)
		}
	}
	return out
}

// writeLinks writes the link rows that are new.
func (p *put) writeLinks(c *change) error {
	rows := linkRows(c.next.merged)
	if len(rows) == 0 {
		return nil
	}
	var old []linkRow
	if c.old != nil {
		old = linkRows(c.old.merged)
	}
	for _, r := range rows {
		if slices.Contains(old, r) {
			continue
		}
		if err := p.set(appendLinkKey(p.key, p.tenant, r.hour, c.id), appendLinkRow(p.value, r.children)); err != nil {
			return err
		}
	}
	return nil
}

// Linked implements radiograph.TraceStore.
func (s *Store) Linked(ctx context.Context, t radiograph.Tenant, q radiograph.LinkQuery) iter.Seq2[*radiograph.Trace, error] {
	return func(yield func(*radiograph.Trace, error) bool) {
		if err := s.enter(); err != nil {
			yield(nil, err)
			return
		}
		defer s.leave()
		n, ok := s.tenants.find(t)
		if !ok || q.To <= q.From {
			return
		}
		ids, err := s.linking(ctx, n, q)
		if err != nil {
			yield(nil, err)
			return
		}
		read := make(map[radiograph.TraceID]bool)
		var targets []radiograph.TraceID
		for _, list := range []*[]radiograph.TraceID{&ids, &targets} {
			for _, id := range *list {
				if read[id] {
					continue
				}
				read[id] = true
				o, err := s.stored(ctx, n, id)
				if err != nil {
					yield(nil, err)
					return
				}
				if o == nil || q.Group != 0 && !slices.ContainsFunc(o.at.Groups, func(m radiograph.Membership) bool { return m.Group == q.Group }) {
					continue
				}
				if list == &ids {
					for _, segment := range o.merged.Segments {
						for _, l := range segment.Links {
							targets = append(targets, l.Trace)
						}
					}
				}
				if !yield(o.merged, nil) {
					return
				}
			}
		}
	}
}

// linking finds the traces that state links, those of the latest hours first.
func (s *Store) linking(ctx context.Context, t tenant, q radiograph.LinkQuery) ([]radiograph.TraceID, error) {
	within := func(h hour) []byte { return appendLinkKey(nil, t, h, radiograph.TraceID{}) }
	from, to := within(hourOf(q.From)), within(hourOf(q.To-1)+1)
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: within(hourOf(q.From.Add(-childReach))), UpperBound: within(hourOf(q.To.Add(childReach)) + 1),
	})
	if err != nil {
		return nil, readError(describe(from), err)
	}
	defer func() { _ = it.Close() }() // its error was seen by it.Error
	var ids []radiograph.TraceID
	for ok := it.Last(); ok && len(ids) < q.Limit && ctx.Err() == nil; ok = it.Prev() {
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, readError(describe(it.Key()), err)
		}
		_, _, id, err := parseLinkKey(it.Key())
		if err != nil {
			return nil, err
		}
		children, err := readLinkRow(it.Key(), value)
		if err != nil {
			return nil, err
		}
		if children || bytes.Compare(it.Key(), from) >= 0 && bytes.Compare(it.Key(), to) < 0 {
			ids = append(ids, id)
		}
	}
	if err := it.Error(); err != nil {
		return nil, readError(describe(from), err)
	}
	return ids, ctx.Err()
}
