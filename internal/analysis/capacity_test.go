// SPDX-License-Identifier: MIT

package analysis_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

func TestParseObjective(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]analysis.Objective{
		"p99<100ms,errors<0.1%":       {Quantile: 0.99, LatencySeconds: 0.1, ErrorRatio: 0.001},
		" errors < 5 % , p50 < 1.5s ": {Quantile: 0.5, LatencySeconds: 1.5, ErrorRatio: 0.05},
		"p99.9<250us":                 {Quantile: 0.999, LatencySeconds: 0.00025, ErrorRatio: 0.001}, // errors keep their default
		"errors<100%":                 {Quantile: 0.99, LatencySeconds: 0.1, ErrorRatio: 1},
		"p95<2m":                      {Quantile: 0.95, LatencySeconds: 120, ErrorRatio: 0.001},
	} {
		got, err := analysis.ParseObjective(text)
		if err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		again, err := analysis.ParseObjective(got.String())
		if err != nil || again != got {
			t.Errorf("%q became %q, which is %+v, %v", text, got, again, err)
		}
	}
	if s := analysis.DefaultObjective().String(); s != "p99<100ms,errors<0.1%" {
		t.Errorf("the default is %q", s)
	}
	// SAD PATH
	for text, want := range map[string]string{
		"":                    "empty",
		"  ":                  "empty",
		",":                   `"" is no bound`,
		"p99":                 `"p99" is no bound: expected p99<100ms or errors<0.1%`,
		"p99<":                "is no bound",
		"p98<100ms":           `unknown quantity "p98": there are p50, p90, p95, p99, p99.9 and errors`,
		"latency<100ms":       `unknown quantity "latency"`,
		"p99<-100ms":          "p99 needs a time above 0, not -100ms",
		"p99<0s":              "above 0",
		"p99<100":             `p99 needs a time such as 100ms, not "100"`,
		"p99<=100ms":          `not "=100ms"`,
		"p99<NaNms":           "needs a time",
		"errors<0%":           "above 0% and up to 100%, not 0%",
		"errors<-1%":          "not -1%",
		"errors<101%":         "not 101%",
		"errors<NaN%":         "not NaN%",
		"errors<0.1":          `errors need a percentage such as 0.1%, not "0.1"`,
		"errors<a%":           "percentage",
		"p99<1s,p99<2s":       "latency is bounded twice",
		"p99<1s,p50<2s":       "latency is bounded twice",
		"errors<1%,errors<1%": "errors is bounded twice",
		"p99<1s,":             "no bound",
	} {
		o, err := analysis.ParseObjective(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || o != (analysis.Objective{}) {
			t.Errorf("%q: %+v, %v, want %q", text, o, err, want)
		}
	}
}

