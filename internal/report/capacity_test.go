// SPDX-License-Identifier: MIT

package report_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report"
)

// searched is a search that ran its course, and whose curve has a peak.
func searched() analysis.Capacity {
	step := func(purpose analysis.Purpose, rate, latency, n float64, meets bool) analysis.Step {
		return analysis.Step{Purpose: purpose, Rate: rate, Asked: rate, Served: rate * 0.999, P99: latency, Latency: latency, Trusted: rate > 50,
			Concurrency: n, Meets: meets, Verdict: record.Valid, Run: "20261121-101530-s5-a1b2"}
	}
	c := analysis.Capacity{
		Stage:     record.Stage{Number: 5, Name: "05-cache", Title: "Cache"},
		Objective: analysis.DefaultObjective(), Rate: 1220, Low: 1220, High: 1280,
		Steps: []analysis.Step{
			step(analysis.Doubling, 50, 0.0031, 0.104, true), step(analysis.Doubling, 1600, 2.31, 912, false),
			step(analysis.Bisection, 1130, 0.041, 3.2, true), step(analysis.Repeat, 1280, 0.214, 21.7, false), step(analysis.Below, 691, 0.0082, 1.21, true),
		},
		USL: analysis.USL{
			Lambda: analysis.Estimate{Value: 480.2, Low: 455, High: 512}, Sigma: analysis.Estimate{Value: 0.31, Low: 0.28, High: 0.34},
			Kappa: analysis.Estimate{Value: 0.000826, Low: 0.000204, High: 0.00147}, Peak: &analysis.Estimate{Value: 28.9, Low: 24.1, High: 33.2},
			Steps: 11, Spread: 0.0312, Measured: [2]float64{0.104, 41.2},
		},
		Bounds: []analysis.Bound{
			{Service: "postgres", Replicas: 1, DemandSeconds: 0.00031, LimitCores: 0.4, Rate: 1290.3}, {Service: "api", Replicas: 2, DemandSeconds: 0.0002, LimitCores: 0.3, Rate: 1500},
			{Service: "nginx", Replicas: 1, DemandSeconds: 0.0001, LimitCores: 0.25, Rate: 2500}, {Service: "redis", Replicas: 1, DemandSeconds: 0.00001, LimitCores: 0.1, Rate: 10000},
		},
		Notes: []string{"runs that say otherwise: 1 of 5; near the edge this stage is noisy", "the latency at the edge rests on too few answers for its quantile: use a longer --duration"},
	}
	c.Steps[1].Served, c.Steps[1].Failed, c.Steps[1].Verdict = 1290.4, 0.0213, record.Suspect
	return c
}

// unbounded is one that no rate missed, whose steps carry no fit.
func unbounded() analysis.Capacity {
	return analysis.Capacity{
		Stage: record.Stage{Number: 1, Name: "01-base", Title: "Base"}, Objective: analysis.Objective{Quantile: 0.95, LatencySeconds: 0.05, ErrorRatio: 0.01},
		Rate: 200, Low: 200, AtLeast: true,
		Steps: []analysis.Step{
			{Purpose: analysis.Doubling, Rate: 200, Served: 200, Latency: 0.002, Trusted: true, Concurrency: 0.3, Meets: true, Verdict: record.Valid},
			{Purpose: analysis.Doubling, Rate: 400, Verdict: record.Invalid},
		},
		USL:   analysis.FitUSL(nil),
		Notes: []string{"the run at 400/s was invalid twice: the search ended there, with what was known"},
	}
}

func capacityText(t testing.TB, c analysis.Capacity, o report.Options) string {
	return text(t, func(b *bytes.Buffer) error { return report.WriteCapacity(b, c, o) })
}

func TestCapacity(t *testing.T) {
	for name, c := range map[string]analysis.Capacity{"capacity.txt": searched(), "capacity-unbounded.txt": unbounded(), "capacity-empty.txt": {USL: analysis.FitUSL(nil)}} {
		got := capacityText(t, c, report.Options{})
		golden(t, name, got)
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%d columns: %s", n, line)
			}
		}
	}
	if capacityText(t, searched(), report.Options{Color: true}) == capacityText(t, searched(), report.Options{}) {
		t.Error("no colours")
	}
	all := []analysis.Capacity{unbounded(), searched(), {Stage: record.Stage{Number: 6, Title: "Failover"}, High: 1}}
	golden(t, "capacities.txt", text(t, func(b *bytes.Buffer) error { return report.WriteCapacities(b, all, report.Options{}) }))
}

func TestCapacityInWords(t *testing.T) {
	for want, c := range map[string]analysis.Capacity{
		"1,220/s (met at 1,220/s, missed at 1,280/s)": searched(),
		"at least 200/s: no rate missed":              unbounded(),
		"below 1/s: no rate met it":                   {High: 1},
		"unknown":                                     {},
	} {
		if got := report.Capacity(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCapacityJSON(t *testing.T) {
	golden(t, "capacity.json", text(t, func(b *bytes.Buffer) error { return report.WriteJSON(b, report.CapacityJSON(searched())) }))
	for name, c := range map[string]analysis.Capacity{"unbounded": unbounded(), "empty": {USL: analysis.FitUSL(nil)}} {
		got, err := json.Marshal(report.CapacityJSON(c))
		if err != nil || strings.Contains(string(got), "null") || !strings.Contains(string(got), `"usl_refused":"`) || strings.Contains(string(got), `"usl":`) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// No number tears the page apart or can't be encoded.
func TestCapacityAnything(t *testing.T) {
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)}))
	rapid.Check(t, func(t *rapid.T) {
		e := func() analysis.Estimate {
			return analysis.Estimate{Value: number.Draw(t, "value"), Low: number.Draw(t, "low"), High: number.Draw(t, "high")}
		}
		peak := e()
		c := analysis.Capacity{
			Objective: analysis.DefaultObjective(),
			Rate:      number.Draw(t, "rate"), Low: number.Draw(t, "low"), High: number.Draw(t, "high"), AtLeast: rapid.Bool().Draw(t, "at least"),
			USL:    analysis.USL{Lambda: e(), Sigma: e(), Kappa: e(), Peak: &peak, Steps: 6, Spread: number.Draw(t, "spread")},
			Bounds: []analysis.Bound{{Service: "api", Rate: number.Draw(t, "bound"), DemandSeconds: number.Draw(t, "demand"), LimitCores: number.Draw(t, "cores")}},
			Steps:  []analysis.Step{{Rate: number.Draw(t, "r"), Served: number.Draw(t, "s"), Failed: number.Draw(t, "f"), Latency: number.Draw(t, "l"), Trusted: true, Concurrency: number.Draw(t, "n")}},
		}
		var b bytes.Buffer
		if err := report.WriteCapacity(&b, c, report.Options{}); err != nil || strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
			t.Fatalf("%v\n%s", err, b.String())
		}
		if _, err := json.Marshal(report.CapacityJSON(c)); err != nil {
			t.Fatal(err)
		}
	})
}
