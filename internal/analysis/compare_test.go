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

// trialOf a stage with some noise: each figure varies by the share given, alike
// within latency and within CPU.
func trialOf(r *rand.Rand, id string, noise float64) *record.Run {
	wobble := func() float64 { return math.Exp(noise * r.NormFloat64()) }
	latency, cpu := wobble(), wobble()
	run := &record.Run{ID: id, Stage: record.Stage{Number: 4, Name: "04-load-queries", Title: "Load queries", Hash: "h"},
		Machine: record.Machine{Cores: 2}, Workload: record.Workload{Name: "mixed", Mix: map[string]float64{"user": 1}},
		Pace: "const:200", Seed: 7, DurationSeconds: 20, Tool: "1", Meter: "cgroup v2", Verdict: record.Verdict{State: record.Valid}}
	run.Summary = record.Summary{Rate: record.Rate{Served: 200}, Requests: record.Requests{Sent: 4000, OK: 4000},
		Latency: record.Percentiles{P50: 0.001 * latency, P95: 0.004 * latency * wobble(), P99: 0.010 * latency * wobble() * wobble()},
		Reads:   record.Reads{Fresh: 3600}}
	for _, box := range []struct {
		service string
		ms      float64
	}{{"api", 0.4}, {"nginx", 0.16}, {"postgres", 1.1}} {
		run.Containers = append(run.Containers, record.Container{Service: box.service, Replica: 1, LimitCores: 0.25, ThrottledRatio: 0.02 * wobble(),
			MemoryBytes: int64(20 * (1 << 20) * wobble()), CPUSecondsPerRequest: box.ms / 1e3 * cpu * wobble()})
	}
	return run
}

// series of rounds of identical sides, B changed afterwards.
func series(n int, seed uint64, noise float64, change func(b *record.Run)) []analysis.Pair {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]analysis.Pair, n)
	for i := range out {
		out[i] = analysis.Pair{A: trialOf(r, fmt.Sprintf("a%d", i+1), noise), B: trialOf(r, fmt.Sprintf("b%d", i+1), noise)}
		change(out[i].B)
	}
	return out
}

func unchanged(*record.Run) {}

func quantity(t testing.TB, c analysis.Comparison, name, service string) analysis.Quantity {
	t.Helper()
	i := slices.IndexFunc(c.Quantities, func(q analysis.Quantity) bool { return q.Name == name && q.Service == service })
	if i < 0 {
		t.Fatalf("no row %s %s", name, service)
	}
	return c.Quantities[i]
}

// A little less memory may be a matter of which stack came first, and is told with it.
func TestMemoryOfSharedFiles(t *testing.T) {
	t.Parallel()
	for share, told := range map[float64]bool{0.98: true, 0.8: false} {
		c := analysis.Compare(series(8, 1, 0.001, func(b *record.Run) {
			for i := range b.Containers {
				b.Containers[i].MemoryBytes = int64(share * float64(b.Containers[i].MemoryBytes))
			}
		}))
		if q := quantity(t, c, analysis.QuantityMemory, ""); q.Conclusion != analysis.BLower {
			t.Errorf("%+v", q)
		}
		if got := slices.ContainsFunc(c.Notes, func(n string) bool { return strings.HasPrefix(n, "memory: ") }); got != told {
			t.Errorf("%g of the memory: %q", share, c.Notes)
		}
	}
}

// A table of two identical sides concludes nothing: in 10 repeats at most one
// false difference among p50, p99 and CPU a request.
func TestIdenticalSides(t *testing.T) {
	t.Parallel()
	for _, rounds := range []int{6, 8} {
		falses, rows := 0, 0
		for seed := range uint64(10) {
			for _, q := range analysis.Compare(series(rounds, seed, 0.05, unchanged)).Quantities {
				rows++
				if q.Concluded() {
					falses++
				}
			}
		}
		if falses > 1 || rows < 100 {
			t.Errorf("%d false differences in %d rows of 10 tables", falses, rows)
		}
	}
}

