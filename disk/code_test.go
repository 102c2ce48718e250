package disk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"radiograph"
)

func codeSum(zip []byte) string {
	sum := sha256.Sum256(zip)
	return hex.EncodeToString(sum[:])
}

func TestCode(t *testing.T) {
	ctx := context.Background()
	zip := []byte("PK\x03\x04")
	sum := codeSum(zip)
	t.Run("OK", func(t *testing.T) {
		for _, dir := range []string{"", t.TempDir()} {
			s := open(t, Options{Dir: dir})
			var writers sync.WaitGroup
			for range 8 {
				writers.Go(func() {
					if err := s.PutCode(ctx, sum, zip); err != nil {
						t.Errorf("PutCode: %v", err)
					}
				})
			}
			writers.Wait()
			path, err := s.CodePath(ctx, sum)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != string(zip) {
				t.Errorf("%s holds %q, %v", path, got, err)
			}
			if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
				t.Errorf("the folder has %d files, want the package alone", len(entries))
			}
		}
	})
	t.Run("TemporaryFolderGoes", func(t *testing.T) {
		s, err := Open(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.PutCode(ctx, sum, zip); err != nil {
			t.Fatal(err)
		}
		path, _ := s.CodePath(ctx, sum)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there after Close", path)
		}
	})
	t.Run("ErrWrongSum", func(t *testing.T) {
		err := open(t, Options{}).PutCode(ctx, strings.Repeat("0", 64), zip)
		if radiograph.ErrorKind(err) != radiograph.KindInvalid {
			t.Errorf("PutCode under another sum = %v", err)
		}
	})
	t.Run("ErrNotFound", func(t *testing.T) {
		s := open(t, Options{})
		for _, sum := range []string{"", sum, "../" + sum[3:], strings.ToUpper(sum), "../../../../etc/passwd"} {
			if path, err := s.CodePath(ctx, sum); radiograph.ErrorKind(err) != radiograph.KindNotFound {
				t.Errorf("CodePath(%q) = %q, %v", sum, path, err)
			}
		}
	})
}
