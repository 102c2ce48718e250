package disk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
)

// Damage is one row, file or package that is not as it was written, or that does
// not fit what points at it.
type Damage struct {
	What   string `json:"what"`   // names it, and tells what is wrong
	Covers string `json:"covers"` // what cannot be answered without it
}

// Checked counts what a check has read.
type Checked struct {
	Rows      int64 `json:"rows"`
	Documents int64 `json:"documents"`
	Traces    int64 `json:"traces"`
	Packages  int64 `json:"packages"` // deployment packages
	Damaged   int64 `json:"damaged"`
}

// Check reads every row of every keyspace, as they are at one moment of the call,
// and every deployment package, and hands what is damaged to found. Beyond checksums
// it decodes all documents and summaries, and follows index rows to their packs and
// summaries to their traces. Reads and writes go on meanwhile. An error means that
// the check did not come to its end.
func (s *Store) Check(ctx context.Context, found func(Damage)) (Checked, error) {
	if err := s.enter(); err != nil {
		return Checked{}, err
	}
	defer s.leave()
	return s.check(ctx, found)
}

// CheckFolder is [Store.Check] of a folder that no process has open. It opens the
// folder also when a store could not start on it, and changes none of its data.
func CheckFolder(ctx context.Context, options Options, found func(Damage)) (_ Checked, err error) {
	s := newStore(options)
	files, dir := s.options.FS, s.options.Dir
	if files == nil {
		files = vfs.Default
		if dir, err = filepath.Abs(dir); err != nil {
			return Checked{}, radiograph.Errorf(radiograph.KindInvalid, "data folder %s: %w", s.options.Dir, err)
		}
	}
	for _, name := range []string{formatFile, databaseDir} { // openFolder would make them
		if _, err := files.Stat(files.PathJoin(dir, name)); err != nil {
			return Checked{}, radiograph.Errorf(radiograph.KindInvalid, "%s is no data folder: %w", dir, err)
		}
	}
	if s.folder, err = openFolder(dir, files); err != nil {
		return Checked{}, err
	}
	defer func() { err = errors.Join(err, s.folder.close()) }()
	if s.packer, err = newPacker(writeEffort); err != nil {
		return Checked{}, err
	}
	defer s.packer.close()
	cache := pebble.NewCache(cacheBytes)
	defer cache.Unref() // the database holds its own reference
	o := s.pebbleOptions(cache)
	o.ReadOnly = true
	if s.db, err = pebble.Open(s.folder.database(), o); err != nil {
		return Checked{}, radiograph.Errorf(radiograph.KindInternal, "open store in %s: %w", s.folder, err)
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	return s.check(ctx, found)
}

func (s *Store) check(ctx context.Context, found func(Damage)) (Checked, error) {
	snapshot := s.db.NewSnapshot()
	defer func() { _ = snapshot.Close() }() // never fails on an open database
	c := checker{
		ctx: ctx, store: s, db: snapshot, found: found,
		tenants: map[tenant]radiograph.Tenant{}, named: map[string]bool{},
	}
	c.lookups.budget = lookupBytes
	for _, step := range []func() error{c.rows, c.hours, c.packages} {
		if err := step(); err != nil {
			return c.checked, err
		}
	}
	return c.checked, nil
}

// checker is one check.
type checker struct {
	ctx   context.Context
	store *Store
	db    pebble.Reader
	found func(Damage)

	tenants map[tenant]radiograph.Tenant
	named   map[string]bool // rows that were named, by key
	lookups lru[chunkRef, *chunkLookup]
	checked Checked
}

// coverage tells what the rows of a keyspace are for.
var coverage = map[byte]string{
	tenantSpace:      "all data of an account in a region; no server starts without it",
	sequenceSpace:    "the numbers of new documents; no server starts without it",
	packSpace:        "documents",
	indexSpace:       "one document of the trace",
	traceSpace:       "the trace, by its id",
	summarySpace:     "the trace in listings",
	chunkSpace:       "the chunk's traces in listings",
	columnSpace:      "one member of the chunk's traces in listings",
	voidSpace:        "which traces of the chunk were written to since",
	hourSpace:        "an hour of service graphs",
	minutesSpace:     "an hour of one service or edge in series and graphs",
	differencesSpace: "what one write adds to series and graphs",
	linkSpace:        "the trace's links in graphs",
	repackedSpace:    "how far packs were packed again; no answer needs it",
	stateSpace:       "one record of functions, roles, rules, groups, settings or usage",
}

// report names a row that err is about, once. covers "" is what its keyspace is for.
func (c *checker) report(key []byte, err error, covers string) {
	if c.named[string(key)] {
		return
	}
	c.named[string(key)] = true
	if covers == "" {
		covers = coverage[key[0]]
	}
	f := fields{b: key[1:]}
	if t, ok := c.tenants[tenant(f.uint32())]; ok && !bytes.ContainsRune([]byte{tenantSpace, sequenceSpace, differencesSpace, stateSpace}, rune(key[0])) {
		covers += fmt.Sprintf(" (account %s, region %s)", t.Account, t.Region)
	}
	c.tell(strings.TrimPrefix(err.Error(), "store: "), covers)
}

func (c *checker) tell(what, covers string) {
	c.checked.Damaged++
	c.found(Damage{what, covers})
}

// each hands the rows of a range to do, and reports those it returns an error for.
// It goes on behind a row whose parts cannot be merged; what lies behind a damaged
// block of a table is reported as one.
func (c *checker) each(from, to []byte, do func(key, value []byte) error) error {
	it, err := c.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return readError(describe(from), err)
	}
	defer func() { _ = it.Close() }() // its error was seen by it.Error
	last := from
	for ok := it.First(); ; {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if ok {
			last = bytes.Clone(it.Key())
			c.checked.Rows++
			value, err := it.ValueAndErr()
			if err == nil {
				err = do(last, value)
			}
			if err != nil {
				c.report(last, err, "")
			}
			ok = it.Next()
			continue
		}
		var bad *damagedRow
		switch err := it.Error(); {
		case err == nil:
			return nil
		case errors.As(err, &bad) && bytes.Compare(bad.key, last) >= 0: // it was being merged
			c.checked.Rows++
			c.report(bad.key, err, "")
			last = append(bytes.Clone(bad.key), 0)
			ok = it.SeekGE(last)
		default:
			c.tell(fmt.Sprintf("a file of the store cannot be read behind %s: %v", describe(last), err), "what follows, as far as "+describe(to))
			return nil
		}
	}
}