func TestMeets(t *testing.T) {
	t.Parallel()
	o := analysis.DefaultObjective()
	good := analysis.Step{Rate: 200, Asked: 200, Served: 199, Latency: 0.05, Verdict: record.Valid}
	for name, test := range map[string]struct {
		o      analysis.Objective
		change func(*analysis.Step)
		want   bool
	}{
		"all well":              {o, func(*analysis.Step) {}, true},
		"suspect":               {o, func(s *analysis.Step) { s.Verdict = record.Suspect }, true},
		"invalid":               {o, func(s *analysis.Step) { s.Verdict = record.Invalid }, false},
		"slow":                  {o, func(s *analysis.Step) { s.Latency = 0.1 }, false},
		"latency unknown":       {o, func(s *analysis.Step) { s.Latency = math.NaN() }, false},
		"errors":                {o, func(s *analysis.Step) { s.Failed = 0.001 }, false},
		"98.9% served":          {o, func(s *analysis.Step) { s.Served = 197.8 }, false},
		"99% served":            {o, func(s *analysis.Step) { s.Served = 198 }, true},
		"nothing served":        {o, func(s *analysis.Step) { s.Asked, s.Served = 0, 0 }, false},
		"errors that may be":    {analysis.Objective{Quantile: 0.99, LatencySeconds: 1, ErrorRatio: 0.1}, func(s *analysis.Step) { s.Served, s.Failed = 185, 0.075 }, true},
		"more than what may be": {analysis.Objective{Quantile: 0.99, LatencySeconds: 1, ErrorRatio: 0.1}, func(s *analysis.Step) { s.Served, s.Failed = 179, 0.075 }, false},
	} {
		s := good
		test.change(&s)
		if got := test.o.Meets(s); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestStepOfRun(t *testing.T) {
	t.Parallel()
	run := good(t) // 600 a second at a mean of 100 ms: 60 in flight
	run.Summary.Rate = record.Rate{Asked: 600, Served: 599}
	run.Summary.Requests = record.Requests{Sent: 12000, OK: 11940, Failed: 60}
	run.Summary.Latency.P95 = 0.02
	for i := range run.Windows {
		run.Windows[i].OK = 597
	}
	last := &run.Windows[len(run.Windows)-1] // it stayed open for stragglers
	last.Seconds, last.OK = 1.4, 660
	run.Verdict.State = record.Suspect
	o := analysis.Objective{Quantile: 0.95, LatencySeconds: 0.03, ErrorRatio: 0.01}
	s := o.Step(run)
	if math.Abs(s.Concurrency-60) > 0.06 { // the histogram's third digit
		t.Errorf("%g in flight", s.Concurrency)
	}
	s.Concurrency = 0
	want := analysis.Step{Rate: 600, Asked: 600, Served: 597, Failed: 0.005, P99: 0.030, Latency: 0.02, Trusted: true, Meets: true, Verdict: record.Suspect, Run: "x"}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	run.Histograms.All = "" // then by the windows
	if s := o.Step(run); s.Concurrency != 60 {
		t.Errorf("%g in flight by the windows", s.Concurrency)
	}
	run.Windows = nil
	if s := o.Step(run); s.Concurrency != 0 || s.Served != 599 {
		t.Errorf("%g in flight by nothing, %g served by the summary", s.Concurrency, s.Served)
	}
	if s := o.Step(&record.Run{}); s.Meets || s.Failed != 0 {
		t.Errorf("an empty run: %+v", s)
	}
}

func TestAsymptoticBounds(t *testing.T) {
	t.Parallel()
	run := good(t) // two api of 0.25 cores and 0.4 ms each; a postgres of 0.5 cores and 1 ms
	run.Containers = append(run.Containers, record.Container{Service: "redis", CPUSecondsPerRequest: 0.0001}, record.Container{Service: "idle", LimitCores: 0.1})
	want := []analysis.Bound{
		{Service: "postgres", Replicas: 1, DemandSeconds: 0.001, LimitCores: 0.5, Rate: 500},
		{Service: "api", Replicas: 2, DemandSeconds: 0.0008, LimitCores: 0.5, Rate: 625},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
	if diff := cmp.Diff(want, analysis.AsymptoticBounds(run), near); diff != "" {
		t.Error(diff)
	}
	if b := analysis.AsymptoticBounds(&record.Run{}); len(b) > 0 {
		t.Errorf("%+v", b)
	}
}

// A stage that takes requests at half the rate and works off the rest after the
// load's end has answered them all; it did not keep up.
func TestStepOfOverload(t *testing.T) {
	t.Parallel()
	run := good(t)
	run.Summary.Rate = record.Rate{Asked: 600, Served: 600}
	for i := range run.Windows {
		run.Windows[i].OK = 300
	}
	for range 20 {
		run.Windows = append(run.Windows, record.Window{StartSeconds: float64(len(run.Windows)), Seconds: 1, OK: 300})
	}
	o := analysis.Objective{Quantile: 0.99, LatencySeconds: 60, ErrorRatio: 0.01}
	if s := o.Step(run); s.Served != 300 || s.Asked != 600 || s.Meets {
		t.Errorf("%+v", s)
	}
}

// server answers at a rate; the calls are counted from 0.
type server func(rate float64, call int) analysis.Step

// limit is a server that meets any rate up to a limit and none above.
func limit(at float64) server {
	return func(rate float64, _ int) analysis.Step { return met(rate, rate <= at) }
}

func met(rate float64, ok bool) analysis.Step {
	return analysis.Step{Rate: rate, Asked: rate, Served: rate, Latency: 0.01, Trusted: true, Concurrency: rate / 100, Meets: ok, Verdict: record.Valid}
}

// semaphore is a server of c places with s seconds each, under Poisson arrivals:
// an M/D/c queue, played for so many requests, judged as a run would be. Its
// capacity is c/s.
func semaphore(c int, s float64, requests int, o analysis.Objective, r *rand.Rand) server {
	return func(rate float64, _ int) analysis.Step {
		free := make([]float64, c) // when each place is free again
		latency := make([]float64, requests)
		now, sum := 0.0, 0.0
		for i := range latency {
			now += r.ExpFloat64() / rate
			k := 0
			for j := range free {
				if free[j] < free[k] {
					k = j
				}
			}
			free[k] = max(free[k], now) + s
			latency[i] = free[k] - now
			sum += latency[i]
		}
		slices.Sort(latency)
		end := 0.0
		for _, f := range free {
			end = max(end, f)
		}
		step := analysis.Step{Rate: rate, Asked: float64(requests) / now, Served: float64(requests) / max(now, end-s),
			Latency: latency[int(o.Quantile*float64(requests))], Trusted: true, Verdict: record.Valid}
		step.Concurrency = step.Served * sum / float64(requests)
		step.Meets = o.Meets(step)
		return step
	}
}

// search runs one to its end and checks on the way what always holds.
func search(t rapid.TB, o analysis.SearchOptions, serve server) analysis.Capacity {
	t.Helper()
	s, err := analysis.NewSearch(o)
	if err != nil {
		t.Fatal(err)
	}
	runs, invalid := map[float64]int{}, 0
	for call := 0; ; call++ {
		rate, purpose, done := s.Next()
		if again, p, d := s.Next(); again != rate || p != purpose || d != done {
			t.Fatalf("Next is not the same twice: %g %s, %g %s", rate, purpose, again, p)
		}
		if done {
			break
		}
		if call >= 60 {
			t.Fatalf("no end after %d steps", call)
		}
		if !(rate > 0) || math.IsInf(rate, 0) || o.Max > 0 && rate > o.Max || o.Min > 0 && rate < o.Min {
			t.Fatalf("asked for %g/s", rate)
		}
		step := serve(rate, call)
		if step.Verdict == record.Invalid {
			invalid++
		} else {
			invalid = 0
			if runs[rate]++; purpose != analysis.Below && runs[rate] > max(o.Repeats, 3) {
				t.Fatalf("%g/s was run %d times", rate, runs[rate])
			}
		}
		if invalid > 2 {
			t.Fatalf("%d invalid runs in a row", invalid)
		}
		s.Tell(step)
	}
	c := s.Capacity()
	if c.High > 0 && c.Low >= c.High || c.Rate != c.Low || c.AtLeast != (c.Low > 0 && c.High == 0) {
		t.Fatalf("%g from %g to %g, at least: %v", c.Rate, c.Low, c.High, c.AtLeast)
	}
	s.Tell(analysis.Step{}) // after the end nothing counts
	if n := len(s.Steps()); n != len(c.Steps) {
		t.Fatalf("%d steps became %d", len(c.Steps), n)
	}
	return c
}

func TestSearchPath(t *testing.T) {
	t.Parallel()
	c := search(t, analysis.SearchOptions{}, limit(330))
	var path []string
	for _, s := range c.Steps {
		mark := "-"
		if s.Meets {
			mark = "+"
		}
		path = append(path, fmt.Sprintf("%s %g%s", s.Purpose, s.Rate, mark))
	}
	want := "doubling 50+, doubling 100+, doubling 200+, doubling 400-, bisection 283+, bisection 336-, bisection 308+, bisection 322+, " +
		"repeat 322+, repeat 336-, below 138+, below 184+, below 230+"
	if got := strings.Join(path, ", "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if c.Low != 322 || c.High != 336 || len(c.Notes) > 0 {
		t.Errorf("%g to %g: %q", c.Low, c.High, c.Notes)
	}
}

// A server of a known limit is found within the precision, wherever the search
// starts, and at least six rates below the edge are there for the fit.
func TestSearchFindsLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := analysis.SearchOptions{
			Start: rapid.Float64Range(1, 2000).Draw(t, "start"), Min: 0.5, Max: 20_000,
			Precision: rapid.Float64Range(0.02, 0.3).Draw(t, "precision"), Repeats: rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "repeats"),
		}
		at := rapid.Float64Range(5, 19_000).Draw(t, "limit")
		c := search(t, o, limit(at))
		if !(c.Low <= at && at < c.High) || c.High/c.Low-1 > o.Precision {
			t.Fatalf("%g to %g for %g", c.Low, c.High, at)
		}
		below := map[float64]bool{}
		for _, s := range c.Steps {
			if s.Rate < c.Low {
				below[s.Rate] = true
			}
		}
		if len(below) < 6 || len(c.Notes) > 0 {
			t.Fatalf("%d rates below %g; %q", len(below), c.Low, c.Notes)
		}
	})
}

