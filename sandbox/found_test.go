package sandbox

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is found first of a version is listed, newest first, with what it lacks.
func TestInterpreters(t *testing.T) {
	bin := t.TempDir()
	for name, version := range map[string]string{"node": "v99.1.0", "node-99": "v99.1.0", "nodejs": "v98.0.0"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\necho "+version+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	python := filepath.Join(bin, "python3.99")
	if err := os.WriteFile(python, []byte("#!/bin/sh\necho 3.99.0 False "+python+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	t.Setenv("HOME", bin)
	s, err := New(Config{CacheDir: t.TempDir(), WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, err := s.Interpreters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []Interpreter
	for _, i := range all { // those of this machine's /usr/bin are there too
		if i.Path == "" || filepath.Dir(i.Path) == bin {
			got = append(got, i)
		}
	}
	want := []Interpreter{
		{Runtimes: "provided.al2023, provided.al2"},
		{Runtimes: "python3.x", Version: "3.99.0", Path: python, Lacks: "pip"},
		{Runtimes: "nodejs*.x", Version: "99.1.0", Path: filepath.Join(bin, "node")},
		{Runtimes: "nodejs*.x", Version: "98.0.0", Path: filepath.Join(bin, "nodejs")},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
