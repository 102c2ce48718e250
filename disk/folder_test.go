package disk

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
)

// holdFolder, when set, makes this test binary hold a store open until its
// standard input ends.
const holdFolder = "RADIOGRAPH_TEST_HOLD_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdFolder); dir != "" {
		s, err := Open(Options{Dir: dir})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("open")
		_, _ = os.Stdin.Read(make([]byte, 1)) // the end is all that counts
		if err := s.Close(); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestFolderIsLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "the", "way")
	t.Run("ByThisProcess", func(t *testing.T) {
		open(t, Options{Dir: dir})
		_, err := Open(Options{Dir: dir})
		if radiograph.ErrorKind(err) != radiograph.KindConflict || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
			t.Errorf("second Open = %v; want a conflict with folder and process", err)
		}
	})
	t.Run("ByAnother", func(t *testing.T) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), holdFolder+"="+dir)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 16)); err != nil {
			t.Fatal(err)
		}
		_, err = Open(Options{Dir: dir})
		if radiograph.ErrorKind(err) != radiograph.KindConflict || !strings.Contains(err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid)) {
			t.Errorf("Open while process %d has the folder = %v", cmd.Process.Pid, err)
		}
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		open(t, Options{Dir: dir}) // free again
	})
}

func TestFolderFormat(t *testing.T) {
	put := func(t *testing.T, name, text string) string {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for _, c := range []struct {
		name, file, text string
		kind             radiograph.Kind
	}{
		{"ErrLaterFormat", "format", "radiograph store 3\n", radiograph.KindUnsupported},
		{"ErrDamaged", "format", "radio", radiograph.KindInternal},
		{"ErrForeignDatabase", "db/CURRENT", "x", radiograph.KindInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := put(t, c.file, c.text)
			_, err := Open(Options{Dir: dir})
			if radiograph.ErrorKind(err) != c.kind || err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("Open = %v, want kind %s with the folder's name", err, c.kind)
			}
		})
	}
	t.Run("ErrNotAFolder", func(t *testing.T) {
		dir := put(t, "file", "")
		if _, err := Open(Options{Dir: filepath.Join(dir, "file")}); err == nil {
			t.Error("a file was opened as a folder")
		}
	})
	t.Run("FileStandsBesideOthers", func(t *testing.T) {
		dir := put(t, "notes.txt", "mine")
		open(t, Options{Dir: dir})
		if b, err := os.ReadFile(filepath.Join(dir, "notes.txt")); string(b) != "mine" {
			t.Errorf("a stranger's file is %q, %v", b, err)
		}
	})
}

func TestWriteFileIsWholeOrAbsent(t *testing.T) {
	mem := vfs.NewCrashableMem()
	if err := makeDir(mem, "a/b"); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(mem, "a/b", "f", []byte("one")); err != nil {
		t.Fatal(err)
	}
	left := mem.CrashClone(vfs.CrashCloneCfg{})
	if b, err := readFile(left, "a/b/f"); string(b) != "one" {
		t.Errorf("after a crash the file has %q, %v", b, err)
	}
	if _, err := left.Stat("a/b/f.tmp"); err == nil {
		t.Error("the temporary file is left")
	} else if !os.IsNotExist(err) {
		t.Errorf("%v is no %v", err, fs.ErrNotExist)
	}
}

// TestStart holds the promise that a start takes well under 200 ms, on an empty
// folder and on one with data, after a clean end.
func TestStart(t *testing.T) {
	if testing.Short() {
		t.Skip("timing")
	}
	dir := t.TempDir()
	for _, state := range []string{"empty", "filled"} {
		began := time.Now()
		s, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		t.Logf("%s folder: %v", state, took)
		if took > 200*time.Millisecond {
			t.Errorf("opening the %s folder took %v", state, took)
		}
		for i := range 200 {
			var docs [][]byte
			for n := range 25 {
				docs = append(docs, segment(i*10+n%10, n, ended))
			}
			if _, err := s.Put(context.Background(), home1, records(t, radiograph.DoorAPI, docs...), false); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
