package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"radiograph"
)

// attachments are what a function has besides its versions. They never change;
// a change makes others. Maps may be nil.
type attachments struct {
	Aliases  map[string]*Alias  `json:",omitempty"` // by name
	Policies map[string]*policy `json:",omitempty"` // by qualifier; "": the function's own
	Reserved *int               `json:",omitempty"` // concurrent executions; nil: none are reserved

	EventInvoke map[string]*EventInvokeConfig `json:",omitempty"` // by qualifier; "$LATEST": also without one
}

const attachmentsPrefix = "attachment/"

func attachmentsKey(k functionKey) string {
	return attachmentsPrefix + tenantKey(k.tenant) + k.name
}

// edit is a copy whose maps may be changed, but not what they hold.
func (a *attachments) edit() *attachments {
	c := &attachments{
		Aliases: maps.Clone(a.Aliases), Policies: maps.Clone(a.Policies), Reserved: a.Reserved, EventInvoke: maps.Clone(a.EventInvoke),
	}
	if c.Aliases == nil {
		c.Aliases = map[string]*Alias{}
	}
	if c.Policies == nil {
		c.Policies = map[string]*policy{}
	}
	if c.EventInvoke == nil {
		c.EventInvoke = map[string]*EventInvokeConfig{}
	}
	return c
}

// without drops what belongs to a version or an alias.
func (a *attachments) without(qualifier string) *attachments {
	c := a.edit()
	delete(c.Aliases, qualifier)
	delete(c.Policies, qualifier)
	delete(c.EventInvoke, qualifier)
	return c
}

// store makes the change that sets a function's attachments in State.
func (a *attachments) store(k functionKey) (radiograph.Change, error) {
	value, err := json.Marshal(a)
	if err != nil {
		return radiograph.Change{}, fmt.Errorf("spell what belongs to function %s: %w", k.name, err)
	}
	return radiograph.Change{Key: attachmentsKey(k), Value: value}, nil
}

// attached is a function and what it has.
func (s *Service) attached(t radiograph.Tenant, name string) (*entry, *attachments, error) {
	s.registry.mu.RLock()
	defer s.registry.mu.RUnlock()
	e := s.registry.functions[functionKey{t, name}]
	if e == nil {
		return nil, nil, functionNotFound(radiograph.FunctionARN(t, name))
	}
	return e, e.attached, nil
}

// attach changes what a function has: durable first, then visible. change gets a
// copy to alter.
func (s *Service) attach(ctx context.Context, t radiograph.Tenant, name string, change func(e *entry, a *attachments) error) error {
	s.changes.Lock()
	defer s.changes.Unlock()
	e, before, err := s.attached(t, name)
	if err != nil {
		return err
	}
	after := before.edit()
	if err := change(e, after); err != nil {
		return err
	}
	stored, err := after.store(functionKey{t, name})
	if err != nil {
		return err
	}
	if err := s.cfg.State.Apply(ctx, stored); err != nil {
		return err
	}
	s.registry.mu.Lock()
	e.attached = after
	s.registry.mu.Unlock()
	return nil
}

// checkQualifier refuses a version or alias that a function does not have.
// Called under s.changes.
func (s *Service) checkQualifier(t radiograph.Tenant, name, qualifier string) error {
	_, err := s.registry.version(t, name, qualifier)
	return err
}
