// SPDX-License-Identifier: MIT

package analysis_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// servedRuns is the runs of one side at 400 a second, by what they served.
func servedRuns(served ...float64) []*record.Run {
	var out []*record.Run
	for _, x := range served {
		out = append(out, loadedRun(400, x, threeServices(0.2, 0.5, 0.9)...))
	}
	return out
}

func fullMachine(runs []*record.Run) []*record.Run {
	for _, r := range runs {
		r.Host.Cores = 1.95
	}
	return runs
}

func invalidFirst(runs []*record.Run) []*record.Run {
	runs[0].Verdict = record.Verdict{State: record.Invalid, Reasons: []record.Reason{{State: record.Invalid, Seen: "it died"}}}
	return runs
}

func busyFirst(runs []*record.Run) []*record.Run {
	runs[0].Verdict = record.Verdict{State: record.Invalid, Reasons: []record.Reason{{Check: analysis.CheckHost, State: record.Invalid, Seen: "something else ran"}}}
	return runs
}

func TestProve(t *testing.T) {
	for name, test := range map[string]struct {
		before, after, decoy []*record.Run
		state, says          string
	}{
		"moves, and not with the decoy":   {servedRuns(300, 306), servedRuns(392, 396), servedRuns(298, 309), analysis.Proven, "not with the decoy's"},
		"a noisy proof":                   {servedRuns(300, 330), servedRuns(390, 398), servedRuns(310, 320), analysis.Proven, ""},
		"the machine fills up by it":      {servedRuns(300, 306), fullMachine(servedRuns(392, 396)), servedRuns(298, 309), analysis.Proven, ""},
		"does not move":                   {servedRuns(300, 306), servedRuns(301, 308), servedRuns(298, 309), analysis.Refuted, "does not move with this limit"},
		"falls":                           {servedRuns(300, 306), servedRuns(280, 270), servedRuns(298, 309), analysis.Refuted, "does not move with this limit"},
		"the decoy was it":                {servedRuns(300, 306), servedRuns(301, 308), servedRuns(390, 396), analysis.Refuted, "moves with the decoy's limit and not"},
		"moves by less than 5%":           {servedRuns(300, 301), servedRuns(311, 312), servedRuns(300, 301), analysis.Refuted, ""},
		"moves by less than the repeats":  {servedRuns(300, 340), servedRuns(345, 350), servedRuns(300, 301), analysis.Refuted, ""},
		"one of the runs did not":         {servedRuns(300, 320), servedRuns(318, 370), servedRuns(310, 311), analysis.Undecided, "differ by 16%"},
		"moves with both":                 {servedRuns(300, 306), servedRuns(392, 396), servedRuns(390, 391), analysis.Undecided, "with the decoy's limit too"},
		"falls with the decoy":            {servedRuns(300, 306), servedRuns(392, 396), servedRuns(250, 252), analysis.Undecided, "fell"},
		"far above the noise":             {servedRuns(100, 108), servedRuns(172, 210), servedRuns(122, 120), analysis.Proven, ""},
		"too noisy":                       {servedRuns(200, 300), servedRuns(390, 396), servedRuns(250, 260), analysis.Undecided, "differ by 50%"},
		"all was served":                  {servedRuns(398, 399), servedRuns(399, 399), servedRuns(399, 399), analysis.Undecided, "did not reach the ceiling"},
		"a full machine":                  {fullMachine(servedRuns(300, 306)), fullMachine(servedRuns(300, 306)), fullMachine(servedRuns(300, 306)), analysis.Undecided, "no core left"},
		"moves on a full machine":         {fullMachine(servedRuns(300, 306)), fullMachine(servedRuns(392, 396)), fullMachine(servedRuns(298, 309)), analysis.Proven, ""},
		"full, so that it could not move": {servedRuns(300, 306), fullMachine(servedRuns(301, 308)), servedRuns(298, 309), analysis.Undecided, "no core left"},
		"an invalid run":                  {servedRuns(300, 306), invalidFirst(servedRuns(392, 396)), servedRuns(298, 309), analysis.Undecided, "it died"},
		"a busy host is noise":            {servedRuns(300, 306), busyFirst(servedRuns(392, 396)), servedRuns(298, 309), analysis.Proven, ""},
		"too few runs":                    {servedRuns(300, 306), servedRuns(392), servedRuns(298, 309), analysis.Undecided, "2 runs of each side"},
		"none":                            {nil, nil, nil, analysis.Undecided, "2 runs of each side"},
		"nothing served":                  {servedRuns(0, 0), servedRuns(0, 0), servedRuns(0, 0), analysis.Undecided, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := analysis.Prove(test.before, test.after, test.decoy)
			if p.State != test.state || !strings.Contains(p.Reason, test.says) || p.Reason == "" {
				t.Errorf("%+v, want %s saying %q", p, test.state, test.says)
			}
		})
	}
	p := analysis.Prove(servedRuns(300, 306), servedRuns(392, 396), servedRuns(298, 309))
	if p.Before != 303 || p.After != 394 || p.DecoyAfter != 303.5 || p.Threshold != 0.05 {
		t.Errorf("%+v", p)
	}
}

