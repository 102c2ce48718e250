package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"radiograph"
)

// fetchedSummary is what the list shows of one TraceSummary.
type fetchedSummary struct {
	ID           string `json:"Id"`
	StartTime    radiograph.Timestamp
	Duration     float64
	ResponseTime *float64
	HasFault     bool
	HasError     bool
	HasThrottle  bool
	IsPartial    bool
	HTTP         struct {
		HTTPURL    string `json:"HttpURL"`
		HTTPStatus int    `json:"HttpStatus"`
		HTTPMethod string `json:"HttpMethod"`
	} `json:"Http"`
	EntryPoint *struct{ Name, Type string }
}

// status is the trace's worst flag, in the order GetTraceSummaries' counts use.
func (s *fetchedSummary) status() string {
	switch {
	case s.HasFault:
		return "Fault"
	case s.HasThrottle:
		return "Throttle"
	case s.HasError:
		return "Error"
	case s.IsPartial:
		return "Pending"
	}
	return "OK"
}

// fetchSummaries pages through GetTraceSummaries, newest first, up to limit
// traces that pass the filter expression. more tells that there are others.
func (c *client) fetchSummaries(ctx context.Context, from, to time.Time, filter string, limit int) (raw []json.RawMessage, more bool, err error) {
	token := ""
	for {
		in := map[string]any{"StartTime": epochSeconds(from), "EndTime": epochSeconds(to), "TimeRangeType": "Event"}
		if filter != "" {
			in["FilterExpression"] = filter
		}
		if token != "" {
			in["NextToken"] = token
		}
		var out struct {
			TraceSummaries []json.RawMessage
			NextToken      string
		}
		if err := c.json(ctx, "xray", http.MethodPost, "/TraceSummaries", in, &out); err != nil {
			return nil, false, fmt.Errorf("list traces: %w", err)
		}
		raw = append(raw, out.TraceSummaries...)
		if len(raw) > limit {
			return raw[:limit], true, nil
		}
		if out.NextToken == "" || out.NextToken == token {
			return raw, false, nil
		}
		token = out.NextToken
	}
}

func epochSeconds(t time.Time) json.Number {
	return json.Number(strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64))
}

// writeSummaries prints the list, oldest last.
func writeSummaries(w io.Writer, raw []json.RawMessage) error {
	s := screenOf(w)
	summaries := make([]fetchedSummary, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &summaries[i]); err != nil {
			return fmt.Errorf("trace summary: %w", err)
		}
	}
	slices.SortStableFunc(summaries, func(a, b fetchedSummary) int { return cmp.Compare(b.StartTime, a.StartTime) })
	const idWidth, timeWidth, durationWidth, statusWidth = 35, len(time.DateTime), 9, len("429 Throttle")
	root := s.width - idWidth - timeWidth - durationWidth - statusWidth - 4*2
	var b strings.Builder
	line := func(id, start, duration, status, what string) {
		cells := []string{pad(id, idWidth), pad(start, timeWidth), padLeft(duration, durationWidth), status, what}
		b.WriteString(strings.TrimRight(strings.Join(cells, "  "), " ") + "\n")
	}
	line("ID", "START", "RESPONSE", pad("STATUS", statusWidth), "ROOT")
	for _, sum := range summaries {
		status := sum.status()
		text := status
		if sum.HTTP.HTTPStatus != 0 {
			text = strconv.Itoa(sum.HTTP.HTTPStatus) + " " + status
		}
		duration := ""
		if sum.ResponseTime != nil {
			duration = formatDuration(time.Duration(*sum.ResponseTime * float64(time.Second)))
		}
		what := ""
		if sum.EntryPoint != nil {
			what = sum.EntryPoint.Name
		}
		if sum.HTTP.HTTPURL != "" {
			what = strings.TrimSpace(what + "  " + sum.HTTP.HTTPMethod + " " + sum.HTTP.HTTPURL)
		}
		line(sum.ID, sum.StartTime.Time().Local().Format(time.DateTime), duration,
			s.paint(statusColour(status), pad(text, statusWidth)), fit(clean(what), max(root, 16)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func newTraces() *cobra.Command {
	var flags clientFlags
	output := outputFlag("text")
	since, limit := time.Hour, 50
	cmd := &cobra.Command{
		Use:   "traces [FILTER EXPRESSION]",
		Short: "List recent traces, newest first",
		Example: `  radiograph traces 'service("shop") { fault } AND responsetime > 2'
  radiograph traces --since 24h 'annotation.customer = "ann" OR user = "ann"'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			filter := filterOf(args)
			if since <= 0 || limit <= 0 {
				return usagef("--since and --limit must be above zero")
			}
			c, err := flags.client()
			if err != nil {
				return err
			}
			// A trace may start a moment ahead of this clock; the range's end is open.
			now := time.Now()
			raw, more, err := c.fetchSummaries(cmd.Context(), now.Add(-since), now.Add(time.Minute), filter, limit)
			if err != nil {
				return filterError(filter, err)
			}
			if output.json() {
				if raw == nil {
					raw = []json.RawMessage{}
				}
				return printJSON(cmd.OutOrStdout(), map[string]any{"TraceSummaries": raw})
			}
			if len(raw) == 0 {
				fmt.Fprint(cmd.ErrOrStderr(), nothingFound(shortDuration(since), filter, c))
				return nil
			}
			if err := writeSummaries(cmd.OutOrStdout(), raw); err != nil {
				return err
			}
			if more {
				fmt.Fprintf(cmd.ErrOrStderr(), "There are more than %d; --limit shows more of them.\n", limit)
			}
			return nil
		},
	}
	flags.register(cmd)
	output.register(cmd)
	cmd.Flags().DurationVar(&since, "since", since, "how far to look back")
	cmd.Flags().IntVar(&limit, "limit", limit, "most traces to list")
	return cmd
}

// shortDuration writes a flag's duration without trailing zero units: 1h.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