// What is planted is found in at least 9 of 10 repeats with 8 rounds.
func TestPlanted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		noise   float64
		change  func(*record.Run)
		of, box string
		ratio   float64
	}{
		// The CPU's noise is that of all boxes times that of one: √2 of what is given.
		{"10% more CPU a request of postgres", 0.025 / math.Sqrt2, func(b *record.Run) { b.Containers[2].CPUSecondsPerRequest *= 1.1 }, analysis.QuantityCPU, "postgres", 1.1},
		{"2 ms more on 1 ms", 0.10, func(b *record.Run) { b.Summary.Latency.P50 += 0.002 }, analysis.QuantityP50, "", 3},
	} {
		found := 0
		for repeat := range 10 {
			q := quantity(t, analysis.Compare(series(8, uint64(repeat), test.noise, test.change)), test.of, test.box)
			if q.Conclusion == analysis.ALower && q.Low <= test.ratio && test.ratio <= q.High {
				found++
			}
		}
		if found < 9 {
			t.Errorf("%s: found, with an interval that holds it, in %d of 10", test.name, found)
		}
	}
}

// The figures of one row, worked by hand.
func TestFigures(t *testing.T) {
	t.Parallel()
	rounds := series(8, 1, 0.02, unchanged)
	for i, p := range rounds {
		p.A.Summary.Latency.P50, p.B.Summary.Latency.P50 = 0.001*float64(i+1), 0.002*float64(i+1)
		p.B.Containers[0].CPUSecondsPerRequest = 0
	}
	c := analysis.Compare(rounds)
	q := quantity(t, c, "p50", "")
	if math.Abs(q.A-0.0045) > 1e-9 || math.Abs(q.B-0.009) > 1e-9 || math.Abs(q.Ratio-2) > 1e-9 || q.Unit != "s" || q.Conclusion != "a lower" || q.Difference {
		t.Errorf("%+v", q)
	}
	if !(q.Low < 2 && q.Low > 1.99 && q.High > 2 && q.High < 2.01 && q.Detectable > 1 && q.Detectable < 1.002) {
		t.Errorf("rounds that agree to the last digit are known to the resolution alone: %+v", q)
	}
	idle := quantity(t, c, analysis.QuantityCPU, "api")
	if !idle.Difference || idle.Ratio != 0 || !(idle.High < 0) || idle.Conclusion != "b lower" || idle.A < 0.3 || idle.A > 0.5 {
		t.Errorf("a row with zeros is of the difference, in CPU-ms: %+v", idle)
	}
	none := quantity(t, c, analysis.QuantityErrors, "")
	if none.Conclusion != analysis.NoDifference || none.Low != 0 || none.High != 0 || none.Detectable != 0 {
		t.Errorf("nothing on both sides: %+v", none)
	}
	names := make([]string, len(c.Quantities))
	for i, q := range c.Quantities {
		names[i] = strings.TrimSpace(q.Name + " " + q.Service)
	}
	want := []string{"p50", "p95", "p99", "error_rate", "served_rate", "cpu_per_request", "cpu_per_request api", "cpu_per_request nginx", "cpu_per_request postgres",
		"memory", "throttled_ratio", "throttled_ratio api", "throttled_ratio nginx", "throttled_ratio postgres", "stale_reads", "stale_read_ratio"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(c, analysis.Compare(rounds)); diff != "" {
		t.Errorf("the same rounds, another comparison: %s", diff)
	}
}

// Counts: stale reads are summed up; a few of them prove nothing, even where
// every round has as many.
func TestCounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		stale      int
		conclusion string
	}{{1, analysis.NoDifference}, {20, analysis.ALower}} {
		c := analysis.Compare(series(6, 1, 0.02, func(b *record.Run) { b.Summary.Reads = record.Reads{Fresh: 3600 - test.stale, Stale: test.stale} }))
		q, share := quantity(t, c, analysis.QuantityStale, ""), quantity(t, c, analysis.QuantityStaleRate, "")
		if q.A != 0 || q.B != float64(6*test.stale) || q.Conclusion != test.conclusion || !q.Difference || share.Conclusion != test.conclusion {
			t.Errorf("%d stale a run: %+v\n%+v", test.stale, q, share)
		}
		if middle := (q.Low + q.High) / 2; math.Abs(middle-q.B) > 1e-9 {
			t.Errorf("the interval is around %g, not around the difference of the sums %g", middle, q.B)
		}
	}
}

