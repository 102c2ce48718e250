package interop

import "testing"

// The scripts of testdata are clients written with boto3; each holds its own
// expectations and fails with a Python traceback.

func TestBoto3Lifecycle(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "lifecycle.py")
}

func TestBoto3Aliases(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "aliases.py")
}

func TestBoto3Modes(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "modes.py")
}

func TestBoto3Roles(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "roles.py")
}

func TestBoto3Policies(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "policies.py")
}

func TestBoto3Control(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "control.py")
}

func TestBoto3BadInput(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "bad_input.py")
	s.alive(t)
}

func TestBoto3Event(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t, "--async-backoff", "100ms,200ms", "--max-environments", "1")
	python.script(t, s, account(t.Name()), "event.py")
}

func TestBoto3Destinations(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "destinations.py")
}

func TestBoto3Limits(t *testing.T) {
	t.Parallel()
	python := pythonClients(t)
	s := start(t, "--limits", "aws,segments-per-second=40,groups=3")
	python.script(t, s, account(t.Name()), "limits.py")
}

// TestTimes is not parallel: it measures.
func TestTimes(t *testing.T) {
	python := pythonClients(t)
	s := start(t)
	python.script(t, s, account(t.Name()), "times.py")
}
