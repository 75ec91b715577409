// SPDX-License-Identifier: MIT

package submission

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/loadgen"
)

// edited looks for what does not follow from the run's own windows, histograms and
// samples. docs/decisions/grading.md says why these bounds.
// tool is the version of this lab.
func edited(run *record.Run, tool string) *findings {
	s := &sums{Run: run, findings: findings{kind: Edited}}
	for _, w := range run.Windows {
		if w.Warmup {
			s.warm = append(s.warm, w)
		} else {
			s.main = append(s.main, w)
		}
	}
	if pace, err := loadgen.ParsePace(run.Pace); err == nil {
		s.clients = pace.Clients()
	}
	s.carry()
	s.windows()
	s.requests()
	s.rates()
	s.latencies()
	s.endpoints()
	s.answers()
	s.gaps()
	s.tiers()
	s.yardstick()
	s.cpu()
	s.said()
	s.verdict(tool)
	return &s.findings
}

// sums is one run that is added up again.
type sums struct {
	*record.Run
	findings
	warm, main []record.Window // windows of the warm-up, and of the measured part
	clients    int             // of a closed loop; 0 of an open one
	slack      int             // requests that may be in a window of one part and count for the other
	lost       int             // that were asked for and never ended; 0 of a closed loop
	all        *hdrhistogram.Histogram
}

// few is how many requests end between a boundary and the moment at which the
// generator closes the window: it is late by a millisecond or two.
const few = 3

// lateClosing is the share of a second that a busy generator may close a window
// late by, with a rate that no schedule bounds.
const lateClosing = 0.05

func sum(windows []record.Window, of func(record.Window) int) (n int) {
	for _, w := range windows {
		n += of(w)
	}
	return n
}

func ended(w record.Window) int { return w.OK + w.Failed }
func asked(w record.Window) int { return w.Asked }

// carry finds how many requests may be counted in a window of the one part that
// belong to the other: those that were under way when the warm-up ended.
func (s *sums) carry() {
	over := sum(s.warm, asked) - sum(s.warm, ended)
	s.slack = max(over, -over) + few
	if n := len(s.warm); n > 0 {
		s.slack += s.warm[n-1].InFlight
	}
	if s.clients > 0 {
		s.slack += s.clients + int(lateClosing*s.Summary.Rate.Sent)
		return
	}
	s.lost = max(0, sum(s.Windows, asked)-sum(s.Windows, ended))
}

// differs adds a finding where two counts are further apart than a slack.
func (s *sums) differs(what string, stated, follows, slack int) {
	if d := stated - follows; d > slack || -d > slack {
		s.add("%s: %d, by its windows %d", what, stated, follows)
	}
}

// windows by themselves: each must say the same in all its parts, and none may be missing.
func (s *sums) windows() {
	at := 0.0
	for i, w := range s.Windows {
		if w.StartSeconds > at+clockSlack {
			s.add("window %d begins at %.3f s, the one before ends at %.3f s: what was between is missing", i+1, w.StartSeconds, at)
		}
		at = w.StartSeconds + w.Seconds
		h, err := decode(w.Histogram)
		if err != nil {
			s.add("window %d has no readable histogram: %v", i+1, err)
			continue
		}
		if n := int(h.TotalCount()); n > ended(w) || n < w.OK {
			s.add("window %d: %d good and %d failed answers, but %d latencies", i+1, w.OK, w.Failed, n)
		}
		if why := unlike(w.Latency, h); why != "" {
			s.add("window %d: %s", i+1, why)
		}
		ok, failed := 0, 0
		for _, e := range w.Endpoints {
			ok, failed = ok+e.OK, failed+e.Failed
		}
		if ok != w.OK || failed != w.Failed {
			s.add("window %d: %d good and %d failed answers, by endpoint %d and %d", i+1, w.OK, w.Failed, ok, failed)
		}
		if n := total(w.Errors); n != w.Failed {
			s.add("window %d: %d failed, by kind of error %d", i+1, w.Failed, n)
		}
	}
	end, stopped := s.WarmupSeconds+s.DurationSeconds, slices.ContainsFunc(s.Events, func(e record.Event) bool { return e.Kind == "stop" && e.Service == "" })
	if at < end-clockSlack && !stopped {
		s.add("its windows end at %.3f s, the run at %.3f s", at, end)
	}
	for i, w := range s.Windows {
		if w.StartSeconds < end-clockSlack && w.StartSeconds+w.Seconds > end+tailSeconds {
			s.add("window %d ends at %.3f s, the run at %.3f s", i+1, w.StartSeconds+w.Seconds, end)
		}
	}
	var number int
	if n, _ := fmt.Sscanf(s.Stage.Name, "%d-", &number); n == 1 && number != s.Stage.Number {
		s.add("the stage %s has the number %d", s.Stage.Name, s.Stage.Number)
	}
}

