package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"radiograph"
)

const (
	pageTraces = 50 // traces asked for at a time, and wanted on a page
	// maxScanned bounds what one page looks at when a choice of outcome or
	// service keeps little; the pager goes on from there.
	maxScanned = 5000
	// hintAnnotations is how many annotations a row shows.
	hintAnnotations = 2
)

// tracesView is the trace list.
type tracesView struct {
	Range     rangePicker
	Filter    filterBox
	Chips     []statusChoice
	Service   string // only traces of this service; "" for all
	NoService string // the address without that choice
	Rows      []traceRow
	Scanned   string
	Newest    string // address of the first page; "" on it
	Older     string // address of the next page; "" on the last
	Filtered  bool
	Wider     string // the address of the widest range; "" when it is shown
	Span      string
}

// statusChoice is one outcome to show or leave out.
type statusChoice struct {
	status
	Href string
	On   bool
}

// traceRow is one trace in the list.
type traceRow struct {
	ID, Href       string
	Age, Start     string
	Statuses       []status
	Code           string
	CodeClass      string
	Response       string
	Duration       string
	Method, URL    string
	Service, Type  string
	Kind           string // the type in words; "" when it is unknown
	Annotations    []string
	MoreAnnotation int
}

// traceFilter is what the list leaves out.
type traceFilter struct {
	statuses []string // classes; empty keeps all
	service  string
	kind     string // the service's type; "" for any
}

func (f traceFilter) keeps(sum *radiograph.Summary) bool {
	if len(f.statuses) > 0 && !slices.ContainsFunc(summaryStatuses(sum), func(s status) bool { return slices.Contains(f.statuses, s.Class) }) {
		return false
	}
	return f.service == "" || slices.ContainsFunc(sum.ServiceIDs, func(id radiograph.ServiceID) bool {
		return id.Name == f.service && (f.kind == "" || strings.EqualFold(id.Type, f.kind))
	})
}

// listTraces shows the traces of a time range, newest first. Pages follow the
// traces' ids, which tell the second only; the rows of a page their starts.
func (s *console) listTraces(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	now := s.Clock()
	tr, err := parseRange(q, now)
	if err != nil {
		return err
	}
	f := traceFilter{statuses: q["status"], service: q.Get("service"), kind: q.Get("type")}
	box, status := newFilterBox(q), http.StatusOK
	expression, err := box.read(r.Context(), s.Groups, s.Tenant)
	if err != nil {
		return err
	}
	from, to := tr.bounds()
	page := &radiograph.SummaryPage{}
	if box.Problem != nil {
		status = http.StatusBadRequest
	} else if page, err = s.scan(r.Context(), radiograph.SummaryQuery{From: from, To: to, Limit: pageTraces, Token: q.Get("token"), Filter: expression}, f); err != nil {
		return err
	}
	slices.SortStableFunc(page.Summaries, func(a, b *radiograph.Summary) int { return cmp.Compare(b.Start, a.Start) })
	v := tracesView{
		Range:    tr.picker("/traces", q),
		Filter:   box,
		Chips:    statusChoices(q),
		Service:  f.service,
		Rows:     traceRows(page.Summaries, now),
		Scanned:  formatCount(page.TracesProcessed),
		Filtered: len(f.statuses) > 0 || f.service != "" || box.Expression != "",
		Span:     tr.label(),
	}
	if f.service != "" {
		v.NoService = address("/traces", without(q, "service", "type", "token"))
	}
	if q.Get("token") != "" {
		v.Newest = address("/traces", without(q, "token"))
	}
	if page.Token != "" {
		next := with(q, "token", page.Token)
		tr.set(next, true) // the next page is of the same moment
		v.Older = address("/traces", next)
	}
	if widest := presets[len(presets)-1].Name; tr.Preset != widest {
		wide := without(q, "token", "from", "to")
		wide.Set("range", widest)
		v.Wider = address("/traces", wide)
	}
	return s.show(w, r, status, "traces", "traces", "Traces", v)
}

