// Package sandbox runs functions: it starts a function's process, speaks the
// Runtime API to it, and tells what happens as events.
//
// An environment spec (function, code, credentials) enters, an
// radiograph.Environment leaves. The package decides nothing about an
// invocation: whether it is traced, has timed out or is tried again is the
// business of package lambda. It writes no segments, and what a function sends
// about itself goes to the environment's own daemon, not through here.
//
// In this form functions are plain child processes of the same user, each with
// a process group, a folder for temporary files and a memory limit of their own.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"radiograph"
)

// Config is what a sandbox works with.
type Config struct {
	// CacheDir keeps what runtimes need, fetched once; sandboxes may share it.
	// "" is radiograph in the user's cache folder.
	CacheDir string
	// WorkDir holds unpacked code and temporary files. It belongs to one sandbox,
	// which empties what it uses of it at New and at Close. "" is a new temporary
	// folder.
	WorkDir string
	// Endpoint is functions' AWS_ENDPOINT_URL; nil or "": the variable is not set.
	Endpoint func() string
	// Daemons starts each environment's X-Ray daemon; nil: there is none, and
	// AWS_XRAY_DAEMON_ADDRESS is not set.
	Daemons radiograph.DaemonStarter
	Log     *slog.Logger // nil: nothing is logged
	// Progress is told, in a sentence each, what is fetched; it may be called from
	// several goroutines. May be nil.
	Progress func(string)
}

// The folders in WorkDir.
const (
	codeFolder        = "code"
	environmentFolder = "environment"
)

// Sandbox starts environments.
type Sandbox struct {
	cfg     Config
	ownWork bool // WorkDir was made here
	code    *codeCache
	pythons *pythons
	nodes   *nodes
	spawner *spawner

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu           sync.Mutex
	closed       bool
	next         int // number of the next environment's folder
	environments map[*Environment]struct{}
}

var _ radiograph.Sandbox = (*Sandbox)(nil)

// New makes a sandbox.
func New(cfg Config) (*Sandbox, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = cfg.Log.With("component", "sandbox")
	if cfg.Endpoint == nil {
		cfg.Endpoint = func() string { return "" }
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	if cfg.CacheDir == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("sandbox: no folder for runtimes: %w", err)
		}
		cfg.CacheDir = filepath.Join(dir, "radiograph")
	}
	own := cfg.WorkDir == ""
	if own {
		dir, err := os.MkdirTemp("", "radiograph-sandbox-")
		if err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		cfg.WorkDir = dir
	}
	// Functions run in WorkDir, so its path must mean the same from there.
	for _, dir := range []*string{&cfg.CacheDir, &cfg.WorkDir} {
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		*dir = abs
	}
	s := &Sandbox{
		cfg: cfg, ownWork: own,
		code:         newCodeCache(filepath.Join(cfg.WorkDir, codeFolder)),
		environments: map[*Environment]struct{}{},
	}
	if err := s.clean(); err != nil { // what a killed server left
		return nil, err
	}
	for _, dir := range []string{codeFolder, environmentFolder} {
		if err := os.MkdirAll(filepath.Join(cfg.WorkDir, dir), 0o700); err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.pythons = newPythons(s.ctx, filepath.Join(cfg.CacheDir, "python"), cfg.Progress)
	s.nodes = newNodes(filepath.Join(cfg.CacheDir, "nodejs"))
	s.spawner = startSpawner()
	s.done.Go(s.watchMemory)
	return s, nil
}

// Prepare fetches what a runtime needs, so that the first Start need not wait
// for it. A runtime that cannot be had is an error that says what is missing.
func (s *Sandbox) Prepare(ctx context.Context, runtime string) error {
	if !s.enter() {
		return errClosed()
	}
	defer s.done.Done()
	_, err := s.prepare(ctx, runtime)
	return err
}

// Start makes an environment and begins its Initialization. An error with a Code
// such as Runtime.InvalidEntrypoint is the function's own fault; one of
// KindUnsupported names the runtime that cannot be had and what it lacks.
func (s *Sandbox) Start(ctx context.Context, spec *radiograph.EnvironmentSpec) (radiograph.Environment, error) {
	if !s.enter() {
		return nil, errClosed()
	}
	defer s.done.Done()
	prepared, err := s.prepare(ctx, spec.Function.Runtime)
	if err != nil {
		return nil, err
	}
	code, err := s.code.open(ctx, spec.Function.CodeSHA256, spec.CodePath)
	if err != nil {
		return nil, err
	}
	folder, err := s.newFolder()
	if err != nil {
		s.code.release(code)
		return nil, err
	}
	e, err := s.start(ctx, spec, prepared, code, folder)
	if err != nil {
		s.code.release(code)
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return e, nil
}

// enter makes Close wait for the caller, or reports that Close has begun.
func (s *Sandbox) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.done.Add(1)
	return true
}

// newFolder makes the folder of one environment's temporary files.
func (s *Sandbox) newFolder() (string, error) {
	s.mu.Lock()
	s.next++
	n := s.next
	s.mu.Unlock()
	dir := filepath.Join(s.cfg.WorkDir, environmentFolder, strconv.Itoa(n))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	return dir, nil
}

// adopt takes a started environment into the list that Close ends and runs it,
// or reports that Close has begun.
func (s *Sandbox) adopt(e *Environment, run func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.environments[e] = struct{}{}
	s.done.Go(run)
	return true
}

func (s *Sandbox) forget(e *Environment) {
	s.mu.Lock()
	delete(s.environments, e)
	s.mu.Unlock()
}

func (s *Sandbox) list() []*Environment {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Environment, 0, len(s.environments))
	for e := range s.environments {
		list = append(list, e)
	}
	return list
}

// Close ends every environment and returns when no process and no file of the
// sandbox is left; what CacheDir holds stays.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()

	s.cancel()
	environments := s.list()
	for _, e := range environments {
		e.Stop("the server stops")
	}
	for _, e := range environments {
		<-e.gone
		e.events.abandon()
	}
	s.done.Wait()
	s.pythons.wait()
	s.spawner.stop()
	return s.clean()
}

// clean removes what the sandbox keeps in WorkDir.
func (s *Sandbox) clean() error {
	err := s.code.clear()
	err = errors.Join(err, os.RemoveAll(filepath.Join(s.cfg.WorkDir, environmentFolder)))
	if s.ownWork && s.closed {
		err = errors.Join(err, os.RemoveAll(s.cfg.WorkDir))
	}
	if err != nil {
		return fmt.Errorf("sandbox: clean up: %w", err)
	}
	return nil
}

func errClosed() error {
	return radiograph.Errorf(radiograph.KindUnavailable, "the server stops: no environment is started any more")
}

// watchMemory looks after the environments that are at work, since an idle one
// allocates nothing worth a look.
func (s *Sandbox) watchMemory() {
	tick := time.NewTicker(memoryInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			for _, e := range s.list() {
				e.checkMemory()
			}
		}
	}
}
