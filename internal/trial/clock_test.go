// SPDX-License-Identifier: MIT

package trial_test

import (
	"testing"
	"time"

	"systemlab/internal/trial"
)

// A zero that can't be of this clock is not believed, and that is told, not passed over.
func TestOnThisClock(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ zero, start, ahead time.Duration }{
		"at once":           {0, 0, 0},
		"on its way":        {-40 * time.Millisecond, -40 * time.Millisecond, 0},
		"a slow way":        {-time.Second, -time.Second, 0},
		"a little early":    {100 * time.Millisecond, 100 * time.Millisecond, 0},
		"from the past":     {-1001 * time.Millisecond, 0, -1001 * time.Millisecond},
		"from the future":   {101 * time.Millisecond, 0, 101 * time.Millisecond},
		"another time zone": {-time.Hour, 0, -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Now()
			start, ahead := trial.OnThisClock(now.Round(0).Add(test.zero), now)
			if got := start.Sub(now); got != test.start || ahead != test.ahead {
				t.Errorf("start %s, ahead %s; want %s, %s", got, ahead, test.start, test.ahead)
			}
			if start == start.Round(0) {
				t.Error("the start has no monotonic reading: a set clock would move it")
			}
		})
	}
}

// The time of day must grow as the clock that no one can set.
func TestStep(t *testing.T) {
	t.Parallel()
	type readings = map[time.Duration]time.Duration // of the time of day, by what had passed
	for name, test := range map[string]struct {
		grown readings
		want  time.Duration
	}{
		"nothing read":     {nil, 0},
		"alike":            {readings{time.Second: time.Second, 9 * time.Second: 9 * time.Second}, 0},
		"set forward":      {readings{time.Second: time.Second, 9 * time.Second: 9200 * time.Millisecond}, 200 * time.Millisecond},
		"set back":         {readings{time.Second: -time.Hour}, -time.Hour - time.Second},
		"and set again":    {readings{time.Second: 4 * time.Second, 9 * time.Second: 9 * time.Second}, 3 * time.Second},
		"slept in between": {readings{time.Second: 10 * time.Minute, 9 * time.Second: 10*time.Minute + 8*time.Second}, 10*time.Minute - time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, days := time.Now(), map[time.Duration]time.Time{}
			for passed, grown := range test.grown {
				days[passed] = from.Round(0).Add(grown)
			}
			if got := trial.Step(from, days); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// The clocks of this machine, read as a trial does, stay together.
func TestStepOfThisMachine(t *testing.T) {
	t.Parallel()
	from := time.Now()
	time.Sleep(20 * time.Millisecond)
	now := time.Now()
	if got := trial.Step(from, map[time.Duration]time.Time{now.Sub(from): now}); got.Abs() > 50*time.Millisecond {
		t.Errorf("off by %s", got)
	}
}

// An engine on another machine tells events in its own time of day, as the generator
// beside it did when it began: how far that is off from ours moves no event.
func TestEventsOfAnotherClock(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{0, time.Hour, -7 * time.Second} {
		zero := time.Now().Round(0).Add(off)
		if got := trial.Placed(zero, zero.Add(3*time.Second)); got != 3*time.Second {
			t.Errorf("off by %s: at %s, want 3 s", off, got)
		}
	}
}
