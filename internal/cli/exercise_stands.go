// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/stages"
)

// openExercise opens the stack under its lock, which must be of the exercise's stage.
func (a *app) openExercise(ctx context.Context, e exercise.Exercise) (*session, func(), error) {
	s, done, err := a.openLocked(ctx)
	var p *problem.Error
	if errors.As(err, &p) && p.Kind == problem.NoStack {
		return nil, nil, problem.New(problem.NoStack, p.Message, a.startAgain(e))
	}
	if err != nil {
		return nil, nil, err
	}
	st, err := stages.Find(s.source.Dir, s.stack.Stage)
	if err == nil && st.Number != e.Stage {
		err = problem.Newf(problem.Unsupported, a.startAgain(e), "stage %d is up, and %s is an exercise of stage %d", st.Number, e.Name, e.Stage)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return s, done, nil
}

// startAgain is what to type for the stage to be as the exercise begins.
func (a *app) startAgain(e exercise.Exercise) string {
	return "lab " + a.flag() + "exercise start " + e.Name
}

// asBegun refuses a stack that is not as the exercise begins: other replicas,
// limits or variables. One clear line says which.
func (s *session) asBegun(ctx context.Context, e exercise.Exercise) error {
	p, err := s.begins(ctx, e)
	if err != nil {
		return err
	}
	for i := range p.Services {
		svc := &p.Services[i]
		if why := differs(svc, s.observed.Of(svc.Name)); why != "" {
			return problem.Newf(problem.Unsupported, s.startAgain(e), "the stack is not as %s begins: %s", e.Name, why)
		}
	}
	return nil
}

// begins is the exercise's stage as it begins.
func (s *session) begins(ctx context.Context, e exercise.Exercise) (*compose.Project, error) {
	st, err := stages.Find(s.source.Dir, strconv.Itoa(e.Stage))
	if err != nil {
		return nil, err
	}
	p, err := st.Load(ctx, s.project, stages.Given{Port: s.stack.Port, Password: s.stack.Password, Net: s.stack.Net})
	if err != nil {
		return nil, err
	}
	return p, s.beginAs(p, e.Begin)
}

// differs says in what the containers are not what a service should be; "" where
// they are.
func differs(want *compose.Service, here []engine.Container) string {
	if len(here) != want.Replicas {
		return fmt.Sprintf("%s has %d replicas, not %d", want.Name, len(here), want.Replicas)
	}
	for _, c := range here {
		switch {
		case c.State != "running":
			return c.Name + " is " + c.State
		case math.Abs(c.LimitCores-want.Cores) > 0.001:
			// Not which it should be: that may be what is asked.
			return fmt.Sprintf("the limit of %s was changed (%g cores)", c.Name, c.LimitCores)
		}
		has := maps.Clone(c.Overrides())
		maps.DeleteFunc(has, func(k, _ string) bool { return strings.HasPrefix(k, "SEED_") }) // how large the data set is stays
		asked := maps.Clone(want.Overrides)
		maps.DeleteFunc(asked, func(k, _ string) bool { return strings.HasPrefix(k, "SEED_") })
		if !maps.Equal(has, asked) {
			return fmt.Sprintf("%s was brought up with %s, not %s", c.Name, variables(has), variables(asked))
		}
	}
	return ""
}

func variables(env map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out = append(out, k+"="+env[k])
	}
	if len(out) == 0 {
		return "no variables of its own"
	}
	return strings.Join(out, " ")
}
