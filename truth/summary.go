package truth

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// extent is the earliest start and the latest known end.
func (t *Trace) extent() (start, end int64) {
	if t.start == 0 {
		t.start = math.MaxInt64
		for _, e := range slices.Concat(t.Segments, t.Orphans) {
			t.start, t.end = min(t.start, e.Start), max(t.end, e.Start)
			if !e.Open {
				t.end = max(t.end, e.End)
			}
		}
	}
	return t.start, t.end
}

const (
	second = int64(1e9)
	minute = 60 * second
)

// indexTime is the time in the id when it can be one, else the start.
func (t *Trace) indexTime() int64 {
	start, _ := t.extent()
	epoch, err := strconv.ParseInt(t.ID[2:10], 16, 64)
	must(err)
	if epoch *= second; start-24*60*minute <= epoch && epoch <= start+5*minute {
		return epoch
	}
	return start
}

func (t *Trace) partial() bool {
	return t.Root == nil || slices.ContainsFunc(t.Segments, func(e *Entity) bool { return e.Open }) ||
		slices.ContainsFunc(t.entities, func(e *Entity) bool { return e.Sub && e.HTTP.Request.Traced && len(e.callees) == 0 })
}

// TimeRangeTypes are those of GetTraceSummaries.
var TimeRangeTypes = []string{"TraceId", "Event", "Service"}

// Within reports whether GetTraceSummaries finds t in [from, to).
func (t *Trace) Within(rangeType string, from, to int64) bool {
	start, end := t.extent()
	switch rangeType {
	case "Event":
		return from < to && start < to && end >= from // an empty range holds nothing
	case "Service":
		return slices.ContainsFunc(slices.Concat(t.Segments, t.Orphans), func(e *Entity) bool {
			ended := max(e.Start, e.End)
			return !e.Open && from <= ended && ended < to
		})
	}
	return from <= t.indexTime() && t.indexTime() < to
}

// Time is what a listing is sorted by, newest first.
func (t *Trace) Time(rangeType string) int64 {
	start, end := t.extent()
	switch rangeType {
	case "Event":
		return start
	case "Service":
		return end
	}
	return t.indexTime()
}

// matchedEvent is the last start or end of a segment that is not after to.
func (t *Trace) matchedEvent(to int64) int64 {
	last := int64(0)
	for _, e := range slices.Concat(t.Segments, t.Orphans) {
		if e.Start <= to {
			last = max(last, e.Start)
		}
		if !e.Open && e.End <= to {
			last = max(last, e.End)
		}
	}
	return last
}

// seconds writes a time as a JSON number.
func seconds(ns int64) json.Number {
	return json.Number(fmt.Sprintf("%d.%09d", ns/second, ns%second))
}

// millis is a length in seconds, to the millisecond.
func millis(ns int64) float64 { return float64((ns+500_000)/1_000_000) / 1000 }

type object = map[string]any

// orEmpty makes a list that is never nil.
func orEmpty(list []any) []any {
	if list == nil {
		return []any{}
	}
	return list
}

func (s Service) id() object {
	o := object{"Name": s.Name, "Names": []any{s.Name}, "Type": s.Type}
	if s.Account != "" {
		o["AccountId"] = s.Account
	}
	return o
}

// Summary is what GetTraceSummaries says of t; to is the end of the range, for
// TimeRangeType Event.
func (t *Trace) Summary(rangeType string, to int64) any {
	start, end := t.extent()
	o := object{
		"Id": t.ID, "StartTime": seconds(start), "Duration": millis(end - start), "Revision": t.Revision,
		"HasFault": false, "HasError": false, "IsPartial": t.partial(),
		"HasThrottle": slices.ContainsFunc(t.Segments, func(e *Entity) bool { return e.Throttle }),
		"Http":        object{}, "Annotations": t.annotations(), "Users": t.users(),
		"FaultRootCauses": causes(t.flagged(isFault), false), "ErrorRootCauses": causes(t.flagged(isError), false),
		"ResponseTimeRootCauses": causes(t.slow(), true),
	}
	if r := t.Root; r != nil {
		o["HasFault"], o["HasError"], o["EntryPoint"] = r.Fault, r.Error, r.service.id()
		if !r.Open {
			o["ResponseTime"] = millis(r.length())
		}
		http := object{}
		for name, v := range map[string]string{
			"HttpURL": r.HTTP.Request.URL, "HttpMethod": r.HTTP.Request.Method, "UserAgent": r.HTTP.Request.UserAgent, "ClientIp": r.HTTP.Request.ClientIP,
		} {
			if v != "" {
				http[name] = v
			}
		}
		if r.status() != 0 {
			http["HttpStatus"] = r.status()
		}
		o["Http"] = http
	}
	services := make(map[Service]bool)
	for _, s := range t.Segments {
		services[s.service] = true
	}
	o["ServiceIds"] = ids(services)
	o["ResourceARNs"] = t.distinct("ARN", func(e *Entity) []string { return []string{e.ResourceARN, e.AWS.FunctionARN} })
	o["InstanceIds"] = t.distinct("Id", (*Entity).instances)
	o["AvailabilityZones"] = t.distinct("Name", (*Entity).zones)
	if rangeType == "Event" {
		o["MatchedEventTime"] = seconds(t.matchedEvent(to))
	}
	return o
}

