// SPDX-License-Identifier: MIT

package analysis

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"systemlab/internal/record"
)

// Objective is what a rate must meet to count as served: latency at a quantile
// below a bound, and the share of failed requests below another.
type Objective struct {
	Quantile       float64 // 0.5, 0.9, 0.95, 0.99 or 0.999
	LatencySeconds float64
	ErrorRatio     float64 // failed by ended requests, 0 to 1
}

// DefaultObjective holds where nothing else is asked for.
func DefaultObjective() Objective {
	return Objective{Quantile: 0.99, LatencySeconds: 0.100, ErrorRatio: 0.001}
}

// servedShare is how much of the asked rate must be served. One hundredth is
// what a run's ends cost: requests that were still under way.
const servedShare = 0.99

// quantiles are those that a run's summary knows, by the names that people give them.
var quantiles = []struct {
	name  string
	value float64
	of    func(record.Percentiles) float64
}{
	{"p50", 0.5, func(p record.Percentiles) float64 { return p.P50 }},
	{"p90", 0.9, func(p record.Percentiles) float64 { return p.P90 }},
	{"p95", 0.95, func(p record.Percentiles) float64 { return p.P95 }},
	{"p99", 0.99, func(p record.Percentiles) float64 { return p.P99 }},
	{"p99.9", 0.999, func(p record.Percentiles) float64 { return p.P999 }},
}

// ParseObjective reads p99<100ms,errors<0.1%. What is not named keeps its
// default: without a bound on errors, fast refusals would pass for speed.
func ParseObjective(text string) (Objective, error) {
	o, seen := DefaultObjective(), map[string]bool{}
	if strings.TrimSpace(text) == "" {
		return Objective{}, errors.New("the objective is empty: expected such as p99<100ms,errors<0.1%")
	}
	for _, term := range strings.Split(text, ",") {
		name, bound, found := strings.Cut(term, "<")
		name, bound = strings.TrimSpace(name), strings.TrimSpace(bound)
		kind, err := "latency", error(nil)
		switch {
		case !found || bound == "":
			err = fmt.Errorf("%q is no bound: expected p99<100ms or errors<0.1%%", strings.TrimSpace(term))
		case name == "errors":
			kind = name
			o.ErrorRatio, err = parseShare(bound)
		default:
			o.Quantile, o.LatencySeconds, err = parseLatency(name, bound)
		}
		if err == nil && seen[kind] {
			err = fmt.Errorf("%s is bounded twice", kind)
		}
		if err != nil {
			return Objective{}, fmt.Errorf("objective %q: %w", text, err)
		}
		seen[kind] = true
	}
	return o, nil
}

func parseLatency(name, bound string) (quantile, seconds float64, err error) {
	for _, q := range quantiles {
		if name == q.name {
			quantile = q.value
		}
	}
	if quantile == 0 {
		return 0, 0, fmt.Errorf("unknown quantity %q: there are p50, p90, p95, p99, p99.9 and errors", name)
	}
	d, err := time.ParseDuration(bound)
	if err != nil {
		return 0, 0, fmt.Errorf("%s needs a time such as 100ms, not %q", name, bound)
	}
	if d <= 0 {
		return 0, 0, fmt.Errorf("%s needs a time above 0, not %s", name, bound)
	}
	return quantile, d.Seconds(), nil
}

