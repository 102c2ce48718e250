package server

import (
	"context"
	"net/http"
	"time"

	"radiograph"
	"radiograph/disk"
	"radiograph/sandbox"
)

// DoctorPath answers GET requests of programs on this machine with a [Doctor];
// ?check=true reads all that is stored first.
const DoctorPath = "/doctor"

// maxNamed is how much damage an answer names.
const maxNamed = 10_000

// Doctor is what a server runs on, and what is wrong with it.
type Doctor struct {
	Health
	Folder        disk.Folder           `json:"folder"`
	StoreBytes    uint64                `json:"store_bytes"`
	WritesRefused bool                  `json:"writes_refused"` // for want of room
	SetAside      int64                 `json:"set_aside"`      // times a damaged row was passed over, since the start
	Retention     time.Duration         `json:"retention_nanoseconds"`
	Interpreters  []sandbox.Interpreter `json:"interpreters"`
	Limits        []radiograph.Limit    `json:"limits"`
	Check         *Check                `json:"check,omitempty"`
}

// Damage is one damaged row, file or package.
type Damage = disk.Damage

// Check is what a check of all stored data has read and found.
type Check struct {
	disk.Checked
	Damage []Damage `json:"damage,omitempty"` // the first 10,000
}

// doctor answers DoctorPath.
func (s *Server) doctor(w http.ResponseWriter, r *http.Request) {
	found, err := s.sandbox.Interpreters(r.Context())
	if err != nil {
		writeError(w, err)
		return
	}
	st := s.store.Stats()
	d := Doctor{
		Health: s.health(), Folder: s.store.Folder(), StoreBytes: st.Bytes, WritesRefused: st.WritesRefused, SetAside: st.SetAside,
		Retention: s.cfg.Retention, Interpreters: found, Limits: s.cfg.Limits.List(),
	}
	if r.URL.Query().Get("check") == "true" {
		d.Check = &Check{}
		d.Check.Checked, err = s.store.Check(r.Context(), func(damage Damage) {
			if len(d.Check.Damage) < maxNamed {
				d.Check.Damage = append(d.Check.Damage, damage)
			}
		})
		if err != nil {
			writeError(w, err)
			return
		}
	}
	writeJSON(w, http.StatusOK, d)
}

// CheckFolder checks the data folder of a server that does not run. It hands each
// damaged row to found; an error means that it did not come to its end.
func CheckFolder(ctx context.Context, cfg Config, found func(Damage)) (disk.Checked, error) {
	return disk.CheckFolder(ctx, disk.Options{Dir: cfg.Dir, Log: cfg.Log, Clock: cfg.Clock}, found)
}
