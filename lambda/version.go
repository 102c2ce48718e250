package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"radiograph"
)

// PublishVersion freezes $LATEST as the next version. When nothing changed since
// the last published version, it returns that one. A non-empty codeSHA256
// (base64, as answers spell it) and revisionID must be the current ones.
func (s *Service) PublishVersion(ctx context.Context, t radiograph.Tenant, name, description, codeSHA256, revisionID string) (*radiograph.Function, error) {
	e, err := s.lockEntry(ctx, t, name)
	if err != nil {
		return nil, err
	}
	defer s.changes.Unlock()
	latest := e.latest.fn
	if have := CodeSHA256(latest); codeSHA256 != "" && codeSHA256 != have {
		return nil, invalidParameter("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", codeSHA256, have)
	}
	if revisionID != "" && revisionID != latest.RevisionID {
		return nil, revisionMismatch()
	}
	return s.publish(ctx, e, description)
}

// CodeSHA256 is the sum of a function's code as answers spell it.
func CodeSHA256(f *radiograph.Function) string {
	sum, err := hex.DecodeString(f.CodeSHA256)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(sum)
}

// publish freezes e's $LATEST. Called under s.changes.
func (s *Service) publish(ctx context.Context, e *entry, description string) (*radiograph.Function, error) {
	latest := e.latest.fn
	fingerprint, err := fingerprint(latest)
	if err != nil {
		return nil, err
	}
	if last := e.published[strconv.Itoa(e.history.LastVersion)]; last != nil && e.history.Fingerprint == fingerprint {
		return clone(last.fn), nil
	}
	next := history{LastVersion: e.history.LastVersion + 1, Fingerprint: fingerprint}
	f := clone(latest)
	f.Version = strconv.Itoa(next.LastVersion)
	f.Tags = nil
	if description != "" {
		f.Description = description
	}
	s.revise(f)
	f.State, f.StateReason, f.StateReasonCode = statePending, creatingReason, creatingCode
	f.LastUpdateStatus, f.LastUpdateStatusReason, f.LastUpdateStatusReasonID = "", "", ""
	changeLatest, err := store(latest, &next)
	if err != nil {
		return nil, err
	}
	changeVersion, err := store(f, nil)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.State.Apply(ctx, changeLatest, changeVersion); err != nil {
		return nil, err
	}
	v := &version{fn: f, ready: make(chan struct{}), fleet: s.pool.fleet(f)}
	s.registry.mu.Lock()
	e.published[f.Version] = v
	e.history = next
	s.registry.mu.Unlock()
	s.settle(v)
	return clone(f), nil
}

// fingerprint sums up what a published version would hold, so that an unchanged
// function is not published twice.
func fingerprint(f *radiograph.Function) (string, error) {
	c := settled(f)
	c.RevisionID, c.LastModified, c.Tags = "", time.Time{}, nil
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("spell function %s: %w", f.ARN(), err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Versions lists $LATEST and then the published versions, oldest first.
func (s *Service) Versions(ctx context.Context, t radiograph.Tenant, name string) ([]*radiograph.Function, error) {
	vs := s.registry.versions(t, name)
	if vs == nil {
		return nil, functionNotFound(radiograph.FunctionARN(t, name))
	}
	fs := make([]*radiograph.Function, len(vs))
	for i, v := range vs {
		fs[i] = clone(v.fn)
	}
	return fs, nil
}
