package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"radiograph"
	"radiograph/sampling"
)

// batchSize is how many traces are asked for in one BatchGetTraces.
const batchSize = 5

// simulation is what a rule set would do to stored traffic.
type simulation struct {
	rules     []radiograph.SamplingRule
	requests  []sampling.Recorded
	summaries []fetchedSummary // of the requests, in their order
	raw       []json.RawMessage
	undecided map[string]int // traces that no rule decides about, by the reason
	unscaled  int            // requests of which no known rule tells how many came
}

// The reasons why rules have no say about a stored trace.
const (
	decidedByLambda = "Lambda decided, whose own sampling knows no rules"
	decidedUpstream = "the caller decided, whose segment is not stored"
	noRoot          = "no segment of an entry is stored"
)

// load adds the stored traces of a listing.
func (s *simulation) load(ctx context.Context, c *client, raw []json.RawMessage) error {
	current, err := c.fetchSamplingRules(ctx)
	if err != nil {
		return err
	}
	for len(raw) > 0 {
		page := raw[:min(len(raw), batchSize)]
		raw = raw[len(page):]
		summaries := make(map[string]int, len(page))
		parsed := make([]fetchedSummary, len(page))
		ids := make([]string, len(page))
		for i := range page {
			if err := json.Unmarshal(page[i], &parsed[i]); err != nil {
				return fmt.Errorf("trace summary: %w", err)
			}
			ids[i] = parsed[i].ID
			summaries[ids[i]] = i
		}
		var out struct{ Traces []*fetchedTrace }
		if err := c.json(ctx, "xray", http.MethodPost, "/Traces", map[string]any{"TraceIds": ids}, &out); err != nil {
			return fmt.Errorf("get traces: %w", err)
		}
		for _, t := range out.Traces {
			root, err := t.root()
			if err != nil {
				return err
			}
			switch {
			case root == nil:
				s.undecided[noRoot]++
			case root.Origin == "AWS::Lambda" || root.Origin == "AWS::Lambda::Function":
				s.undecided[decidedByLambda]++
			case !root.Entity.Parent.IsZero():
				s.undecided[decidedUpstream]++
			default:
				r, err := recordedOf(t.ID, root, current)
				if err != nil {
					return err
				}
				if r.By == nil {
					s.unscaled++
				}
				i := summaries[t.ID]
				s.requests = append(s.requests, r)
				s.summaries, s.raw = append(s.summaries, parsed[i]), append(s.raw, page[i])
			}
		}
	}
	return nil
}

// root is the segment of the trace's entry; nil when it is not stored.
func (t *fetchedTrace) root() (*radiograph.Node, error) {
	merged, err := t.merge()
	if err != nil {
		return nil, err
	}
	return merged.Root, nil
}

// recordedOf is what rules look at of a root segment.
func recordedOf(id string, root *radiograph.Node, current []radiograph.SamplingRule) (sampling.Recorded, error) {
	r := sampling.Recorded{At: root.Start, Request: sampling.Request{Service: root.Name, Type: root.Origin, Method: root.HTTP.Method}}
	if u, err := url.Parse(root.HTTP.URL); err == nil {
		r.Host, r.Path = u.Host, u.Path
	}
	for i := range current {
		if current[i].Name == root.AWS.SamplingRule {
			r.By = &current[i]
		}
	}
	var err error
	r.Trace, err = radiograph.ParseTraceID(id)
	return r, err
}

// result is what the simulation says, as JSON says it.
type result struct {
	Rules     []ruleResult
	Traces    int // stored traces that rules decide about
	Kept      int
	Undecided map[string]int `json:",omitempty"`
	Unscaled  int            // of Traces, those that stand for themselves alone
	Lost      []lostTrace
}

type ruleResult struct {
	RuleName          string
	Priority          int
	Skipped           bool `json:",omitempty"` // SDKs pass it over
	Matched           int
	KeptByReservoir   int
	KeptByRate        int
	EstimatedRequests float64
	EstimatedSampled  float64
}

// lostTrace is a failed or slow trace that would not have been kept.
type lostTrace struct {
	ID     string `json:"Id"`
	Status string
	Slow   bool
}

// run simulates. What is as slow as slow is told when it is lost; lost are the
// summaries of the lost ones.
func (s *simulation) run(seed uint64, slow time.Duration) (res result, lost []json.RawMessage) {
	outcomes, kept := sampling.Simulate(s.rules, s.requests, seed)
	res = result{Traces: len(s.requests), Undecided: s.undecided, Unscaled: s.unscaled, Lost: []lostTrace{}}
	for _, o := range outcomes {
		res.Rules = append(res.Rules, ruleResult{
			RuleName: o.Rule.Name, Priority: o.Rule.Priority, Skipped: o.Skipped, Matched: o.Matched,
			KeptByReservoir: o.Reservoir, KeptByRate: o.Rate,
			EstimatedRequests: math.Round(o.Requests), EstimatedSampled: math.Round(o.Sampled),
		})
		res.Kept += o.Reservoir + o.Rate
	}
	for i, k := range kept {
		sum := &s.summaries[i]
		isSlow := sum.ResponseTime != nil && *sum.ResponseTime >= slow.Seconds()
		if status := sum.status(); !k && (isSlow || status != "OK" && status != "Pending") {
			res.Lost = append(res.Lost, lostTrace{sum.ID, status, isSlow})
			lost = append(lost, s.raw[i])
		}
	}
	return res, lost
}

