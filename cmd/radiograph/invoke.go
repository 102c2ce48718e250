package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"radiograph"
)

// An invocation is what one call of Invoke gave.
type invocation struct {
	status        int
	payload       []byte
	functionError string // "Unhandled", or ""
	version       string
	log           []byte // the tail, when asked for
	trace         radiograph.TraceID
	header        string // the answer's trace header
}

// invokeOptions are what Invoke takes besides the payload.
type invokeOptions struct {
	qualifier   string
	event, tail bool
	traceHeader string
}

// invoke calls a function.
func (c *client) invoke(ctx context.Context, name string, payload []byte, o invokeOptions) (*invocation, error) {
	header := http.Header{"X-Amz-Invocation-Type": {string(radiograph.RequestResponse)}}
	if o.event {
		header.Set("X-Amz-Invocation-Type", string(radiograph.Event))
	}
	if o.tail {
		header.Set("X-Amz-Log-Type", "Tail")
	}
	if o.traceHeader != "" {
		header.Set(radiograph.TraceHeaderName, o.traceHeader)
	}
	path := "/2015-03-31/functions/" + url.PathEscape(name) + "/invocations"
	if o.qualifier != "" {
		path += "?Qualifier=" + url.QueryEscape(o.qualifier)
	}
	resp, body, err := c.do(ctx, "lambda", http.MethodPost, path, header, payload)
	if err != nil {
		return nil, fmt.Errorf("invoke %s: %w", name, err)
	}
	inv := &invocation{
		status:        resp.StatusCode,
		payload:       body,
		functionError: resp.Header.Get("X-Amz-Function-Error"),
		version:       resp.Header.Get("X-Amz-Executed-Version"),
		header:        resp.Header.Get(radiograph.TraceHeaderName),
	}
	inv.trace = radiograph.ParseTraceHeader(inv.header).Root
	if log := resp.Header.Get("X-Amz-Log-Result"); log != "" {
		if inv.log, err = base64.StdEncoding.DecodeString(log); err != nil {
			return nil, fmt.Errorf("invoke %s: the log tail is not base64: %w", name, err)
		}
	}
	return inv, nil
}

// How long invoke waits for the trace to be whole after the answer. A
// synchronous one is whole as soon as the runtime asks for its next event; an
// asynchronous one when its first attempt is over.
const (
	syncPatience  = time.Second
	eventPatience = 5 * time.Second
)

func newInvoke() *cobra.Command {
	var flags clientFlags
	var o invokeOptions
	payload, sampled := "{}", "yes"
	cmd := &cobra.Command{
		Use:   "invoke NAME",
		Short: "Invoke a function and draw its trace",
		Long: `Invoke a function, print its answer on stdout and its trace's waterfall on
stderr. The exit code is 1 when the function failed.

The invocation is sent as a traced upstream would send it (Sampled=1), so that
there is a trace to see whatever the function's tracing mode is. With
--sampled lambda no trace header is sent and Lambda decides, as for any client.`,
		Args: exactArgs("the name of a function"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := flags.client()
			if err != nil {
				return err
			}
			body, err := readPayload(payload, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if o.traceHeader, err = upstreamHeader(sampled); err != nil {
				return err
			}
			inv, err := c.invoke(cmd.Context(), args[0], body, o)
			if err != nil {
				return err
			}
			return printInvocation(cmd, c, args[0], inv, o)
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&payload, "payload", payload, "the event: JSON, @FILE, or - for stdin")
	cmd.Flags().StringVar(&o.qualifier, "qualifier", "", "version or alias")
	cmd.Flags().BoolVar(&o.event, "event", false, "invoke asynchronously")
	cmd.Flags().BoolVar(&o.tail, "tail", false, "print the last 4 KB of the function's log")
	cmd.Flags().StringVar(&sampled, "sampled", sampled, "what the trace header says: yes, no, or lambda to send none")
	return cmd
}

// upstreamHeader is the trace header to send.
func upstreamHeader(sampled string) (string, error) {
	h := radiograph.TraceHeader{Root: radiograph.NewTraceID(time.Now())}
	switch sampled {
	case "yes":
		h.Sampled = radiograph.SampledYes
	case "no":
		h.Sampled = radiograph.SampledNo
	case "lambda":
		return "", nil
	default:
		return "", usagef("--sampled %q: want yes, no or lambda", sampled)
	}
	return h.String(), nil
}

// readPayload reads the event as --payload names it.
func readPayload(arg string, stdin io.Reader) ([]byte, error) {
	switch {
	case arg == "-":
		return io.ReadAll(stdin)
	case strings.HasPrefix(arg, "@"):
		return os.ReadFile(arg[1:])
	}
	return []byte(arg), nil
}

// printInvocation prints the answer on stdout, everything about it on stderr.
func printInvocation(cmd *cobra.Command, c *client, name string, inv *invocation, o invokeOptions) error {
	out, notes := cmd.OutOrStdout(), cmd.ErrOrStderr()
	if len(inv.log) > 0 {
		for line := range strings.Lines(string(inv.log)) {
			fmt.Fprintln(notes, cleanLog(strings.TrimRight(line, "\n")))
		}
	}
	if len(inv.payload) > 0 {
		if _, err := fmt.Fprintf(out, "%s\n", inv.payload); err != nil {
			return err
		}
	}
	patience, done := syncPatience, settled
	if o.event {
		fmt.Fprintf(notes, "accepted (%d)\n", inv.status)
		patience, done = eventPatience, func(tl *radiograph.Timeline) bool { return attempts(tl) > 0 && settled(tl) }
	}
	switch {
	case inv.trace.IsZero():
	case radiograph.ParseTraceHeader(inv.header).Sampled != radiograph.SampledYes:
		fmt.Fprintf(notes, "trace %s was not sampled\n", inv.trace)
	default:
		tl, err := c.awaitTrace(cmd.Context(), inv.trace, patience, done)
		if err != nil {
			return err
		}
		if tl == nil {
			fmt.Fprintf(notes, "trace %s has no segments: does the role of %s allow xray:PutTraceSegments?\n", inv.trace, name)
		} else if err := writeTimeline(notes, tl); err != nil {
			return err
		}
	}
	if inv.functionError != "" {
		return fmt.Errorf("%s failed (%s)", name, inv.functionError)
	}
	return nil
}

// attempts counts the finished attempts of an asynchronous invocation.
func attempts(tl *radiograph.Timeline) int {
	n := 0
	for _, r := range tl.Rows {
		if strings.HasPrefix(r.Name, "Attempt #") && !r.InProgress {
			n++
		}
	}
	return n
}