func TestOneSideOnly(t *testing.T) {
	t.Parallel()
	rounds := series(6, 1, 0.02, func(b *record.Run) {
		b.Containers = append(b.Containers[1:], record.Container{Service: "redis", LimitCores: 0.1, CPUSecondsPerRequest: 0.00009, MemoryBytes: 1 << 20})
		b.Summary.Cache = record.Cache{Hits: 90, Misses: 10}
		b.Stage = record.Stage{Number: 5, Name: "05-cache", Hash: "i"}
	})
	c := analysis.Compare(rounds)
	if c.Refused != "" || len(c.Notes) > 0 || c.A.Stage.Number != 4 || c.B.Stage.Number != 5 || c.Rounds != 6 {
		t.Errorf("%+v", c)
	}
	redis, api, hits := quantity(t, c, analysis.QuantityCPU, "redis"), quantity(t, c, analysis.QuantityCPU, "api"), quantity(t, c, analysis.QuantityHits, "")
	if redis.Conclusion != analysis.OnlyB || math.Abs(redis.B-0.09) > 1e-9 || redis.A != 0 || redis.Ratio != 0 {
		t.Errorf("%+v", redis)
	}
	if api.Conclusion != analysis.OnlyA || api.A == 0 || api.B != 0 || hits.Conclusion != analysis.OnlyB || hits.B != 0.9 {
		t.Errorf("%+v\n%+v", api, hits)
	}
	a := record.Architecture{Services: []record.Service{{Name: "api", Replicas: 3}, {Name: "nginx", Replicas: 1, LimitCores: 0.25}, {Name: "postgres", Replicas: 1}}}
	b := record.Architecture{Services: []record.Service{{Name: "nginx", Replicas: 2, LimitCores: 0.5, MemoryLimitBytes: 64 << 20}, {Name: "postgres", Replicas: 1}, {Name: "redis", Replicas: 1}}}
	words := strings.Join(analysis.Describe(c, a, b), "\n")
	for _, says := range []string{"B adds redis.", "B leaves out api (3 of it).", "B changes nginx (1 to 2 replicas, limit 0.25 cores to 0.5 cores, memory limit none to 64 MiB).",
		"Bought: CPU a request ×", "api is gone, and its 0.", "redis takes 0.09 CPU-ms a request", "No detectable difference in: p50 (×1."} {
		if !strings.Contains(words, says) {
			t.Errorf("doesn't say %q:\n%s", says, words)
		}
	}
}

