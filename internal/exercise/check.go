// SPDX-License-Identifier: MIT

package exercise

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/loadgen"
)

// Bounds of what an exercise may ask for.
const (
	mostRate   = 10_000 // requests a second
	mostTimes  = 100
	mostCores  = 64 // of a limit
	mostCopies = 32
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// Kinds of exercises, in the order in which they are told.
func Kinds() []Kind { return []Kind{Predict, Attribute, Reach, Survive, Diagnose} }

// faults collects what is wrong.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// check says all that is wrong with an exercise.
func (e Exercise) check() (out faults) {
	if !nameForm.MatchString(e.Name) || len(e.Name) > 60 {
		out.add("name: it is of small letters, digits and hyphens, at most 60")
	}
	for _, t := range []struct{ name, text, what string }{
		{"title", e.Title, "what it is about, in a few words"}, {"ask", e.Ask, "what the learner is to do, and what is measured"},
		{"explain", e.Explain, "what is shown once it was checked"},
	} {
		if strings.TrimSpace(t.text) == "" {
			out.add("it needs %s: %s", t.name, t.what)
		}
	}
	if len(e.Hints) == 0 || slices.ContainsFunc(e.Hints, func(h string) bool { return strings.TrimSpace(h) == "" }) {
		out.add("it needs hints: one at least, and none empty")
	}
	out = append(out, e.Begin.check("begin")...)
	if !slices.Contains(Kinds(), e.Kind) {
		out.add("kind: %q is none of predict, attribute, reach, survive, diagnose", e.Kind)
		return out
	}
	out = append(out, e.checkPart()...)
	return append(out, e.checkTries()...)
}

// checkPart wants the part of its kind, and no other.
func (e Exercise) checkPart() (out faults) {
	set := map[Kind]bool{Predict: e.Predict != nil, Attribute: e.Attribute != nil, Reach: e.Reach != nil, Survive: e.Survive != nil, Diagnose: e.Diagnose != nil}
	for _, k := range Kinds() {
		if set[k] && k != e.Kind {
			out.add("%s: an exercise of kind %s has no such part", k, e.Kind)
		}
	}
	if !set[e.Kind] {
		out.add("it needs the part of its kind: %s", e.Kind)
		return out
	}
	switch e.Kind {
	case Predict:
		if !e.Begin.none() {
			out.add("begin: a prediction begins with nothing; env-a and env-b are of its sides")
		}
		return append(out, e.Predict.check()...)
	case Attribute:
		if len(e.Begin.Limits) == 0 {
			out.add("begin: it needs limits, such as {limits: {postgres: 0.15}}: the service that binds")
		}
		return append(out, workload("attribute", e.Attribute.Workload)...)
	case Reach:
		out = append(out, workload("reach", e.Reach.Workload)...)
		out = append(out, above("reach: times", e.Reach.Times, 1, mostTimes)...)
		return append(out, above("reach: budget", e.Reach.Budget, 0, mostTimes)...)
	case Survive:
		if !nameForm.MatchString(e.Survive.Drill) {
			out.add("survive: it needs drill, the name of one of the stage's (lab drill list)")
		}
		if e.Survive.Budget != 0 {
			out = append(out, above("survive: budget", e.Survive.Budget, 0, mostTimes)...)
		}
		return out
	default:
		return append(out, e.Diagnose.check()...)
	}
}

func (c Contest) check() (out faults) {
	if c.A == "" || c.B == "" {
		out.add("predict: it needs a and b, each a stage: the ratio that is asked for is a by b")
	} else if c.A == c.B && slices.Equal(c.EnvA, c.EnvB) {
		out.add("predict: both sides are the same: env-a or env-b must differ")
	}
	out = append(out, envs("predict: env-a", c.EnvA)...)
	out = append(out, envs("predict: env-b", c.EnvB)...)
	out = append(out, workload("predict", c.Workload)...)
	out = append(out, above("predict: rate", c.Rate, 0, mostRate)...)
	switch {
	case !slices.Contains(analysis.QuantityNames(), c.Quantity):
		out.add("predict: quantity %q is no row of lab compare: one of %s", c.Quantity, strings.Join(analysis.QuantityNames(), ", "))
	case c.Service != "" && !analysis.OfServices(c.Quantity):
		out.add("predict: %s is of the whole stage, not of a service", c.Quantity)
	}
	return out
}

func (r Riddle) check() (out faults) {
	if len(r.Faults) < 2 {
		out.add("diagnose: it needs faults, two at least: one alone is no riddle")
	}
	for i, f := range r.Faults {
		if f.What == "" || f.How == "" {
			out.add("diagnose: fault %d needs what and how, as lab break takes them", i+1)
		}
		if slices.Contains(r.Faults[:i], f) {
			out.add("diagnose: %s %s is there twice", f.What, f.How)
		}
	}
	out = append(out, workload("diagnose", r.Workload)...)
	return append(out, above("diagnose: rate", r.Rate, 0, mostRate)...)
}

func (c Change) none() bool { return len(c.Env)+len(c.Scale)+len(c.Limits) == 0 }

func (c Change) check(where string) (out faults) {
	out = envs(where+": env", c.Env)
	for _, s := range slices.Sorted(maps.Keys(c.Scale)) {
		if n := c.Scale[s]; n < 0 || n > mostCopies {
			out.add("%s: scale: %s can have 0 to %d replicas, not %d", where, s, mostCopies, n)
		}
	}
	for _, s := range slices.Sorted(maps.Keys(c.Limits)) {
		out = append(out, above(where+": limits: "+s, c.Limits[s], 0, mostCores)...)
	}
	return out
}

// checkTries wants a reference and a naive try that can be given. Doing nothing is
// a naive try where the stack is what is changed.
func (e Exercise) checkTries() (out faults) {
	for _, t := range []struct {
		name string
		try  Attempt
	}{{"reference", e.Reference}, {"naive", e.Naive}} {
		answers := e.Kind != Reach && e.Kind != Survive
		switch {
		case answers && (t.try.Answer == "" || !t.try.none()):
			out.add("it needs a %s try that is an answer and no more: {answer: ...}", t.name)
		case !answers && t.try.Answer != "":
			out.add("%s: the stack is what is given, there is no answer", t.name)
		case !answers && t.name == "reference" && t.try.none():
			out.add("it needs a reference try: env, scale or limits")
		case e.Kind == Predict:
			if _, _, err := ParseInterval(t.try.Answer); err != nil {
				out.add("%s: %w", t.name, err)
			}
		case e.Kind == Diagnose && t.try.Answer != "right" && t.try.Answer != "wrong":
			out.add("%s: right or wrong, for what is right depends on the seed", t.name)
		}
		out = append(out, t.try.check(t.name)...)
	}
	if !e.Reference.none() || e.Reference.Answer != "" {
		if fmt.Sprint(e.Reference) == fmt.Sprint(e.Naive) {
			out.add("reference and naive are the same")
		}
	}
	return out
}

func envs(where string, env []string) (out faults) {
	for _, one := range env {
		name, _, ok := strings.Cut(one, "=")
		service, key, dotted := strings.Cut(name, ".")
		if !ok || !dotted || service == "" || key == "" {
			out.add("%s: %q is not SERVICE.NAME=VALUE", where, one)
		}
	}
	return out
}

func workload(where, name string) (out faults) {
	if name == "" {
		out.add("%s: it needs a workload, such as mixed", where)
	} else if _, err := loadgen.ParseWorkload(name); err != nil {
		out.add("%s: %s", where, strings.Join(strings.Fields(err.Error()), " "))
	}
	return out
}

// above wants least < v <= most.
func above(what string, v, least, most float64) (out faults) {
	if !(v > least && v <= most) || math.IsNaN(v) {
		out.add("%s: %g is not above %g and at most %g", what, v, least, most)
	}
	return out
}

var errInterval = errors.New("an interval is LOW..HIGH, both above 0, such as 3..10")

// ParseInterval reads LOW..HIGH: two numbers above 0, the lower one first.
func ParseInterval(text string) (low, high float64, err error) {
	from, to, ok := strings.Cut(strings.TrimSpace(text), "..")
	if !ok {
		return 0, 0, errInterval
	}
	low, okLow := number(from)
	high, okHigh := number(to)
	switch {
	case !okLow || !okHigh:
		return 0, 0, errInterval
	case low > high:
		return 0, 0, fmt.Errorf("%g..%g: the lower end comes first", low, high)
	}
	return low, high, nil
}
