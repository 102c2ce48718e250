package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"radiograph"
)

// shownDecisions is how many invocations a function's page lists.
const shownDecisions = 50

// defaultEvent is what the event editor begins with.
const defaultEvent = "{\n  \"key1\": \"value1\"\n}"

// functionView is one version of a function.
type functionView struct {
	Name, ARN, Description string
	Version                string
	Versions               []choice
	Configuration          []field
	Environment            []field
	Tags                   []field
	State                  string // "" when Active
	StateReason            string
	Tracing                tracingView
	Invoke                 invokeView
	Decisions              []decisionRow
	Notice                 *notice
	MapHref                string
	TracesHref             string
}

// notice says what a write did, or why it did nothing.
type notice struct {
	Good          bool
	Head, Message string
}

// decisionRow is one invocation as its decision record tells it.
type decisionRow struct {
	Age, At   string
	Version   string
	Type      string
	Attempt   string
	Status    status
	Code      string
	Error     string
	Cold      bool
	Duration  string
	Sampled   bool
	Reason    string
	Trace     string
	TraceHref string // "" when it was not recorded
	Dropped   []string
	Datagrams string
	RequestID string
	HeaderIn  string
	LogTail   string
	Mode      string
}

// showFunction shows $LATEST, or the ?version= asked for.
func (s *console) showFunction(w http.ResponseWriter, r *http.Request) error {
	v, err := s.describeFunction(r, r.PathValue("name"), r.URL.Query().Get("version"))
	if err != nil {
		return err
	}
	v.Notice = s.savedNotice(r)
	return s.show(w, r, http.StatusOK, "function", "functions", v.Name, v)
}

func (s *console) describeFunction(r *http.Request, name, version string) (*functionView, error) {
	if version == radiograph.LatestVersion {
		version = ""
	}
	f, err := s.Functions.Function(r.Context(), s.Tenant, name, version)
	if err != nil {
		return nil, err
	}
	versions, err := s.Functions.Versions(r.Context(), s.Tenant, name)
	if err != nil {
		return nil, err
	}
	ds, err := s.Functions.Decisions(r.Context(), s.Tenant, name, shownDecisions)
	if err != nil {
		return nil, err
	}
	now := s.Clock()
	path := functionPath(f.Name)
	v := &functionView{
		Name: f.Name, ARN: f.ARN(), Description: f.Description, Version: f.Version,
		Tracing:    tracingOf(f, path),
		Invoke:     invokeView{Action: path + "/invoke", Version: f.Version, Event: defaultEvent},
		MapHref:    address("/map", url.Values{"node": {f.Name}, "type": {"AWS::Lambda::Function"}}),
		TracesHref: address("/traces", url.Values{"service": {f.Name}}),
		Configuration: []field{
			{"Runtime", f.Runtime},
			{"Handler", f.Handler},
			{"Role", f.Role},
			{"Memory", strconv.Itoa(f.MemorySize) + " MB"},
			{"Timeout", strconv.Itoa(f.Timeout) + " s"},
			{"Ephemeral storage", strconv.Itoa(f.EphemeralMB) + " MB"},
			{"Architecture", f.Architecture},
			{"Package", f.PackageType},
			{"Code size", formatBytes(f.CodeSize)},
			{"Code SHA-256", f.CodeSHA256},
			{"Layers", strings.Join(f.Layers, ", ")},
			{"Log group", f.LogGroup()},
			{"Last modified", formatTime(f.LastModified)},
			{"Revision", f.RevisionID},
		},
		Environment: sortedFields(f.Environment), Tags: sortedFields(f.Tags),
	}
	v.Configuration = slices.DeleteFunc(v.Configuration, func(f field) bool { return f.Value == "" || f.Value == "0 MB" })
	if f.State != "Active" && f.State != "" {
		v.State, v.StateReason = f.State, f.StateReason
	} else if f.LastUpdateStatus == "InProgress" || f.LastUpdateStatus == "Failed" {
		v.State, v.StateReason = "Update "+f.LastUpdateStatus, f.LastUpdateStatusReason
	}
	for _, other := range versions {
		c := choice{Label: other.Version, Href: path, Current: other.Version == f.Version}
		if other.Version != radiograph.LatestVersion {
			c.Href = address(path, url.Values{"version": {other.Version}})
		}
		v.Versions = append(v.Versions, c)
	}
	for _, d := range ds {
		if version != "" && d.Version != version {
			continue
		}
		row := describeDecision(d)
		row.Age = formatAge(now.Sub(d.Time))
		v.Decisions = append(v.Decisions, row)
	}
	return v, nil
}

func describeDecision(d *radiograph.Decision) decisionRow {
	row := decisionRow{
		At: formatTime(d.Time), Version: d.Version, Type: string(d.Type), Attempt: strconv.Itoa(d.Attempt),
		Status: decisionStatus(d), Error: d.FunctionError, Cold: d.Cold, Duration: formatDuration(d.Duration),
		Sampled: d.Sampled, Reason: d.Reason, Dropped: d.Dropped, RequestID: d.RequestID,
		HeaderIn: d.HeaderIn, LogTail: d.LogTail, Mode: string(d.Mode),
	}
	if d.Attempt == 0 {
		row.Attempt = "accepted" // the event's 202, before any attempt
	}
	if d.Status != 0 {
		row.Code = strconv.Itoa(d.Status)
	}
	if !d.Trace.IsZero() {
		row.Trace = d.Trace.String()
		if d.Sampled {
			row.TraceHref = tracePath(row.Trace)
		}
	}
	if d.Datagrams > 0 {
		row.Datagrams = strconv.Itoa(d.Datagrams) + " documents from the function, " + formatBytes(int64(d.DatagramBytes))
	}
	return row
}

func sortedFields(m map[string]string) []field {
	var out []field
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, field{name, m[name]})
	}
	return out
}
