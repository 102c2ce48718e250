package disk

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// checked runs a check that comes to its end.
func checked(t *testing.T, s *Store) (Checked, []Damage) {
	t.Helper()
	var list []Damage
	sum, err := s.Check(context.Background(), func(d Damage) { list = append(list, d) })
	if err != nil {
		t.Fatal(err)
	}
	if int(sum.Damaged) != len(list) {
		t.Errorf("%d are damaged, %d were named", sum.Damaged, len(list))
	}
	return sum, list
}

// TestCheckNamesDamage flips a byte in each row of each keyspace, one after the
// other, and wants it to be named, and nothing else that is whole.
func TestCheckNamesDamage(t *testing.T) {
	o := testOptions()
	o.OpenTraceBytes = 1
	s := open(t, o)
	fillKeyspaces(t, s)
	mark := appendRepackedKey(nil, tenantHour{1, 2})
	if err := s.db.Set(mark, seal(mark, appendRepacked(nil, 3)), pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	whole, list := checked(t, s)
	if len(list) > 0 {
		t.Fatalf("before any damage: %q", list)
	}
	rows := 0
	for _, space := range append([]byte{repackedSpace}, allSpaces...) {
		for _, key := range keys(t, s, space) {
			rows++
			sealed, closer, err := s.db.Get(key)
			if err != nil {
				t.Fatal(err)
			}
			good := bytes.Clone(sealed)
			if err := closer.Close(); err != nil {
				t.Fatal(err)
			}
			bad := bytes.Clone(good)
			bad[len(bad)/2] ^= 0x10
			if err := s.db.Set(key, bad, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
			sum, list := checked(t, s)
			if len(list) != 1 || !strings.HasPrefix(list[0].What, describe(key)+" ") || list[0].Covers == "" {
				t.Errorf("%s is damaged, and named is %q", describe(key), list)
			}
			if sum.Rows != whole.Rows {
				t.Errorf("%s is damaged, and %d of %d rows were read", describe(key), sum.Rows, whole.Rows)
			}
			if err := s.db.Set(key, good, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
		}
	}
	if int(whole.Rows) != rows {
		t.Errorf("%d of %d rows were read", whole.Rows, rows)
	}
	if n := s.Stats().SetAside; n != 0 {
		t.Errorf("%d rows were set aside: a check is no reader", n)
	}
	if sum, list := checked(t, s); sum != whole || len(list) > 0 {
		t.Errorf("after the repair: %+v, %q", sum, list)
	}
}

// TestCheckMergesOn: an operand that cannot be merged hides no other row.
func TestCheckMergesOn(t *testing.T) {
	s := open(t, testOptions())
	fillKeyspaces(t, s)
	whole, _ := checked(t, s)
	minutes := keys(t, s, minutesSpace)
	for _, key := range [][]byte{minutes[0], minutes[len(minutes)-1], keys(t, s, voidSpace)[0]} {
		if err := s.db.Merge(key, []byte("no operand"), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	sum, list := checked(t, s)
	if len(list) != 3 || sum.Rows != whole.Rows {
		t.Errorf("%d of %d rows were read, named are %q", sum.Rows, whole.Rows, list)
	}
}

// TestCheckFollows: what points at rows that are gone is named.
func TestCheckFollows(t *testing.T) {
	for _, test := range []struct {
		space byte
		want  []string
	}{
		{packSpace, []string{"pack 1 of tenant 1", "is missing → documents of trace 1-69a42a40-303030303030303030303031 (account"}},
		{indexSpace, []string{"trace row of trace", "has no documents"}},
		{traceSpace, []string{"summaries that belong to no trace", "belongs to no trace"}},
		{columnSpace, []string{"column 0 of chunk", "is missing"}},
	} {
		o := testOptions()
		s := open(t, o)
		fillKeyspaces(t, s)
		if err := s.db.DeleteRange([]byte{test.space}, []byte{test.space + 1}, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		_, list := checked(t, s)
		var all []string
		for _, d := range list {
			all = append(all, d.What+" → "+d.Covers)
		}
		text := strings.Join(all, "\n")
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("without rows of %c: %q, want %q", test.space, text, want)
			}
		}
	}
}

// TestCheckFolder reads a folder that no store can be opened on, and leaves it as
// it is.
func TestCheckFolder(t *testing.T) {
	o := testOptions()
	o.Dir, o.FS = "data", vfs.NewMem()
	s := open(t, o)
	fillKeyspaces(t, s)
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" // of "test"
	if err := s.PutCode(context.Background(), sum, []byte("test")); err != nil {
		t.Fatal(err)
	}
	damaged := append(keys(t, s, tenantSpace), keys(t, s, packSpace)[0])
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	check := func() (sum Checked, what []string) {
		t.Helper()
		sum, err := CheckFolder(context.Background(), o, func(d Damage) { what = append(what, d.What+" → "+d.Covers) })
		if err != nil {
			t.Fatal(err)
		}
		return sum, what
	}
	if _, err := CheckFolder(context.Background(), o, nil); radiograph.ErrorKind(err) != radiograph.KindConflict {
		t.Errorf("a folder in use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, what := check()
	if len(what) > 0 || whole.Documents != 4 || whole.Traces != 2 || whole.Packages != 1 {
		t.Errorf("a whole folder: %+v, %q", whole, what)
	}

	cache := pebble.NewCache(1 << 20)
	defer cache.Unref()
	db, err := pebble.Open("data/db", newStoreOn(t, o).pebbleOptions(cache))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range damaged {
		if err := db.Set(key, []byte("no such value"), pebble.Sync); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(o.FS, "data/code", codeFile(sum), []byte("rest")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(o); !errors.Is(err, errDamaged) {
		t.Errorf("a store without tenants opens: %v", err)
	}
	first, what := check()
	if len(what) != 3 || !strings.HasPrefix(what[0], describe(damaged[0])) || !strings.HasPrefix(what[1], describe(damaged[1])) ||
		!strings.Contains(what[1], "documents of") || !strings.HasPrefix(what[2], "code package "+sum) {
		t.Errorf("named are %q", what)
	}
	if again, _ := check(); again != first {
		t.Error(cmp.Diff(first, again))
	}
	o.Dir = "nowhere"
	if _, err := CheckFolder(context.Background(), o, nil); radiograph.ErrorKind(err) != radiograph.KindInvalid {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, err := o.FS.Stat("nowhere"); err == nil {
		t.Error("it was made")
	}
}

// newStoreOn is a store whose folder is named, and not opened.
func newStoreOn(t *testing.T, o Options) *Store {
	t.Helper()
	s := newStore(o)
	s.folder = &folder{fs: o.FS, dir: o.Dir}
	return s
}
