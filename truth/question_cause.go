package truth

import "slices"

// causeStep is what the block of a root cause is about.
type causeStep struct {
	index, count int
	name         string
	service      causeService
	step         step
	exception    Exception
}

// rootCause generates a test of root causes.
func (a asker) rootCause(depth int) Question[*Trace] {
	kind := pick(a, "fault", "error", "responsetime")
	causes := func(t *Trace) []cause {
		switch kind {
		case "fault":
			return t.flagged(isFault)
		case "error":
			return t.flagged(isError)
		}
		return t.slow()
	}
	noun := pick(a, "service", "entity", "exception", "json")
	if noun == "json" {
		return a.json(kind, causes)
	}
	q := Question[*Trace]{Text: a.spell("rootcause") + "." + kind + "." + noun}
	block := func(causeStep) bool { return true }
	if !a.chance(4) {
		inner := joined(a, max(0, depth-1), a.stepLeaf(kind, noun))
		q.Text += " {" + inner.Text + "} "
		block = inner.Eval
	}
	q.Eval = func(t *Trace) bool {
		return slices.ContainsFunc(causes(t), func(c cause) bool {
			list := c.steps(kind, noun)
			for i := range list {
				list[i].index, list[i].count = i, len(list)
			}
			return slices.ContainsFunc(list, block)
		})
	}
	return q
}

func (c cause) steps(kind, noun string) []causeStep {
	var out []causeStep
	for _, s := range c.services {
		if noun == "service" {
			out = append(out, causeStep{name: s.Name, service: s})
			continue
		}
		for _, e := range s.steps {
			if noun == "entity" {
				out = append(out, causeStep{name: e.Name, service: s, step: e})
			} else if kind != "responsetime" { // those have none
				for _, x := range e.exceptions() {
					out = append(out, causeStep{name: x.Type, service: s, step: e, exception: x})
				}
			}
		}
	}
	return out
}

func (a asker) stepLeaf(kind, noun string) func() Question[causeStep] {
	one := func(name string, literals []string, f func(causeStep) string) func() Question[causeStep] {
		return func() Question[causeStep] {
			return texts(a, name, literals, func(s causeStep) []string { return []string{f(s)} })
		}
	}
	flag := func(name string, f func(causeStep) bool) func() Question[causeStep] {
		return func() Question[causeStep] { return boolean(a, name, f) }
	}
	kinds := []func() Question[causeStep]{
		flag("first", func(s causeStep) bool { return s.index == 0 }),
		flag("last", func(s causeStep) bool { return s.index == s.count-1 }),
		func() Question[causeStep] {
			return number(a, "index", []float64{0, 1, 2, 5}, func(s causeStep) (float64, bool) { return float64(s.index), true })
		},
		one("name", append([]string{"Denied", "unknown"}, nodeNames...), func(s causeStep) string { return s.name }),
	}
	if noun == "exception" {
		kinds = append(kinds,
			one("message", messages, func(s causeStep) string { return s.exception.Message }),
			flag("remote", func(s causeStep) bool { return s.exception.Remote }))
	} else {
		kinds = append(kinds,
			flag("inferred", func(s causeStep) bool { return s.service.inferred }),
			flag("root", func(s causeStep) bool { return s.index == 0 }),
			one("account.id", allAccounts, func(s causeStep) string { return s.service.owner() }))
	}
	if noun == "entity" {
		kinds = append(kinds, flag("remote", func(s causeStep) bool { return s.step.remote() }))
		if kind == "responsetime" {
			kinds = append(kinds, func() Question[causeStep] {
				return number(a, "coverage", []float64{0.3, 0.5, 1}, func(s causeStep) (float64, bool) { return s.step.coverage, true })
			})
		}
	}
	return func() Question[causeStep] { return pick(a, kinds...)() }
}

// json generates a pattern of one cause that asks for some members of it.
func (a asker) json(kind string, causes func(*Trace) []cause) Question[*Trace] {
	pattern := object{}
	var tests []func(cause) bool
	if a.chance(2) {
		want := a.chance(2)
		pattern["ClientImpacting"] = want
		tests = append(tests, func(c cause) bool { return c.impacting == want })
	}
	if a.chance(2) {
		services := make([]any, a.IntN(4))
		tests = append(tests, func(c cause) bool { return len(c.services) == len(services) })
		for i := range services {
			service := object{}
			services[i] = service
			if a.chance(2) {
				name := pick(a, nodeNames...)
				service["Name"] = name
				tests = append(tests, func(c cause) bool { return i < len(c.services) && c.services[i].Name == name })
			}
			if a.chance(2) {
				path := make([]any, a.IntN(3))
				service["EntityPath"] = path
				tests = append(tests, func(c cause) bool { return i < len(c.services) && len(c.services[i].steps) == len(path) })
				for j := range path {
					name := pick(a, names...)
					path[j] = object{"Name": name}
					tests = append(tests, func(c cause) bool {
						return i < len(c.services) && j < len(c.services[i].steps) && c.services[i].steps[j].Name == name
					})
				}
			}
		}
		pattern["Services"] = services
	}
	return Question[*Trace]{"rootcause." + kind + ".json = #" + text([]any{pattern}), func(t *Trace) bool {
		return slices.ContainsFunc(causes(t), func(c cause) bool {
			return !slices.ContainsFunc(tests, func(test func(cause) bool) bool { return !test(c) })
		})
	}}
}
