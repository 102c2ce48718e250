package lambda

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"radiograph"
)

// Alias is a name for a version, or for two between which invocations are
// divided.
type Alias struct {
	Name        string
	Version     string
	Description string
	// Weights are the shares of further versions, from 0 to 1; at most one version.
	Weights    map[string]float64 `json:",omitempty"`
	RevisionID string
}

// pick is the version that an invocation gets; r is a random number in [0, 1).
func (a *Alias) pick(r float64) string {
	for version, weight := range a.Weights {
		if r < weight {
			return version
		}
	}
	return a.Version
}

// points reports whether a version may be what the alias gives.
func (a *Alias) points(version string) bool {
	_, also := a.Weights[version]
	return also || a.Version == version
}

const aliasPatternText = `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`

// CreateAlias makes an alias.
func (s *Service) CreateAlias(ctx context.Context, t radiograph.Tenant, function string, a Alias) (*Alias, error) {
	if !namePattern.MatchString(a.Name) || strings.Trim(a.Name, "0123456789") == "" {
		var v violations
		v.add(a.Name, "name", "Member must satisfy regular expression pattern: %s", aliasPatternText)
		return nil, v.err()
	}
	a.RevisionID = radiograph.NewUUID()
	err := s.attach(ctx, t, function, func(e *entry, has *attachments) error {
		if has.Aliases[a.Name] != nil {
			return exception(radiograph.KindConflict, "ResourceConflictException", "Alias already exists: %s", invokedARN(t, function, a.Name))
		}
		if err := s.checkAlias(t, function, &a); err != nil {
			return err
		}
		has.Aliases[a.Name] = &a
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &a, nil
}

// checkAlias holds an alias against the versions there are. Called under
// s.changes.
func (s *Service) checkAlias(t radiograph.Tenant, function string, a *Alias) error {
	if err := s.checkQualifier(t, function, a.Version); err != nil {
		return err
	}
	if len(a.Weights) > 1 {
		return invalidParameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for version, weight := range a.Weights {
		shown := fmt.Sprintf("{%s=%v}", version, weight)
		var v violations
		switch {
		case version == "" || strings.Trim(version, "0123456789") != "":
			v.add(shown, "routingConfig.additionalVersionWeights", "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not be null]")
		case !(weight >= 0 && weight <= 1):
			v.add(shown, "routingConfig.additionalVersionWeights", "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]")
		}
		if err := v.err(); err != nil {
			return err
		}
		switch a.Version {
		case version:
			return invalidParameter("Invalid function version %s. Function version %s is already included in routing configuration.", version, version)
		case radiograph.LatestVersion:
			return invalidParameter("$LATEST is not supported for an alias pointing to more than 1 version")
		}
		if err := s.checkQualifier(t, function, version); err != nil {
			return err
		}
	}
	return nil
}

// AliasUpdate is what UpdateAlias changes. Nil members keep what is.
type AliasUpdate struct {
	Version     *string
	Description *string
	Weights     map[string]float64 // empty: all to Version
	RevisionID  string             // "": whatever is current
}

// UpdateAlias changes an alias.
func (s *Service) UpdateAlias(ctx context.Context, t radiograph.Tenant, function, name string, u AliasUpdate) (*Alias, error) {
	var a Alias
	err := s.attach(ctx, t, function, func(e *entry, has *attachments) error {
		before := has.Aliases[name]
		if before == nil {
			return exception(radiograph.KindNotFound, "ResourceNotFoundException", "Alias not found: %s", invokedARN(t, function, name))
		}
		if u.RevisionID != "" && u.RevisionID != before.RevisionID {
			return revisionMismatch()
		}
		a = *before
		if u.Version != nil {
			a.Version = *u.Version
		}
		if u.Description != nil {
			a.Description = *u.Description
		}
		if u.Weights != nil {
			a.Weights = maps.Clone(u.Weights)
		}
		if err := s.checkAlias(t, function, &a); err != nil {
			return err
		}
		a.RevisionID = radiograph.NewUUID()
		has.Aliases[name] = &a
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &a, nil
}

// DeleteAlias deletes an alias and what belongs to it. One that is not there is
// no error.
func (s *Service) DeleteAlias(ctx context.Context, t radiograph.Tenant, function, name string) error {
	return s.attach(ctx, t, function, func(e *entry, has *attachments) error {
		if has.Aliases[name] != nil {
			*has = *has.without(name)
		}
		return nil
	})
}

// Alias finds an alias.
func (s *Service) Alias(ctx context.Context, t radiograph.Tenant, function, name string) (*Alias, error) {
	_, has, err := s.attached(t, function)
	if err != nil {
		return nil, err
	}
	if a := has.Aliases[name]; a != nil {
		return a, nil
	}
	return nil, aliasNotFound(invokedARN(t, function, name))
}

func aliasNotFound(arn string) *radiograph.Error {
	return exception(radiograph.KindNotFound, "ResourceNotFoundException", "Cannot find alias arn: %s", arn)
}

// Aliases lists a function's aliases by name, all or those that point to a
// version.
func (s *Service) Aliases(ctx context.Context, t radiograph.Tenant, function, version string) ([]*Alias, error) {
	_, has, err := s.attached(t, function)
	if err != nil {
		return nil, err
	}
	var as []*Alias
	for _, name := range slices.Sorted(maps.Keys(has.Aliases)) {
		if a := has.Aliases[name]; version == "" || a.points(version) {
			as = append(as, a)
		}
	}
	return as, nil
}

func aliasNames(as []*Alias) string {
	names := make([]string, len(as))
	for i, a := range as {
		names[i] = a.Name
	}
	return strings.Join(names, ", ")
}

// route finds the version that an invocation gets: an alias with a weight gives
// one or the other.
func (r *registry) route(t radiograph.Tenant, name, qualifier string) (*version, error) {
	r.mu.RLock()
	if e := r.functions[functionKey{t, name}]; e != nil && qualifier != "" {
		if a := e.attached.Aliases[qualifier]; a != nil {
			qualifier = a.pick(rand.Float64())
		}
	}
	r.mu.RUnlock()
	return r.version(t, name, qualifier)
}
