package iam

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"radiograph"
)

// sessionKeyPrefix begins the ids of temporary keys, as AWS's do.
const sessionKeyPrefix = "ASIA"

// sweepEvery is how often expired sessions are thrown away, at the earliest.
const sweepEvery = 10 * time.Minute

// sessions are the issued keys. They are also in the state, so that a process
// that outlives the server keeps its rights.
type sessions struct {
	mu    sync.Mutex
	known map[string]radiograph.Session // by access key id
	swept time.Time
}

// sessionKey is where a session is kept.
func sessionKey(accessKeyID string) string { return "session/" + accessKeyID }

// Issue makes keys of a session of the role, which must exist in the account.
// Whether the asker may assume the role is the asker's to check, with Assumable.
func (s *Service) Issue(ctx context.Context, account radiograph.AccountID, roleARN, name string, life time.Duration) (radiograph.Credentials, error) {
	held, err := s.byARN(ctx, roleARN)
	if err != nil {
		return radiograph.Credentials{}, err
	}
	if held == nil || held.role.Account != account {
		return radiograph.Credentials{}, noSuchEntity("The role with ARN %s cannot be found.", roleARN)
	}
	session, err := s.issue(ctx, held, name, life, true)
	return session.Credentials, err
}

// issue makes a session of a role; lazy: it need not be durable at once.
func (s *Service) issue(ctx context.Context, held *heldRole, name string, life time.Duration, lazy bool) (radiograph.Session, error) {
	now := s.clock()
	session := radiograph.Session{
		Credentials: radiograph.Credentials{
			AccessKeyID:     sessionKeyPrefix + randomID(16),
			SecretAccessKey: randomText(30),
			SessionToken:    randomText(96),
		},
		Account: held.role.Account, RoleARN: held.role.ARN(), Name: name, Expires: now.Add(life),
	}
	b, err := json.Marshal(session)
	if err != nil {
		return radiograph.Session{}, fmt.Errorf("write session: %w", err)
	}
	if err := s.sweep(ctx, now); err != nil {
		return radiograph.Session{}, err
	}
	change := radiograph.Change{Key: sessionKey(session.Credentials.AccessKeyID), Value: b, Lazy: lazy}
	if err := s.state.Apply(ctx, change); err != nil {
		return radiograph.Session{}, fmt.Errorf("write session: %w", err)
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.known[session.Credentials.AccessKeyID] = session
	return session, nil
}

// Session finds an issued key, expired or not until it is swept.
func (s *Service) Session(ctx context.Context, accessKeyID string) (radiograph.Session, bool) {
	if !strings.HasPrefix(accessKeyID, sessionKeyPrefix) || strings.Contains(accessKeyID, "/") {
		return radiograph.Session{}, false
	}
	s.sessions.mu.Lock()
	session, ok := s.sessions.known[accessKeyID]
	s.sessions.mu.Unlock()
	if ok {
		return session, true
	}
	b, err := s.state.Get(ctx, sessionKey(accessKeyID))
	if err != nil || json.Unmarshal(b, &session) != nil {
		return radiograph.Session{}, false
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.known[accessKeyID] = session
	return session, true
}

// sweep removes sessions that expired, at most once in sweepEvery. A session
// stays for a day after its end, so that its owner is told that it expired.
func (s *Service) sweep(ctx context.Context, now time.Time) error {
	s.sessions.mu.Lock()
	due := now.Sub(s.sessions.swept) >= sweepEvery
	if due {
		s.sessions.swept = now
	}
	s.sessions.mu.Unlock()
	if !due {
		return nil
	}
	var gone []radiograph.Change
	for pair, err := range s.state.Scan(ctx, sessionKey("")) {
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		var session radiograph.Session
		if json.Unmarshal(pair.Value, &session) == nil && now.Sub(session.Expires) < 24*time.Hour {
			continue
		}
		gone = append(gone, radiograph.Change{Key: pair.Key, Lazy: true})
	}
	if len(gone) == 0 {
		return nil
	}
	if err := s.state.Apply(ctx, gone...); err != nil {
		return fmt.Errorf("delete sessions: %w", err)
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	for _, c := range gone {
		delete(s.sessions.known, strings.TrimPrefix(c.Key, sessionKey("")))
	}
	return nil
}

func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// SessionUserID is what STS calls the user of a session: the role's id and the
// session's name. A role that is gone leaves only the name.
func (s *Service) SessionUserID(ctx context.Context, session radiograph.Session) (string, error) {
	held, err := s.byARN(ctx, session.RoleARN)
	if err != nil {
		return "", err
	}
	if held == nil {
		return ":" + session.Name, nil
	}
	return held.role.ID + ":" + session.Name, nil
}