// tailSeconds is how long the window in which the schedule ends stays open for the
// last answers: half a second, and what a busy generator is late by.
const tailSeconds = 0.75

func total(of map[string]int) (n int) {
	for _, v := range of {
		n += v
	}
	return n
}

// requests of the summary against each other and against the windows.
func (s *sums) requests() {
	r := s.Summary.Requests
	if r.Sent != r.OK+r.Failed {
		s.add("%d requests sent, but %d good and %d failed", r.Sent, r.OK, r.Failed)
	}
	if n := total(s.Summary.Errors); n != r.Failed {
		s.add("%d requests failed, by kind of error %d", r.Failed, n)
	}
	if r.Dropped != max(0, r.Asked-r.Sent) {
		s.add("%d asked and %d sent, but %d dropped", r.Asked, r.Sent, r.Dropped)
	}
	s.differs("good answers", r.OK, sum(s.main, func(w record.Window) int { return w.OK }), s.slack+s.lost)
	s.differs("failed answers", r.Failed, sum(s.main, func(w record.Window) int { return w.Failed }), s.slack+s.lost)
	s.differs("late requests", r.Late, sum(s.main, func(w record.Window) int { return w.Late }), s.slack+s.lost)
	if s.clients == 0 {
		s.differs("requests asked", r.Asked, sum(s.main, asked), s.lost)
		s.differs("requests sent", r.Sent, sum(s.Windows, ended)-sum(s.warm, asked), s.lost)
	} else if r.Asked != r.Sent {
		s.add("clients that wait sent %d requests, but asked for %d", r.Sent, r.Asked)
	}
}

// rates are counts by the length of the run.
func (s *sums) rates() {
	r, n, d := s.Summary.Rate, s.Summary.Requests, s.DurationSeconds
	for _, one := range []struct {
		name string
		rate float64
		n    int
	}{{"asked", r.Asked, n.Asked}, {"sent", r.Sent, n.Sent}} {
		if !(math.Abs(one.rate*d-float64(one.n)) <= 1e-6*float64(max(1, one.n))) {
			s.add("a rate of %g/s %s over %g s, but %d requests", one.rate, one.name, d, one.n)
		}
	}
	served := r.Served * d
	if !(math.Abs(served-math.Round(served)) <= 1e-6*max(1, served)) {
		s.add("%g/s served over %g s is no whole number of answers", r.Served, d)
	}
	// Who was under way at the end did not answer in time.
	end, in, within := s.WarmupSeconds+d, 0, 0
	for _, w := range s.main {
		if w.StartSeconds < end-clockSlack {
			in += w.OK
		}
		if w.StartSeconds+w.Seconds <= end+clockSlack {
			within += w.OK
		}
	}
	least := max(within, in-s.Summary.Generator.WorkersMax) - s.slack
	if int(served) > in+s.slack || int(math.Ceil(served)) < least-s.lost {
		s.add("%.0f answers served in time, by its windows %d", served, in)
	}
}

// answers by what they say.
func (s *sums) answers() {
	sum := s.Summary
	if n := total(sum.StatusCodes) + sum.Errors["timeout"]; s.all != nil && n != int(s.all.TotalCount()) {
		s.add("%d answers and time-outs by status, %d latencies", n, s.all.TotalCount())
	}
	s.differs("cache hits", sum.Cache.Hits, s.count(func(w record.Window) int { return w.CacheHits }), s.slack+s.lost)
	s.differs("cache misses", sum.Cache.Misses, s.count(func(w record.Window) int { return w.CacheMiss }), s.slack+s.lost)
	reads := 0
	for _, e := range sum.Endpoints {
		if e.Name == loadgen.User || e.Name == loadgen.Messages {
			reads += e.Requests - e.Failed
		}
	}
	if r := sum.Reads; r.Fresh+r.Stale+r.Wrong+r.Unjudged != reads {
		s.add("%d good reads, but %d judged", reads, r.Fresh+r.Stale+r.Wrong+r.Unjudged)
	}
	if r := sum.Reads; r.Stale == 0 != (r.MaxStaleSeconds == 0) && r.Stale == 0 {
		s.add("no stale read, but the stalest was %.3f s old", r.MaxStaleSeconds)
	}
}

func (s *sums) count(of func(record.Window) int) int { return sum(s.main, of) }

// gapMargin is how far from a gap's ends a window must lie to be wholly in it: the
// generator may close it that late.
const gapMargin = 0.1