// rows checks the keyspaces whose rows can be judged one by one, or with a few
// others.
func (c *checker) rows() error {
	for _, s := range []struct {
		space byte
		row   func(key, value []byte) error
	}{
		{tenantSpace, c.tenant}, // first: its names are for the others
		{sequenceSpace, func(_, v []byte) error { _, err := readSequence(v); return err }},
		{stateSpace, func(k, v []byte) error { _, err := unseal(k, v); return err }},
		{repackedSpace, func(k, v []byte) error { _, err := readRepacked(k, v); return err }},
		{differencesSpace, func(k, v []byte) error { _, err := readDifferences(k, v); return err }},
		{hourSpace, checkHourSums},
		{minutesSpace, checkMinuteSums},
		{linkSpace, checkLink},
		{traceSpace, c.trace},
		{summarySpace, c.summary},
		{voidSpace, checkVoids},
		{columnSpace, func(k, v []byte) error { _, err := unsealColumn(c.store.packer)(k, v); return err }},
		{chunkSpace, c.chunk},
	} {
		if err := c.each([]byte{s.space}, []byte{s.space + 1}, s.row); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) tenant(key, value []byte) error {
	t, n, err := readTenant(key, value)
	if err == nil {
		c.tenants[n] = t
	}
	return err
}

func checkHourSums(key, sealed []byte) error {
	if _, _, _, _, err := parseRollupKey(key); err != nil {
		return err
	}
	value, err := readRollup(key, sealed)
	if err != nil {
		return err
	}
	e := entries{fields: fields{b: value}}
	for e.next() {
		_, known := parseIdentity(e.key)
		if f := (fields{b: e.value}); !known || f.sums() == nil || !f.ended() {
			e.fail()
		}
	}
	if !e.ended() {
		return corrupt(key, "does not decode")
	}
	return nil
}

func checkMinuteSums(key, sealed []byte) error {
	_, _, _, identity, err := parseRollupKey(key)
	if err != nil {
		return err
	}
	value, err := readRollup(key, sealed)
	if err != nil {
		return err
	}
	m := minutesOf(value)
	for m.next() {
	}
	if _, known := parseIdentity(identity); !known || !m.ended() {
		return corrupt(key, "does not decode")
	}
	return nil
}

func checkLink(key, sealed []byte) error {
	if _, _, _, err := parseLinkKey(key); err != nil {
		return err
	}
	_, err := readLinkRow(key, sealed)
	return err
}

func checkVoids(key, sealed []byte) error {
	if _, err := parseChunkKey(key, voidSpace); err != nil {
		return err
	}
	_, err := readVoids(key, sealed)
	return err
}

// trace checks a trace row; it must have documents.
func (c *checker) trace(key, value []byte) error {
	f := fields{b: key[1:]}
	t, id := tenant(f.uint32()), f.traceID()
	if !f.ended() {
		return corrupt(key, "is no trace key")
	}
	at, err := readHome(key, value)
	if err != nil {
		return err
	}
	c.checked.Traces++
	prefix := appendIndexPrefix(nil, t, at.Hour, id)
	for _, err := range rows(c.ctx, c.db, prefix, after(prefix)) {
		if err != nil {
			return nil // hours tells it
		}
		return nil
	}
	return corrupt(key, "has no documents")
}

// summary checks a summary row; its trace must have it there.
func (c *checker) summary(key, value []byte) error {
	sum, err := readSummary(key, value)
	if err != nil {
		return err
	}
	f := fields{b: key[1:]}
	row := appendTraceKey(nil, tenant(f.uint32()), sum.ID)
	at, err := get(c.db, row, readHome)
	if err == nil && (at == nil || at.IndexTime != sum.IndexTime) {
		return corrupt(key, "belongs to no trace")
	}
	return nil // a damaged trace row was told
}

// chunk checks a header, and all traces of the chunk that were not written to
// since.
func (c *checker) chunk(key, value []byte) error {
	ref, header, err := readChunkRow(row{key, value})
	if err != nil {
		return err
	}
	voids, err := c.store.voidsOf(c.db, ref)
	if err != nil {
		return nil // told with the voids
	}
	r := &chunkReader{db: c.db, packer: c.store.packer, columns: &lru[string, []byte]{}, lookups: &c.lookups, ref: ref, header: header}
	living := allRows(header.Rows)
	living.remove(voids)
	lost, first := 0, radiograph.TraceID{}
	for row := range living.rows() {
		if err := c.ctx.Err(); err != nil {
			return nil // each ends
		}
		sum, err := r.summary(row)
		if err != nil {
			var bad *damagedRow
			if errors.As(err, &bad) {
				c.report(bad.key, err, "") // the column, unless that was told
				return nil
			}
			return err
		}
		at, err := get(c.db, appendTraceKey(nil, ref.tenant, sum.ID), readHome)
		if err == nil && (at == nil || at.Hour != ref.hour || at.IndexTime != sum.IndexTime) {
			if lost++; lost == 1 {
				first = sum.ID
			}
		}
	}
	if lost > 0 {
		return corrupt(key, "has %d summaries that belong to no trace, such as %s", lost, first)
	}
	return nil
}

// document is where an index row says that one is.
type document struct {
	trace          radiograph.TraceID
	sequence       uint64
	offset, length uint32
	independent    bool
}

// hours checks index rows and packs, an hour of a tenant at a time.
func (c *checker) hours() error {
	var list []tenantHour
	for _, space := range []byte{indexSpace, packSpace} {
		var last tenantHour
		from, to := []byte{space}, []byte{space + 1}
		it, err := c.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
		if err != nil {
			return readError(describe(from), err)
		}
		for ok := it.First(); ok; {
			f := fields{b: it.Key()[1:]}
			at := tenantHour{tenant(f.uint32()), hour(f.uint32())}
			if f.bad {
				c.report(slices.Clone(it.Key()), corrupt(it.Key(), "is no key of its keyspace"), "")
				ok = it.Next()
				continue
			}
			if at != last {
				list = append(list, at)
				last = at
			}
			ok = it.SeekGE(after(at.prefix(space)))
		}
		err = it.Error()
		if err != nil {
			c.tell("a file of the store cannot be read: "+err.Error(), coverage[space])
		}
		_ = it.Close() // its error was seen by it.Error
	}
	slices.SortFunc(list, func(a, b tenantHour) int { return bytes.Compare(a.prefix(0), b.prefix(0)) })
	for _, at := range slices.Compact(list) {
		if err := c.hour(at); err != nil {
			return err
		}
	}
	return nil
}

// prefix begins the keys of the hour's rows.
func (at tenantHour) prefix(space byte) []byte {
	return binary.BigEndian.AppendUint32(appendSpace(nil, space, at.tenant), uint32(at.hour))
}

// hour follows each index row to its document.
func (c *checker) hour(at tenantHour) error {
	packs := make(map[uint64][]document)
	prefix := at.prefix(indexSpace)
	err := c.each(prefix, after(prefix), func(key, value []byte) error {
		p, err := readPlace(key, value)
		if err != nil {
			return err
		}
		_, _, id, _, err := parseIndexKey(key)
		packs[p.Pack] = append(packs[p.Pack], document{id, p.Sequence, uint32(p.Offset), uint32(p.Length), p.Independent})
		return err
	})
	if err != nil {
		return err
	}
	prefix = at.prefix(packSpace)
	err = c.each(prefix, after(prefix), func(key, value []byte) error {
		f := fields{b: key[len(prefix):]}
		first := f.uint64()
		if !f.ended() {
			return corrupt(key, "is no pack key")
		}
		list := packs[first]
		delete(packs, first)
		raw, err := c.store.packer.unpack(key, value)
		if err != nil {
			c.report(key, err, covered(list))
			return nil
		}
		for _, d := range list {
			p := place{Offset: int(d.offset), Length: int(d.length), Sequence: d.sequence, Independent: d.independent}
			if _, err := decodeRecord(raw, d.trace, &p); err != nil {
				row := appendIndexKey(nil, at.tenant, at.hour, d.trace, d.sequence)
				c.report(row, corrupt(row, "%w", err), "")
				continue
			}
			c.checked.Documents++
		}
		return nil
	})
	for _, first := range slices.Sorted(maps.Keys(packs)) {
		key := appendPackKey(nil, at.tenant, at.hour, first)
		c.report(key, corrupt(key, "is missing"), covered(packs[first]))
	}
	return err
}

// namedTraces is how many traces of a pack are named.
const namedTraces = 3

// covered says whose documents a pack has.
func covered(list []document) string {
	if len(list) == 0 {
		return "documents that no trace has"
	}
	traces := make(map[radiograph.TraceID]bool)
	var names []string
	for _, d := range list {
		if !traces[d.trace] && len(names) < namedTraces {
			names = append(names, d.trace.String())
		}
		traces[d.trace] = true
	}
	text := "documents of trace " + strings.Join(names, ", ")
	if more := len(traces) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// packages checks that deployment packages are what their names say.
func (c *checker) packages() error {
	files, dir := c.store.folder.code()
	names, err := files.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return readError("folder "+dir, err)
	}
	slices.Sort(names)
	for _, name := range names {
		sum, ok := strings.CutSuffix(name, ".zip")
		if !ok {
			continue // one that is being written
		}
		if err := c.ctx.Err(); err != nil {
			return err
		}
		c.checked.Packages++
		if got, err := sumOf(files, files.PathJoin(dir, name)); err != nil {
			c.tell(fmt.Sprintf("code package %s cannot be read: %v", sum, err), "functions with that code")
		} else if got != sum {
			c.tell(fmt.Sprintf("code package %s has the SHA-256 %s", sum, got), "functions with that code")
		}
	}
	return nil
}

func sumOf(files vfs.FS, path string) (string, error) {
	r, err := files.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, struct{ io.Reader }{r})
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, r.Close())
}
