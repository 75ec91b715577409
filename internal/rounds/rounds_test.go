// SPDX-License-Identifier: MIT

package rounds_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"systemlab/internal/record"
	"systemlab/internal/rounds"
)

// contest notes every turn: who is brought, and who is tried with which seed.
type contest struct {
	turns []string
	fails string // the turn that fails
}

var errTurn = errors.New("broken")

func (c *contest) options(sides, n int) rounds.Options {
	turn := func(format string, args ...any) error {
		what := fmt.Sprintf(format, args...)
		c.turns = append(c.turns, what)
		if what == c.fails {
			return errTurn
		}
		return nil
	}
	return rounds.Options{
		Sides: sides, Rounds: n, Seed: 7,
		Bring: func(_ context.Context, side int) error { return turn("bring %d", side) },
		Try: func(_ context.Context, side, round int, seed int64) (*record.Run, error) {
			return &record.Run{ID: fmt.Sprintf("%d/%d", round, side)}, turn("try %d seed %d", side, seed)
		},
	}
}

func TestTurns(t *testing.T) {
	var c contest
	got, err := rounds.Run(t.Context(), c.options(3, 2))
	if err != nil {
		t.Fatal(err)
	}
	want := "bring 0, try 0 seed 7, bring 1, try 1 seed 7, bring 2, try 2 seed 7, bring 2, try 2 seed 8, bring 1, try 1 seed 8, bring 0, try 0 seed 8"
	if s := strings.Join(c.turns, ", "); s != want {
		t.Errorf("turns: %s\nwant:  %s", s, want)
	}
	for n, round := range got {
		for side, run := range round {
			if run.ID != fmt.Sprintf("%d/%d", n, side) {
				t.Errorf("round %d, side %d: run %s", n, side, run.ID)
			}
		}
	}
}

func TestMoreComesInTwos(t *testing.T) {
	for _, tt := range []struct{ least, yes, want int }{{1, 0, 1}, {1, 1, 3}, {4, 0, 4}, {4, 3, 10}, {5, 2, 9}} {
		var c contest
		o := c.options(2, tt.least)
		var asked []int
		o.More = func(done []rounds.Round) bool {
			asked = append(asked, len(done))
			return len(asked) <= tt.yes
		}
		got, err := rounds.Run(t.Context(), o)
		if err != nil || len(got) != tt.want || len(asked) != tt.yes+1 {
			t.Errorf("%+v: %d rounds, asked at %v, %v", tt, len(got), asked, err)
		}
	}
}

// A round with a trial that can't be believed is played again while there are
// spare ones, and stays as it is when there are none.
func TestSpareRounds(t *testing.T) {
	for spare, want := range map[int]string{0: "0/0! 0/1 1/0! 1/1", 1: "0/0! 0/1 1/0 1/1", 2: "0/0 0/1 1/0 1/1", 9: "0/0 0/1 1/0 1/1"} {
		var c contest
		o := c.options(2, 2)
		o.Spare, o.Good = spare, func(run *record.Run) bool { return !strings.HasSuffix(run.ID, "!") }
		wrong := 2
		try := o.Try
		o.Try = func(ctx context.Context, side, round int, seed int64) (*record.Run, error) {
			run, err := try(ctx, side, round, seed)
			if side == 0 && wrong > 0 {
				wrong--
				run.ID += "!"
			}
			return run, err
		}
		got, err := rounds.Run(t.Context(), o)
		var ids []string
		for _, round := range got {
			for _, run := range round {
				ids = append(ids, run.ID)
			}
		}
		if err != nil || strings.Join(ids, " ") != want {
			t.Errorf("%d spare: %v, %v; want %s", spare, ids, err, want)
		}
	}
}

// A round is whole or it is not there.
func TestErrorKeepsWholeRounds(t *testing.T) {
	for fails, whole := range map[string]int{"bring 1": 0, "try 1 seed 7": 0, "try 0 seed 8": 1} {
		c := contest{fails: fails}
		got, err := rounds.Run(t.Context(), c.options(2, 4))
		if !errors.Is(err, errTurn) || len(got) != whole {
			t.Errorf("%s: %d rounds, %v", fails, len(got), err)
		}
		if last := c.turns[len(c.turns)-1]; last != fails {
			t.Errorf("%s: went on to %s", fails, last)
		}
	}
}

func TestNothingToPlay(t *testing.T) {
	var c contest
	for _, o := range []rounds.Options{c.options(0, 1), c.options(2, 0)} {
		if _, err := rounds.Run(t.Context(), o); err == nil || slices.Contains(c.turns, "bring 0") {
			t.Errorf("%+v was played", o)
		}
	}
}

func TestWithin(t *testing.T) {
	began := time.Now().Add(-time.Minute) // 4 rounds of 15 s
	for limit, want := range map[time.Duration]bool{time.Minute: false, 89 * time.Second: false, 92 * time.Second: true} {
		if got := rounds.Within(began, limit, 4); got != want {
			t.Errorf("within %s: %v", limit, got)
		}
	}
}
