package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"radiograph"
	"radiograph/trace"
)

// errNoTrace tells that a trace does not exist (yet).
var errNoTrace = errors.New("no such trace")

// fetchedTrace is one trace as BatchGetTraces answers it.
type fetchedTrace struct {
	ID            string           `json:"Id"`
	Duration      json.Number      `json:",omitempty"`
	LimitExceeded bool             `json:",omitempty"`
	Segments      []fetchedSegment `json:"Segments"`
}

// fetchedSegment is one document. The API carries it as a string of JSON.
type fetchedSegment struct {
	ID       string `json:"Id"`
	Document string
}

// fetchTrace asks for one trace, or errNoTrace.
func (c *client) fetchTrace(ctx context.Context, id radiograph.TraceID) (*fetchedTrace, error) {
	var out struct{ Traces []*fetchedTrace }
	in := map[string]any{"TraceIds": []string{id.String()}}
	if err := c.json(ctx, "xray", http.MethodPost, "/Traces", in, &out); err != nil {
		return nil, fmt.Errorf("get trace %s: %w", id, err)
	}
	if len(out.Traces) == 0 || len(out.Traces[0].Segments) == 0 {
		return nil, errNoTrace
	}
	return out.Traces[0], nil
}

// timeline lays the documents out with the code the console uses.
func (t *fetchedTrace) timeline() (*radiograph.Timeline, error) {
	merged, err := t.merge()
	if err != nil {
		return nil, err
	}
	return trace.Lay(merged), nil
}

// merge puts a trace together again.
func (t *fetchedTrace) merge() (*radiograph.Trace, error) {
	id, err := radiograph.ParseTraceID(t.ID)
	if err != nil {
		return nil, err
	}
	var records []*radiograph.Record
	for _, s := range t.Segments {
		decoded, err := trace.Decode([]byte(s.Document))
		if err != nil {
			return nil, fmt.Errorf("segment %s of trace %s: %w", s.ID, t.ID, err)
		}
		for _, d := range decoded {
			records = append(records, &radiograph.Record{Trace: id, Sequence: uint64(len(records) + 1), Root: d.Root})
		}
	}
	return trace.Merge(id, records), nil
}

// awaitTrace asks until the trace is there and done, the patience is over (then
// it is what there is, possibly nil), or ctx ends.
func (c *client) awaitTrace(ctx context.Context, id radiograph.TraceID, patience time.Duration, done func(*radiograph.Timeline) bool) (*radiograph.Timeline, error) {
	const pause = 25 * time.Millisecond
	deadline := time.Now().Add(patience)
	for {
		tl, err := c.fetchTimeline(ctx, id)
		if err != nil && !errors.Is(err, errNoTrace) {
			return nil, err
		}
		if tl != nil && done(tl) || !time.Now().Before(deadline) {
			return tl, nil
		}
		select {
		case <-ctx.Done():
			return tl, ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (c *client) fetchTimeline(ctx context.Context, id radiograph.TraceID) (*radiograph.Timeline, error) {
	fetched, err := c.fetchTrace(ctx, id)
	if err != nil {
		return nil, err
	}
	return fetched.timeline()
}

// settled tells that nothing of a trace still runs.
func settled(tl *radiograph.Timeline) bool {
	for _, r := range tl.Rows {
		if r.InProgress {
			return false
		}
	}
	return true
}

// writeTimeline draws a timeline on w.
func writeTimeline(w io.Writer, tl *radiograph.Timeline) error {
	return waterfall{screenOf(w), time.Local}.write(w, tl)
}

// writeJSON prints the trace for other programs: BatchGetTraces' answer, but
// with each document as JSON instead of a string of it.
func (t *fetchedTrace) writeJSON(w io.Writer) error {
	type segment struct {
		ID       string `json:"Id"`
		Document json.RawMessage
	}
	out := struct {
		ID            string      `json:"Id"`
		Duration      json.Number `json:",omitempty"`
		LimitExceeded bool        `json:",omitempty"`
		Segments      []segment
	}{ID: t.ID, Duration: t.Duration, LimitExceeded: t.LimitExceeded}
	for _, s := range t.Segments {
		out.Segments = append(out.Segments, segment{s.ID, json.RawMessage(s.Document)})
	}
	return printJSON(w, out)
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// outputFlag is --output of the commands that print data.
type outputFlag string

func (f *outputFlag) register(cmd *cobra.Command) {
	cmd.Flags().Var(f, "output", "text or json")
}

func (f *outputFlag) String() string { return string(*f) }
func (f *outputFlag) Type() string   { return "format" }
func (f *outputFlag) json() bool     { return *f == "json" }

// Set takes the flag's value.
func (f *outputFlag) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("want text or json")
	}
	*f = outputFlag(s)
	return nil
}

func newTrace() *cobra.Command {
	var flags clientFlags
	output := outputFlag("text")
	cmd := &cobra.Command{
		Use:   "trace ID",
		Short: "Draw one trace as a waterfall",
		Long: `Draw one trace as a waterfall: each segment and subsegment with its type, status,
duration and a bar on a shared time axis. The id may be spelled as X-Ray does
(1-67891233-abcdef012345678912345678) or as W3C does (32 hex digits).`,
		Args: exactArgs("a trace id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := radiograph.ParseTraceID(args[0])
			if err != nil {
				return &usageError{err}
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			fetched, err := c.fetchTrace(cmd.Context(), id)
			if errors.Is(err, errNoTrace) {
				return fmt.Errorf("there is no trace %s in account %s, region %s", id, c.tenant().Account, c.tenant().Region)
			} else if err != nil {
				return err
			}
			if output.json() {
				return fetched.writeJSON(cmd.OutOrStdout())
			}
			tl, err := fetched.timeline()
			if err != nil {
				return err
			}
			return writeTimeline(cmd.OutOrStdout(), tl)
		},
	}
	flags.register(cmd)
	output.register(cmd)
	return cmd
}