// scan reads pages until one page of kept traces is full, the range is at its
// end, or enough was looked at.
func (s *console) scan(ctx context.Context, q radiograph.SummaryQuery, f traceFilter) (*radiograph.SummaryPage, error) {
	all := &radiograph.SummaryPage{}
	for {
		page, err := s.Engine.Summaries(ctx, s.Tenant, q)
		if err != nil {
			return nil, err
		}
		for _, sum := range page.Summaries {
			if f.keeps(sum) {
				all.Summaries = append(all.Summaries, sum)
			}
		}
		all.TracesProcessed += page.TracesProcessed
		all.Token = page.Token
		if page.Token == "" || len(all.Summaries) >= pageTraces || all.TracesProcessed >= maxScanned {
			return all, nil
		}
		q.Token = page.Token
	}
}

func statusChoices(q url.Values) []statusChoice {
	on := q["status"]
	out := make([]statusChoice, 0, len(allStatuses))
	for _, st := range allStatuses {
		c := statusChoice{status: st, On: slices.Contains(on, st.Class)}
		next := without(q, "token", "status")
		for _, other := range allStatuses {
			if slices.Contains(on, other.Class) != (other == st) {
				next.Add("status", other.Class)
			}
		}
		c.Href = address("/traces", next)
		out = append(out, c)
	}
	return out
}

func traceRows(sums []*radiograph.Summary, now time.Time) []traceRow {
	rows := make([]traceRow, 0, len(sums))
	for _, sum := range sums {
		id := sum.ID.String()
		row := traceRow{
			ID: id, Href: tracePath(id),
			Age: formatAge(now.Sub(sum.Start.Time())), Start: formatTime(sum.Start.Time()),
			Statuses: summaryStatuses(sum),
			Response: "–", Duration: formatDuration(time.Duration(sum.Duration)),
			Method: sum.HTTP.Method, URL: sum.HTTP.URL,
		}
		if sum.HTTP.Status != 0 {
			row.Code = strconv.Itoa(sum.HTTP.Status)
			row.CodeClass = codeClass(sum.HTTP.Status)
		}
		if sum.ResponseTime >= 0 {
			row.Response = formatDuration(time.Duration(sum.ResponseTime))
		}
		if e := sum.EntryPoint; e != nil {
			row.Service, row.Type = e.Name, e.Type
			if e.Type != "unknown" {
				row.Kind, _ = kindOf(e.Type)
			}
		}
		for i, a := range sum.Annotations {
			if i == hintAnnotations {
				row.MoreAnnotation = len(sum.Annotations) - i
				break
			}
			row.Annotations = append(row.Annotations, a.Key+" = "+formatValue(a.Value))
		}
		rows = append(rows, row)
	}
	return rows
}

// codeClass colours an HTTP status as X-Ray judges it.
func codeClass(code int) string {
	switch {
	case code == http.StatusTooManyRequests:
		return statusThrottle.Class
	case code >= 500:
		return statusFault.Class
	case code >= 400:
		return statusError.Class
	}
	return ""
}

func formatValue(v radiograph.Value) string {
	switch v.Kind {
	case radiograph.NumberValue:
		return strconv.FormatFloat(v.Number, 'g', -1, 64)
	case radiograph.BooleanValue:
		return strconv.FormatBool(v.Bool)
	}
	return v.String
}

// percent writes a share of one as an SVG length.
func percent(share float64) string { return strconv.FormatFloat(share*100, 'f', 3, 64) + "%" }

// openTrace leads from an id in either spelling to its page.
func (s *console) openTrace(w http.ResponseWriter, r *http.Request) error {
	text := strings.TrimSpace(r.URL.Query().Get("id"))
	if h := radiograph.ParseTraceHeader(text); !h.Root.IsZero() { // a whole X-Amzn-Trace-Id
		text = h.Root.String()
	} else if parts := strings.Split(text, "-"); len(parts) == 4 && len(parts[1]) == 32 { // a whole traceparent
		text = parts[1]
	}
	id, err := radiograph.ParseTraceID(text)
	if err != nil {
		return radiograph.Errorf(radiograph.KindInvalid, "%.80q is not a trace id; it looks like 1-5759e988-bd862e3fe1be46a994272793, or 32 hex digits as in W3C trace context", text)
	}
	http.Redirect(w, r, tracePath(id.String()), http.StatusSeeOther)
	return nil
}
