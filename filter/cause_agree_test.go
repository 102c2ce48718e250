package filter_test

import (
	"encoding/json"
	"slices"

	"pgregory.net/rapid"
)

// rawPathStep is what the block of a root cause is about.
type rawPathStep struct {
	index, count int
	name         string
	service      rawCauseService
	step         rawStep
	exception    rawException
}

// rootCause generates a test of root causes.
func (a asker) rootCause(depth int) question[*rawTrace] {
	kind := a.pick("cause", "fault", "error", "responsetime")
	causes := func(t *rawTrace) []rawCause {
		switch kind {
		case "fault":
			return t.flagged((*rawEntity).isFault)
		case "error":
			return t.flagged((*rawEntity).isError)
		}
		return t.slow()
	}
	noun := a.pick("noun", "service", "entity", "exception", "json")
	if noun == "json" {
		return a.json(kind, causes)
	}
	q := question[*rawTrace]{text: a.spell("rootcause") + "." + kind + "." + noun}
	block := func(rawPathStep) bool { return true }
	if rapid.IntRange(0, 3).Draw(a.T, "block") > 0 {
		inner := joined(a, max(0, depth-1), a.stepLeaf(kind, noun))
		q.text += " {" + inner.text + "} "
		block = inner.eval
	}
	q.eval = func(t *rawTrace) bool {
		return slices.ContainsFunc(causes(t), func(c rawCause) bool {
			list := pathOf(c, kind, noun)
			for i := range list {
				list[i].index, list[i].count = i, len(list)
			}
			return slices.ContainsFunc(list, block)
		})
	}
	return q
}

func pathOf(c rawCause, kind, noun string) []rawPathStep {
	var out []rawPathStep
	for _, s := range c.services {
		if noun == "service" {
			out = append(out, rawPathStep{name: s.name, service: s})
			continue
		}
		for _, e := range s.steps {
			if noun == "entity" {
				out = append(out, rawPathStep{name: e.Name, service: s, step: e})
				continue
			}
			for _, x := range exceptionsIn(e, kind) {
				out = append(out, rawPathStep{name: x.Type, service: s, step: e, exception: x})
			}
		}
	}
	return out
}

// exceptionsIn are an entity's exceptions; response time causes have none.
func exceptionsIn(e rawStep, kind string) []rawException {
	if kind == "responsetime" {
		return nil
	}
	out := slices.Clone(e.Cause.Exceptions)
	for i := range out {
		if out[i].Type == "" {
			out[i].Type = "unknown"
		}
	}
	return out
}

func (a asker) stepLeaf(kind, noun string) func() question[rawPathStep] {
	one := func(f func(rawPathStep) string) func(rawPathStep) []string {
		return func(s rawPathStep) []string { return []string{f(s)} }
	}
	kinds := []func() question[rawPathStep]{
		func() question[rawPathStep] {
			return boolean(a, "first", func(s rawPathStep) bool { return s.index == 0 })
		},
		func() question[rawPathStep] {
			return boolean(a, "last", func(s rawPathStep) bool { return s.index == s.count-1 })
		},
		func() question[rawPathStep] {
			return number(a, "index", []float64{0, 1, 2, 5}, func(s rawPathStep) (float64, bool) { return float64(s.index), true })
		},
		func() question[rawPathStep] {
			return text(a, "name", append([]string{"Denied", "unknown"}, nodeNames...), one(func(s rawPathStep) string { return s.name }))
		},
	}
	if noun == "exception" {
		kinds = append(kinds,
			func() question[rawPathStep] {
				return text(a, "message", messages, one(func(s rawPathStep) string { return s.exception.Message }))
			},
			func() question[rawPathStep] {
				return boolean(a, "remote", func(s rawPathStep) bool { return s.exception.Remote })
			})
	} else {
		kinds = append(kinds,
			func() question[rawPathStep] {
				return boolean(a, "inferred", func(s rawPathStep) bool { return s.service.inferred })
			},
			func() question[rawPathStep] {
				return boolean(a, "root", func(s rawPathStep) bool { return s.index == 0 })
			},
			func() question[rawPathStep] {
				return text(a, "account.id", allAccounts, one(func(s rawPathStep) string { return s.service.account }))
			})
	}
	if noun == "entity" {
		kinds = append(kinds, func() question[rawPathStep] {
			return boolean(a, "remote", func(s rawPathStep) bool { return s.step.remote() })
		})
		if kind == "responsetime" {
			kinds = append(kinds, func() question[rawPathStep] {
				return number(a, "coverage", []float64{0.3, 0.5, 1}, func(s rawPathStep) (float64, bool) { return s.step.coverage, true })
			})
		}
	}
	return func() question[rawPathStep] { return rapid.SampledFrom(kinds).Draw(a.T, "kind")() }
}

// json generates a pattern of one cause that asks for some members of it.
func (a asker) json(kind string, causes func(*rawTrace) []rawCause) question[*rawTrace] {
	ask := func(member string) bool { return rapid.Bool().Draw(a.T, member) }
	pattern := map[string]any{}
	var tests []func(rawCause) bool
	if ask("ClientImpacting") {
		want := ask("impacting")
		pattern["ClientImpacting"] = want
		tests = append(tests, func(c rawCause) bool { return c.impacting == want })
	}
	if ask("Services") {
		services := make([]any, rapid.IntRange(0, 3).Draw(a.T, "services"))
		tests = append(tests, func(c rawCause) bool { return len(c.services) == len(services) })
		for i := range services {
			service := map[string]any{}
			services[i] = service
			if ask("Name") {
				name := rapid.SampledFrom(nodeNames).Draw(a.T, "name")
				service["Name"] = name
				tests = append(tests, func(c rawCause) bool { return i < len(c.services) && c.services[i].name == name })
			}
			if ask("EntityPath") {
				path := make([]any, rapid.IntRange(0, 2).Draw(a.T, "entities"))
				service["EntityPath"] = path
				tests = append(tests, func(c rawCause) bool { return i < len(c.services) && len(c.services[i].steps) == len(path) })
				for j := range path {
					name := rapid.SampledFrom(names).Draw(a.T, "entity")
					path[j] = map[string]any{"Name": name}
					tests = append(tests, func(c rawCause) bool {
						return i < len(c.services) && j < len(c.services[i].steps) && c.services[i].steps[j].Name == name
					})
				}
			}
		}
		pattern["Services"] = services
	}
	doc, err := json.Marshal([]any{pattern})
	if err != nil {
		a.Fatal(err)
	}
	return question[*rawTrace]{"rootcause." + kind + ".json = #" + string(doc), func(t *rawTrace) bool {
		return slices.ContainsFunc(causes(t), func(c rawCause) bool {
			return !slices.ContainsFunc(tests, func(test func(rawCause) bool) bool { return !test(c) })
		})
	}}
}
