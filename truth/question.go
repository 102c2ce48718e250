package truth

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Question is a generated filter expression with what it means.
type Question[T any] struct {
	Text string
	Eval func(T) bool
}

// NewQuestion generates an expression; parts of it may name Groups.
func NewQuestion(from Source) Question[*Trace] {
	a := asker{from}
	return joined(a, 2, a.traceLeaf(2))
}

// Groups are the groups that questions name, with their expressions.
var Groups = map[string]string{"slow": "responsetime > 1", "slower": `group.name = "slow" AND responsetime > 2`}

// InGroup reports whether a trace is of one of Groups, or of "", all traces.
func (t *Trace) InGroup(name string) bool {
	took := int64(-1)
	if t.Root != nil && !t.Root.Open {
		took = t.Root.length()
	}
	switch name {
	case "slow":
		return took > second
	case "slower":
		return took > 2*second
	}
	return true
}

// asker generates questions.
type asker struct{ Source }

func pick[V any](from Source, list ...V) V { return list[from.IntN(len(list))] }

// chance is true once in n.
func (a asker) chance(n int) bool { return a.IntN(n) == 0 }

// spell varies the letter case of words of the language.
func (a asker) spell(word string) string {
	switch a.IntN(3) {
	case 1:
		return strings.ToUpper(word)
	case 2:
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return word
}

// quote writes a string as the language wants it.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// joined generates a boolean structure over leaves.
func joined[T any](a asker, depth int, leaf func() Question[T]) Question[T] {
	if depth == 0 {
		return leaf()
	}
	switch pick(a, "leaf", "leaf", "not", "and", "or", "beside") {
	case "not":
		q := joined(a, depth-1, leaf)
		return Question[T]{pick(a, "!", "NOT ", "not ") + "(" + q.Text + ")", func(v T) bool { return !q.Eval(v) }}
	case "and":
		l, r := joined(a, depth-1, leaf), joined(a, depth-1, leaf)
		return Question[T]{"(" + l.Text + ") " + a.spell("and") + " (" + r.Text + ")", func(v T) bool { return l.Eval(v) && r.Eval(v) }}
	case "or":
		l, r := joined(a, depth-1, leaf), joined(a, depth-1, leaf)
		return Question[T]{"(" + l.Text + ") " + a.spell("or") + " (" + r.Text + ")", func(v T) bool { return l.Eval(v) || r.Eval(v) }}
	case "beside": // AND unwritten, and binding more than OR
		l, m, r := leaf(), leaf(), leaf()
		return Question[T]{l.Text + " OR " + m.Text + " " + r.Text, func(v T) bool { return l.Eval(v) || m.Eval(v) && r.Eval(v) }}
	}
	return leaf()
}

// boolean tests a flag in one of its spellings.
func boolean[T any](a asker, name string, get func(T) bool) Question[T] {
	form := pick(a, "", "!", "= true", "!= false", "= FALSE", "!= True")
	q := Question[T]{Text: a.spell(name) + " " + form}
	if form == "!" {
		q.Text = "!" + name
	}
	want := form == "" || form == "= true" || form == "!= false"
	q.Eval = func(v T) bool { return get(v) == want }
	return q
}

// number compares a number that may be absent.
func number[T any](a asker, name string, literals []float64, get func(T) (float64, bool)) Question[T] {
	op, lit := pick(a, "", "=", "!=", "<", "<=", ">", ">="), pick(a, literals...)
	if op == "" {
		return Question[T]{a.spell(name), func(v T) bool { _, ok := get(v); return ok }}
	}
	return Question[T]{a.spell(name) + op + strconv.FormatFloat(lit, 'g', -1, 64), func(v T) bool {
		got, ok := get(v)
		return ok && compareNumbers(op, got, lit)
	}}
}

func compareNumbers(op string, a, b float64) bool {
	return map[string]bool{"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
}

// texts compares texts of which each may be absent.
func texts[T any](a asker, name string, literals []string, get func(T) []string) Question[T] {
	op, lit := pick(a, "", "=", "!=", "contains", "BEGINSWITH", "EndsWith"), pick(a, literals...)
	if r := []rune(lit); len(r) > 2 { // parts of values, so that the operators differ
		switch strings.ToLower(op) {
		case "contains":
			lit = string(r[1 : len(r)-1])
		case "beginswith":
			lit = string(r[:len(r)/2])
		case "endswith":
			lit = string(r[len(r)/2:])
		}
	}
	if op == "" {
		return Question[T]{a.spell(name), func(v T) bool { return slices.ContainsFunc(get(v), func(s string) bool { return s != "" }) }}
	}
	return Question[T]{a.spell(name) + " " + op + " " + quote(lit), func(v T) bool {
		return slices.ContainsFunc(get(v), func(s string) bool { return s != "" && compareTexts(op, s, lit) })
	}}
}

func compareTexts(op, a, b string) bool {
	switch strings.ToLower(op) {
	case "=":
		return a == b
	case "!=":
		return a != b
	case "contains":
		return strings.Contains(a, b)
	case "beginswith":
		return strings.HasPrefix(a, b)
	}
	return strings.HasSuffix(a, b)
}

func inSeconds(ns int64) float64 { return float64(ns) / 1e9 }

func (e *Entity) statusNumber() (float64, bool) { return float64(e.status()), e.status() != 0 }

// traceLeaf is one test outside of blocks.
func (a asker) traceLeaf(depth int) func() Question[*Trace] {
	root := func(of func(*Entity) bool) func(*Trace) bool {
		return func(t *Trace) bool { return t.Root != nil && of(t.Root) }
	}
	rootText := func(name string, literals []string, of func(*Entity) string) func() Question[*Trace] {
		return func() Question[*Trace] {
			return texts(a, name, literals, func(t *Trace) []string {
				if t.Root == nil {
					return nil
				}
				return []string{of(t.Root)}
			})
		}
	}
	each := func(name string, literals []string, of func(*Entity) []string) func() Question[*Trace] {
		return func() Question[*Trace] {
			return texts(a, name, literals, func(t *Trace) []string {
				var out []string
				for _, e := range t.entities {
					out = append(out, of(e)...)
				}
				return out
			})
		}
	}
	kinds := []func() Question[*Trace]{
		func() Question[*Trace] { return boolean(a, "ok", root((*Entity).ok)) },
		func() Question[*Trace] { return boolean(a, "error", root(isError)) },
		func() Question[*Trace] { return boolean(a, "fault", root(isFault)) },
		func() Question[*Trace] {
			return boolean(a, "throttle", func(t *Trace) bool {
				return slices.ContainsFunc(t.Segments, func(e *Entity) bool { return e.Throttle })
			})
		},
		func() Question[*Trace] { return boolean(a, "partial", (*Trace).partial) },
		func() Question[*Trace] {
			return boolean(a, "inferred", func(t *Trace) bool {
				return slices.ContainsFunc(t.Segments, func(e *Entity) bool { return e.Inferred })
			})
		},
		func() Question[*Trace] {
			return number(a, "responsetime", lengths, func(t *Trace) (float64, bool) {
				if t.Root == nil || t.Root.Open {
					return 0, false
				}
				return inSeconds(t.Root.length()), true
			})
		},
		func() Question[*Trace] {
			return number(a, "duration", lengths, func(t *Trace) (float64, bool) {
				start, end := t.extent()
				return inSeconds(end - start), true
			})
		},
		func() Question[*Trace] {
			return number(a, "http.status", codes, func(t *Trace) (float64, bool) {
				if t.Root == nil {
					return 0, false
				}
				return t.Root.statusNumber()
			})
		},
		rootText("http.url", urls, func(e *Entity) string { return e.HTTP.Request.URL }),
		rootText("http.method", methods, func(e *Entity) string { return e.HTTP.Request.Method }),
		rootText("http.useragent", agents, func(e *Entity) string { return e.HTTP.Request.UserAgent }),
		rootText("http.clientip", addresses, func(e *Entity) string { return e.HTTP.Request.ClientIP }),
		func() Question[*Trace] {
			return texts(a, "user", users, func(t *Trace) []string {
				var out []string
				for _, e := range slices.Concat(t.Segments, t.Orphans) {
					out = append(out, e.User)
				}
				return out
			})
		},
		each("resource.arn", arns, func(e *Entity) []string { return []string{e.ResourceARN, e.AWS.FunctionARN} }),
		each("availabilityzone", zones, (*Entity).zones),
		each("instance.id", instances, (*Entity).instances),
		func() Question[*Trace] {
			return texts(a, "account.id", allAccounts, func(t *Trace) []string {
				var out []string
				for _, s := range t.Segments {
					out = append(out, s.service.owner())
				}
				return out
			})
		},
		a.annotation, a.annotation,
		func() Question[*Trace] { return a.service(depth) },
		func() Question[*Trace] { return a.edge(depth) },
		func() Question[*Trace] { return a.rootCause(depth) },
		a.group,
	}
	return func() Question[*Trace] { return pick(a, kinds...)() }
}

// Account is the tenant's, which owns what names no account.
const Account = "000000000000"

func (s Service) owner() string {
	if s.Account == "" {
		return Account
	}
	return s.Account
}

func (a asker) annotation() Question[*Trace] {
	key := pick(a, keys...)
	q := Question[*Trace]{Text: "annotation[" + key + "]"}
	switch {
	case !strings.ContainsAny(key, ".:") && a.chance(2):
		q.Text = a.spell("annotation") + "." + key
	case a.chance(2):
		q.Text = "annotation[ " + quote(key) + " ]"
	}
	test := func(any) bool { return true }
	switch lit := pick(a, append(values, nil)...).(type) {
	case string:
		op := pick(a, "=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH")
		q.Text += " " + op + " " + quote(lit)
		test = func(v any) bool { s, ok := v.(string); return ok && compareTexts(op, s, lit) }
	case float64:
		op := pick(a, "=", "!=", "<", "<=", ">", ">=")
		q.Text += op + strconv.FormatFloat(lit, 'g', -1, 64)
		test = func(v any) bool { n, ok := v.(float64); return ok && compareNumbers(op, n, lit) }
	case bool:
		op := pick(a, "=", "!=")
		q.Text += op + fmt.Sprint(lit)
		test = func(v any) bool { b, ok := v.(bool); return ok && (b == lit) == (op == "=") }
	}
	q.Eval = func(t *Trace) bool {
		return slices.ContainsFunc(t.entities, func(e *Entity) bool { v, ok := e.Annotations[key]; return ok && test(v) })
	}
	return q
}

// group generates a test of Groups.
func (a asker) group() Question[*Trace] {
	return pick(a,
		Question[*Trace]{`group.name = "slow"`, func(t *Trace) bool { return t.InGroup("slow") }},
		Question[*Trace]{`group.name != slow`, func(t *Trace) bool { return !t.InGroup("slow") }},
		Question[*Trace]{`group.NAME = "slower"`, func(t *Trace) bool { return t.InGroup("slower") }},
		Question[*Trace]{`group.name = "Default"`, func(*Trace) bool { return true }},
		Question[*Trace]{`group.name != "Default"`, func(*Trace) bool { return false }},
	)
}
