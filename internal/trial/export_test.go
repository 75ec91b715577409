// SPDX-License-Identifier: MIT

package trial

import "time"

// OnThisClock opens the placing of the generator's zero to its tests.
func OnThisClock(zero, now time.Time) (start time.Time, ahead time.Duration) {
	return onThisClock(zero, now)
}

// Step is the furthest that the time of day was off, of readings that each so much
// of a run had passed before.
func Step(from time.Time, readings map[time.Duration]time.Time) time.Duration {
	s := steps{day: from}
	for passed, day := range readings {
		s.look(day, passed)
	}
	return s.far
}

// SetTimeOfDay sets this machine's time of day forward for trials; the function
// returned sets it right.
func SetTimeOfDay(by time.Duration) func() {
	right := timeOfDay
	timeOfDay = func(now time.Time) time.Time { return right(now).Add(by) }
	return func() { timeOfDay = right }
}

// Placed is where an event stands that the engine tells of.
func Placed(zero, told time.Time) time.Duration {
	hello := &trial{}
	hello.begin(zero, time.Now())
	return hello.at(told)
}
