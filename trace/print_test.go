package trace_test

import (
	"fmt"
	"io"
	"strings"
	"time"

	"radiograph"
)

// writeSummary writes every member of a summary that says something.
func writeSummary(out io.Writer, s *radiograph.Summary, short bool) {
	fmt.Fprintf(out, "%s start %s index %s duration %s", s.ID, s.Start.AppendSeconds(nil), s.IndexTime.AppendSeconds(nil), ms(s.Duration))
	if s.ResponseTime >= 0 {
		fmt.Fprintf(out, " response %s", ms(s.ResponseTime))
	}
	for _, flag := range []struct {
		on   bool
		name string
	}{{s.HasFault, "fault"}, {s.HasError, "error"}, {s.HasThrottle, "throttle"}, {s.IsPartial, "partial"}} {
		if flag.on {
			fmt.Fprintf(out, " %s", flag.name)
		}
	}
	fmt.Fprintf(out, " revision %d\n", s.Revision)
	if short {
		return
	}
	if s.EntryPoint != nil {
		fmt.Fprintf(out, "  entry %s\n", serviceText(*s.EntryPoint))
	}
	if s.HTTP != (radiograph.HTTP{}) {
		fmt.Fprintf(out, "  http %q %q %d %q %q\n", s.HTTP.Method, s.HTTP.URL, s.HTTP.Status, s.HTTP.ClientIP, s.HTTP.UserAgent)
	}
	list := func(name string, items []string) {
		if len(items) > 0 {
			fmt.Fprintf(out, "  %s %s\n", name, strings.Join(items, ", "))
		}
	}
	list("services", services(s.ServiceIDs))
	for _, a := range s.Annotations {
		fmt.Fprintf(out, "  annotation %s = %s of %s\n", a.Key, valueText(a.Value), strings.Join(services(a.ServiceIDs), ", "))
	}
	for _, u := range s.Users {
		fmt.Fprintf(out, "  user %s of %s\n", u.Name, strings.Join(services(u.ServiceIDs), ", "))
	}
	list("arns", s.ResourceARNs)
	list("instances", s.InstanceIDs)
	list("zones", s.AvailabilityZones)
	writeCauses(out, "fault cause", s.FaultRootCauses)
	writeCauses(out, "error cause", s.ErrorRootCauses)
	writeCauses(out, "response time cause", s.ResponseTimeRootCauses)
}

func writeCauses(out io.Writer, kind string, causes []radiograph.RootCause) {
	for _, c := range causes {
		fmt.Fprintf(out, "  %s", kind)
		if c.ClientImpacting {
			fmt.Fprint(out, ", client impacting")
		}
		fmt.Fprintln(out)
		for _, s := range c.Services {
			fmt.Fprintf(out, "    %s", serviceText(s.ServiceID))
			if s.Inferred {
				fmt.Fprint(out, " inferred")
			}
			sep := ": "
			for _, e := range s.Entities {
				fmt.Fprintf(out, "%s%s", sep, e.Name)
				sep = " > "
				if e.Remote {
					fmt.Fprint(out, " remote")
				}
				if e.Coverage > 0 {
					fmt.Fprintf(out, " %.0f%%", 100*e.Coverage)
				}
				for _, x := range e.Exceptions {
					fmt.Fprintf(out, " [%s: %q]", x.Type, x.Message)
				}
			}
			fmt.Fprintln(out)
		}
	}
}

func valueText(v radiograph.Value) string {
	switch v.Kind {
	case radiograph.NumberValue:
		return fmt.Sprint(v.Number)
	case radiograph.BooleanValue:
		return fmt.Sprint(v.Bool)
	}
	return fmt.Sprintf("%q", v.String)
}

func serviceText(id radiograph.ServiceID) string {
	s := fmt.Sprintf("%s (%s)", id.Name, id.Type)
	if id.Account != "" {
		s += "@" + string(id.Account)
	}
	return s
}

func services(ids []radiograph.ServiceID) []string {
	out := []string{}
	for _, id := range ids {
		out = append(out, serviceText(id))
	}
	return out
}

func writeGraph(out io.Writer, g *radiograph.ServiceGraph) {
	if len(g.Services) == 0 {
		fmt.Fprintln(out, "empty")
	}
	for _, n := range g.Services {
		fmt.Fprintf(out, "%d %s %s", n.ReferenceID, serviceText(n.ServiceID), n.State)
		if n.Root {
			fmt.Fprint(out, " root")
		}
		fmt.Fprintf(out, " %s..%s", n.Start.AppendSeconds(nil), n.End.AppendSeconds(nil))
		if n.Statistics != nil {
			fmt.Fprintf(out, " %s", statisticsText(*n.Statistics))
			fmt.Fprintf(out, " durations %s responses %s", histogramText(n.DurationHistogram), histogramText(n.ResponseHistogram))
		}
		fmt.Fprintln(out)
		for _, e := range n.Edges {
			fmt.Fprintf(out, "  -> %d %s..%s %s %s\n", e.Target, e.Start.AppendSeconds(nil), e.End.AppendSeconds(nil),
				statisticsText(e.Statistics), histogramText(e.Histogram))
		}
	}
}

func statisticsText(s radiograph.Statistics) string {
	text := fmt.Sprintf("total %d", s.Total())
	for _, c := range []struct {
		n    int64
		name string
	}{{s.OK, "ok"}, {s.OtherError, "error"}, {s.Throttle, "throttle"}, {s.Fault, "fault"}} {
		if c.n != 0 {
			text += fmt.Sprintf(" %s %d", c.name, c.n)
		}
	}
	return text + " time " + (time.Duration(s.TotalMicros) * time.Microsecond).String()
}

func histogramText(h radiograph.Histogram) string {
	parts := []string{}
	for _, b := range h {
		parts = append(parts, fmt.Sprintf("%s:%d", time.Duration(b.Micros)*time.Microsecond, b.Count))
	}
	return "{" + strings.Join(parts, " ") + "}"
}
