// SPDX-License-Identifier: MIT

package report_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report"
)

func encoded(t testing.TB, seconds float64, answers int) string {
	t.Helper()
	h := hdrhistogram.New(1, 60_000_000, 3)
	for _, part := range []struct{ share, times float64 }{{0.9, 0.8}, {0.095, 2}, {0.005, 6}} {
		_ = h.RecordValues(int64(seconds*part.times*1e6), int64(float64(answers)*part.share))
	}
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var began = time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)

// compared is a comparison's saved runs.
func compared(t testing.TB, n int) []*record.Run {
	of, with := demo(t, 4), demo(t, 5)
	var runs []*record.Run
	for i, p := range rounds(n) {
		for j, run := range []*record.Run{p.A, p.B} {
			run.Round = &record.Round{Comparison: "c-20261121-101500", Side: string("ab"[j]), Number: i + 1}
			run.Started = began.Add(time.Duration(2*i+j) * 10 * time.Second)
			run.Architecture = []*record.Run{of, with}[j].Architecture
			run.Histograms.All = encoded(t, run.Summary.Latency.P50, 4000)
			runs = append(runs, run)
		}
	}
	return runs
}

// climbed is a ladder's.
func climbed(t testing.TB) []*record.Run {
	var runs []*record.Run
	for round := 1; round <= 2; round++ {
		for stage := 1; stage <= 8; stage++ {
			run := *demo(t, stage)
			run.ID = fmt.Sprintf("20261121-11%02d%02d-s%d-a1b2", round, stage, stage)
			run.Started = began.Add(time.Duration(10*round+stage) * time.Minute)
			run.Workload, run.Pace = record.Workload{Name: "mixed"}, "const:200"
			run.Round = &record.Round{Comparison: "c-20261121-110000", Side: run.Stage.Name, Number: round}
			run.Summary.Latency.P50 *= 1 + 0.1*float64(round)
			runs = append(runs, &run)
		}
	}
	return runs
}

// searches are the runs of searches on servers that follow the scalability law,
// and of which one is too short for a fit.
func searches(t testing.TB) []*record.Run {
	var runs []*record.Run
	for i, of := range []struct {
		stage         int
		lambda, sigma float64
		most          int
	}{{2, 300, 0.2, 60}, {5, 480, 0.12, 60}, {8, 200, 0.3, 5}} {
		runs = append(runs, search(t, of.stage, i, of.lambda, of.sigma, of.most)...)
	}
	return runs
}

