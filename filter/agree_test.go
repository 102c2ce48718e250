package filter_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"radiograph"
	"radiograph/filter"
	"radiograph/trace"
)

// question is a generated expression with what it means to the oracle.
type question[T any] struct {
	text string
	eval func(T) bool
}

// asker generates questions. It shares no code with the package.
type asker struct{ *rapid.T }

func (a asker) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(a.T, label)
}

// spell varies the letter case of words of the language.
func (a asker) spell(word string) string {
	switch a.pick("spelling", "as it is", "upper", "title") {
	case "upper":
		return strings.ToUpper(word)
	case "title":
		return strings.ToUpper(word[:1]) + word[1:]
	}
	return word
}

// quote writes a string as the language wants it.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// joined generates a boolean structure over leaves.
func joined[T any](a asker, depth int, leaf func() question[T]) question[T] {
	if depth == 0 {
		return leaf()
	}
	switch a.pick("structure", "leaf", "leaf", "not", "and", "or", "beside") {
	case "not":
		q := joined(a, depth-1, leaf)
		return question[T]{a.pick("not", "!", "NOT ", "not ") + "(" + q.text + ")", func(v T) bool { return !q.eval(v) }}
	case "and":
		l, r := joined(a, depth-1, leaf), joined(a, depth-1, leaf)
		return question[T]{"(" + l.text + ") " + a.spell("and") + " (" + r.text + ")", func(v T) bool { return l.eval(v) && r.eval(v) }}
	case "or":
		l, r := joined(a, depth-1, leaf), joined(a, depth-1, leaf)
		return question[T]{"(" + l.text + ") " + a.spell("or") + " (" + r.text + ")", func(v T) bool { return l.eval(v) || r.eval(v) }}
	case "beside": // AND unwritten, and binding more than OR
		l, m, r := leaf(), leaf(), leaf()
		return question[T]{l.text + " OR " + m.text + " " + r.text, func(v T) bool { return l.eval(v) || m.eval(v) && r.eval(v) }}
	}
	return leaf()
}

// boolean tests a flag in one of its spellings.
func boolean[T any](a asker, name string, get func(T) bool) question[T] {
	form := a.pick("flag", "", "!", "= true", "!= false", "= FALSE", "!= True")
	q := question[T]{text: a.spell(name) + " " + form}
	if form == "!" {
		q.text = "!" + name
	}
	want := form == "" || form == "= true" || form == "!= false"
	q.eval = func(v T) bool { return get(v) == want }
	return q
}

// number compares a number that may be absent.
func number[T any](a asker, name string, literals []float64, get func(T) (float64, bool)) question[T] {
	op := a.pick("op", "", "=", "!=", "<", "<=", ">", ">=")
	lit := rapid.SampledFrom(literals).Draw(a.T, "literal")
	if op == "" {
		return question[T]{a.spell(name), func(v T) bool { _, ok := get(v); return ok }}
	}
	return question[T]{a.spell(name) + op + strconv.FormatFloat(lit, 'g', -1, 64), func(v T) bool {
		got, ok := get(v)
		return ok && compareNumbers(op, got, lit)
	}}
}

