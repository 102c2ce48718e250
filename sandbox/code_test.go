package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"radiograph"
)

func TestUnpack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "code")
	t.Cleanup(func() { _ = removeTree(dir) })
	err := unpack(writeZip(t,
		entry{"bootstrap", "#!/bin/sh\n", 0o755},
		entry{"app.py", "pass", 0o600},
		entry{"empty/", "", 0o755 | fs.ModeDir},
		entry{"deep/er/file.txt", "old", 0o644},
		entry{"deep/er/file.txt", "new", 0o644},
		entry{`win\dows.txt`, "w", 0o644},
		entry{"./dot.txt", "d", 0o644},
		entry{"link", "deep/er", 0o777 | fs.ModeSymlink},
		entry{"setuid", "s", 0o755 | fs.ModeSetuid},
	), dir, maxUnzipped)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		body string
		mode fs.FileMode
	}{
		"bootstrap":        {"#!/bin/sh\n", 0o555},
		"app.py":           {"pass", 0o444},
		"deep/er/file.txt": {"new", 0o444},
		"win/dows.txt":     {"w", 0o444},
		"dot.txt":          {"d", 0o444},
		"link/file.txt":    {"new", 0o444},
		"setuid":           {"s", 0o555},
	} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(body) != want.body {
			t.Errorf("%s: %q, %v", name, body, err)
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want.mode {
			t.Errorf("%s: mode %v, want %v", name, info.Mode(), want.mode)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "empty")); err != nil || info.Mode().Perm() != 0o555 {
		t.Errorf("empty: %v, %v", info, err)
	}
}

func TestUnpackRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []entry
	}{
		{"a path that climbs", []entry{{"../evil", "x", 0o644}}},
		{"a path that climbs later", []entry{{"a/../../evil", "x", 0o644}}},
		{"a backslash path that climbs", []entry{{`..\evil`, "x", 0o644}}},
		{"an absolute path", []entry{{"/evil", "x", 0o644}}},
		{"a file through a link that leads out", []entry{{"out", "..", 0o777 | fs.ModeSymlink}, {"out/evil", "x", 0o644}}},
		{"a folder through a link that leads out", []entry{{"out", "/tmp", 0o777 | fs.ModeSymlink}, {"out/evil/", "", 0o755 | fs.ModeDir}}},
		{"a device", []entry{{"dev", "", 0o644 | fs.ModeDevice}}},
		{"a pipe", []entry{{"pipe", "", 0o644 | fs.ModeNamedPipe}}},
		{"a file that is a folder", []entry{{"a/b", "x", 0o644}, {"a", "x", 0o644}}},
		{"a folder that is a file", []entry{{"a", "x", 0o644}, {"a/b", "x", 0o644}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent := t.TempDir()
			err := unpack(writeZip(t, c.entries...), filepath.Join(parent, "in", "code"), maxUnzipped)
			if err == nil {
				t.Fatal("no error") // the folder "in" is missing, too
			}
			if err := os.Mkdir(filepath.Join(parent, "in"), 0o755); err != nil {
				t.Fatal(err)
			}
			err = unpack(writeZip(t, c.entries...), filepath.Join(parent, "in", "code"), maxUnzipped)
			var e *radiograph.Error
			if !errors.As(err, &e) || e.Kind != radiograph.KindInvalid || !strings.HasPrefix(e.Message, "Could not unzip uploaded file.") {
				t.Errorf("got %v", err)
			}
			for _, dir := range []string{parent, filepath.Join(parent, "in")} {
				entries, err := os.ReadDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range entries {
					if x.Name() != "in" {
						t.Errorf("%s is left in %s", x.Name(), dir)
					}
				}
			}
			if _, err := os.Lstat("/tmp/evil"); err == nil {
				t.Error("/tmp/evil was made")
			}
		})
	}
}

func TestUnpackSizeLimit(t *testing.T) {
	zip := writeZip(t, entry{"a", strings.Repeat("x", 600), 0o644}, entry{"b", strings.Repeat("x", 400), 0o644})
	parent := t.TempDir()
	err := unpack(zip, filepath.Join(parent, "code"), 999)
	if radiograph.ErrorKind(err) != radiograph.KindInvalid || err.Error() != "Unzipped size must be smaller than 999 bytes" {
		t.Errorf("got %v", err)
	}
	if left, _ := os.ReadDir(parent); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	dir := filepath.Join(parent, "code")
	if err := unpack(zip, dir, 1000); err != nil {
		t.Errorf("as large as allowed: %v", err)
	}
	if err := removeTree(dir); err != nil {
		t.Error(err)
	}
}

func TestCodeCache(t *testing.T) {
	c := newCodeCache(filepath.Join(t.TempDir(), "code"))
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	name := writeZip(t, entry{"a", "x", 0o644})
	sum, err := sumFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var callers sync.WaitGroup
	opened := make([]*code, 8)
	for i := range opened {
		callers.Go(func() {
			p, err := c.open(context.Background(), sum, name)
			if err != nil {
				t.Error(err)
			}
			opened[i] = p
		})
	}
	callers.Wait()
	for _, p := range opened {
		if p != opened[0] {
			t.Fatal("the package was unpacked twice")
		}
		c.release(p)
	}
	// Idle packages stay, but not all of them.
	for i := range keptPackages {
		p, err := c.open(t.Context(), "", writeZip(t, entry{"a", strings.Repeat("y", i), 0o644}))
		if err != nil {
			t.Fatal(err)
		}
		c.release(p)
	}
	if _, err := os.Stat(opened[0].dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the longest idle package is still there: %v", err)
	}
	again, err := c.open(t.Context(), sum, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(again.dir, "a")); err != nil {
		t.Error(err)
	}
	// A failure is not remembered.
	bad := strings.Repeat("0", 64)
	if _, err := c.open(t.Context(), bad, filepath.Join(t.TempDir(), "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing zip: %v", err)
	}
	if _, err := c.open(t.Context(), bad, name); err != nil {
		t.Errorf("second try: %v", err)
	}
	for _, sum := range []string{"x", "../../etc", strings.Repeat("0", 62)} {
		if _, err := c.open(t.Context(), sum, name); err == nil {
			t.Errorf("%q was taken as a sum", sum)
		}
	}
	if err := c.clear(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(c.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
}