// Whatever a server answers, the search ends, and both ends of its bracket have
// the majority of their runs behind them, unless it says that they have not.
func TestSearchEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := analysis.SearchOptions{Start: rapid.Float64Range(1, 500).Draw(t, "start"), Min: 1, Max: 5000}
		c := search(t, o, func(rate float64, _ int) analysis.Step {
			step := met(rate, rapid.Bool().Draw(t, "meets"))
			step.Verdict = rapid.SampledFrom([]record.State{record.Valid, record.Valid, record.Valid, record.Suspect, record.Invalid}).Draw(t, "verdict")
			return step
		})
		met, missed := map[float64]int{}, map[float64]int{}
		for _, s := range c.Steps {
			switch {
			case s.Verdict == record.Invalid || s.Purpose == analysis.Below:
			case s.Meets:
				met[s.Rate]++
			default:
				missed[s.Rate]++
			}
		}
		if c.Low > 0 && met[c.Low] <= missed[c.Low] || c.High > 0 && missed[c.High] < met[c.High] {
			t.Fatalf("%g to %g: %v met, %v missed", c.Low, c.High, met, missed)
		}
		sure := (c.Low == 0 || met[c.Low] >= 2) && (c.High == 0 || missed[c.High] >= 2)
		if !sure && len(c.Notes) == 0 {
			t.Fatalf("no majority and no note: %+v", c)
		}
	})
}