// write prints the result with the lost traces.
func (res *result) write(w io.Writer, lost []json.RawMessage, slow time.Duration) error {
	s := screenOf(w)
	width := len("RULE")
	for _, r := range res.Rules {
		width = max(width, textWidth(clean(r.RuleName)))
	}
	var b strings.Builder
	line := func(cells ...string) {
		cells[0] = pad(cells[0], width)
		for i := range cells[1:6] {
			cells[i+1] = padLeft(cells[i+1], 9)
		}
		b.WriteString(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
	}
	line("RULE", "TRACES", "RESERVOIR", "RATE", "REQUESTS", "SAMPLED", "")
	for _, r := range res.Rules {
		note := ""
		if r.Skipped {
			note = "passed over by SDKs: for one resource, or with attributes"
		}
		line(clean(r.RuleName), strconv.Itoa(r.Matched), strconv.Itoa(r.KeptByReservoir), strconv.Itoa(r.KeptByRate),
			"~"+strconv.FormatFloat(r.EstimatedRequests, 'f', 0, 64), "~"+strconv.FormatFloat(r.EstimatedSampled, 'f', 0, 64), note)
	}
	fmt.Fprintf(&b, "\n%d of %d stored traces would have been kept.\n", res.Kept, res.Traces)
	for _, reason := range []string{decidedByLambda, decidedUpstream, noRoot} {
		if n := res.Undecided[reason]; n > 0 {
			fmt.Fprintf(&b, "Not up to rules: %d (%s).\n", n, reason)
		}
	}
	b.WriteString("What was not recorded is not stored. REQUESTS and SAMPLED estimate it")
	if res.Unscaled > 0 {
		fmt.Fprintf(&b, ", but %d traces\ndo not name a rule of the server and stand for one request each", res.Unscaled)
	}
	b.WriteString(".\n")
	if len(res.Lost) == 0 {
		fmt.Fprintf(&b, "No failed trace, and none of %s or more, would have been lost.\n", formatDuration(slow))
	} else {
		fmt.Fprintf(&b, "\n%s\n", s.paint(statusColour("Fault"), fmt.Sprintf("Lost: %d that failed or took %s or more", len(res.Lost), formatDuration(slow))))
	}
	if _, err := io.WriteString(w, b.String()); err != nil || len(lost) == 0 {
		return err
	}
	return writeSummaries(w, lost)
}

func newSampling() *cobra.Command {
	cmd := &cobra.Command{Use: "sampling", Short: "Try sampling rules"}
	cmd.AddCommand(newSimulate())
	return cmd
}

func newSimulate() *cobra.Command {
	var flags clientFlags
	output := outputFlag("text")
	since, limit, slow, seed := time.Hour, 10_000, time.Second, uint64(1)
	cmd := &cobra.Command{
		Use:   "simulate RULES.json [FILTER EXPRESSION]",
		Short: "Show what sampling rules would keep of stored traffic",
		Long: `Decide anew, by the rules of a file, about the traces of the last hour: what
each rule would keep of them, and which failed or slow ones would be lost.

The file is what 'aws xray get-sampling-rules' prints, or rules as
'aws xray create-sampling-rule --cli-input-json' takes them, one or a list.
Without a rule named Default, X-Ray's own comes last. A filter also leaves out
what would have had its part of the reservoirs.`,
		Example: `  aws xray get-sampling-rules > rules.json
  radiograph sampling simulate rules.json --since 24h 'service("shop")'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("%s needs a file of rules", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			filter := filterOf(args[1:])
			if since <= 0 || limit <= 0 || slow <= 0 {
				return usagef("--since, --limit and --slow must be above zero")
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			text, err := os.ReadFile(args[0])
			if err != nil {
				return usagef("%v", err)
			}
			rules, err := readSamplingRules(text)
			if err != nil {
				return usagef("%s: %v", args[0], err)
			}
			s := &simulation{rules: withDefault(rules, c.tenant()), undecided: make(map[string]int)}
			now := time.Now()
			raw, more, err := c.fetchSummaries(cmd.Context(), now.Add(-since), now.Add(time.Minute), filter, limit)
			if err != nil {
				return filterError(filter, err)
			}
			if len(raw) == 0 && !output.json() {
				fmt.Fprint(cmd.ErrOrStderr(), nothingFound(shortDuration(since), filter, c))
				return nil
			}
			if err := s.load(cmd.Context(), c, raw); err != nil {
				return err
			}
			if more {
				fmt.Fprintf(cmd.ErrOrStderr(), "There are more than %d traces; --limit takes more of them.\n", limit)
			}
			res, lost := s.run(seed, slow)
			if output.json() {
				return printJSON(cmd.OutOrStdout(), res)
			}
			return res.write(cmd.OutOrStdout(), lost, slow)
		},
	}
	flags.register(cmd)
	output.register(cmd)
	cmd.Flags().DurationVar(&since, "since", since, "how far to look back")
	cmd.Flags().IntVar(&limit, "limit", limit, "most traces to take, the newest")
	cmd.Flags().DurationVar(&slow, "slow", slow, "tell of lost traces that took as long")
	cmd.Flags().Uint64Var(&seed, "seed", seed, "which requests a rate takes; the same ones for the same seed")
	return cmd
}

// withDefault adds X-Ray's own Default rule to rules that have none.
func withDefault(rules []radiograph.SamplingRule, t radiograph.Tenant) []radiograph.SamplingRule {
	for i := range rules {
		if rules[i].Name == sampling.DefaultRuleName {
			return rules
		}
	}
	return append(rules, sampling.Default(t))
}
