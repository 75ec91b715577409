// SPDX-License-Identifier: MIT

package loadgen

import (
	"sync/atomic"
	"time"
)

// schedule is the intended moment of every request of a run, since its zero:
// the warm-up at the pace's first rate, then the pace, and after a change of
// rate a constant one. The past never changes, so a request keeps its moment.
// Safe for concurrent use; change has one caller at a time.
type schedule struct {
	warmup time.Duration // the measured part begins here
	end    time.Duration
	closed bool // a closed loop: requests leave when a client is free, and no moment is intended
	parts  atomic.Pointer[[]part]
}

// part is one curve and where it begins: request number base is its first,
// meant to leave shift after at.
type part struct {
	at    time.Duration
	shift time.Duration
	base  int
	curve Curve
}

func newSchedule(pace Pace, warmup, duration time.Duration) *schedule {
	s := &schedule{warmup: warmup, end: warmup + duration, closed: pace.Clients() > 0}
	parts := []part{{curve: pace.Over(duration)}}
	if warmup > 0 {
		before := Constant(pace.First()).Over(warmup)
		parts = []part{{curve: before}, {at: warmup, base: before.Count(warmup), curve: pace.Over(duration)}}
	}
	s.parts.Store(&parts)
	return s
}

// time is the intended moment of request n.
func (s *schedule) time(n int) time.Duration {
	parts := *s.parts.Load()
	i := len(parts) - 1
	for i > 0 && parts[i].base > n {
		i--
	}
	p := parts[i]
	return p.at + p.shift + p.curve.Time(n-p.base)
}

// count is how many requests are meant to leave before t, which is cut at the end.
func (s *schedule) count(t time.Duration) int {
	t = min(t, s.end)
	parts := *s.parts.Load()
	i := len(parts) - 1
	for i > 0 && parts[i].at >= t {
		i--
	}
	p := parts[i]
	return p.base + p.curve.Count(t-p.at-p.shift)
}

// change makes the rate constant from t on. What the old curve had due of its
// next request is kept, so that many changes in a row neither add nor lose one.
func (s *schedule) change(t time.Duration, rate float64) {
	parts := *s.parts.Load()
	last := parts[len(parts)-1]
	base := s.count(t)
	missing := float64(base-last.base) - last.curve.Due(t-last.at-last.shift)
	if t < last.at { // still in the warm-up: the part that it would have led to never begins
		parts = parts[:len(parts)-1]
		missing = float64(base) - parts[0].curve.Due(t)
	}
	next := append(parts[:len(parts):len(parts)], part{
		at:    t,
		shift: seconds(min(1, max(0, missing)) / rate),
		base:  base,
		curve: Constant(rate).Over(s.end - t),
	})
	s.parts.Store(&next)
}