func compareNumbers(op string, a, b float64) bool {
	return map[string]bool{"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
}

// text compares texts of which each may be absent.
func text[T any](a asker, name string, literals []string, get func(T) []string) question[T] {
	op := a.pick("op", "", "=", "!=", "contains", "BEGINSWITH", "EndsWith")
	lit := rapid.SampledFrom(literals).Draw(a.T, "literal")
	if n := len(lit); n > 2 { // parts of values, so that the operators differ
		switch strings.ToLower(op) {
		case "contains":
			lit = lit[1 : n-1]
		case "beginswith":
			lit = lit[:n/2]
		case "endswith":
			lit = lit[n/2:]
		}
	}
	if op == "" {
		return question[T]{a.spell(name), func(v T) bool { return slices.ContainsFunc(get(v), func(s string) bool { return s != "" }) }}
	}
	return question[T]{a.spell(name) + " " + op + " " + quote(lit), func(v T) bool {
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

var (
	lengths      = []float64{0, 0.1, 0.3, 0.5, 1, 1.1, 1.7, 2.3, 3, 1e3}
	codes        = []float64{200, 301, 404, 429, 500, 503, 99.5}
	allAccounts  = []string{"000000000000", "111111111111", "222222222222", "3"}
	allInstances = []string{"i-eu-west-1a", "i-eu-west-1b", "eu"}
	nodeNames    = append([]string{"orders", "nobody"}, names...)
	nodeTypes    = []string{"unknown", "remote", "client", "AWS::EC2::Instance", "aws::ec2::instance", "AWS::DynamoDB::Table", "AWS::S3", "Database::SQL"}
)

func secondsOf(ms int) float64 { return float64(ms) / 1000 }

// traceLeaf is one test outside of blocks.
func (a asker) traceLeaf(depth int) func() question[*rawTrace] {
	return func() question[*rawTrace] {
		root := func(of func(*rawEntity) bool) func(*rawTrace) bool {
			return func(t *rawTrace) bool { return t.root != nil && of(t.root) }
		}
		rootText := func(of func(*rawEntity) string) func(*rawTrace) []string {
			return func(t *rawTrace) []string {
				if t.root == nil {
					return nil
				}
				return []string{of(t.root)}
			}
		}
		each := func(of func(*rawEntity) string) func(*rawTrace) []string {
			return func(t *rawTrace) []string { return t.each(of) }
		}
		kinds := []func() question[*rawTrace]{
			func() question[*rawTrace] { return boolean(a, "ok", root((*rawEntity).isOK)) },
			func() question[*rawTrace] { return boolean(a, "error", root((*rawEntity).isError)) },
			func() question[*rawTrace] { return boolean(a, "fault", root((*rawEntity).isFault)) },
			func() question[*rawTrace] {
				return boolean(a, "throttle", func(t *rawTrace) bool { return slices.ContainsFunc(t.segments, (*rawEntity).isThrottle) })
			},
			func() question[*rawTrace] { return boolean(a, "partial", (*rawTrace).partial) },
			func() question[*rawTrace] {
				return boolean(a, "inferred", func(t *rawTrace) bool {
					return slices.ContainsFunc(t.segments, func(e *rawEntity) bool { return e.inferred })
				})
			},
			func() question[*rawTrace] {
				return number(a, "responsetime", lengths, func(t *rawTrace) (float64, bool) {
					if t.root == nil || t.root.open() {
						return 0, false
					}
					return secondsOf(t.root.length()), true
				})
			},
			func() question[*rawTrace] {
				return number(a, "duration", lengths, func(t *rawTrace) (float64, bool) { return secondsOf(t.extent()), true })
			},
			func() question[*rawTrace] {
				return number(a, "http.status", codes, func(t *rawTrace) (float64, bool) {
					if t.root == nil {
						return 0, false
					}
					return float64(t.root.status()), t.root.status() != 0
				})
			},
			func() question[*rawTrace] {
				return text(a, "http.url", urls, rootText(func(e *rawEntity) string { return e.HTTP.Request.URL }))
			},
			func() question[*rawTrace] {
				return text(a, "http.method", methods, rootText(func(e *rawEntity) string { return e.HTTP.Request.Method }))
			},
			func() question[*rawTrace] {
				return text(a, "http.useragent", agents, rootText(func(e *rawEntity) string { return e.HTTP.Request.UserAgent }))
			},
			func() question[*rawTrace] { return text(a, "user", users, (*rawTrace).users) },
			func() question[*rawTrace] {
				return text(a, "resource.arn", arns, each(func(e *rawEntity) string { return e.ResourceARN }))
			},
			func() question[*rawTrace] {
				return text(a, "availabilityzone", zones, each(func(e *rawEntity) string { return e.AWS.EC2.AvailabilityZone }))
			},
			func() question[*rawTrace] {
				return text(a, "instance.id", allInstances, each(func(e *rawEntity) string { return e.AWS.EC2.InstanceID }))
			},
			func() question[*rawTrace] {
				return text(a, "account.id", allAccounts, func(t *rawTrace) []string {
					var out []string
					for _, s := range t.segments {
						out = append(out, s.service.account)
					}
					return out
				})
			},
			a.annotation,
			func() question[*rawTrace] { return a.service(depth) },
			func() question[*rawTrace] { return a.edge(depth) },
			func() question[*rawTrace] { return a.rootCause(depth) },
			func() question[*rawTrace] { return a.group() },
		}
		return rapid.SampledFrom(kinds).Draw(a.T, "kind")()
	}
}

func (a asker) annotation() question[*rawTrace] {
	key := rapid.SampledFrom(keys).Draw(a.T, "key")
	q := question[*rawTrace]{text: "annotation[" + key + "]"}
	switch {
	case !strings.ContainsAny(key, ".:") && rapid.Bool().Draw(a.T, "dot"):
		q.text = a.spell("annotation") + "." + key
	case rapid.Bool().Draw(a.T, "quoted"):
		q.text = "annotation[ " + quote(key) + " ]"
	}
	test := func(any) bool { return true }
	switch lit := rapid.SampledFrom(annotation).Draw(a.T, "literal").(type) {
	case string:
		op := a.pick("op", "=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH")
		q.text += op + quote(lit)
		if op > "=" && op != "!=" {
			q.text = strings.Replace(q.text, op, " "+op+" ", 1)
		}
		test = func(v any) bool { s, ok := v.(string); return ok && compareTexts(op, s, lit) }
	case float64:
		op := a.pick("op", "=", "!=", "<", "<=", ">", ">=")
		q.text += op + fmt.Sprint(lit)
		test = func(v any) bool { n, ok := v.(float64); return ok && compareNumbers(op, n, lit) }
	case bool:
		op := a.pick("op", "=", "!=")
		q.text += op + fmt.Sprint(lit)
		test = func(v any) bool { b, ok := v.(bool); return ok && (b == lit) == (op == "=") }
	}
	q.eval = func(t *rawTrace) bool {
		return slices.ContainsFunc(t.all, func(e *rawEntity) bool { v, ok := e.Annotations[key]; return ok && test(v) })
	}
	return q
}

// node generates the argument of service() or edge().
func (a asker) node() (string, func(rawService) bool) {
	name := rapid.SampledFrom(nodeNames).Draw(a.T, "node")
	kind := rapid.SampledFrom(nodeTypes).Draw(a.T, "type")
	account := rapid.SampledFrom(allAccounts).Draw(a.T, "account")
	byName := func(s rawService) bool { return s.name == name }
	byType := func(s rawService) bool { return strings.EqualFold(s.kind, kind) }
	switch a.pick("argument", "name", "name", "word", "none", "type", "both", "account") {
	case "none":
		return "", func(rawService) bool { return true }
	case "word":
		return name, byName
	case "type":
		return "id(type:" + quote(kind) + ")", byType
	case "both":
		return "id(type : " + quote(kind) + ", Name:" + quote(name) + ")", func(s rawService) bool { return byName(s) && byType(s) }
	case "account":
		return "id(account.id: " + quote(account) + ")", func(s rawService) bool { return s.account == account }
	}
	return quote(name), byName
}

// rawSubject is what the block of service() or edge() is about.
type rawSubject struct {
	trace   *rawTrace
	entity  *rawEntity
	service rawService // of edge(), the callee's
	call    *rawCall   // nil in service()
}

func (a asker) service(depth int) question[*rawTrace] {
	arg, match := a.node()
	q := question[*rawTrace]{text: a.spell("service") + "(" + arg + ")"}
	block := func(rawSubject) bool { return true }
	if rapid.IntRange(0, 3).Draw(a.T, "block") > 0 {
		inner := joined(a, max(0, depth-1), a.entityLeaf(false))
		q.text += " { " + inner.text + " }"
		block = inner.eval
	}
	q.eval = func(t *rawTrace) bool {
		return slices.ContainsFunc(t.segments, func(s *rawEntity) bool {
			return match(s.service) && block(rawSubject{t, s, s.service, nil})
		})
	}
	return q
}

func (a asker) edge(depth int) question[*rawTrace] {
	from, isFrom := a.node()
	to, isTo := a.node()
	q := question[*rawTrace]{text: a.spell("edge") + "(" + from + "," + to + ")"}
	block := func(rawSubject) bool { return true }
	if rapid.IntRange(0, 3).Draw(a.T, "block") > 0 {
		inner := joined(a, max(0, depth-1), a.entityLeaf(true))
		q.text += "{" + inner.text + "}"
		block = inner.eval
	}
	q.eval = func(t *rawTrace) bool {
		return slices.ContainsFunc(t.calls(), func(c rawCall) bool {
			return isFrom(c.from) && isTo(c.to) && block(rawSubject{t, c.seen, c.to, &c})
		})
	}
	return q
}

// entityLeaf is one test in the block of service() or edge().
func (a asker) entityLeaf(edge bool) func() question[rawSubject] {
	of := func(f func(*rawEntity) bool) func(rawSubject) bool {
		return func(s rawSubject) bool { return f(s.entity) }
	}
	one := func(f func(*rawEntity) string) func(rawSubject) []string {
		return func(s rawSubject) []string { return []string{f(s.entity)} }
	}
	// below is a member of a segment and of its subsegments, in edge() of the call.
	below := func(f func(*rawEntity) string) func(rawSubject) []string {
		return func(s rawSubject) []string {
			var out []string
			var walk func(*rawEntity)
			walk = func(e *rawEntity) {
				if !e.inferred {
					out = append(out, f(e))
				}
				if !edge {
					for _, c := range e.Subsegments {
						walk(c)
					}
				}
			}
			walk(s.entity)
			return out
		}
	}
	length := func(s rawSubject) (float64, bool) {
		if s.entity.open() {
			return 0, false
		}
		return secondsOf(s.entity.length()), true
	}
	kinds := []func() question[rawSubject]{
		func() question[rawSubject] { return boolean(a, "ok", of((*rawEntity).isOK)) },
		func() question[rawSubject] { return boolean(a, "error", of((*rawEntity).isError)) },
		func() question[rawSubject] { return boolean(a, "fault", of((*rawEntity).isFault)) },
		func() question[rawSubject] { return boolean(a, "throttle", of((*rawEntity).isThrottle)) },
		func() question[rawSubject] { return boolean(a, "partial", of((*rawEntity).open)) },
		func() question[rawSubject] {
			return boolean(a, "inferred", func(s rawSubject) bool {
				if s.call != nil {
					return s.call.callee.inferred
				}
				return s.entity.inferred
			})
		},
		func() question[rawSubject] { return number(a, "responsetime", lengths, length) },
		func() question[rawSubject] { return number(a, "duration", lengths, length) },
		func() question[rawSubject] {
			return number(a, "http.status", codes, func(s rawSubject) (float64, bool) {
				return float64(s.entity.status()), s.entity.status() != 0
			})
		},
		func() question[rawSubject] {
			return text(a, "http.url", urls, one(func(e *rawEntity) string { return e.HTTP.Request.URL }))
		},
		func() question[rawSubject] {
			return text(a, "http.method", methods, one(func(e *rawEntity) string { return e.HTTP.Request.Method }))
		},
		func() question[rawSubject] {
			return text(a, "user", users, one(func(e *rawEntity) string { return e.User }))
		},
		func() question[rawSubject] {
			return text(a, "account.id", allAccounts, func(s rawSubject) []string { return []string{s.service.account} })
		},
		func() question[rawSubject] {
			return text(a, "resource.arn", arns, below(func(e *rawEntity) string { return e.ResourceARN }))
		},
		func() question[rawSubject] {
			return text(a, "availabilityzone", zones, below(func(e *rawEntity) string { return e.AWS.EC2.AvailabilityZone }))
		},
	}
	if !edge {
		kinds = append(kinds,
			func() question[rawSubject] {
				return boolean(a, "root", func(s rawSubject) bool { return s.entity == s.trace.root })
			},
			func() question[rawSubject] {
				return text(a, "name", nodeNames, func(s rawSubject) []string { return []string{s.service.name} })
			},
			func() question[rawSubject] { return a.typeIs(func(s rawSubject) string { return s.service.kind }) },
		)
	}
	return func() question[rawSubject] { return rapid.SampledFrom(kinds).Draw(a.T, "kind")() }
}

func (a asker) typeIs(of func(rawSubject) string) question[rawSubject] {
	kind := rapid.SampledFrom(nodeTypes).Draw(a.T, "type")
	return question[rawSubject]{"type = " + quote(kind), func(s rawSubject) bool { return strings.EqualFold(of(s), kind) }}
}

// group generates a group test; the groups are those of oracleGroups.
func (a asker) group() question[*rawTrace] {
	isSlow := func(t *rawTrace) bool { return t.root != nil && !t.root.open() && t.root.length() > 1000 }
	for _, g := range []struct {
		text string
		eval func(*rawTrace) bool
	}{
		{`group.name = "slow"`, isSlow},
		{`group.name != slow`, func(t *rawTrace) bool { return !isSlow(t) }},
		{`group.ARN = "arn:slow-by-arn"`, isSlow},
		{`group.name = "Default"`, func(*rawTrace) bool { return true }},
	} {
		if rapid.Bool().Draw(a.T, "group") {
			return question[*rawTrace]{g.text, g.eval}
		}
	}
	return question[*rawTrace]{`group.name != "Default"`, func(*rawTrace) bool { return false }}
}

func oracleGroups(g filter.Group) (string, bool) {
	switch g {
	case filter.Group{Name: "slow"}:
		return "responsetime > 1", true
	case filter.Group{ARN: "arn:slow-by-arn"}:
		return `group.name = "slow"`, true
	case filter.Group{Name: "Default"}:
		return "", true
	}
	return "", false
}

// view makes the filter's view of documents the way the program does.
func view(t interface {
	Helper()
	Fatal(...any)
}, docs [][]byte,
) *radiograph.FilterView {
	t.Helper()
	var recs []*radiograph.Record
	for _, d := range docs {
		decoded, err := trace.Decode(d)
		if err != nil {
			t.Fatal(err, string(d))
		}
		recs = append(recs, &radiograph.Record{Trace: decoded[0].Trace, Root: decoded[0].Root})
	}
	tr := trace.Merge(recs[0].Trace, recs)
	return trace.FilterView(tr, trace.Summarize(tr), oracleAccount)
}

// summaryOnly is the view before the trace was read.
func summaryOnly(v *radiograph.FilterView) *radiograph.FilterView {
	return &radiograph.FilterView{Summary: v.Summary, Account: v.Account}
}

// TestAgreesWithTheOracle holds evaluation, the verdict by the summary alone,
// the conditions and the printed form against brute force over raw documents.
func TestAgreesWithTheOracle(t *testing.T) {
	asked, wanted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		docs := genDocuments(t)
		raw, v := readRaw(docs), view(t, docs)
		a := asker{t}
		for range 24 {
			q := joined(a, 2, a.traceLeaf(2))
			e, err := filter.Parse(q.text, oracleGroups)
			if err != nil {
				t.Fatalf("%s\n%v", q.text, err)
			}
			want := q.eval(raw)
			if got := e.Judge(v); got != radiograph.VerdictOf(want) {
				t.Fatalf("%s\nprinted %s\nverdict %d, the oracle says %v of\n%s", q.text, e, got, want, docs)
			}
			if got := e.Judge(summaryOnly(v)); got != radiograph.Undecided && got != radiograph.VerdictOf(want) {
				t.Fatalf("%s\nby the summary alone %d, the oracle says %v of\n%s", q.text, got, want, docs)
			}
			if want && !e.Condition().Holds(v.Summary) {
				t.Fatalf("%s\ncondition %+v leaves out a wanted trace\n%s", q.text, e.Condition(), docs)
			}
			sameAgain(t, e)
			asked++
			if want {
				wanted++
			}
		}
	})
	if share := float64(wanted) / float64(asked); math.IsNaN(share) || share < 0.15 || share > 0.85 {
		t.Errorf("%d of %d questions were answered yes: they tell little", wanted, asked)
	}
}

// sameAgain holds an expression against what its printed form parses to.
func sameAgain(t interface {
	Helper()
	Fatalf(string, ...any)
}, e *filter.Expression,
) {
	t.Helper()
	again, err := filter.Parse(e.String(), oracleGroups)
	if err != nil {
		t.Fatalf("printed form %s: %v", e, err)
	}
	if !filter.Same(e, again) || e.String() != again.String() {
		t.Fatalf("printed form %s\nis another expression: %s", e, again)
	}
}
