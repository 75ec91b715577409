// SPDX-License-Identifier: MIT

package analysis_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// side is the runs of one side at 400 a second, by what they served.
func side(served ...float64) []*record.Run {
	var out []*record.Run
	for _, x := range served {
		out = append(out, loaded(400, x, three(0.2, 0.5, 0.9)...))
	}
	return out
}

func full(runs []*record.Run) []*record.Run {
	for _, r := range runs {
		r.Host.Cores = 1.95
	}
	return runs
}

func invalid(runs []*record.Run) []*record.Run {
	runs[0].Verdict = record.Verdict{State: record.Invalid, Reasons: []record.Reason{{State: record.Invalid, Seen: "it died"}}}
	return runs
}

func TestProve(t *testing.T) {
	for name, test := range map[string]struct {
		before, after, decoy []*record.Run
		state, says          string
	}{
		"moves, and not with the decoy":   {side(300, 306), side(392, 396), side(298, 309), analysis.Proven, "not with the decoy's"},
		"a noisy proof":                   {side(300, 330), side(390, 398), side(310, 320), analysis.Proven, ""},
		"the machine fills up by it":      {side(300, 306), full(side(392, 396)), side(298, 309), analysis.Proven, ""},
		"does not move":                   {side(300, 306), side(301, 308), side(298, 309), analysis.Refuted, "does not move with this limit"},
		"falls":                           {side(300, 306), side(280, 270), side(298, 309), analysis.Refuted, "does not move with this limit"},
		"the decoy was it":                {side(300, 306), side(301, 308), side(390, 396), analysis.Refuted, "moves with the decoy's limit and not"},
		"moves by less than 5%":           {side(300, 301), side(311, 312), side(300, 301), analysis.Refuted, ""},
		"moves by less than the repeats":  {side(300, 340), side(345, 350), side(300, 301), analysis.Refuted, ""},
		"one of the runs did not":         {side(300, 320), side(318, 370), side(310, 311), analysis.Undecided, "differ by 16%"},
		"moves with both":                 {side(300, 306), side(392, 396), side(390, 391), analysis.Undecided, "with the decoy's limit too"},
		"falls with the decoy":            {side(300, 306), side(392, 396), side(250, 252), analysis.Undecided, "fell"},
		"too noisy":                       {side(200, 300), side(390, 396), side(250, 260), analysis.Undecided, "differ by 50%"},
		"all was served":                  {side(398, 399), side(399, 399), side(399, 399), analysis.Undecided, "did not reach the ceiling"},
		"a full machine":                  {full(side(300, 306)), full(side(300, 306)), full(side(300, 306)), analysis.Undecided, "no core left"},
		"full only with the decoy":        {side(300, 306), side(392, 396), full(side(298, 309)), analysis.Undecided, "no core left"},
		"full, so that it could not move": {side(300, 306), full(side(301, 308)), side(298, 309), analysis.Undecided, "no core left"},
		"an invalid run":                  {side(300, 306), invalid(side(392, 396)), side(298, 309), analysis.Undecided, "it died"},
		"too few runs":                    {side(300, 306), side(392), side(298, 309), analysis.Undecided, "2 runs of each side"},
		"none":                            {nil, nil, nil, analysis.Undecided, "2 runs of each side"},
		"nothing served":                  {side(0, 0), side(0, 0), side(0, 0), analysis.Undecided, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := analysis.Prove(test.before, test.after, test.decoy)
			if p.State != test.state || !strings.Contains(p.Reason, test.says) || p.Reason == "" {
				t.Errorf("%+v, want %s saying %q", p, test.state, test.says)
			}
		})
	}
	p := analysis.Prove(side(300, 306), side(392, 396), side(298, 309))
	if p.Before != 303 || p.After != 394 || p.DecoyAfter != 303.5 || p.Threshold != 0.05 {
		t.Errorf("%+v", p)
	}
}

// How often the rule is wrong: repeats vary normally by 1% and by 3% (standard
// deviation), and no limit matters, or the one that was raised gives 20%.
func TestProveErrors(t *testing.T) {
	const trials = 2000
	random := rand.New(rand.NewPCG(1, 2))
	for _, test := range []struct{ sd, gain, atLeast, atMost float64 }{
		{0.01, 1, 0, 0.001}, {0.03, 1, 0, 0.05}, {0.01, 1.2, 0.999, 1}, {0.03, 1.2, 0.90, 1},
	} {
		draw := func(mean float64) []*record.Run {
			return side(mean*(1+test.sd*random.NormFloat64()), mean*(1+test.sd*random.NormFloat64()))
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
		"far below: by the prediction":  {loaded(200, 200, three(0.1, 0.2, 0.4)...), 1.3 * 500, false},
		"just above":                    {loaded(400, 310, three(0.1, 0.2, 1)...), 1.3 * 310, true},
		"barely above: once more":       {loaded(400, 379, three(0.1, 0.2, 1)...), 1.3 * 379, true},
		"drowned: down again":           {loaded(400, 100, three(0.1, 0.2, 1)...), 130, false},
		"more was served than foretold": {loaded(400, 400, three(0.1, 0.2, 1.02)...), 1.3 * 400, false},
		"nothing known but what served": {loaded(400, 400), 1.3 * 400, false},
		"nothing served":                {loaded(400, 0), 0, false},
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
		"the next one":                    {three(0.2, 0.5, 0.95), "api"},
		"not one that is as near":         {three(0.2, 0.93, 0.95), "nginx"},
		"not one without a limit":         {[]record.Container{replica("postgres", 1, 0.5, 0.5, 1), replica("free", 1, 1, 0, 0), replica("idle", 1, 0, 0.1, 0)}, "idle"},
		"not one that is used up as well": {[]record.Container{replica("a", 1, 1.2, 1, 1), replica("b", 1, 0.95, 1, 1), replica("c", 1, 0.1, 1, 0)}, "c"},
		"there is no other":               {[]record.Container{replica("api", 1, 0.25, 0.25, 1)}, ""},
	} {
		b, ok := analysis.Decoy(analysis.Explain(loaded(400, 310, test.containers...)))
		if b.Service != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q, want %q", name, b.Service, test.want)
		}
	}
	if _, ok := analysis.Decoy(analysis.Explanation{}); ok {
		t.Error("a decoy to nothing")
	}
}