// How often the rule is wrong: repeats vary normally by 1%, 3% and 10% (standard
// deviation), and no limit matters, or the one that was raised gives 20%.
func TestProveErrors(t *testing.T) {
	const trials = 2000
	random := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct{ sd, gain, atLeast, atMost float64 }{
		{0.01, 1, 0, 0.001}, {0.03, 1, 0, 0.05}, {0.10, 1, 0, 0.05}, {0.01, 1.2, 0.999, 1}, {0.03, 1.2, 0.90, 1},
	} {
		draw := func(mean float64) []*record.Run {
			return servedRuns(mean*(1+test.sd*random.NormFloat64()), mean*(1+test.sd*random.NormFloat64()))
		}
		proven := 0.0
		for range trials {
			if analysis.Prove(draw(300), draw(300*test.gain), draw(300)).State == analysis.Proven {
				proven += 1.0 / trials
			}
		}
		t.Logf("repeats vary by %.0f%%, a gain of %.0f%%: proven in %.1f%% of the cases", 100*test.sd, 100*(test.gain-1), 100*proven)
		if proven < test.atLeast || proven > test.atMost {
			t.Errorf("repeats vary by %g, gain %g: proven in %.4f of the cases, want %g to %g", test.sd, test.gain, proven, test.atLeast, test.atMost)
		}
	}
}

func TestProbe(t *testing.T) {
	for name, test := range map[string]struct {
		run   *record.Run
		rate  float64
		found bool
	}{
		"far below: by the prediction":  {loadedRun(200, 200, threeServices(0.1, 0.2, 0.4)...), 1.3 * 500, false},
		"just above":                    {loadedRun(400, 310, threeServices(0.1, 0.2, 1)...), 1.3 * 310, true},
		"barely above: once more":       {loadedRun(400, 379, threeServices(0.1, 0.2, 1)...), 1.3 * 379, false},
		"drowned: down again":           {loadedRun(400, 100, threeServices(0.1, 0.2, 1)...), 130, false},
		"more was served than foretold": {loadedRun(400, 400, threeServices(0.1, 0.2, 1.02)...), 1.6 * 400, false},
		"nothing known but what served": {loadedRun(400, 400), 1.6 * 400, false},
		"nothing served":                {loadedRun(400, 0), 0, false},
	} {
		rate, found := analysis.Probe(test.run)
		if math.Abs(rate-test.rate) > 1e-6 || found != test.found {
			t.Errorf("%s: %g a second, found %v; want %g, %v", name, rate, found, test.rate, test.found)
		}
	}
}

func TestDecoy(t *testing.T) {
	for name, test := range map[string]struct {
		containers []record.Container
		want       string
	}{
		"the next one":                    {threeServices(0.2, 0.5, 0.95), "api"},
		"not one that is as near":         {threeServices(0.2, 0.93, 0.95), "nginx"},
		"not one without a limit":         {[]record.Container{replicaUsing("postgres", 1, 0.5, 0.5, 1), replicaUsing("free", 1, 1, 0, 0), replicaUsing("idle", 1, 0, 0.1, 0)}, "idle"},
		"not one that is used up as well": {[]record.Container{replicaUsing("a", 1, 1.2, 1, 1), replicaUsing("b", 1, 0.95, 1, 1), replicaUsing("c", 1, 0.1, 1, 0)}, "c"},
		"there is no other":               {[]record.Container{replicaUsing("api", 1, 0.25, 0.25, 1)}, ""},
	} {
		b, ok := analysis.Decoy(analysis.Explain(loadedRun(400, 310, test.containers...)))
		if b.Service != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q, want %q", name, b.Service, test.want)
		}
	}
	if _, ok := analysis.Decoy(analysis.Explanation{}); ok {
		t.Error("a decoy to nothing")
	}
}

// A stage with a ceiling, beyond which it serves that, or next to nothing: the
// search ends above the ceiling and near it, from wherever it begins.
func TestProbing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ceiling := rapid.Float64Range(20, 2000).Draw(t, "ceiling")
		rate := ceiling * rapid.Float64Range(0.02, 3).Draw(t, "beginning by ceiling")
		drowned := rapid.SampledFrom([]float64{1, 0.8, 0.3, 0.05}).Draw(t, "what is left of it beyond")
		var search analysis.Probing
		for probe := 1; ; probe++ {
			rate = math.Max(1, math.Round(rate))
			served := rate
			if rate > ceiling {
				served = ceiling * drowned
			}
			run := loadedRun(rate, served, threeServices(0.1, 0.2, min(1, served/ceiling))...)
			next, done := search.Next(run)
			if done {
				break
			}
			if probe == 20 {
				t.Fatalf("still at %g a second", rate)
			}
			rate = next
		}
		if rate <= ceiling || rate > 1.7*ceiling {
			t.Fatalf("ended at %g a second", rate)
		}
	})
}
