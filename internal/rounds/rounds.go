// SPDX-License-Identifier: MIT

// Package rounds lets several stacks take turns under the same load, so that
// what else the machine does meets them alike: A B, B A, A B. A side's turn is
// one trial. It judges nothing, prints nothing, and knows no engine: how a side
// is brought to its turn, and how its trial is made, is given.
package rounds

import (
	"context"
	"errors"
	"slices"
	"time"

	"systemlab/internal/record"
)

// Options of a contest. All are needed but More.
type Options struct {
	Sides  int // how many take turns
	Rounds int // at least
	Seed   int64

	// Bring makes a side ready for its turn, and the others silent.
	Bring func(ctx context.Context, side int) error
	// Try makes a side's trial. Each round has a seed of its own, the same for all sides.
	Try func(ctx context.Context, side, round int, seed int64) (*record.Run, error)
	// More is asked when the rounds are over whether there shall be another two,
	// one in each direction: a direction of its own would favour someone.
	More func(rounds []Round) bool
	// Good says whether a trial can be believed. A round with one that can't is
	// played again, with the same seed, as often as there are spare rounds; after
	// that it stays as it is. Nil believes all.
	Good  func(run *record.Run) bool
	Spare int
}

// Round is a trial of each side, by the side's number.
type Round []*record.Run

// Run plays the rounds. What was measured until an error is returned with it:
// whole rounds alone.
func Run(ctx context.Context, o Options) ([]Round, error) {
	if o.Sides < 1 || o.Rounds < 1 {
		return nil, errors.New("rounds: no sides or no rounds")
	}
	var done []Round
	for n := 0; ; n++ {
		// More rounds come in twos, from the last that was asked for on.
		if over := n - o.Rounds; over >= 0 && over%2 == 0 && (o.More == nil || !o.More(done)) {
			return done, nil
		}
		round, err := play(ctx, o, n)
		for err == nil && o.Spare > 0 && !good(o, round) {
			o.Spare--
			round, err = play(ctx, o, n)
		}
		if err != nil {
			return done, err
		}
		done = append(done, round)
	}
}

func good(o Options, round Round) bool {
	return o.Good == nil || !slices.ContainsFunc(round, func(run *record.Run) bool { return !o.Good(run) })
}

// play is one round; every second one goes the other way.
func play(ctx context.Context, o Options, n int) (Round, error) {
	turns := make([]int, o.Sides)
	for i := range turns {
		turns[i] = i
	}
	if n%2 == 1 {
		slices.Reverse(turns)
	}
	round := make(Round, o.Sides)
	for _, side := range turns {
		if err := o.Bring(ctx, side); err != nil {
			return nil, err
		}
		run, err := o.Try(ctx, side, n, o.Seed+int64(n))
		if err != nil {
			return nil, err
		}
		round[side] = run
	}
	return round, nil
}

// Within tells whether there is time for two more rounds that take as long as
// the ones before did.
func Within(began time.Time, limit time.Duration, rounds int) bool {
	spent := time.Since(began)
	return spent+2*spent/time.Duration(max(1, rounds)) <= limit
}
