package disk

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
)

// TestState plays random changes, with reopenings, against a map.
func TestState(t *testing.T) {
	ctx := context.Background()
	keys := rapid.SampledFrom([]string{"", "a", "a/b", "a/b/c", "a/\x00", "a/\xff", "a0", "b", "\xff", "\xff\xff", "role/000000000000/r"})
	rapid.Check(t, func(t *rapid.T) {
		o := testOptions()
		o.Dir, o.FS = "data", vfs.NewMem()
		s, err := Open(o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer func() { _ = s.Close() }()
		want := map[string]string{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			var changes []radiograph.Change
			for range rapid.IntRange(0, 4).Draw(t, "changes") {
				c := radiograph.Change{Key: keys.Draw(t, "key"), Lazy: rapid.Bool().Draw(t, "lazy")}
				if rapid.Bool().Draw(t, "set") {
					c.Value = append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "value")...)
					want[c.Key] = string(c.Value)
				} else {
					delete(want, c.Key)
				}
				changes = append(changes, c)
			}
			if err := s.Apply(ctx, changes...); err != nil {
				t.Fatalf("Apply: %v", err)
			}
			if rapid.IntRange(0, 4).Draw(t, "reopen") == 0 {
				if err := s.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
				if s, err = Open(o); err != nil {
					t.Fatalf("reopen: %v", err)
				}
			}
			prefix := keys.Draw(t, "prefix")
			var expect []radiograph.Pair
			for _, k := range slices.Sorted(maps.Keys(want)) {
				if strings.HasPrefix(k, prefix) {
					expect = append(expect, radiograph.Pair{Key: k, Value: []byte(want[k])})
				}
			}
			if d := gocmp.Diff(expect, collect(t, s.Scan(ctx, prefix)), equateEmpty); d != "" {
				t.Fatalf("Scan(%q) (-want +got):\n%s", prefix, d)
			}
			key := keys.Draw(t, "get")
			got, err := s.Get(ctx, key)
			if value, ok := want[key]; !ok && radiograph.ErrorKind(err) != radiograph.KindNotFound || ok && (err != nil || string(got) != value) {
				t.Fatalf("Get(%q) = %q, %v; want %q, %v", key, got, err, value, ok)
			}
		}
	})
}

// TestScanIsOfOneMoment changes the state while it is read.
func TestScanIsOfOneMoment(t *testing.T) {
	s := open(t, testOptions())
	ctx := context.Background()
	for i := range 10 {
		if err := s.Apply(ctx, radiograph.Change{Key: fmt.Sprintf("k/%d", i), Value: []byte("old")}); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for p, err := range s.Scan(ctx, "k/") {
		if err != nil {
			t.Fatal(err)
		}
		if string(p.Value) != "old" {
			t.Errorf("%s = %s", p.Key, p.Value)
		}
		for i := range 20 {
			if err := s.Apply(ctx, radiograph.Change{Key: fmt.Sprintf("k/%d", i), Value: []byte("new"), Lazy: true}); err != nil {
				t.Fatal(err)
			}
		}
		n++
	}
	if n != 10 {
		t.Errorf("%d pairs, want 10", n)
	}
}

func TestClosedStore(t *testing.T) {
	s, err := Open(testOptions())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	for name, err := range map[string]error{
		"Get":     second(s.Get(ctx, "a")),
		"Apply":   s.Apply(ctx, radiograph.Change{Key: "a"}),
		"Put":     second(s.Put(ctx, home1, records(t, radiograph.DoorAPI, segment(1, 1, ended)), true)),
		"Trace":   second(s.Trace(ctx, home1, radiograph.TraceID{})),
		"PutCode": s.PutCode(ctx, codeSum(nil), nil),
	} {
		if radiograph.ErrorKind(err) != radiograph.KindUnavailable {
			t.Errorf("%s on a closed store = %v", name, err)
		}
	}
	for _, err := range s.Scan(ctx, "") {
		if radiograph.ErrorKind(err) != radiograph.KindUnavailable {
			t.Errorf("Scan of a closed store = %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