func parseShare(bound string) (float64, error) {
	number, found := strings.CutSuffix(bound, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !found || err != nil {
		return 0, fmt.Errorf("errors need a percentage such as 0.1%%, not %q", bound)
	}
	if !(v > 0 && v <= 100) {
		return 0, fmt.Errorf("errors need a percentage above 0%% and up to 100%%, not %s", bound)
	}
	return v / 100, nil
}

// String gives the objective as ParseObjective reads it.
func (o Objective) String() string {
	name := fmt.Sprintf("p%g", o.Quantile*100)
	latency := time.Duration(math.Round(o.LatencySeconds * float64(time.Second)))
	return fmt.Sprintf("%s<%s,errors<%s%%", name, latency, strconv.FormatFloat(o.ErrorRatio*100, 'g', 6, 64))
}

// Step is one run of a search for capacity: one rate, and what came of it.
type Step struct {
	Rate        float64 // that the search named, requests a second
	Asked       float64 // by the run's schedule: the same but for a hair
	Served      float64 // answered ok while the schedule played, a second
	Failed      float64 // share of the requests that ended, 0 to 1
	P99         float64 // seconds
	Latency     float64 // seconds, at the objective's quantile
	Trusted     bool    // there are answers enough for that quantile
	Concurrency float64 // requests in flight, mean
	Meets       bool    // the objective
	Verdict     record.State
	Run         string // its id
	Purpose     Purpose
}

// Step reads a run and judges it by the objective.
func (o Objective) Step(run *record.Run) Step {
	s := run.Summary
	step := Step{
		Rate: s.Rate.Asked, P99: s.Latency.P99, Trusted: Trusted(o.Quantile, Answered(s)),
		Concurrency: concurrency(run), Verdict: run.Verdict.State, Run: run.ID,
	}
	step.Asked, step.Served = throughput(run)
	for _, q := range quantiles {
		if q.value == o.Quantile {
			step.Latency = q.of(s.Latency)
		}
	}
	if n := s.Requests.OK + s.Requests.Failed; n > 0 {
		step.Failed = float64(s.Requests.Failed) / float64(n)
	}
	step.Meets = o.Meets(step)
	return step
}

// Meets tells whether a step met the objective and kept up with what was asked.
// An invalid run never does; it is no answer either way, see Search.
func (o Objective) Meets(s Step) bool {
	return s.Verdict != record.Invalid && s.Served > 0 && s.Latency < o.LatencySeconds && s.Failed < o.ErrorRatio &&
		s.Served >= min(servedShare, 1-o.ErrorRatio)*s.Asked
}

// throughput is what was asked and what was served, a second, while the schedule
// played: by its windows, as those of runs that were saved when the summary's served
// rate still counted what was answered later, too. The window in which the schedule
// ends stays open for stragglers, and is left out: of a stage that took requests at
// half the rate, and worked off the rest after the load's end, it would say that
// much more was served.
func throughput(run *record.Run) (asked, served float64) {
	var seconds, until float64
	for _, w := range measured(run) {
		if until += w.Seconds; until > run.DurationSeconds-0.5*w.Seconds {
			break
		}
		asked, served, seconds = asked+float64(w.Asked), served+float64(w.OK), seconds+w.Seconds
	}
	if seconds <= 0 {
		return run.Summary.Rate.Asked, run.Summary.Rate.Served
	}
	return asked / seconds, served / seconds
}

// concurrency is the mean number of requests in flight, by Little's law
// (N = X·R, Little 1961): answers a second by their mean latency. Without a
// histogram it is the mean of what was seen at the windows' ends.
func concurrency(run *record.Run) float64 {
	if mean, ok := meanLatency(run.Histograms.All); ok && run.DurationSeconds > 0 {
		return float64(Answered(run.Summary)) / run.DurationSeconds * mean
	}
	sum, n := 0.0, 0
	for _, w := range measured(run) {
		if w.Asked > 0 { // not the last ones, which only wait
			sum, n = sum+float64(w.InFlight), n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// Capacity is the answer to how much a stage serves within an objective.
type Capacity struct {
	Stage     record.Stage
	Objective Objective
	Rate      float64 // the highest that met it, requests a second; 0 where none did
	Low, High float64 // the highest that met it, the lowest that missed; High is 0 where none missed
	AtLeast   bool    // none missed: Rate is what was tried, not what the stage can
	Steps     []Step  // in the order in which they ran
	USL       USL
	Bounds    []Bound // lowest first
	Notes     []string
}

// Bound is the rate at which one service's CPU is used up, by the utilisation
// law: X ≤ limit / demand (Denning & Buzen, The Operational Analysis of Queueing
// Network Models, 1978, section 4).
type Bound struct {
	Service       string
	Replicas      int
	DemandSeconds float64 // CPU-seconds a request, all replicas together
	LimitCores    float64 // likewise
	Rate          float64 // requests a second
}

// AsymptoticBounds gives the bounds of all services that have a limit and used
// CPU, lowest first: the first one is the stage's. Demand a request falls a
// little as load rises, so bounds from a run at a low rate are low ones.
func AsymptoticBounds(run *record.Run) []Bound {
	var out []Bound
	for _, u := range Services(run) {
		at := u.SaturatesAt()
		if !(at > 0) || math.IsInf(at, 0) {
			continue
		}
		out = append(out, Bound{Service: u.Service, Replicas: u.Replicas, DemandSeconds: u.CPUSecondsPerRequest, LimitCores: u.LimitCores, Rate: at})
	}
	sortBounds(out)
	return out
}
