package interop

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"radiograph/awsapi"
)

// TestOracle holds every table of operations to the public service model: each
// modelled operation is served or listed as unserved; a served one has the
// model's method, path, status, members, locations, wire types, required
// members, bounds and enums; each exception is one the service knows, with its
// status. Differences that are meant stand in deviations.txt.
func TestOracle(t *testing.T) {
	t.Parallel()
	p := pythonClients(t)
	var all []string
	for _, s := range services() {
		o := &oracle{service: s, model: loadModel(t, p, s.Name, s.Version), compared: map[pair]bool{}}
		o.compare()
		slices.Sort(o.findings)
		all = append(all, slices.Compact(o.findings)...)
	}
	judge(t, all)
}

// oracle compares one service.
type oracle struct {
	service  awsapi.Service
	model    *model
	findings []string
	compared map[pair]bool
}

// pair is a model's shape and the Go type that stands for it, as input or not.
type pair struct {
	shape string
	typ   reflect.Type
	input bool
}

func (o *oracle) find(format string, args ...any) {
	o.findings = append(o.findings, o.service.Name+" "+fmt.Sprintf(format, args...))
}

func (o *oracle) compare() {
	meta := o.model.Metadata
	if o.service.Protocol.String() != meta.Protocol {
		o.find("speaks %s, model %s", o.service.Protocol, meta.Protocol)
	}
	if o.service.Version != meta.APIVersion {
		o.find("version is %s, model %s", o.service.Version, meta.APIVersion)
	}
	if signing := cmp.Or(meta.SigningName, meta.EndpointPrefix); o.service.Name != signing {
		o.find("signing name is %s, model %s", o.service.Name, signing)
	}
	if o.service.Protocol == awsapi.Query && o.service.Namespace != meta.XMLNamespace {
		o.find("namespace is %s, model %s", o.service.Namespace, meta.XMLNamespace)
	}
	listed := map[string]bool{}
	for _, op := range o.service.Operations {
		if listed[op.Name] {
			o.find("%s is in the table twice", op.Name)
		}
		listed[op.Name] = true
		if m := o.model.Operations[op.Name]; m == nil {
			o.find("%s is served, not in the model", op.Name)
		} else {
			o.operation(&op, m)
		}
	}
	for _, u := range o.service.Modelled {
		if listed[u.Name] {
			o.find("%s is in the table twice", u.Name)
		}
		listed[u.Name] = true
		m := o.model.Operations[u.Name]
		if m == nil {
			o.find("%s is listed as unserved, not in the model", u.Name)
		} else if route := m.route(); o.service.Protocol == awsapi.RestJSON && !sameRoute(u.Route, route) {
			o.find("%s has route %s, model %s", u.Name, u.Route, route)
		}
	}
	for name := range o.model.Operations {
		if !listed[name] {
			o.find("%s is in the model, neither served nor listed as unserved", name)
		}
	}
	o.exceptions()
}

// route is the operation's method and path as tables spell them: without
// queries, and without the slash that the newest clients no longer send.
func (m *modelOperation) route() string {
	path, _, _ := strings.Cut(m.HTTP.RequestURI, "?")
	return m.HTTP.Method + " " + path
}

var label = regexp.MustCompile(`\{[^}]*\}`)

// sameRoute compares but for the names of labels, which the members tell, and a
// closing slash, which routers take both ways.
func sameRoute(a, b string) bool {
	norm := func(s string) string {
		s, _, _ = strings.Cut(s, "?")
		return strings.TrimSuffix(label.ReplaceAllString(s, "{}"), "/")
	}
	return norm(a) == norm(b)
}

func (o *oracle) operation(op *awsapi.Operation, m *modelOperation) {
	if route := op.Method + " " + op.Path; !sameRoute(route, m.route()) {
		o.find("%s has route %s, model %s", op.Name, route, m.route())
	}
	want := m.HTTP.ResponseCode
	if want == 0 {
		want = http.StatusOK
	}
	if op.Status != want {
		o.find("%s answers status %d, model %d", op.Name, op.Status, want)
	}
	if m.Input != nil {
		o.structure(m.Input.Shape, op.Input, true)
	} else if len(op.Input.Members) > 0 {
		o.find("%s has input members, model none", op.Name)
	}
	switch hasOutput := m.Output != nil && len(o.model.Shapes[m.Output.Shape].Members) > 0; {
	case hasOutput && op.Output == nil:
		o.find("%s has no output members, model %s", op.Name, m.Output.Shape)
	case hasOutput:
		o.structure(m.Output.Shape, op.Output, false)
	case op.Output != nil && len(op.Output.Members) > 0:
		o.find("%s has output members, model none", op.Name)
	}
}

// structure compares the members of a structure; each pair once.
func (o *oracle) structure(name string, got *awsapi.Shape, input bool) {
	if key := (pair{name, got.Go, input}); o.compared[key] {
		return
	} else {
		o.compared[key] = true
	}
	want := o.model.Shapes[name]
	ours := map[string]*awsapi.Member{}
	for _, m := range got.Members {
		ours[m.Name] = m
		ref, ok := want.Members[m.Name]
		if !ok {
			o.find("%s.%s is not in the model", name, m.Name)
			continue
		}
		o.member(name, want, m, ref, input)
	}
	for _, member := range slices.Sorted(maps.Keys(want.Members)) {
		if ours[member] == nil {
			o.find("%s.%s is missing", name, member)
		}
	}
}

