package lambda

import (
	"context"

	"radiograph"
)

// UpdateConfiguration changes $LATEST. change gets a copy it may alter; what it
// leaves is validated, and the role is asked anew. A non-empty revisionID must be
// the current one.
func (s *Service) UpdateConfiguration(ctx context.Context, t radiograph.Tenant, name string, change func(*radiograph.Function) error, revisionID string) (*radiograph.Function, error) {
	return s.update(ctx, t, name, revisionID, func(f *radiograph.Function) error {
		code, size := f.CodeSHA256, f.CodeSize
		if err := change(f); err != nil {
			return err
		}
		// What has an operation of its own does not change here.
		f.Tenant, f.Name, f.Version, f.CodeSHA256, f.CodeSize = t, name, radiograph.LatestVersion, code, size
		if err := checkSettings(f); err != nil {
			return err
		}
		return s.checkRole(ctx, f)
	}, nil)
}

// UpdateCode replaces the code of $LATEST; with publish it also publishes a
// version and returns that.
func (s *Service) UpdateCode(ctx context.Context, t radiograph.Tenant, name string, zip []byte, publish bool, revisionID string) (*radiograph.Function, error) {
	return s.ReplaceCode(ctx, t, name, CodeUpdate{Zip: zip, Publish: publish, RevisionID: revisionID})
}

// CodeUpdate is a new package for $LATEST.
type CodeUpdate struct {
	Zip          []byte
	Architecture string // "": as before
	Publish      bool   // publish a version, and answer that
	DryRun       bool   // only check, and answer what would be
	RevisionID   string // "": whatever is current
}

// ReplaceCode is UpdateCode with all that the API offers.
func (s *Service) ReplaceCode(ctx context.Context, t radiograph.Tenant, name string, u CodeUpdate) (*radiograph.Function, error) {
	if s.registry.entry(t, name) == nil {
		return nil, functionNotFound(radiograph.FunctionARN(t, name))
	}
	if err := checkZip(u.Zip); err != nil {
		return nil, err
	}
	if !u.DryRun { // before the lock: a package may be large
		if err := s.putCode(ctx, u.Zip); err != nil {
			return nil, err
		}
	}
	change := func(f *radiograph.Function) error {
		if u.Architecture != "" {
			f.Architecture = u.Architecture
		}
		describeCode(f, u.Zip)
		return checkSettings(f)
	}
	if u.DryRun {
		e, err := s.lockEntry(ctx, t, name)
		if err != nil {
			return nil, err
		}
		defer s.changes.Unlock()
		return changed(e, u.RevisionID, change)
	}
	var then func(*entry) (*radiograph.Function, error)
	if u.Publish {
		then = func(e *entry) (*radiograph.Function, error) { return s.publish(ctx, e, "") }
	}
	return s.update(ctx, t, name, u.RevisionID, change, then)
}

// changed is a changed copy of $LATEST. Called under s.changes.
func changed(e *entry, revisionID string, change func(*radiograph.Function) error) (*radiograph.Function, error) {
	if revisionID != "" && revisionID != e.latest.fn.RevisionID {
		return nil, revisionMismatch()
	}
	f := clone(e.latest.fn)
	if err := change(f); err != nil {
		return nil, err
	}
	return f, nil
}

// update replaces $LATEST by a changed copy. then, when not nil, goes on under
// the same lock and makes the answer.
func (s *Service) update(ctx context.Context, t radiograph.Tenant, name, revisionID string, change func(*radiograph.Function) error, then func(*entry) (*radiograph.Function, error)) (*radiograph.Function, error) {
	e, err := s.lockEntry(ctx, t, name)
	if err != nil {
		return nil, err
	}
	defer s.changes.Unlock()
	f, err := changed(e, revisionID, change)
	if err != nil {
		return nil, err
	}
	s.revise(f)
	f.State, f.StateReason, f.StateReasonCode = stateActive, "", ""
	f.LastUpdateStatus, f.LastUpdateStatusReason, f.LastUpdateStatusReasonID = updateInProgress, creatingReason, creatingCode
	if err := s.replaceLatest(ctx, e, f); err != nil {
		return nil, err
	}
	if then != nil {
		return then(e)
	}
	return clone(f), nil
}

// lockEntry takes s.changes and finds a function whose $LATEST is settled. The
// service refuses changes of an unsettled function; here it is settled within
// microseconds, so the change waits.
func (s *Service) lockEntry(ctx context.Context, t radiograph.Tenant, name string) (*entry, error) {
	for {
		s.changes.Lock()
		e := s.registry.entry(t, name)
		if e == nil {
			s.changes.Unlock()
			return nil, functionNotFound(radiograph.FunctionARN(t, name))
		}
		select {
		case <-e.latest.ready:
			return e, nil
		default:
		}
		latest := e.latest
		s.changes.Unlock()
		if err := await(ctx, latest); err != nil {
			return nil, err
		}
	}
}
