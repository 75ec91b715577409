// SPDX-License-Identifier: MIT

// Package analysis holds pure functions over runs: how far one can be trusted,
// and where its time and CPU went. It reads no file, asks no engine and prints
// nothing.
package analysis

import (
	"fmt"
	"slices"

	"systemlab/internal/record"
)

// The checks of a verdict, as they stand in record.Reason.Check.
const (
	CheckNothing     = "nothing-sent"    // no request left, or none was answered
	CheckGenerator   = "generator-cpu"   // the generator itself took much of the machine
	CheckSchedule    = "schedule-slip"   // requests left late
	CheckShare       = "slip-in-latency" // much of the latency is the generator's own lateness
	CheckDropped     = "dropped"         // requests that never left
	CheckSent        = "sent-asked"      // more or fewer left than the schedule asked for
	CheckBound       = "worker-bound"    // the generator's own limit of requests in flight was reached
	CheckLimits      = "own-limits"      // the generator had no port or descriptor left for a connection
	CheckHost        = "host-busy"       // something else used the machine
	CheckFull        = "host-full"       // the machine had no core left
	CheckSteal       = "steal"           // the hypervisor took cores away
	CheckSettled     = "not-settled"     // latency drifted through the run
	CheckLost        = "container-lost"  // a container died, was killed or paused
	CheckChanged     = "stage-changed"   // the architecture changed in the run
	CheckUnread      = "unread"          // a container's counters could not be read, or not when they should have been
	CheckPercentile  = "few-answers"     // too few answers for a percentile
	CheckFailures    = "failures"        // failed answers are among the latencies
	CheckClosed      = "closed-loop"     // requests waited for answers, so latency leaves waiting out
	CheckClock       = "clock"           // windows out of order, a duration that doesn't fit, a clock that was set
	CheckConsistency = "littles-law"     // rate, latency and requests in flight contradict each other
)

// Judge says how far a run can be trusted, and why. A reason whose state is
// valid is a note: it limits one number, not the run. The verdict is as bad as
// its worst reason; reasons come worst first.
func Judge(run *record.Run) record.Verdict {
	j := &judge{Run: run}
	for _, check := range []func(){
		j.nothing, j.clock, j.step, j.ahead, j.sent, j.dropped, j.limits, j.bound, j.schedule, j.share, j.generator,
		j.host, j.full, j.steal, j.lost, j.changed, j.unread, j.late, j.settled, j.consistency, j.failures, j.closed, j.percentiles,
	} {
		check()
	}
	v := record.Verdict{State: record.Valid, Reasons: j.reasons}
	slices.SortStableFunc(v.Reasons, func(a, b record.Reason) int { return badness(b.State) - badness(a.State) })
	if len(v.Reasons) > 0 {
		v.State = v.Reasons[0].State
	}
	return v
}

func badness(s record.State) int {
	switch s {
	case record.Valid:
		return 0
	case record.Suspect:
		return 1
	}
	return 2
}

// judge collects reasons.
type judge struct {
	*record.Run
	reasons []record.Reason
}

func (j *judge) add(check string, state record.State, advice, seen string, args ...any) {
	j.reasons = append(j.reasons, record.Reason{Check: check, State: state, Seen: fmt.Sprintf(seen, args...), Advice: advice})
}

// above grades a value by two bounds; ok is false where it is within both. A
// value that is not a number is beyond any bound.
func above(value, suspect, invalid float64) (state record.State, ok bool) {
	switch {
	case value <= suspect:
		return record.Valid, false
	case value <= invalid:
		return record.Suspect, true
	}
	return record.Invalid, true
}

// cores of the machine; 2, the smallest machine that lab is made for, where unknown.
func (j *judge) cores() float64 {
	if j.Machine.Cores > 0 {
		return float64(j.Machine.Cores)
	}
	return 2
}

// answers is how many requests the latencies rest on.
func (j *judge) answers() int { return Answered(j.Summary) }

// Answered is how many requests the latencies of a summary rest on: those that
// got an answer, whatever its status, and those that were given up on. A refused
// connection has no latency.
func Answered(s record.Summary) int {
	n := s.Errors["timeout"]
	for _, count := range s.StatusCodes {
		n += count
	}
	if len(s.StatusCodes) == 0 && len(s.Errors) == 0 {
		return s.Requests.OK + s.Requests.Failed // a summary that tells them not apart
	}
	return n
}

// measured gives the windows of the measured part.
func measured(run *record.Run) []record.Window {
	var out []record.Window
	for _, w := range run.Windows {
		if !w.Warmup {
			out = append(out, w)
		}
	}
	return out
}
