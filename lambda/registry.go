package lambda

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"radiograph"
)

// registry holds all functions in memory, as they are in State: an invocation
// never waits for the disk to learn what it runs. Changes are made by one writer
// at a time, under Service.changes.
type registry struct {
	mu        sync.RWMutex
	functions map[functionKey]*entry
}

type functionKey struct {
	tenant radiograph.Tenant
	name   string
}

// entry is one function. Its members are guarded by registry.mu; versions
// themselves never change, they are replaced.
type entry struct {
	latest    *version
	published map[string]*version
	history   history
	attached  *attachments // never nil

	concurrency concurrency
}

func newEntry() *entry { return &entry{published: map[string]*version{}, attached: &attachments{}} }

// version is one version of a function as invocations see it.
type version struct {
	fn    *radiograph.Function // immutable
	ready chan struct{}        // closed when the version has become Active
	fleet *fleet
}

// history is what publishing needs to know of the past.
type history struct {
	LastVersion int    // the highest number ever given
	Fingerprint string // of what that version was published from
}

// record is a version in State; History is set for $LATEST alone.
type record struct {
	Function *radiograph.Function
	History  *history `json:",omitempty"`
}

const functionPrefix = "function/"

// tenantKey is a tenant as part of a State key. A region may be any text.
func tenantKey(t radiograph.Tenant) string {
	return url.PathEscape(string(t.Account)) + "/" + url.PathEscape(string(t.Region)) + "/"
}

func versionKey(f *radiograph.Function) string {
	return functionPrefix + tenantKey(f.Tenant) + f.Name + "/" + f.Version
}

// store makes the change that sets a version in State.
func store(f *radiograph.Function, h *history) (radiograph.Change, error) {
	value, err := json.Marshal(record{Function: f, History: h})
	if err != nil {
		return radiograph.Change{}, fmt.Errorf("spell function %s: %w", f.ARN(), err)
	}
	return radiograph.Change{Key: versionKey(f), Value: value}, nil
}

// load reads all functions. What was Pending when the last process ended is
// Active now: nothing of a creation outlives its durable record.
func (r *registry) load(ctx context.Context, state radiograph.State, newFleet func(*radiograph.Function) *fleet) error {
	for pair, err := range state.Scan(ctx, functionPrefix) {
		if err != nil {
			return fmt.Errorf("load functions: %w", err)
		}
		var rec record
		if err := json.Unmarshal(pair.Value, &rec); err != nil || rec.Function == nil {
			return fmt.Errorf("load functions: %s: %w", pair.Key, cmp.Or(err, fmt.Errorf("no function in the record")))
		}
		f := settled(rec.Function)
		v := &version{fn: f, ready: make(chan struct{}), fleet: newFleet(f)}
		close(v.ready)
		key := functionKey{f.Tenant, f.Name}
		e := r.functions[key]
		if e == nil {
			e = newEntry()
			r.functions[key] = e
		}
		if f.Version != radiograph.LatestVersion {
			e.published[f.Version] = v
			continue
		}
		e.latest = v
		if rec.History != nil {
			e.history = *rec.History
		}
	}
	for key, e := range r.functions {
		if e.latest == nil {
			return fmt.Errorf("load functions: %s has versions but no %s", key.name, radiograph.LatestVersion)
		}
	}
	return r.loadAttachments(ctx, state)
}

func (r *registry) loadAttachments(ctx context.Context, state radiograph.State) error {
	of := make(map[string]*entry, len(r.functions))
	for key, e := range r.functions {
		of[attachmentsKey(key)] = e
	}
	for pair, err := range state.Scan(ctx, attachmentsPrefix) {
		if err != nil {
			return fmt.Errorf("load what belongs to functions: %w", err)
		}
		e := of[pair.Key]
		if e == nil {
			return fmt.Errorf("load what belongs to functions: %s belongs to none", pair.Key)
		}
		if err := json.Unmarshal(pair.Value, e.attached); err != nil {
			return fmt.Errorf("load what belongs to functions: %s: %w", pair.Key, err)
		}
	}
	return nil
}

// entry finds a function; nil when there is none.
func (r *registry) entry(t radiograph.Tenant, name string) *entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.functions[functionKey{t, name}]
}

// version finds a version by number or alias, whose main version it is;
// qualifier "" means $LATEST.
func (r *registry) version(t radiograph.Tenant, name, qualifier string) (*version, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	arn := radiograph.FunctionARN(t, name)
	if qualifier != "" {
		arn += ":" + qualifier
	}
	e := r.functions[functionKey{t, name}]
	switch {
	case e == nil:
		return nil, functionNotFound(arn)
	case qualifier == "" || qualifier == radiograph.LatestVersion:
		return e.latest, nil
	}
	if strings.Trim(qualifier, "0123456789") != "" {
		a := e.attached.Aliases[qualifier]
		if a == nil {
			return nil, aliasNotFound(arn)
		}
		if a.Version == radiograph.LatestVersion {
			return e.latest, nil
		}
		qualifier = a.Version
	}
	if v := e.published[qualifier]; v != nil {
		return v, nil
	}
	return nil, functionNotFound(arn)
}

// latest lists $LATEST of each function of a tenant, by name.
func (r *registry) latest(t radiograph.Tenant) []*radiograph.Function {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var fs []*radiograph.Function
	for key, e := range r.functions {
		if key.tenant == t {
			fs = append(fs, e.latest.fn)
		}
	}
	slices.SortFunc(fs, func(a, b *radiograph.Function) int { return cmp.Compare(a.Name, b.Name) })
	return fs
}

// versions lists $LATEST and then the published ones, oldest first; nil for an
// unknown function.
func (r *registry) versions(t radiograph.Tenant, name string) []*version {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e := r.functions[functionKey{t, name}]
	if e == nil {
		return nil
	}
	vs := slices.SortedFunc(maps.Values(e.published), func(a, b *version) int {
		return cmp.Compare(versionNumber(a.fn), versionNumber(b.fn))
	})
	return append([]*version{e.latest}, vs...)
}

// versionNumber is a published version's number, 0 for $LATEST.
func versionNumber(f *radiograph.Function) int {
	n, err := strconv.Atoi(f.Version)
	if err != nil {
		return 0
	}
	return n
}

// clone copies a function so that its holder may change it.
func clone(f *radiograph.Function) *radiograph.Function {
	c := *f
	c.Environment = maps.Clone(f.Environment)
	c.Tags = maps.Clone(f.Tags)
	c.Layers = slices.Clone(f.Layers)
	return &c
}
