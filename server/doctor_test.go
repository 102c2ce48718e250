package server

import (
	"encoding/json"
	"net/http"
	"testing"
)

// The doctor answers programs of this machine only, and reads what is stored when
// it is asked to.
func TestDoctor(t *testing.T) {
	s, err := Start(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if status, _, body := post(t, s, "/TraceSegments", segments(1, 5)); status != http.StatusOK {
		t.Fatal(body)
	}
	ask := func(query string, header http.Header) (int, Doctor) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Endpoint()+DoctorPath+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var d Doctor
		if err := json.NewDecoder(resp.Body).Decode(&d); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, d
	}
	status, d := ask("", http.Header{})
	if status != http.StatusOK || d.Health != s.health() || d.Folder.Dir != s.cfg.Dir || d.Folder.FreeBytes == 0 || d.Check != nil || len(d.Interpreters) == 0 || len(d.Limits) == 0 {
		t.Errorf("%d %+v", status, d)
	}
	if _, d = ask("?check=true", http.Header{}); d.Check == nil || d.Check.Documents != 5 || d.Check.Traces != 5 || d.Check.Damaged != 0 {
		t.Errorf("the check has read %+v", d.Check)
	}
	if status, _ := ask("", http.Header{"Origin": {"http://example.com"}}); status != http.StatusForbidden {
		t.Errorf("a page of another site: %d", status)
	}
}
