// SPDX-License-Identifier: MIT

package analysis_test

import (
	"math"
	"strings"
	"testing"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// A quantity that some run can't carry is not waited for: no more rounds bring it.
func TestWidth(t *testing.T) {
	t.Parallel()
	unread := func(p []analysis.Pair) { p[2].A.Events = []record.Event{{Kind: "unread"}} }
	few := func(p []analysis.Pair) { p[3].B.Summary.Requests = record.Requests{Sent: 5, OK: 5} }
	for name, test := range map[string]struct {
		rounds int
		change func([]analysis.Pair)
		of     []string // whose interval is the widest that counts
	}{
		"both":                    {8, func([]analysis.Pair) {}, []string{analysis.QuantityP50, analysis.QuantityCPU}},
		"CPU was not read once":   {8, unread, []string{analysis.QuantityP50}},
		"no p50 in one":           {8, few, []string{analysis.QuantityCPU}},
		"neither":                 {8, func(p []analysis.Pair) { unread(p); few(p) }, nil},
		"no interval, as refused": {5, func([]analysis.Pair) {}, []string{"none"}},
	} {
		rounds := series(test.rounds, 1, 0.05, unchanged)
		test.change(rounds)
		c := analysis.Compare(rounds)
		want := 0.0
		for _, name := range test.of {
			if name == "none" {
				want = math.Inf(1)
				break
			}
			q := quantity(t, c, name, "")
			want = max(want, q.High/q.Ratio-1, 1-q.Low/q.Ratio)
		}
		if got := c.Width(); got != want {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
}

// Only rounds that are too few, and nothing else, are refused for being few.
func TestFew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rounds int
		change func([]analysis.Pair)
		few    bool
	}{
		"one":             {1, func([]analysis.Pair) {}, true},
		"five":            {5, func([]analysis.Pair) {}, true},
		"six":             {6, func([]analysis.Pair) {}, false},
		"none":            {0, func([]analysis.Pair) {}, false},
		"an invalid one":  {3, func(p []analysis.Pair) { p[0].A.Verdict.State = record.Invalid }, false},
		"other workloads": {3, func(p []analysis.Pair) { p[0].A.Workload.Name = "ping" }, false},
	} {
		rounds := series(test.rounds, 1, 0.02, unchanged)
		test.change(rounds)
		if c := analysis.Compare(rounds); c.Few != test.few || c.Few && c.Refused == "" {
			t.Errorf("%s: few %v, refused %q", name, c.Few, c.Refused)
		}
	}
}

// Fast because wrong is called wrong, next to what was bought.
func TestFastBecauseWrong(t *testing.T) {
	t.Parallel()
	fails := func(run *record.Run, n int) {
		run.Summary.Requests.OK, run.Summary.Requests.Failed = 4000-n, n
		run.Summary.Latency.P50 *= 0.5
	}
	for name, test := range map[string]struct {
		change func(i int, p analysis.Pair)
		says   []string // in this order, the last lines before what was not told
		silent string
	}{
		"nothing fails":        {func(_ int, p analysis.Pair) { p.B.Summary.Latency.P50 *= 0.5 }, []string{"Bought: p50 ×0.5"}, "But "},
		"B fails":              {func(_ int, p analysis.Pair) { fails(p.B, 480) }, []string{"Bought: p50 ×0.5", "Cost: error rate", "But latency and CPU a request of B include 12% of requests that failed (the other side's 0%): what it is faster or cheaper in, it may be because it is wrong."}, "of A include"},
		"A fails":              {func(_ int, p analysis.Pair) { fails(p.A, 4000) }, []string{"Bought: error rate", "Cost: p50", "But latency and CPU a request of A include 100% of requests"}, "of B include"},
		"B fails in a few":     {func(i int, p analysis.Pair) { fails(p.B, 1600*max(0, i-6)) }, []string{"But latency and CPU a request of B include 5% of"}, "of A include"},
		"both fail as much":    {func(i int, p analysis.Pair) { fails(p.A, 400+i); fails(p.B, 401+i) }, nil, "But "},
		"hardly anything":      {func(i int, p analysis.Pair) { fails(p.B, i%2) }, []string{"Bought: p50 ×0.5"}, "But "},
		"B answers wrong":      {func(_ int, p analysis.Pair) { p.B.Summary.Reads.Wrong, p.B.Summary.Latency.P50 = 3, 0.0001 }, []string{"Bought: p50 ×0.", "But B answered 24 reads wrong"}, "But A"},
		"A, and tells no more": {func(i int, p analysis.Pair) { p.A.Summary.Reads.Wrong = 1 - min(i, 1) }, []string{"tell no difference", "But A answered 1 reads wrong"}, "But B"},
	} {
		rounds := series(8, 1, 0.02, unchanged)
		for i, p := range rounds {
			test.change(i, p)
		}
		words, at := strings.Join(analysis.Describe(analysis.Compare(rounds), record.Architecture{}, record.Architecture{}), "\n"), 0
		for _, says := range test.says {
			i := strings.Index(words[at:], says)
			if i < 0 {
				t.Errorf("%s: doesn't say %q, in this order:\n%s", name, says, words)
				break
			}
			at += i
		}
		if strings.Contains(words, test.silent) {
			t.Errorf("%s: says %q:\n%s", name, test.silent, words)
		}
	}
}
