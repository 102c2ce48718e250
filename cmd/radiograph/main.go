// Command radiograph is X-Ray and Lambda's active tracing for one's own
// machine: `up` is the server, every other command is a client of it.
//
// What enters: flags, the environment, requests over HTTP and UDP. What leaves:
// exit codes, text and JSON on stdout, errors on stderr. The work is done in
// package server and the rooms it wires; here are flags, signals and output. A
// command never opens the data folder of a running server: it asks over the
// public AWS API.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // it was tried and did not work
	exitUsage   = 2 // the command line makes no sense
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // the second signal ends the process at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "radiograph: %v\nRun 'radiograph --help' for the commands and their flags.\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "radiograph: %v\n", err)
	return exitFailure
}

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// newRoot is the tree of commands.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "radiograph",
		Short: "AWS X-Ray and Lambda's active tracing on your own machine",
		Long: `radiograph runs real Lambda functions on your own machine and shows the traces
AWS X-Ray would draw. Start with:

  radiograph demo    a server, a function and three invocations, at once
  radiograph up      the server; every AWS client works with it after
                     eval "$(radiograph env)"`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("there is no command %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newUp(), newDemo(), newEnv(), newTraces(), newTrace(), newInvoke(), newSampling(), newUsage(), newDoctor(), newBackup(), newRestore(), newExport(), newImport(), newVersion(), newDemoFunction(), newCompatibility())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	return root
}

// oneArgAtMost is cobra.MaximumNArgs(1) with an error that counts as wrong usage.
func oneArgAtMost(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes no argument %q", cmd.CommandPath(), args[1])
	}
	return nil
}

// exactArgs is cobra.ExactArgs with an error that counts as wrong usage and
// names what is missing.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usagef("%s needs %s", cmd.CommandPath(), names[len(args)])
		case len(args) > len(names):
			return usagef("%s takes no argument %q", cmd.CommandPath(), args[len(names)])
		}
		return nil
	}
}
