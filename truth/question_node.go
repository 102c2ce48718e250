package truth

import (
	"slices"
	"strings"
)

// node generates the argument of service() or edge().
func (a asker) node() (string, func(Service) bool) {
	name, kind, account := pick(a, nodeNames...), pick(a, nodeTypes...), pick(a, allAccounts...)
	byName := func(s Service) bool { return s.Name == name }
	byType := func(s Service) bool { return strings.EqualFold(s.Type, kind) }
	switch pick(a, "name", "name", "word", "none", "type", "both", "account") {
	case "none":
		return "", func(Service) bool { return true }
	case "word":
		return name, byName
	case "type":
		return "id(type:" + quote(kind) + ")", byType
	case "both":
		return "id(type : " + quote(kind) + ", Name:" + quote(name) + ")", func(s Service) bool { return byName(s) && byType(s) }
	case "account":
		return "id(account.id: " + quote(account) + ")", func(s Service) bool { return s.owner() == account }
	}
	return quote(name), byName
}

// call is one request along an edge, open ones too.
type call struct {
	from, to     Service
	seen, callee *Entity
}

func (t *Trace) calls() []call {
	var out []call
	for _, s := range t.Segments {
		if s == t.Root {
			client := s.service
			client.Type = "client"
			out = append(out, call{client, s.service, s, s})
		}
		if s.caller() == nil {
			continue
		}
		seen := s
		if s.parent.Sub {
			seen = s.parent
		}
		out = append(out, call{s.caller().service, s.service, seen, s})
	}
	return out
}

// subject is what the block of service() or edge() is about.
type subject struct {
	trace   *Trace
	entity  *Entity
	service Service // of edge(), the callee's
	call    *call   // nil in service()
}

func (a asker) service(depth int) Question[*Trace] {
	arg, match := a.node()
	q := Question[*Trace]{Text: a.spell("service") + "(" + arg + ")"}
	block := func(subject) bool { return true }
	if !a.chance(4) {
		inner := joined(a, max(0, depth-1), a.entityLeaf(false))
		q.Text += " { " + inner.Text + " }"
		block = inner.Eval
	}
	q.Eval = func(t *Trace) bool {
		return slices.ContainsFunc(t.Segments, func(s *Entity) bool {
			return match(s.service) && block(subject{t, s, s.service, nil})
		})
	}
	return q
}

func (a asker) edge(depth int) Question[*Trace] {
	from, isFrom := a.node()
	to, isTo := a.node()
	q := Question[*Trace]{Text: a.spell("edge") + "(" + from + "," + to + ")"}
	block := func(subject) bool { return true }
	if !a.chance(4) {
		inner := joined(a, max(0, depth-1), a.entityLeaf(true))
		q.Text += "{" + inner.Text + "}"
		block = inner.Eval
	}
	q.Eval = func(t *Trace) bool {
		return slices.ContainsFunc(t.calls(), func(c call) bool {
			return isFrom(c.from) && isTo(c.to) && block(subject{t, c.seen, c.to, &c})
		})
	}
	return q
}

// entityLeaf is one test in the block of service() or edge().
func (a asker) entityLeaf(edge bool) func() Question[subject] {
	flag := func(name string, f func(*Entity) bool) func() Question[subject] {
		return func() Question[subject] { return boolean(a, name, func(s subject) bool { return f(s.entity) }) }
	}
	one := func(name string, literals []string, f func(subject) string) func() Question[subject] {
		return func() Question[subject] {
			return texts(a, name, literals, func(s subject) []string { return []string{f(s)} })
		}
	}
	// below is a member of a segment and of its subsegments, in edge() of the call.
	below := func(name string, literals []string, f func(*Entity) []string) func() Question[subject] {
		return func() Question[subject] {
			return texts(a, name, literals, func(s subject) []string {
				var out []string
				var walk func(*Entity)
				walk = func(e *Entity) {
					if !e.Inferred {
						out = append(out, f(e)...)
					}
					if !edge {
						for _, c := range e.Subsegments {
							walk(c)
						}
					}
				}
				walk(s.entity)
				return out
			})
		}
	}
	length := func(name string) func() Question[subject] {
		return func() Question[subject] {
			return number(a, name, lengths, func(s subject) (float64, bool) { return inSeconds(s.entity.length()), !s.entity.Open })
		}
	}
	kinds := []func() Question[subject]{
		flag("ok", (*Entity).ok), flag("error", isError), flag("fault", isFault),
		flag("throttle", func(e *Entity) bool { return e.Throttle }),
		flag("partial", func(e *Entity) bool { return e.Open }),
		func() Question[subject] {
			return boolean(a, "inferred", func(s subject) bool {
				if s.call != nil {
					return s.call.callee.Inferred
				}
				return s.entity.Inferred
			})
		},
		length("responsetime"), length("duration"),
		func() Question[subject] {
			return number(a, "http.status", codes, func(s subject) (float64, bool) { return s.entity.statusNumber() })
		},
		one("http.url", urls, func(s subject) string { return s.entity.HTTP.Request.URL }),
		one("http.method", methods, func(s subject) string { return s.entity.HTTP.Request.Method }),
		one("http.useragent", agents, func(s subject) string { return s.entity.HTTP.Request.UserAgent }),
		one("http.clientip", addresses, func(s subject) string { return s.entity.HTTP.Request.ClientIP }),
		one("user", users, func(s subject) string { return s.entity.User }),
		one("account.id", allAccounts, func(s subject) string { return s.service.owner() }),
		below("resource.arn", arns, func(e *Entity) []string { return []string{e.ResourceARN, e.AWS.FunctionARN} }),
		below("availabilityzone", zones, (*Entity).zones),
		below("instance.id", instances, (*Entity).instances),
	}
	if !edge {
		kinds = append(kinds,
			func() Question[subject] {
				return boolean(a, "root", func(s subject) bool { return s.entity == s.trace.Root })
			},
			one("name", nodeNames, func(s subject) string { return s.service.Name }),
			func() Question[subject] {
				kind := pick(a, nodeTypes...)
				return Question[subject]{"type = " + quote(kind), func(s subject) bool { return strings.EqualFold(s.service.Type, kind) }}
			},
		)
	}
	return func() Question[subject] { return pick(a, kinds...)() }
}
