// SPDX-License-Identifier: MIT

package cli

import (
	"context"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
)

// measureSurvive plays the drill on the learner's stack. Its own code heals what
// it breaks, whatever happens.
func (a *app) measureSurvive(ctx context.Context, e exercise.Exercise, _ exercise.Given, seed int64) ([]made, error) {
	if e.Survive.Script == nil {
		return nil, problem.Newf(problem.NotFound, "lab drill list", "stage %d has no drill %q", e.Stage, e.Survive.Drill)
	}
	s, done, err := a.openExercise(ctx, e)
	if err != nil {
		return nil, err
	}
	defer done()
	drilled, err := s.drill(ctx, *e.Survive.Script, drillOptions{trials: exercise.Trials, seed: seed}, a.note)
	if err != nil {
		return nil, err
	}
	var out []made
	for _, t := range drilled.Trials {
		run, err := store().Load(t.Run)
		if err != nil {
			return nil, err
		}
		out = append(out, made{exercise.Drilled, run})
	}
	return out, nil
}
