package disk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"

	"radiograph"
)

// PutCode implements radiograph.CodeStore. A package that is there already is
// not written again. The error is of KindInvalid when sum is not the zip's.
func (s *Store) PutCode(ctx context.Context, sum string, zip []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enterToWrite(); err != nil {
		return err
	}
	defer s.leave()
	if got := sha256.Sum256(zip); hex.EncodeToString(got[:]) != sum {
		return radiograph.Errorf(radiograph.KindInvalid, "the package's SHA-256 is %x, not %.64q", got, sum)
	}
	files, dir := s.folder.code()
	if err := makeDir(files, dir); err != nil {
		return writeError("folder "+dir, err)
	}
	// One writer at a time: two of the same package would share a temporary
	// name.
	s.code.Lock()
	defer s.code.Unlock()
	if info, err := files.Stat(files.PathJoin(dir, codeFile(sum))); err == nil && info.Size() == int64(len(zip)) {
		// Renamed into place only when it was complete; the folder's entry may
		// still be on its way to the disk.
		if err := syncDir(files, dir); err != nil {
			return writeError("folder "+dir, err)
		}
		return nil
	}
	if err := writeFile(files, dir, codeFile(sum), zip); err != nil {
		return writeError("code package "+sum, err)
	}
	return nil
}

// CodePath implements radiograph.CodeStore. The error is of KindNotFound when
// there is no such package.
func (s *Store) CodePath(ctx context.Context, sum string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := s.enter(); err != nil {
		return "", err
	}
	defer s.leave()
	missing := radiograph.Errorf(radiograph.KindNotFound, "there is no code package %.64q", sum)
	if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != sum {
		return "", missing // and never a path out of the folder
	}
	files, dir := s.folder.code()
	path := files.PathJoin(dir, codeFile(sum))
	if _, err := files.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", missing
	} else if err != nil {
		return "", readError("code package "+sum, err)
	}
	return path, nil
}

func codeFile(sum string) string { return sum + ".zip" }