// gaps against the windows: none may have a good answer in a gap, and where no
// window has one although several were due, there must be a gap.
func (s *sums) gaps() {
	end := s.WarmupSeconds + s.DurationSeconds
	for _, g := range s.Summary.Gaps {
		if g.StartSeconds < s.WarmupSeconds-clockSlack || g.StartSeconds+g.Seconds > end+s.Summary.Latency.Max+clockSlack {
			s.add("a gap from %.3f s on for %.3f s is not in the measured part", g.StartSeconds, g.Seconds)
		}
	}
	in := func(w record.Window) bool { // of one gap: true where they meet
		return slices.ContainsFunc(s.Summary.Gaps, func(g record.Gap) bool {
			return g.StartSeconds <= w.StartSeconds+gapMargin && g.StartSeconds+g.Seconds >= w.StartSeconds+w.Seconds-gapMargin
		})
	}
	for i, w := range s.main {
		if w.StartSeconds+w.Seconds > end+clockSlack {
			continue
		}
		inside := slices.ContainsFunc(s.Summary.Gaps, func(g record.Gap) bool {
			return g.StartSeconds < w.StartSeconds-gapMargin && g.StartSeconds+g.Seconds > w.StartSeconds+w.Seconds+gapMargin
		})
		if inside && w.OK > 0 {
			s.add("measured window %d lies in a gap, and has %d good answers", i+1, w.OK)
		}
		if s.clients == 0 && w.OK == 0 && w.Asked >= gapDue && !in(w) {
			s.add("measured window %d has no good answer though %d were asked for, and no gap is told", i+1, w.Asked)
		}
	}
}

// gapDue is how many requests must have been due for a gap to be called one, with room for the generator's own bound.
const gapDue = 10

// yardstick of the whole against those of the windows: a comparison and a proof are drawn for
// one speed of the machine, so this moves a mark.
func (s *sums) yardstick() {
	count, seconds := 0, 0.0
	for _, w := range s.main {
		if w.StartSeconds < s.WarmupSeconds+s.DurationSeconds-clockSlack { // what comes later waits for the last answers
			count, seconds = count+w.Generator.YardstickCount, seconds+float64(w.Generator.YardstickCount)*w.Generator.YardstickSeconds
		}
	}
	g := s.Summary.Generator
	s.differs("pieces of the yardstick", g.YardstickCount, count, few) // a last window in which nothing else happened is left out
	if !(math.Abs(float64(g.YardstickCount)*g.YardstickSeconds-seconds) <= 3*few*g.YardstickSeconds) || g.YardstickCount == 0 && g.YardstickSeconds != 0 {
		s.add("a yardstick of %g s, %d times, by its windows %g s in all, %d times", g.YardstickSeconds, g.YardstickCount, seconds, count)
	}
}

// tiers against their histograms.
func (s *sums) tiers() {
	for _, name := range slices.Sorted(maps.Keys(s.Summary.Tiers)) {
		t := s.Summary.Tiers[name]
		h, err := decode(s.Histograms.Tiers[name])
		if err != nil {
			s.add("the histogram of tier %s can't be read: %v", name, err)
			continue
		}
		if int(h.TotalCount()) != t.Count {
			s.add("%d answers name tier %s, its histogram has %d", t.Count, name, h.TotalCount())
		}
		if h.TotalCount() == 0 {
			continue
		}
		// Each value is known to a thousandth, or to the microsecond that the histogram counts in.
		if mean := h.Mean() / 1e6; !(math.Abs(t.MeanSeconds-mean) <= 0.002*mean+2e-6) {
			s.add("tier %s took %.6f s a request, by its histogram %.6f s", name, t.MeanSeconds, mean)
		}
		if p := float64(h.ValueAtQuantile(99)) / 1e6; t.P99Seconds > p+percentileSlack || t.P99Seconds < 0.998*p-2e-6 {
			s.add("tier %s has a p99 of %.6f s, by its histogram %.6f s", name, t.P99Seconds, p)
		}
	}
}

// said is what boxes say of themselves.
func (s *sums) said() {
	end := s.WarmupSeconds + s.DurationSeconds
	if want := record.SumQueue(s.Queue, s.WarmupSeconds, end); !reflect.DeepEqual(want, s.Summary.Queue) {
		s.add("the sums of the queue don't follow from its readings")
	}
	if want := record.SumReplication(s.Replication, s.WarmupSeconds, end); !reflect.DeepEqual(want, s.Summary.Replication) {
		s.add("the sums of replication don't follow from its readings")
	}
}

// verdict as this lab would give it: only where the same lab gave it, for another
// version may judge otherwise.
func (s *sums) verdict(tool string) {
	want := analysis.Judge(s.Run)
	if s.Tool != tool {
		return
	}
	if want.State != s.Verdict.State || !slices.EqualFunc(want.Reasons, s.Verdict.Reasons, func(a, b record.Reason) bool { return a.Check == b.Check && a.State == b.State }) {
		s.add("its verdict is %s, by its figures %s", told(s.Verdict), told(want))
	}
}

// told is a verdict with its first reason.
func told(v record.Verdict) string {
	if len(v.Reasons) == 0 {
		return string(v.State)
	}
	return fmt.Sprintf("%s (%s)", v.State, v.Reasons[0].Check)
}
