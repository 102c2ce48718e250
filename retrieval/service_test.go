package retrieval

import (
	"testing"
	"time"

	"radiograph"
	"radiograph/storetest"
)

var tenant = radiograph.Tenant{Account: "111122223333", Region: "eu-west-1"}

func TestRetrievals(t *testing.T) {
	state, now := storetest.NewState(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	clock := func() time.Time { return now }
	s := New(state, clock)
	ids := []radiograph.TraceID{{1}, {2}}
	started, err := s.Start(t.Context(), tenant, ids, 1, 2)
	if err != nil || !started.Complete() || started.Token == "" || len(started.Token) > 1020 {
		t.Fatalf("%+v, %v", started, err)
	}
	now = now.Add(time.Second)
	other, err := s.Start(t.Context(), tenant, ids, 1, 2)
	if err != nil || other.Token == started.Token {
		t.Fatalf("%+v, %v", other, err)
	}

	s = New(state, clock) // a restart
	got, err := s.Retrieval(t.Context(), tenant, started.Token)
	if err != nil || !got.Complete() || len(got.Traces) != 2 || got.Traces[1] != ids[1] || got.From != 1 || got.To != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := s.Retrieval(t.Context(), radiograph.Tenant{Account: "9"}, started.Token); radiograph.ErrorKind(err) != radiograph.KindNotFound {
		t.Errorf("another tenant's: %v", err)
	}
	for range 2 {
		if err := s.Cancel(t.Context(), tenant, started.Token); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Retrieval(t.Context(), tenant, started.Token); err != nil || !got.Cancelled || got.Complete() {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
	if err := s.Cancel(t.Context(), tenant, "nosuch"); radiograph.ErrorKind(err) != radiograph.KindNotFound {
		t.Errorf("cancel an unknown: %v", err)
	}
	now = now.Add(life + 1)
	if got, err := s.Retrieval(t.Context(), tenant, other.Token); err != nil || !got.TimedOut || got.Complete() {
		t.Errorf("after an hour: %+v, %v", got, err)
	}
	now = now.Add(keptFor)
	if _, err := s.Start(t.Context(), tenant, nil, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Retrieval(t.Context(), tenant, other.Token); radiograph.ErrorKind(err) != radiograph.KindNotFound {
		t.Errorf("after a day: %v", err)
	}
	if _, err := s.Start(t.Context(), tenant, nil, 2, 1); radiograph.ErrorKind(err) != radiograph.KindInvalid {
		t.Errorf("reversed: %v", err)
	}
}

func TestRetrievalsAreBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := New(storetest.NewState(), func() time.Time { return now })
	for range maxKept {
		now = now.Add(time.Millisecond)
		if _, err := s.Start(t.Context(), tenant, nil, 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Millisecond)
	if _, err := s.Start(t.Context(), tenant, nil, 0, 0); radiograph.ErrorKind(err) != radiograph.KindThrottled {
		t.Errorf("one more: %v", err)
	}
}