// A run now and then that says the contrary of the truth, and an edge that is not
// sharp, do not lead the search astray.
func TestSearchInNoise(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	const cases, wrong, width = 200, 0.05, 0.02
	found, steps := 0, 0
	for range cases {
		at := 60 + 4000*r.Float64()
		c := search(t, analysis.SearchOptions{}, func(rate float64, _ int) analysis.Step {
			now := at * (1 + width*r.NormFloat64())
			return met(rate, rate <= now != (r.Float64() < wrong))
		})
		if c.Low <= at*1.05 && at <= c.High*1.05 {
			found++
		}
		steps += len(c.Steps)
	}
	t.Logf("%d of %d found within 5%%, %.1f runs each", found, cases, float64(steps)/cases)
	if found < cases*90/100 {
		t.Errorf("%d of %d found", found, cases)
	}
}

// The servers of the acceptance: c places of s seconds serve c/s a second.
func TestSearchOfSemaphores(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 9))
	o := analysis.Objective{Quantile: 0.99, LatencySeconds: 0.5, ErrorRatio: 0.001}
	for _, test := range []struct {
		c int
		s float64
	}{{1, 0.005}, {4, 0.02}, {8, 0.05}, {2, 0.002}} {
		c := search(t, analysis.SearchOptions{}, semaphore(test.c, test.s, 4000, o, r))
		want := float64(test.c) / test.s
		t.Logf("%d × %g s: %g to %g for %g, %d runs; κ %+v", test.c, test.s, c.Low, c.High, want, len(c.Steps), c.USL.Kappa)
		if c.USL.Peak != nil {
			t.Errorf("%d × %g s: a peak, where it is merely full: %+v", test.c, test.s, c.USL)
		}
		if math.Abs(c.Rate/want-1) > 0.05 {
			t.Errorf("%d × %g s: %g for %g", test.c, test.s, c.Rate, want)
		}
	}
}

