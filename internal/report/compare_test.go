// SPDX-License-Identifier: MIT

package report_test

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report"
)

// rounds of stage 4 and 5: the same load with and without a cache.
func rounds(n int) []analysis.Pair {
	wobble := func(i int, share float64) float64 { return 1 + share*math.Sin(float64(i)*2.3) }
	box := func(service string, replicas int, ms float64, throttled float64) (out []record.Container) {
		for i := range replicas {
			out = append(out, record.Container{Service: service, Replica: i + 1, LimitCores: 0.25, ThrottledRatio: throttled, MemoryBytes: 20 << 20, CPUSecondsPerRequest: ms / 1e3 / float64(replicas)})
		}
		return out
	}
	run := func(i, stage int, name, title string, p50 float64, boxes ...[]record.Container) *record.Run {
		r := &record.Run{ID: fmt.Sprintf("20261121-1015%02d-s%d-a1b2", i, stage), Stage: record.Stage{Number: stage, Name: name, Title: title},
			Workload: record.Workload{Name: "mixed"}, Pace: "const:200", Seed: int64(7 + i), DurationSeconds: 20, Verdict: record.Verdict{State: record.Valid}}
		r.Summary = record.Summary{Requests: record.Requests{Asked: 4000, Sent: 4000, OK: 4000}, Rate: record.Rate{Asked: 200, Sent: 200, Served: 200},
			Latency: record.Percentiles{P50: p50, P95: p50 * 4 * wobble(i+stage, 0.05), P99: 0.02 * wobble(3*i+stage, 0.2)}, Reads: record.Reads{Fresh: 3600}}
		for _, b := range boxes {
			r.Containers = append(r.Containers, b...)
		}
		return r
	}
	out := make([]analysis.Pair, n)
	for i := range out {
		a := run(i, 4, "04-load-queries", "Load queries", 0.0021*wobble(i, 0.03), box("nginx", 1, 0.16, 0), box("api", 3, 0.45*wobble(i, 0.02), 0), box("postgres", 1, 1.12*wobble(i, 0.03), 0.12*wobble(i, 0.3)))
		b := run(i, 5, "05-cache", "Cache", 0.0011*wobble(i+9, 0.03), box("nginx", 1, 0.16, 0), box("api", 3, 0.42*wobble(i+5, 0.02), 0), box("postgres", 1, 0.31*wobble(i+2, 0.03), 0), box("redis", 1, 0.09, 0))
		b.Summary.Cache = record.Cache{Hits: 3200, Misses: 400}
		b.Summary.Reads = record.Reads{Fresh: 3580 - i, Stale: 20 + i}
		out[i] = analysis.Pair{A: a, B: b}
	}
	return out
}

func architectures() (a, b record.Architecture) {
	a.Services = []record.Service{{Name: "api", Replicas: 3, LimitCores: 0.25}, {Name: "nginx", Replicas: 1}, {Name: "postgres", Replicas: 1}}
	b.Services = append([]record.Service{{Name: "redis", Replicas: 1}}, a.Services...)
	return a, b
}

func comparisonText(t testing.TB, c analysis.Comparison, o report.Options) string {
	a, b := architectures()
	return text(t, func(w *bytes.Buffer) error { return report.WriteComparison(w, c, analysis.Describe(c, a, b), o) })
}

func TestComparison(t *testing.T) {
	t.Parallel()
	c := analysis.Compare(rounds(8))
	got := comparisonText(t, c, report.Options{})
	golden(t, "compare.txt", got)
	for line := range strings.Lines(got) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	few := rounds(3)
	few[1].B.Verdict = record.Verdict{State: record.Suspect, Reasons: []record.Reason{{Check: analysis.CheckHost, State: record.Suspect, Seen: "something else used 0.50 of 2 cores", Advice: "stop it"}}}
	few[2].A.Summary.Requests.OK = 900
	golden(t, "compare-few.txt", comparisonText(t, analysis.Compare(few), report.Options{}))
	golden(t, "compare-none.txt", text(t, func(w *bytes.Buffer) error {
		return report.WriteComparison(w, analysis.Compare(nil), nil, report.Options{})
	}))
	painted := comparisonText(t, c, report.Options{Color: true})
	if stripped := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(painted, ""); stripped != got || painted == got {
		t.Error(cmp.Diff(got, stripped))
	}
}

func TestComparisonJSON(t *testing.T) {
	t.Parallel()
	c := analysis.Compare(rounds(8))
	for i := range c.Quantities {
		q := &c.Quantities[i]
		for _, v := range []*float64{&q.A, &q.B, &q.Ratio, &q.Low, &q.High, &q.Detectable} {
			*v, _ = strconv.ParseFloat(fmt.Sprintf("%.5g", *v), 64) // the last digits are the processor's
		}
	}
	golden(t, "compare.json", text(t, func(w *bytes.Buffer) error { return report.WriteJSON(w, report.ComparisonJSON(c)) }))
	empty := text(t, func(w *bytes.Buffer) error { return report.WriteJSON(w, report.ComparisonJSON(analysis.Comparison{})) })
	for _, field := range []string{`"a"`, `"b"`, `"rounds": 0`, `"quantities": []`, `"notes": []`} {
		if !strings.Contains(empty, field) || strings.Contains(empty, "null") {
			t.Errorf("no %s, or a null, in %s", field, empty)
		}
	}
}

// However odd a comparison, its face shows no number that is none.
func TestNoComparisonShowsWhatIsNoNumber(t *testing.T) {
	t.Parallel()
	odd := rapid.OneOf(rapid.SampledFrom([]float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}), rapid.Float64())
	whole := analysis.Compare(rounds(6))
	rapid.Check(t, func(t *rapid.T) {
		c := whole
		c.Quantities = nil
		for _, q := range whole.Quantities {
			for _, v := range []*float64{&q.A, &q.B, &q.Ratio, &q.Low, &q.High, &q.Detectable} {
				if rapid.Bool().Draw(t, "odd?") {
					*v = odd.Draw(t, "odd")
				}
			}
			c.Quantities = append(c.Quantities, q)
		}
		var b bytes.Buffer
		arch := record.Architecture{}
		if err := report.WriteComparison(&b, c, analysis.Describe(c, arch, arch), report.Options{}); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") || strings.Contains(got, "e+") {
			t.Fatal(got)
		}
	})
}
