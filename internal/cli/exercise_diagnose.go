// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"time"

	"systemlab/internal/exercise"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/trial"
)

// The two runs of a diagnosis.
const (
	diagnoseRun    = 5 * time.Second
	diagnoseWarmup = 2 * time.Second
)

// measureDiagnose loads the stack with the fault that is hidden there, heals it, and
// loads it again. Interrupted before the heal, the riddle stands as before.
func (a *app) measureDiagnose(ctx context.Context, e exercise.Exercise, given exercise.Given, seed int64) ([]made, error) {
	if _, _, err := exercise.ParseDiagnosis(given.Answer); err != nil { // an answer that can't be read costs no fault
		return nil, problem.New(problem.Usage, err.Error(), "lab exercise check "+e.Name+" redis pause, or what you found; lab break --help lists the ways")
	}
	s, done, err := a.openExercise(ctx, e)
	if err != nil {
		return nil, err
	}
	defer done()
	if riddle, ok := fault.Riddle(s.observed); !ok || riddle.Hidden != e.Name {
		return nil, problem.Newf(problem.Unsupported, a.startAgain(e), "no fault of %s stands on %s: it was healed, or never made", e.Name, a.project)
	}
	broken, err := s.diagnoseRun(ctx, e, seed, "with the fault")
	if err != nil {
		return nil, err
	}
	if err := s.mend(ctx); err != nil {
		return nil, err
	}
	mended, err := s.diagnoseRun(ctx, e, seed, "without it")
	if err != nil {
		return nil, err
	}
	return []made{{exercise.Broken, broken}, {exercise.Mended, mended}}, nil
}

// mend heals, and waits until the stack answers.
func (s *session) mend(ctx context.Context) error {
	if _, err := s.healFirst(ctx); err != nil {
		return err
	}
	return (&side{app: s.app, s: s}).answers(ctx)
}

// diagnoseRun makes one run, judges and keeps it.
func (s *session) diagnoseRun(ctx context.Context, e exercise.Exercise, seed int64, what string) (*record.Run, error) {
	order, err := loadOptions{rate: e.Diagnose.Rate, workload: e.Diagnose.Workload, duration: diagnoseRun, warmup: diagnoseWarmup, seed: seed, timeout: 10 * time.Second}.order()
	if err != nil {
		return nil, err
	}
	load, err := s.ready(ctx, order)
	if err != nil {
		return nil, err
	}
	if err := store().Check(); err != nil {
		return nil, err
	}
	s.note("a run %s: %s at %s for %s", what, load.Order.Workload, load.Order.Pace, seconds(load.Order.DurationSeconds))
	run, err := trial.Run(ctx, load.Options)
	if err != nil {
		return nil, err
	}
	st := record.Stage{Number: load.stage.Number, Name: load.stage.Name, Title: load.stage.Lab.Title, Hash: load.project.Hash()}
	return run, s.save(run, st, architecture(load.stage, load.project))
}
