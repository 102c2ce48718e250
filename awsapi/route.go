package awsapi

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// router finds rest-json operations by method and path. It matches escaped
// segments, so that a label may hold an encoded ARN with slashes, takes a
// trailing slash or none, and never redirects.
type router struct {
	literal map[string]*router
	label   *router
	routes  []route
}

// route is one operation's place. Exactly one of op and unserved is set.
type route struct {
	method   string
	labels   []string          // names, in order
	query    map[string]string // parameters the route asks for
	service  *Service
	op       *Operation
	unserved *Unserved
}

func (r route) name() string {
	if r.op != nil {
		return r.op.Name
	}
	return r.unserved.Name
}

// add puts a route at METHOD /path/{Label}?name=value.
func (t *router) add(spec string, rt route) {
	method, path, _ := strings.Cut(spec, " ")
	path, rawQuery, _ := strings.Cut(path, "?")
	rt.method = method
	if rawQuery != "" {
		values, err := url.ParseQuery(rawQuery)
		if err != nil {
			panic(fmt.Sprintf("awsapi: route %q: %v", spec, err))
		}
		rt.query = make(map[string]string)
		for k, v := range values {
			rt.query[k] = v[0]
		}
	}
	n := t
	for _, seg := range segments(path) {
		if name, ok := strings.CutPrefix(seg, "{"); ok {
			rt.labels = append(rt.labels, strings.TrimSuffix(name, "}"))
			if n.label == nil {
				n.label = &router{}
			}
			n = n.label
			continue
		}
		if n.literal == nil {
			n.literal = make(map[string]*router)
		}
		if n.literal[seg] == nil {
			n.literal[seg] = &router{}
		}
		n = n.literal[seg]
	}
	for _, other := range n.routes {
		if other.method == method && fmt.Sprint(other.query) == fmt.Sprint(rt.query) {
			panic(fmt.Sprintf("awsapi: %s %s and %s %s share the route %q", other.service.Name, other.name(), rt.service.Name, rt.name(), spec))
		}
	}
	n.routes = append(n.routes, rt)
	// The one that asks for more comes first.
	slices.SortStableFunc(n.routes, func(a, b route) int { return cmp.Compare(len(b.query), len(a.query)) })
}

// maxSegments bounds a path: the longest modelled one has seven.
const maxSegments = 32

func segments(path string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/"), "/")
}

// find looks up a request; ok is false when no route fits.
func (t *router) find(r *http.Request, query url.Values) (rt route, labels map[string]string, ok bool) {
	segs := segments(r.URL.EscapedPath())
	if len(segs) > maxSegments {
		return route{}, nil, false
	}
	var values []string
	var walk func(n *router, i int) bool
	walk = func(n *router, i int) bool {
		if i == len(segs) {
			for _, candidate := range n.routes {
				if candidate.method == r.Method && wants(candidate.query, query) {
					rt = candidate
					return true
				}
			}
			return false
		}
		seg, err := url.PathUnescape(segs[i])
		if err != nil {
			return false
		}
		if next := n.literal[seg]; next != nil && walk(next, i+1) {
			return true
		}
		if n.label == nil || seg == "" {
			return false
		}
		values = append(values, seg)
		if walk(n.label, i+1) {
			return true
		}
		values = values[:len(values)-1]
		return false
	}
	if !walk(t, 0) {
		return route{}, nil, false
	}
	labels = make(map[string]string, len(values))
	for i, name := range rt.labels {
		labels[name] = values[i]
	}
	return rt, labels, true
}

func wants(want map[string]string, got url.Values) bool {
	for k, v := range want {
		if !got.Has(k) || v != "" && got.Get(k) != v {
			return false
		}
	}
	return true
}