func search(t testing.TB, stage, order int, lambda, sigma float64, most int) (runs []*record.Run) {
	t.Helper()
	const kappa = 0.0008
	objective := analysis.DefaultObjective()
	s, err := analysis.NewSearch(analysis.SearchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	served := func(n float64) float64 { return lambda * n / (1 + sigma*(n-1) + kappa*n*(n-1)) }
	for len(runs) < most {
		rate, why, done := s.Next()
		if done {
			break
		}
		n := 0.01
		for n < 25 && served(n) < rate {
			n *= 1.01
		}
		x := min(served(n), rate) * (1 + 0.004*math.Sin(float64(len(runs))))
		if x < 0.98*rate {
			n *= 30
		}
		i := len(runs) + 1
		run := &record.Run{ID: fmt.Sprintf("20261121-12%02d%02d-s%d-a1b2", order, i, stage), Started: began.Add(time.Duration(100*order+i) * time.Minute),
			Stage: demo(t, stage).Stage, Workload: record.Workload{Name: "mixed"}, Pace: fmt.Sprintf("const:%g", rate), Seed: 1, DurationSeconds: 8, WarmupSeconds: 2,
			Round: &record.Round{Comparison: "k-20261121-120000", Side: demo(t, stage).Stage.Name, Number: i, Search: &record.Search{
				Objective: objective.String(), Start: 50, Max: 20_000, Precision: 0.05, Rate: rate, Purpose: string(why)}},
			Verdict: record.Verdict{State: record.Valid}, Containers: []record.Container{
				{Service: "postgres", LimitCores: 0.75, CoresMean: 0.3, CPUSecondsPerRequest: 0.75 / lambda / 4.6}, {Service: "api", LimitCores: 0.5, CoresMean: 0.1, CPUSecondsPerRequest: 0.0002},
			}}
		answers := int(x * 8)
		run.Summary = record.Summary{Rate: record.Rate{Asked: rate, Sent: rate, Served: x}, Requests: record.Requests{Sent: answers, OK: answers},
			Latency: record.Percentiles{P50: n / x, P99: 2 * n / x}}
		run.Histograms.All = encoded(t, n/x, answers)
		runs = append(runs, run)
		s.Tell(objective.Step(run))
	}
	return runs
}

// grouped is the page of runs that belong together. LAB_PAGES names a folder to
// keep it in, to be looked at.
func grouped(t testing.TB, name string, runs ...*record.Run) string {
	t.Helper()
	groups, alone := analysis.Groups(runs)
	p := page(t, report.HTML{Groups: groups, Runs: alone, Command: "lab report " + name})
	if dir := os.Getenv("LAB_PAGES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(p), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestComparisonPage(t *testing.T) {
	t.Parallel()
	p := grouped(t, "comparison", compared(t, 8)...)
	all := holds(t, p)
	svg := named(t, all["svg"], "group-1-forest-t")
	has(t, svg, "p50", "B lower", "p99", "none detectable", "CPU a request of postgres", "only B", "1", "0.5")
	if d := words(all["desc"][0]); !strings.Contains(d, "quantities, of which") {
		t.Error(d)
	}
	has(t, named(t, all["svg"], "group-1-tails-t"), "A, all rounds", "B, all rounds", "p99")
	has(t, named(t, all["svg"], "group-1-B-boxes-t"), "redis")
	for _, want := range []string{"<h1>Comparison of stage 4, Load queries with stage 5, Cache</h1>", "B adds redis", "Bought: ", "of 16 runs 16 valid", "c-20261121-101500",
		"lab compare 4 5 --rate 200 --rounds 8 --workload mixed --duration 20s --warmup 0s --seed 7"} {
		if !strings.Contains(p, want) {
			t.Errorf("no %q", want)
		}
	}
	if n := len(all["h2"]); n != 1 {
		t.Errorf("%d sections: a turn is none", n)
	}
	if n := len(all["tr"]); n < 16+10 {
		t.Errorf("%d rows", n)
	}
}

// Too few rounds: a table and a reason, no intervals, no picture of them.
func TestComparisonPageRefused(t *testing.T) {
	t.Parallel()
	p := grouped(t, "refused", compared(t, 3)...)
	all := holds(t, p)
	if !strings.Contains(p, "<strong>Nothing is concluded:</strong> 3 rounds are too few") || strings.Count(p, "Nothing is concluded") != 1 {
		t.Error("it doesn't say, once, that nothing is concluded")
	}
	for _, svg := range all["svg"] {
		if strings.Contains(attribute(svg, "aria-labelledby"), "forest") {
			t.Error("a forest without intervals")
		}
	}
	holds(t, grouped(t, "cut", compared(t, 2)[:3]...))
	lone := compared(t, 2)
	holds(t, grouped(t, "one-sided", lone[0], lone[2]))
}

func TestLadderPage(t *testing.T) {
	t.Parallel()
	p := grouped(t, "ladder", climbed(t)...)
	all := holds(t, p)
	if len(all["svg"]) != 6 {
		t.Errorf("%d figures", len(all["svg"]))
	}
	has(t, named(t, all["svg"], "group-1-2-t"), "p99, logarithmic", "2 Postgres", "8 Read replicas")
	for _, want := range []string{"<h1>Ladder of 8 stages</h1>", "lab compare 1..8 --rate 200 --rounds 2", "of 16 runs"} {
		if !strings.Contains(p, want) {
			t.Errorf("no %q", want)
		}
	}
	if len(p) > 3<<18 {
		t.Errorf("%d bytes", len(p))
	}
}

func TestCapacityPage(t *testing.T) {
	t.Parallel()
	p := grouped(t, "capacity", searches(t)...)
	all := holds(t, p)
	if n := len(all["svg"]); n != 1+3*2 {
		t.Errorf("%d figures", n)
	}
	has(t, named(t, all["svg"], "group-1-all-t"), "2 Postgres", "5 Cache")
	has(t, named(t, all["svg"], "group-1-search-1-steps-t"), "met", "missed", "limit of postgres", "all that is asked", "objective", "asked, requests a second")
	has(t, named(t, all["svg"], "group-1-search-1-curve-t"), "met", "fit (USL)", "if none waited", "limit of postgres", "requests in flight, mean, logarithmic")
	last := strings.Join(texts(named(t, all["svg"], "group-1-search-3-curve-t")), "\n")
	if !strings.Contains(last, "No fit: ") || strings.Contains(last, "fit (USL)") {
		t.Errorf("the refusal must stand on the figure:\n%s", last)
	}
	for _, want := range []string{"<h1>Capacity of 3 stages</h1>", "lab capacity 2..8 --slo &#39;p99&lt;100ms,errors&lt;0.1%&#39; --start 50 --max 20000 --precision 5% --workload mixed --duration 8s", "was not finished"} {
		if !strings.Contains(p, want) {
			t.Errorf("no %q", want)
		}
	}
	one := grouped(t, "capacity-one", search(t, 5, 0, 480, 0.12, 60)...)
	if all := holds(t, one); len(all["svg"]) != 2 || !strings.Contains(one, "<h1>Capacity of stage 5, Cache</h1>") {
		t.Errorf("%d figures", len(all["svg"]))
	}
}

// Several groups and a run by itself are one page with contents.
func TestMixedPage(t *testing.T) {
	t.Parallel()
	runs := append(compared(t, 6), append(climbed(t), demo(t, 3))...)
	p := grouped(t, "mixed", append(runs, searches(t)...)...)
	all := holds(t, p)
	if n := len(all["h2"]); n != 4 {
		t.Errorf("%d sections", n)
	}
	if len(all["nav"]) != 1 || len(p) > 3<<19 {
		t.Errorf("%d contents, %d bytes", len(all["nav"]), len(p))
	}
}
