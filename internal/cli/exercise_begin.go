// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"io"
	"strconv"

	"systemlab/internal/exercise"
	"systemlab/internal/fault"
)

// begin brings an exercise's stage up as the learner is to find it: with what it
// begins with and, for a riddle, with the fault that the seed picks. Nothing of
// that fault is printed.
func (a *app) begin(ctx context.Context, e exercise.Exercise, seed int64) error {
	quiet := *a // the caller's result alone goes to stdout
	quiet.Out, quiet.output = io.Discard, "text"
	if err := quiet.runUp(ctx, beginsAs(e)); err != nil {
		return err
	}
	if e.Diagnose == nil {
		return nil
	}
	return a.hide(ctx, e.Name, e.Fault(seed))
}

// beginsAs is how an exercise's stage is brought up.
func beginsAs(e exercise.Exercise) upOptions {
	return upOptions{stage: strconv.Itoa(e.Stage), begins: &e}
}

// hide makes a riddle's fault on the stack that is up.
func (a *app) hide(ctx context.Context, name string, made exercise.Fault) error {
	f, err := fault.Parse(made.How)
	if err != nil {
		return err
	}
	f.Hidden = name
	s, done, err := a.openLocked(ctx)
	if err != nil {
		return err
	}
	defer done()
	targets, err := fault.Resolve(made.What, s.observed, s.roles(ctx, made.What))
	if err != nil {
		return err
	}
	_, err = s.breaker().BreakAll(ctx, targets, f)
	return err
}
