// SPDX-License-Identifier: MIT

package loadgen

import (
	"time"

	"systemlab/internal/record"
)

const (
	// shortestWindow still holds some answers at an ordinary rate.
	shortestWindow = 100 * time.Millisecond

	// tail is how long the window in which the schedule ends stays open for the
	// last answers, so that a run doesn't end in a window of two milliseconds.
	tail = 500 * time.Millisecond
)

// counters are the running sums of an attack at one moment.
type counters struct {
	at    time.Duration
	asked int
	sent  int
	cpu   time.Duration
	speed worked
}

// window is the one that is open. It ends at `to`, or within tail after it if
// the schedule ends there.
type window struct {
	from, to time.Duration
	before   counters
	tally    *tally
}

// openWindow begins a window. Boundaries lie at full seconds of the warm-up and
// then of the measured part (or at shorter steps, where the order says so), so
// that no window belongs to both.
func openWindow(from, length time.Duration, s *schedule, before counters) *window {
	to := from + length
	switch {
	case from < s.warmup:
		to = min(to, s.warmup)
	case from < s.end:
		to = min(to, s.end)
	}
	return &window{from: from, to: to, before: before, tally: newTally()}
}

// closing is when to close the window if nothing ends the attack before.
func (w *window) closing(s *schedule) time.Duration {
	if w.to == s.end {
		return w.to + tail
	}
	return w.to
}

// record turns a closed window into data: some milliseconds of work, away from
// the loop that drains results.
func (w *window) record(end time.Duration, now counters, inFlight int, warmup bool) record.Window {
	t := w.tally
	out := record.Window{
		StartSeconds: w.from.Seconds(), Seconds: (end - w.from).Seconds(), Warmup: warmup,
		Asked: now.asked - w.before.asked, Sent: now.sent - w.before.sent,
		OK: t.ok, Failed: t.failed, Late: t.late, InFlight: inFlight,
		Latency: t.latency.percentiles(), Histogram: t.latency.encode(),
		Endpoints: map[string]record.EndpointWindow{}, TierMean: map[string]float64{},
		Errors: t.errors, CacheHits: t.cache.Hits, CacheMiss: t.cache.Misses,
		Generator: record.GeneratorWindow{SlipP99Seconds: t.slip.at(0.99), YardstickCount: int(now.speed.done - w.before.speed.done), YardstickSeconds: now.speed.since(w.before.speed)},
	}
	if passed := now.at - w.before.at; passed > 0 {
		out.Generator.Cores = (now.cpu - w.before.cpu).Seconds() / passed.Seconds()
	}
	for i, e := range Endpoints() {
		if one := t.endpoints[i]; !one.isEmpty() {
			out.Endpoints[e.Name] = record.EndpointWindow{
				OK: one.ok, Failed: one.failed, P50: one.latency.at(0.5), P99: one.latency.at(0.99),
			}
		}
	}
	for name, tier := range t.tiers {
		out.TierMean[name] = tier.mean()
	}
	return out
}