func TestNothingToTell(t *testing.T) {
	t.Parallel()
	words := analysis.Describe(analysis.Compare(series(6, 1, 0.02, unchanged)), record.Architecture{}, record.Architecture{})
	if len(words) != 3 || words[0] != "A and B have the same boxes." || words[1] != "These 6 rounds tell no difference between A and B." {
		t.Errorf("%q", words)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rounds int
		change func(p []analysis.Pair)
		says   string
	}{
		"few rounds":         {5, func([]analysis.Pair) {}, "5 rounds are too few; it takes 6"},
		"one round":          {1, func([]analysis.Pair) {}, "1 round is too few"},
		"an interrupted one": {6, func(p []analysis.Pair) { p[5].B = nil }, "5 rounds are too few"},
		"none":               {0, func([]analysis.Pair) {}, "no round with both sides"},
		"an invalid run": {8, func(p []analysis.Pair) {
			p[2].B.Verdict = record.Verdict{State: record.Invalid, Reasons: []record.Reason{{Check: "host-busy", State: record.Invalid, Seen: "something else used 1.20 of 2 cores"}}}
		}, "run b3 (side b, round 3) is invalid: something else used 1.20 of 2 cores"},
		"several":        {8, func(p []analysis.Pair) { p[0].A.Verdict.State, p[1].A.Verdict.State = record.Invalid, record.Invalid }, "run a1 (side a, round 1) is invalid; so are 1 more"},
		"no verdict":     {8, func(p []analysis.Pair) { p[0].A.Verdict.State = "" }, "is invalid"},
		"itself":         {8, func(p []analysis.Pair) { p[0].B = p[0].A }, "run a1 stands in more than one place"},
		"twice":          {8, func(p []analysis.Pair) { p[1] = p[0] }, "more than one place"},
		"other workload": {8, func(p []analysis.Pair) { p[0].B.Workload.Name = "ping" }, "different workloads: mixed and ping"},
		"mixed stages":   {8, func(p []analysis.Pair) { p[3].A.Stage.Name = "05-cache" }, "side a has runs of more than one stage: 04-load-queries and 05-cache"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rounds := series(test.rounds, 1, 0.02, func(b *record.Run) { b.Summary.Latency.P50 *= 2 })
			test.change(rounds)
			c := analysis.Compare(rounds)
			if !strings.Contains(c.Refused, test.says) || strings.Contains(c.Refused, "\n") {
				t.Errorf("%q, want %q", c.Refused, test.says)
			}
			for _, q := range c.Quantities {
				if q.Conclusion != analysis.NotConcluded || q.Low != 0 || q.High != 0 || q.Detectable != 0 {
					t.Errorf("concluded all the same: %+v", q)
				}
			}
			if test.rounds > 0 && quantity(t, c, "p50", "").Ratio < 1.5 {
				t.Error("no figures")
			}
			words := analysis.Describe(c, record.Architecture{}, record.Architecture{})
			if last := words[len(words)-1]; !strings.HasPrefix(last, "Nothing is concluded: ") {
				t.Error(words)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	rounds := series(6, 1, 0.02, unchanged)
	suspect := record.Reason{Check: analysis.CheckHost, State: record.Suspect}
	rounds[0].A.Verdict = record.Verdict{State: record.Suspect, Reasons: []record.Reason{suspect, suspect}}
	rounds[3].B.Verdict = record.Verdict{State: record.Suspect, Reasons: []record.Reason{suspect, {Check: analysis.CheckFailures, State: record.Valid}}}
	rounds[1].B.Seed, rounds[2].B.Seed = 9, 10
	rounds[4].A.Summary.Requests.OK = 999
	rounds[4].A.Stage.Hash, rounds[4].B.Stage.Hash = "edited", "edited"
	rounds[5].B.Summary.Reads.Wrong = 3
	rounds[5].A.Events = []record.Event{{Kind: "unread", Container: "lab-a-nginx-1"}}
	c := analysis.Compare(append(rounds, analysis.Pair{A: rounds[0].A}))
	want := []string{
		"1 of 7 rounds have one side alone and are left out",
		"the runs have different seeds, so not the same requests: 7 and 9",
		"side a is of two versions of 04-load-queries: it was edited between rounds",
		"side b is of two versions of 04-load-queries: it was edited between rounds",
		"suspect in 2 of 12 runs: host busy",
		"side b answered 3 reads wrong: with another row, or a version that no one wrote",
		"p99 is not comparable: it is missing in 1 of 12 runs (it needs 1000 answers a run)",
		"CPU a request is not comparable: it is missing in 1 of 12 runs (its counters could not be read)",
		"CPU a request of nginx is not comparable: it is missing in 1 of 12 runs",
		"memory is not comparable: it is missing in 1 of 12 runs (its counters could not be read)",
		"throttled share is not comparable: it is missing in 1 of 12 runs",
		"throttled share of nginx is not comparable: it is missing in 1 of 12 runs",
	}
	if diff := cmp.Diff(want, c.Notes); diff != "" || c.Refused != "" {
		t.Error(c.Refused, diff)
	}
	if q := quantity(t, c, "p99", ""); q.Conclusion != analysis.NotComparable || q.Ratio != 0 {
		t.Errorf("%+v", q)
	}
	if q := quantity(t, c, analysis.QuantityCPU, "api"); q.Conclusion != analysis.NoDifference {
		t.Errorf("its own counters were read: %+v", q)
	}
	few := series(6, 1, 0.02, unchanged)
	for _, p := range few {
		p.A.Summary.Requests.OK, p.B.Summary.Requests.OK = 999, 999
	}
	if c := analysis.Compare(few); slices.ContainsFunc(c.Quantities, func(q analysis.Quantity) bool { return q.Name == "p99" }) {
		t.Error("a p99 that no run carries is a row")
	}
}

func TestComparable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change       func(b *record.Run)
		refuse, flag string
	}{
		"the same":       {unchanged, "", ""},
		"another stage":  {func(b *record.Run) { b.Stage = record.Stage{Number: 5, Name: "05-cache", Hash: "i"} }, "", ""},
		"workload":       {func(b *record.Run) { b.Workload.Name = "ping" }, "different workloads: mixed and ping", ""},
		"mix":            {func(b *record.Run) { b.Workload.Mix = map[string]float64{"user": 2} }, "mixed map[user:1] and mixed map[user:2]", ""},
		"zipf":           {func(b *record.Run) { b.Workload.Zipf = 1.1 }, "Zipf exponent of 1.1", ""},
		"machine":        {func(b *record.Run) { b.Machine.Cores = 8 }, "", "different machines: cores 2 and 8"},
		"kernel":         {func(b *record.Run) { b.Machine.Kernel = "6.1" }, "", "different machines: kernel"},
		"pace":           {func(b *record.Run) { b.Pace = "const:300" }, "", "different paces: const:200 and const:300"},
		"seed":           {func(b *record.Run) { b.Seed = 8 }, "", "different seeds"},
		"length":         {func(b *record.Run) { b.DurationSeconds = 10 }, "", "different lengths: 20 s and 10 s"},
		"a hair shorter": {func(b *record.Run) { b.DurationSeconds = 19.999 }, "", ""},
		"tool":           {func(b *record.Run) { b.Tool = "2" }, "", "versions of lab: 1 and 2"},
		"meter":          {func(b *record.Run) { b.Meter = "engine API" }, "", "by cgroup v2 and by engine API"},
		"edited":         {func(b *record.Run) { b.Stage.Hash = "i" }, "", "04-load-queries was not the same in both"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := series(1, 1, 0, test.change)[0]
			refuse, flags := analysis.Comparable(p.A, p.B)
			if (refuse != "") != (test.refuse != "") || !strings.Contains(refuse, test.refuse) {
				t.Errorf("refused: %q", refuse)
			}
			if all := strings.Join(flags, "|"); (all != "") != (test.flag != "") || !strings.Contains(all, test.flag) || len(flags) > 1 || strings.Contains(all+refuse, "\n") {
				t.Errorf("flags: %q", flags)
			}
		})
	}
}