func (e *Entity) instances() []string { return []string{e.AWS.EC2.InstanceID} }

func (e *Entity) zones() []string {
	if z := e.AWS.EC2.AvailabilityZone; z != "" {
		return []string{z}
	}
	return []string{e.AWS.ECS.AvailabilityZone}
}

func ids(set map[Service]bool) []any {
	list := []any{}
	for s := range set {
		list = append(list, s.id())
	}
	return list
}

// distinct collects members of what the documents told.
func (t *Trace) distinct(name string, of func(*Entity) []string) []any {
	list, seen := []any{}, map[string]bool{"": true}
	for _, e := range t.entities {
		for _, v := range of(e) {
			if !seen[v] {
				seen[v] = true
				list = append(list, object{name: v})
			}
		}
	}
	return list
}

func (t *Trace) annotations() object {
	services := make(map[string]map[any]map[Service]bool)
	for _, e := range t.entities {
		for k, v := range e.Annotations {
			if services[k] == nil {
				services[k] = make(map[any]map[Service]bool)
			}
			if services[k][v] == nil {
				services[k][v] = make(map[Service]bool)
			}
			if !e.segment.Sub {
				services[k][v][e.segment.service] = true
			}
		}
	}
	o := object{}
	for k, values := range services {
		list := []any{}
		for v, set := range values {
			member := "StringValue"
			switch v.(type) {
			case float64:
				member = "NumberValue"
			case bool:
				member = "BooleanValue"
			}
			list = append(list, object{"AnnotationValue": object{member: v}, "ServiceIds": ids(set)})
		}
		o[k] = list
	}
	return o
}

func (t *Trace) users() []any {
	services := make(map[string]map[Service]bool)
	for _, e := range slices.Concat(t.Segments, t.Orphans) {
		if e.User == "" {
			continue
		}
		if services[e.User] == nil {
			services[e.User] = make(map[Service]bool)
		}
		if !e.Sub {
			services[e.User][e.service] = true
		}
	}
	list := []any{}
	for name, set := range services {
		list = append(list, object{"UserName": name, "ServiceIds": ids(set)})
	}
	return list
}

func causes(all []cause, coverage bool) []any {
	list := []any{}
	for _, c := range all {
		var services []any
		for _, s := range c.services {
			var path []any
			for _, e := range s.steps {
				o := object{"Name": e.Name, "Remote": e.remote()}
				if coverage {
					o["Coverage"] = e.coverage
				} else {
					var thrown []any
					for _, x := range e.exceptions() {
						one := object{"Name": x.Type}
						if x.Message != "" {
							one["Message"] = x.Message
						}
						thrown = append(thrown, one)
					}
					o["Exceptions"] = orEmpty(thrown)
				}
				path = append(path, o)
			}
			o := s.id()
			o["Inferred"], o["EntityPath"] = s.inferred, path
			services = append(services, o)
		}
		list = append(list, object{"ClientImpacting": c.impacting, "Services": services})
	}
	return list
}

// sets are the members whose order says nothing.
var sets = []string{"Annotations", "Users", "ServiceIds", "ResourceARNs", "InstanceIds", "AvailabilityZones"}

// Canonical is an answer with the lists that have no order sorted, as a JSON
// decoder gives it.
func Canonical(v any) any {
	text, err := json.Marshal(v)
	must(err)
	var o any
	must(json.Unmarshal(text, &o))
	return canonical(o, "")
}

func canonical(v any, path string) any {
	switch v := v.(type) {
	case object:
		for k, inner := range v {
			v[k] = canonical(inner, path+"/"+k)
		}
	case []any:
		for i, inner := range v {
			v[i] = canonical(inner, path)
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if strings.Contains(path, "RootCauses") { // a path has its order
			return v
		}
		if slices.Contains(sets, name) || strings.Contains(path, "Annotations/") {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(text(a), text(b)) })
		}
	}
	return v
}

func text(v any) string {
	b, err := json.Marshal(v)
	must(err)
	return string(b)
}
