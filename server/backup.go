package server

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"time"

	"radiograph"
	"radiograph/disk"
)

// BackupPath takes POST requests of programs on this machine with a
// [BackupRequest], and answers with a [Backup].
const BackupPath = "/backup"

// maxBackupRequest bounds its body.
const maxBackupRequest = 64 << 10

// BackupRequest says where a backup goes.
type BackupRequest struct {
	Directory string `json:"directory"` // absolute, not there yet
}

// Backup is a backup that is whole and durable.
type Backup struct {
	Directory string        `json:"directory"`
	Took      time.Duration `json:"took_nanoseconds"`
}

// backup answers BackupPath.
func (s *Server) backup(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	var in BackupRequest
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBackupRequest)).Decode(&in)
	if err != nil || !filepath.IsAbs(in.Directory) {
		writeError(w, radiograph.Errorf(radiograph.KindInvalid, `want {"directory": "/an/absolute/path"}`))
		return
	}
	if err := s.meter.Flush(); err != nil { // it writes behind
		writeError(w, err)
		return
	}
	if err := s.store.Backup(r.Context(), filepath.Clean(in.Directory)); err != nil {
		s.cfg.Log.Warn("backup failed", "directory", in.Directory, "err", err)
		writeError(w, err)
		return
	}
	b := Backup{Directory: in.Directory, Took: time.Since(began)}
	s.cfg.Log.Info("backup", "directory", b.Directory, "dur", b.Took)
	writeJSON(w, http.StatusOK, b)
}

// Restore copies a backup to the data folder of a server that does not run. The
// folder must not be there, or be empty.
func Restore(backup string, cfg Config) error {
	return disk.Restore(disk.Options{Dir: cfg.Dir, Log: cfg.Log, Clock: cfg.Clock}, backup)
}
