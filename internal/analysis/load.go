// SPDX-License-Identifier: MIT

package analysis

import (
	"math"
	"strings"

	"systemlab/internal/record"
)

// Bounds on the load itself.
const (
	// A generator that takes 40% of the machine (0.8 of 2 cores, about 4,000
	// requests a second) takes it from what it measures; at 75% its own
	// goroutines wait for a core and it can't keep a schedule.
	generatorSuspect = 0.40
	generatorInvalid = 0.75

	// With both cores of a machine busy a healthy generator's slip is 3 ms at
	// p99 (measured), so 10 ms, the bound of a late request, is out of the
	// ordinary; at 50 ms the schedule is no longer the one that was asked for.
	slipSuspectSeconds = record.LateSeconds
	slipInvalidSeconds = 0.050

	// Late requests by sent ones. 1% is the same thing as p99 of slip at 10 ms.
	lateSuspect = 0.01
	lateInvalid = 0.10

	// The generator's slip is part of the latency, because latency counts from
	// the intended moment. Beyond half of it the p99 is more the generator's than
	// the stage's; under 3 ms the share says nothing (two healthy small numbers).
	shareSuspect      = 0.5
	shareFloorSeconds = 0.003

	// k6 and wrk2 count what could not be sent, as lab does: one in a thousand
	// missing requests can be the very slowest in a thousand.
	droppedInvalid = 0.001

	// A request that the generator's own machine stopped is missing as a dropped
	// one is.
	limitsInvalid = droppedInvalid

	// The promise is 0.1% (docs/benchmarks); one request either way is the
	// schedule's rounding. Beyond 1% it was another load.
	sentSuspect = 0.001
	sentInvalid = 0.01
)

func (j *judge) nothing() {
	r := j.Summary.Requests
	switch {
	case r.Sent == 0:
		j.add(CheckNothing, record.Invalid, "ask for a higher rate or a longer duration", "no request left the generator")
	case j.answers() == 0:
		j.add(CheckNothing, record.Invalid, "give requests time to be answered: a longer duration", "%d requests were sent, none ended", r.Sent)
	case r.OK == 0:
		j.add(CheckNothing, record.Suspect, "see the errors, and lab status", "none of %d requests was answered ok", j.answers())
	}
}

func (j *judge) generator() {
	share := j.Summary.Generator.CoresMean / j.cores()
	if state, bad := above(share, generatorSuspect, generatorInvalid); bad {
		j.add(CheckGenerator, state, "ask for a lower rate, or run on a machine with more cores",
			"the generator used %.2f of %.0f cores", j.Summary.Generator.CoresMean, j.cores())
	}
}

// schedule: where the generator's own limit of workers was reached, requests
// are late because the stage held them all, which latency includes; worker-bound
// says so, and slip alone makes such a run no worse than suspect.
func (j *judge) schedule() {
	g, r := j.Summary.Generator, j.Summary.Requests
	late := 0.0
	if r.Sent > 0 {
		late = float64(r.Late) / float64(r.Sent)
	}
	state, bad := above(g.SlipP99Seconds, slipSuspectSeconds, slipInvalidSeconds)
	if s, b := above(late, lateSuspect, lateInvalid); b {
		bad = true
		if badness(s) > badness(state) {
			state = s
		}
	}
	if !bad {
		return
	}
	if g.Bounded {
		state = record.Suspect
	}
	j.add(CheckSchedule, state, "ask for a lower rate, or stop what else runs here",
		"requests left late: %.1f ms at p99, %.2g%% of them more than %.0f ms", g.SlipP99Seconds*1e3, late*100, record.LateSeconds*1e3)
}

func (j *judge) share() {
	slip, p99 := j.Summary.Generator.SlipP99Seconds, j.Summary.Latency.P99
	if slip > shareFloorSeconds && slip <= slipSuspectSeconds && p99 > 0 && slip > shareSuspect*p99 {
		j.add(CheckShare, record.Suspect, "compare p50 rather than p99, or ask for a lower rate",
			"the generator's own lateness is %.1f ms at p99, of %.1f ms in all", slip*1e3, p99*1e3)
	}
}