func TestSearchOddServers(t *testing.T) {
	t.Parallel()
	never := func(rate float64, _ int) analysis.Step { return met(rate, false) }
	for name, test := range map[string]struct {
		o         analysis.SearchOptions
		serve     server
		low, high float64
		says      string
	}{
		"always":                {analysis.SearchOptions{Max: 1000}, limit(1e9), 1000, 0, "at least 1000/s, and may be far more"},
		"never":                 {analysis.SearchOptions{}, never, 0, 1, "no rate met the objective, the lowest tried being 1/s"},
		"slower than its start": {analysis.SearchOptions{Start: 100}, limit(7), 6.81, 7.11, ""},
		"invalid above 150": {analysis.SearchOptions{}, func(rate float64, _ int) analysis.Step {
			s := met(rate, true)
			if rate > 150 {
				s.Verdict = record.Invalid
			}
			return s
		}, 100, 0, "200/s was invalid twice"},
		"invalid at once": {analysis.SearchOptions{}, func(rate float64, _ int) analysis.Step { return analysis.Step{Verdict: record.Invalid} }, 0, 0, "no run says anything"},
		"invalid now and then": {analysis.SearchOptions{}, func(rate float64, call int) analysis.Step {
			s := met(rate, rate <= 330)
			if call%3 == 0 {
				s.Verdict = record.Invalid
			}
			return s
		}, 322, 336, ""},
		"few steps":        {analysis.SearchOptions{MaxSteps: 5}, limit(330), 283, 400, "ended after 5 runs"},
		"a lie on the way": {analysis.SearchOptions{}, func(rate float64, call int) analysis.Step { return met(rate, rate <= 330 && call != 1) }, 322, 336, "runs that say otherwise: 1 of"},
		"few answers": {analysis.SearchOptions{}, func(rate float64, _ int) analysis.Step {
			s := met(rate, rate <= 330)
			s.Trusted = false
			return s
		}, 322, 336, "too few answers"},
		"suspect": {analysis.SearchOptions{}, func(rate float64, _ int) analysis.Step {
			s := met(rate, rate <= 330)
			s.Verdict = record.Suspect
			return s
		}, 322, 336, "suspect runs: "},
	} {
		t.Run(name, func(t *testing.T) {
			c := search(t, test.o, test.serve)
			if c.Low != test.low || c.High != test.high || !strings.Contains(strings.Join(c.Notes, "; "), test.says) || test.says == "" && len(c.Notes) > 0 {
				t.Errorf("%g to %g after %d steps: %q", c.Low, c.High, len(c.Steps), c.Notes)
			}
		})
	}
}

func TestSearchOptions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		o    analysis.SearchOptions
		says string
	}{
		"negative start":      {analysis.SearchOptions{Start: -1}, "rates must be"},
		"not a number":        {analysis.SearchOptions{Start: math.NaN()}, "rates must be"},
		"start above highest": {analysis.SearchOptions{Start: 100, Max: 50}, "rates must be"},
		"endless":             {analysis.SearchOptions{Max: math.Inf(1)}, "rates must be"},
		"too fine":            {analysis.SearchOptions{Precision: 0.01}, "from 2% to 100%, not 1%"},
		"even":                {analysis.SearchOptions{Repeats: 2}, "odd, not 2"},
		"negative steps":      {analysis.SearchOptions{MaxSteps: -1}, "negative"},
	} {
		if _, err := analysis.NewSearch(test.o); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
