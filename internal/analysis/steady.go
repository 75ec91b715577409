// SPDX-License-Identifier: MIT

package analysis

import (
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/record"
)

// Bounds on steadiness.
const (
	// 8 windows of a second are what `lab compare` and `lab capacity` measure
	// unless told otherwise, and give three to each third. Fewer could hardly
	// reach the next bound.
	trendWindows = 8
	// Two-sided: one constant run in a hundred, at most, is suspected wrongly;
	// fewer with the bounds below.
	trendChance = 0.01
	// A trend matters when p50 of the last third is 20% from the first third's,
	// which is more than the 10 to 15% by which saturated runs vary, and by
	// 0.2 ms, because a shorter one is the scheduler's.
	trendShare        = 0.20
	trendFloorSeconds = 0.0002

	// Little's law must hold within 30%. Requests in flight are seen only at
	// the windows' ends, so the law is asked only where that many are seen that
	// chance (Poisson, 1/√n) is 5%.
	littleShare   = 0.30
	littleSeen    = 400
	littleAtLeast = 5 // in flight; with fewer, the instant of looking decides
)

// constant tells whether one rate was asked for all through the run.
func (j *judge) constant() bool {
	if j.Pace != "" && !strings.HasPrefix(j.Pace, "const:") {
		return false
	}
	for _, e := range j.events() {
		if e.Kind == "rate" {
			return false
		}
	}
	return true
}

// whole windows of the measured part that asked and saw answers: not the last
// ones, which only wait for what is still in flight.
func (j *judge) whole() []record.Window {
	var out []record.Window
	for _, w := range measured(j.Run) {
		if w.Seconds > 0.9 && w.Asked > 0 && w.OK+w.Failed > 0 {
			out = append(out, w)
		}
	}
	return out
}

// settled: at a constant rate latency must not drift through the measured part.
// Falling means that the warm-up was too short, rising that a queue grows.
func (j *judge) settled() {
	windows := j.whole()
	if !j.constant() || len(windows) < trendWindows {
		return
	}
	p50 := make([]float64, len(windows))
	for i, w := range windows {
		p50[i] = w.Latency.P50
	}
	third := (len(p50) + 1) / 3 // to the nearest: 3 of 8
	first, last := median(p50[:third]), median(p50[len(p50)-third:])
	if math.Abs(last-first) <= max(trendFloorSeconds, trendShare*first) || TrendChance(p50) > trendChance {
		return
	}
	advice := "use a longer --warmup"
	if last > first {
		advice = "a queue is growing: ask for a lower rate, or see how it ends with a longer run"
	}
	j.add(CheckSettled, record.Suspect, advice, "latency drifted: p50 was %.2f ms in the first third and %.2f ms in the last", first*1e3, last*1e3)
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	x = slices.Clone(x)
	slices.Sort(x)
	if n := len(x); n%2 == 0 {
		return (x[n/2-1] + x[n/2]) / 2
	}
	return x[len(x)/2]
}

// consistency asks Little's law, N = X·R (Little 1961): requests in flight are
// the rate of answers times their mean latency, whatever the stage is. Where it
// fails, one of the three numbers is wrong.
func (j *judge) consistency() {
	windows := j.whole()
	mean, ok := meanLatency(j.Histograms.All)
	if !ok || !j.constant() || len(windows) == 0 {
		return
	}
	flight, answers, seconds := 0, 0, 0.0
	for _, w := range windows {
		flight, answers, seconds = flight+w.InFlight, answers+w.OK+w.Failed, seconds+w.Seconds
	}
	want := float64(answers) / seconds * mean
	seen := float64(flight) / float64(len(windows))
	if want < littleAtLeast || want*float64(len(windows)) < littleSeen {
		return
	}
	if math.Abs(seen/want-1) > littleShare {
		j.add(CheckConsistency, record.Suspect, "this is likely a fault of lab itself: please keep the run's file",
			"%.0f requests were in flight, where rate × mean latency says %.0f", seen, want)
	}
}

// meanLatency of a histogram in seconds.
func meanLatency(encoded string) (float64, bool) {
	h, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil || h.TotalCount() == 0 {
		return 0, false
	}
	return h.Mean() / 1e6, true
}

// clock: windows must follow each other and fill the run.
func (j *judge) clock() {
	const (
		overlapSeconds = 0.010 // windows are cut on the schedule; 10 ms is no rounding
		shortShare     = 0.05
	)
	end, sum := math.Inf(-1), 0.0
	for i, w := range j.Windows {
		if w.Seconds < 0 || w.StartSeconds < end-overlapSeconds || math.IsNaN(w.StartSeconds+w.Seconds) {
			j.add(CheckClock, record.Invalid, "this is likely a fault of lab itself, as no one can set the clock that windows are cut by: please keep the run's file",
				"window %d begins at %.2f s, before the one ahead of it ends", i+1, w.StartSeconds)
			return
		}
		end = w.StartSeconds + w.Seconds
		if !w.Warmup {
			sum += w.Seconds
		}
	}
	if missing := j.DurationSeconds - sum; missing > max(1.5, shortShare*j.DurationSeconds) {
		j.add(CheckClock, record.Suspect, "the run was cut short: let it end by itself",
			"the windows cover %.1f s of %.1f s", sum, j.DurationSeconds)
	}
}