func (j *judge) dropped() {
	r := j.Summary.Requests
	if r.Dropped == 0 || r.Asked == 0 {
		return
	}
	state, _ := above(float64(r.Dropped)/float64(r.Asked), 0, droppedInvalid)
	j.add(CheckDropped, state, "ask for a lower rate", "%d of %d requests never left the generator", r.Dropped, r.Asked)
}

func (j *judge) sent() {
	r := j.Summary.Requests
	off := math.Abs(float64(r.Sent - r.Asked))
	if r.Asked == 0 || off <= 1 {
		return
	}
	if state, bad := above(off/float64(r.Asked), sentSuspect, sentInvalid); bad {
		j.add(CheckSent, state, "ask for a lower rate, or let the run end by itself",
			"%d requests were asked for and %d sent, %.2g%% off", r.Asked, r.Sent, 100*off/float64(r.Asked))
	}
}

func (j *judge) bound() {
	if g := j.Summary.Generator; g.Bounded {
		j.add(CheckBound, record.Suspect, "the stage can't keep up with this rate: ask for less to see it work",
			"the generator's own limit of %d requests in flight was reached", g.WorkersMax)
	}
}

// limits: requests for which the generator had no port or descriptor left count as
// failed, but the stage never saw them.
func (j *judge) limits() {
	stopped, r := j.Summary.Errors[record.ErrorGenerator], j.Summary.Requests
	if stopped <= 0 {
		return
	}
	state, _ := above(float64(stopped)/float64(max(1, r.Sent)), 0, limitsInvalid)
	j.add(CheckLimits, state, "use --connections keep-alive, or ask for a lower rate",
		"%d of %d requests failed by the generator's own limits: no port or file descriptor was left for a connection", stopped, r.Sent)
}

// failures are a result, not a fault of the run; but a refusal is fast, and
// drags the percentiles down.
func (j *judge) failures() {
	const worthNoting = 0.01
	if n := j.Summary.Requests.OK + j.Summary.Requests.Failed; n > 0 && j.Summary.Requests.OK > 0 && float64(j.Summary.Requests.Failed) > worthNoting*float64(n) {
		j.add(CheckFailures, record.Valid, "read latency together with the errors",
			"%.2g%% of the requests failed; the latencies include those that were answered or timed out", 100*float64(j.Summary.Requests.Failed)/float64(n))
	}
}

// closed loops measure what is served at most. Their latencies leave out those
// who could not ask because they waited (Schroeder, Wierman & Harchol-Balter,
// Open Versus Closed, NSDI 2006).
func (j *judge) closed() {
	if clients, closed := strings.CutPrefix(j.Pace, "clients:"); closed {
		j.add(CheckClosed, record.Valid, "for the latency at a rate: --rate",
			"the latencies are those of %s clients that ask only once they were answered", clients)
	}
}

func (j *judge) percentiles() {
	n := j.answers()
	if n == 0 {
		return
	}
	for _, q := range []struct {
		name     string
		quantile float64
	}{{"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}} {
		if !Trusted(q.quantile, n) {
			j.add(CheckPercentile, record.Valid, "a longer run or a higher rate makes them",
				"%d answers are too few for a %s (%d needed)", n, q.name, Needed(q.quantile))
			return
		}
	}
}

// beyond is how many observations must lie beyond a quantile before it is
// worth quoting. The rank of a quantile is binomial, so with 10 beyond it the
// 95% interval runs from the 4th to the 17th largest value; with 1 it has no
// upper end at all (David & Nagaraja, Order Statistics, section 7.1).
const beyond = 10

// Needed is how many answers a quantile (0.99) needs: 1,000 for p99, 10,000 for p99.9.
func Needed(quantile float64) int {
	return int(math.Round(beyond / (1 - quantile)))
}

// Trusted says whether n answers carry a quantile. The median needs no more
// than 20; the maximum (1) is always what it is.
func Trusted(quantile float64, n int) bool {
	return quantile >= 1 || n >= Needed(quantile)
}
