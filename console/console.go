// Package console is the pages a person opens in a browser: traces, one trace's
// timeline, the service map, insights, and functions with their tracing switch.
//
// What enters are questions by GET and three writes by POST (save the tracing
// mode, invoke, switch a group's search for insights); what leaves is HTML that needs nothing from elsewhere: the
// templates, styles, scripts and every drawing are the binary's own. It reads
// traces by the query engine only, and changes functions, roles and groups only
// through their services. It never trusts a trace's content, and it never keeps state of its
// own: the address holds all of it.
package console

import (
	"context"
	"log/slog"
	"net/http"

	"radiograph"
	"radiograph/group"
	"radiograph/insight"
	"radiograph/query"
)

// Engine answers questions about traces. Implemented by *query.Engine.
type Engine interface {
	Summaries(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery) (*radiograph.SummaryPage, error)
	ServiceGraph(ctx context.Context, t radiograph.Tenant, from, to radiograph.Timestamp) (*radiograph.ServiceGraph, error)
	GroupGraph(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, from, to radiograph.Timestamp) (*radiograph.ServiceGraph, error)
	TraceGraph(ctx context.Context, t radiograph.Tenant, ids []radiograph.TraceID) (*radiograph.ServiceGraph, error)
	Timeline(ctx context.Context, t radiograph.Tenant, id radiograph.TraceID) (*radiograph.Timeline, *radiograph.Trace, error)
	Documents(tr *radiograph.Trace) []query.SegmentDocument
	Summary(tr *radiograph.Trace) *radiograph.Summary
}

// Groups keeps groups, and reads filter expressions, which may name them.
// Implemented by *group.Service.
type Groups interface {
	Filter(ctx context.Context, t radiograph.Tenant, expression string) (radiograph.Filter, error)
	Groups(ctx context.Context, t radiograph.Tenant) ([]*radiograph.Group, error)
	Update(ctx context.Context, t radiograph.Tenant, u group.Update) (*radiograph.Group, error)
}

// Insights keeps insights. Implemented by *insight.Service.
type Insights interface {
	Insights(ctx context.Context, t radiograph.Tenant, q insight.Query) ([]*radiograph.Insight, error)
	Insight(ctx context.Context, t radiograph.Tenant, id string) (*radiograph.Insight, error)
	Faults(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, id radiograph.ServiceID, from, to radiograph.Timestamp) ([]insight.Faults, error)
}

// Functions keeps and runs functions. Implemented by *lambda.Service.
type Functions interface {
	Functions(ctx context.Context, t radiograph.Tenant) ([]*radiograph.Function, error)
	Function(ctx context.Context, t radiograph.Tenant, name, qualifier string) (*radiograph.Function, error)
	Versions(ctx context.Context, t radiograph.Tenant, name string) ([]*radiograph.Function, error)
	UpdateConfiguration(ctx context.Context, t radiograph.Tenant, name string, change func(*radiograph.Function) error, revisionID string) (*radiograph.Function, error)
	Invoke(ctx context.Context, req *radiograph.InvokeRequest) (*radiograph.InvokeResult, error)
	Decisions(ctx context.Context, t radiograph.Tenant, function string, limit int) ([]*radiograph.Decision, error)
}

// Roles keeps roles. Implemented by *iam.Service.
type Roles interface {
	Allowed(ctx context.Context, roleARN, action, resource string) (bool, error)
	PutInlinePolicy(ctx context.Context, account radiograph.AccountID, role, policy, document string) error
}

// Config is what the pages need. All members but Hosts and Limits are required.
type Config struct {
	Engine    Engine
	Groups    Groups
	Insights  Insights
	Functions Functions
	Roles     Roles
	Usage     Usage
	Limits    radiograph.Limits // told, not enforced here
	Tenant    radiograph.Tenant // whose data is shown
	// Hosts are the names and addresses, without port, under which a browser may
	// reach the pages besides the loopback ones.
	Hosts []string
	Log   *slog.Logger
	Clock radiograph.Clock
}

// console serves the pages.
type console struct {
	Config
}

// New makes the handler of all pages. It serves at the root of its host.
func New(c Config) http.Handler {
	s := &console{Config: c}
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /{$}":                       s.listTraces,
		"GET /traces":                    s.listTraces,
		"GET /traces/open":               s.openTrace,
		"GET /traces/complete":           s.completeFilter,
		"GET /traces/{id}":               s.showTrace,
		"GET /traces/{id}/trace.json":    s.sendTrace,
		"GET /map":                       s.showMap,
		"GET /insights":                  s.listInsights,
		"GET /insights/{id}":             s.showInsight,
		"POST /insights/groups/{name}":   s.saveInsights,
		"GET /usage":                     s.showUsage,
		"GET /functions":                 s.listFunctions,
		"GET /functions/{name}":          s.showFunction,
		"POST /functions/{name}/tracing": s.saveTracing,
		"POST /functions/{name}/invoke":  s.invoke,
		"GET /xray/home":                 s.showHashRoute,
		"GET /cloudwatch/home":           s.showHashRoute,
		"GET /lambda/home":               s.showHashRoute,
		"/":                              s.unknownPage,
	} {
		mux.Handle(pattern, s.page(h))
	}
	mux.Handle("GET /static/{file}", static())
	return s.guard(mux)
}

func (s *console) unknownPage(_ http.ResponseWriter, r *http.Request) error {
	return radiograph.Errorf(radiograph.KindNotFound, "There is no page at %.200s.", r.URL.Path)
}
