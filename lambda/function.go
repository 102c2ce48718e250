package lambda

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"radiograph"
)

// The states a version goes through, and what is told about the passing ones.
const (
	statePending     = "Pending"
	stateActive      = "Active"
	updateInProgress = "InProgress"
	updateSuccessful = "Successful"
	creatingReason   = "The function is being created."
	creatingCode     = "Creating"
)

// CreateFunction creates a function from its settings and the bytes of a zip
// file; with publish it also publishes version 1 and returns that. The answer is
// Pending; the function becomes Active right after.
func (s *Service) CreateFunction(ctx context.Context, f *radiograph.Function, zip []byte, publish bool) (*radiograph.Function, error) {
	f = clone(f)
	applyDefaults(f)
	f.Version = radiograph.LatestVersion
	if err := checkSettings(f); err != nil {
		return nil, err
	}
	if err := checkTags(f.Tags); err != nil {
		return nil, err
	}
	if s.registry.entry(f.Tenant, f.Name) != nil {
		return nil, alreadyExists(f.Name)
	}
	if err := checkZip(zip); err != nil {
		return nil, err
	}
	if err := s.checkRole(ctx, f); err != nil {
		return nil, err
	}
	if err := s.putCode(ctx, zip); err != nil {
		return nil, err
	}
	describeCode(f, zip)
	f.State, f.StateReason, f.StateReasonCode = statePending, creatingReason, creatingCode
	f.LastUpdateStatus, f.LastUpdateStatusReason, f.LastUpdateStatusReasonID = "", "", ""

	s.changes.Lock()
	defer s.changes.Unlock()
	if s.registry.entry(f.Tenant, f.Name) != nil {
		return nil, alreadyExists(f.Name)
	}
	s.revise(f)
	e := newEntry()
	if err := s.replaceLatest(ctx, e, f); err != nil {
		return nil, err
	}
	if publish {
		return s.publish(ctx, e, "")
	}
	return clone(f), nil
}

func alreadyExists(name string) error {
	return exception(radiograph.KindConflict, "ResourceConflictException", "Function already exist: %s", name)
}

// putCode stores a checked zip file.
func (s *Service) putCode(ctx context.Context, zip []byte) error {
	return s.cfg.Code.PutCode(ctx, codeSum(zip), zip)
}

// describeCode writes a zip file's sum and size into f.
func describeCode(f *radiograph.Function, zip []byte) {
	f.CodeSHA256, f.CodeSize = codeSum(zip), int64(len(zip))
}

func codeSum(zip []byte) string {
	sum := sha256.Sum256(zip)
	return hex.EncodeToString(sum[:])
}

// revise gives f a new revision.
func (s *Service) revise(f *radiograph.Function) {
	f.RevisionID = radiograph.NewUUID()
	f.LastModified = s.now().UTC()
}

// replaceLatest makes f the function's $LATEST: durable first, then visible, and
// settled in the background. Called under s.changes.
func (s *Service) replaceLatest(ctx context.Context, e *entry, f *radiograph.Function) error {
	change, err := store(f, &e.history)
	if err != nil {
		return err
	}
	if err := s.cfg.State.Apply(ctx, change); err != nil {
		return err
	}
	v := &version{fn: f, ready: make(chan struct{}), fleet: s.pool.fleet(f)}
	s.registry.mu.Lock()
	before := e.latest
	e.latest = v
	s.registry.functions[functionKey{f.Tenant, f.Name}] = e
	s.registry.mu.Unlock()
	if before != nil {
		s.pool.retire(before.fleet, "the function was updated")
	}
	s.settle(v)
	return nil
}