var locations = map[string]awsapi.Location{
	"": awsapi.InBody, "uri": awsapi.InPath, "querystring": awsapi.InQuery, "header": awsapi.InHeader, "statusCode": awsapi.InStatus,
}

func (o *oracle) member(in string, want *modelShape, got *awsapi.Member, ref modelRef, input bool) {
	name := in + "." + got.Name
	location, known := locations[ref.Location]
	if want.Payload == got.Name {
		location = awsapi.InPayload
	}
	if !known || got.Location != location {
		o.find("%s travels in location %d, model %d", name, got.Location, location)
	}
	wire := cmp.Or(ref.LocationName, got.Name)
	if location != awsapi.InPayload && location != awsapi.InStatus && got.WireName != wire &&
		(location != awsapi.InHeader || !strings.EqualFold(got.WireName, wire)) {
		o.find("%s is called %s on the wire, model %s", name, got.WireName, wire)
	}
	required := slices.Contains(want.Required, got.Name)
	if input && required != got.Required {
		o.find("%s required is %t, model %t", name, got.Required, required)
	}
	if !input && required && got.OmitEmpty {
		o.find("%s may be left out, model requires it", name)
	}
	o.shape(name, ref, got.Shape, input)
	if input {
		o.bounds(name, o.model.Shapes[ref.Shape], got)
	}
}

// shape compares wire types, down into lists, maps and structures.
func (o *oracle) shape(name string, ref modelRef, got *awsapi.Shape, input bool) {
	want := o.model.Shapes[ref.Shape]
	kind := map[string]string{"long": "integer", "float": "double", "character": "string"}[want.Type]
	if kind = cmp.Or(kind, want.Type); kind != got.Type.String() {
		o.find("%s is a %s, model %s", name, got.Type, kind)
		return
	}
	if format := cmp.Or(ref.TimestampFormat, want.TimestampFormat); kind == "timestamp" && format != "" {
		o.find("%s is a plain timestamp, model has format %s", name, format)
	}
	switch got.Type {
	case awsapi.List:
		if want.Flattened || want.Member.LocationName != "" && want.Member.LocationName != "member" {
			o.find("%s is a list of member elements, model %s flattened %t", name, want.Member.LocationName, want.Flattened)
		}
		o.shape(name+"[]", *want.Member, got.Elem, input)
	case awsapi.Map:
		o.shape(name+"{}", *want.Value, got.Elem, input)
	case awsapi.Structure:
		o.structure(ref.Shape, got, input)
	}
}

// bounds compares what an input is checked for.
func (o *oracle) bounds(name string, want *modelShape, got *awsapi.Member) {
	compare := func(what string, got, want *float64) {
		if want != nil && what == "min" && *want == 0 && got == nil {
			return // no length is below 0
		}
		if text(got) != text(want) {
			o.find("%s %s is %s, model %s", name, what, text(got), text(want))
		}
	}
	compare("min", got.Min, want.Min)
	compare("max", got.Max, want.Max)
	enum := want.Enum
	if want.Type == "list" && len(got.Enum) > 0 { // its elements', where the table checks them
		enum = o.model.Shapes[want.Member.Shape].Enum
	}
	if !slices.Equal(sorted(got.Enum), sorted(enum)) {
		o.find("%s enum is %v, model %v", name, sorted(got.Enum), sorted(enum))
	}
	if got.Pattern != "" && got.Pattern != want.Pattern {
		o.find("%s pattern is %s, model %s", name, got.Pattern, want.Pattern)
	}
	if want.Type == "list" {
		elem := o.model.Shapes[want.Member.Shape]
		if elem.Type == "string" {
			compare("eachmin", got.EachMin, elem.Min)
			compare("eachmax", got.EachMax, elem.Max)
		}
	}
}

// exceptions compares names and statuses of what the service fails with.
func (o *oracle) exceptions() {
	status := map[string]int{}
	for name, s := range o.model.Shapes {
		if s.Exception {
			code := cmp.Or(s.Error.Code, name)
			if status[code] = s.Error.HTTPStatusCode; status[code] == 0 {
				status[code] = http.StatusBadRequest
			}
		}
	}
	ours := maps.Clone(o.service.Statuses)
	if ours == nil {
		ours = map[string]int{}
	}
	for _, e := range o.service.Exceptions {
		ours[e.Name] = e.Status
	}
	if v := o.service.Validation; v.Name != "" {
		ours[v.Name] = v.Status
	}
	for _, name := range slices.Sorted(maps.Keys(ours)) {
		if want, ok := status[name]; !ok {
			o.find("exception %s is not in the model", name)
		} else if got := ours[name]; got != want {
			o.find("exception %s has status %d, model %d", name, got, want)
		}
	}
}

func text(f *float64) string {
	if f == nil {
		return "none"
	}
	return fmt.Sprint(*f)
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}