// The sides have no rank: what B is to A, A is to B the other way round.
func TestSwapped(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.Float64Range(0.5, 2).Draw(t, "factor")
		rounds := series(rapid.IntRange(6, 9).Draw(t, "rounds"), rapid.Uint64().Draw(t, "seed"), 0.05, func(b *record.Run) {
			b.Summary.Latency.P50 *= factor
			b.Summary.Reads.Stale = rapid.IntRange(0, 9).Draw(t, "stale")
		})
		swapped := make([]analysis.Pair, len(rounds))
		for i, p := range rounds {
			swapped[i] = analysis.Pair{A: p.B, B: p.A}
		}
		other := map[string]string{analysis.ALower: analysis.BLower, analysis.BLower: analysis.ALower, analysis.NoDifference: analysis.NoDifference}
		x, y := analysis.Compare(rounds), analysis.Compare(swapped)
		for i, q := range x.Quantities {
			r := y.Quantities[i]
			turned := math.Abs(q.Low*r.High-1) < 1e-9 && math.Abs(q.Detectable/r.Detectable-1) < 1e-9 && math.Abs(q.Ratio*r.Ratio-1) < 1e-9
			if q.Difference {
				turned = math.Abs(q.Low+r.High) < 1e-9 && q.Ratio == 0 && r.Ratio == 0
			}
			if q.A != r.B || other[q.Conclusion] != r.Conclusion || !turned {
				t.Fatalf("%+v\n%+v", q, r)
			}
		}
	})
}

// Whatever runs hold, Compare and Describe end, and no figure is not a number.
func TestCompareAnything(t *testing.T) {
	t.Parallel()
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), -1, math.MaxFloat64, math.SmallestNonzeroFloat64}))
	count := rapid.IntRange(-5, 5000)
	rapid.Check(t, func(t *rapid.T) {
		rounds := series(rapid.IntRange(0, 8).Draw(t, "rounds"), 1, 0.02, func(b *record.Run) {
			s := &b.Summary
			s.Latency.P50, s.Latency.P99, s.Rate.Served = number.Draw(t, "p50"), number.Draw(t, "p99"), number.Draw(t, "served")
			s.Requests.OK, s.Requests.Failed = count.Draw(t, "ok"), count.Draw(t, "failed")
			s.Reads.Stale, s.Cache.Hits, s.Cache.Misses = count.Draw(t, "stale"), count.Draw(t, "hits"), count.Draw(t, "misses")
			b.Containers[0].CPUSecondsPerRequest, b.Containers[1].ThrottledRatio = number.Draw(t, "cpu"), number.Draw(t, "throttled")
			b.Containers = b.Containers[:rapid.IntRange(2, 3).Draw(t, "containers")]
		})
		c := analysis.Compare(rounds)
		for _, q := range c.Quantities {
			for _, v := range []float64{q.A, q.B, q.Ratio, q.Low, q.High, q.Detectable} {
				if math.IsNaN(v) {
					t.Fatalf("%+v", q)
				}
			}
			if q.Conclusion == "" || q.Low > q.High {
				t.Fatalf("%+v", q)
			}
		}
		if text := strings.Join(analysis.Describe(c, record.Architecture{}, record.Architecture{}), "\n"); strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Fatal(text)
		}
	})
}