// settle makes a version Active when the change that made it is over.
func (s *Service) settle(v *version) {
	s.background.Go(func() {
		s.changes.Lock()
		defer s.changes.Unlock()
		defer close(v.ready)
		s.registry.mu.Lock()
		e := s.registry.functions[functionKey{v.fn.Tenant, v.fn.Name}]
		after := &version{fn: settled(v.fn), ready: v.ready, fleet: v.fleet}
		switch {
		case e == nil: // deleted meanwhile
			after = nil
		case e.latest == v:
			e.latest = after
		case e.published[v.fn.Version] == v:
			e.published[v.fn.Version] = after
		default: // replaced meanwhile
			after = nil
		}
		s.registry.mu.Unlock()
		if after == nil {
			return
		}
		var h *history
		if after.fn.Version == radiograph.LatestVersion {
			h = &e.history
		}
		change, err := store(after.fn, h)
		if err == nil {
			change.Lazy = true // a restart settles what it finds
			err = s.cfg.State.Apply(context.Background(), change)
		}
		if err != nil {
			s.log.Warn("a function's new state was not stored", "function", after.fn.ARN(), "err", err)
		}
	})
}

// settled is f in its lasting state.
func settled(f *radiograph.Function) *radiograph.Function {
	f = clone(f)
	f.State, f.StateReason, f.StateReasonCode = stateActive, "", ""
	f.LastUpdateStatus, f.LastUpdateStatusReason, f.LastUpdateStatusReasonID = updateSuccessful, "", ""
	return f
}

// await returns when a version is Active.
func await(ctx context.Context, v *version) error {
	select {
	case <-v.ready:
		return nil
	default:
	}
	select {
	case <-v.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Function is the configuration of a version, also by an alias; qualifier ""
// means $LATEST. The caller may change what it gets.
func (s *Service) Function(ctx context.Context, t radiograph.Tenant, name, qualifier string) (*radiograph.Function, error) {
	v, err := s.registry.version(t, name, qualifier)
	if err != nil {
		return nil, err
	}
	return clone(v.fn), nil
}

// Functions lists $LATEST of each function of a tenant, by name.
func (s *Service) Functions(ctx context.Context, t radiograph.Tenant) ([]*radiograph.Function, error) {
	fs := s.registry.latest(t)
	for i, f := range fs {
		fs[i] = clone(f)
	}
	return fs, nil
}

// CodePath is the path of a stored zip file; sum is the hex SHA-256 of its
// bytes. An unknown one is an Error of KindNotFound.
func (s *Service) CodePath(ctx context.Context, sum string) (string, error) {
	return s.cfg.Code.CodePath(ctx, sum)
}

// DeleteFunction deletes a function with all its versions or, with a qualifier,
// one published version. Running invocations come to their end.
func (s *Service) DeleteFunction(ctx context.Context, t radiograph.Tenant, name, qualifier string) error {
	if qualifier == radiograph.LatestVersion {
		return invalidParameter("$LATEST version cannot be deleted without deleting the function.")
	}
	if strings.Trim(qualifier, "0123456789") != "" {
		return invalidParameter("Deletion of aliases is not currently supported.")
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	key := functionKey{t, name}
	var gone []*version
	var rest *attachments // of the function that stays
	left := radiograph.Change{Key: attachmentsKey(key)}
	if qualifier != "" {
		v, err := s.registry.version(t, name, qualifier)
		if err != nil {
			return err
		}
		gone = []*version{v}
		users, err := s.Aliases(ctx, t, name, qualifier)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return exception(radiograph.KindConflict, "ResourceConflictException", "Unable to delete version because the following aliases reference it: [%s]", aliasNames(users))
		}
		rest = s.registry.entry(t, name).attached.without(qualifier)
		if left, err = rest.store(key); err != nil {
			return err
		}
	} else if gone = s.registry.versions(t, name); gone == nil {
		return functionNotFound(radiograph.FunctionARN(t, name))
	}
	changes := []radiograph.Change{left}
	for _, v := range gone {
		changes = append(changes, radiograph.Change{Key: versionKey(v.fn)})
	}
	if err := s.cfg.State.Apply(ctx, changes...); err != nil {
		return err
	}
	s.registry.mu.Lock()
	if qualifier != "" {
		e := s.registry.functions[key]
		delete(e.published, qualifier)
		e.attached = rest
	} else {
		delete(s.registry.functions, key)
	}
	s.registry.mu.Unlock()
	for _, v := range gone {
		s.pool.retire(v.fleet, "the function was deleted")
	}
	return nil
}
