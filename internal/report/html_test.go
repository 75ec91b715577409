// SPDX-License-Identifier: MIT

package report_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"systemlab/internal/record"
	"systemlab/internal/report"
)

// demos are real runs of the eight stages.
func demos(t testing.TB) []*record.Run {
	t.Helper()
	var out []*record.Run
	for stage := 1; stage <= 8; stage++ {
		run, err := record.ReadFile(filepath.Join("..", "tui", "demo", fmt.Sprintf("stage-%d.json.gz", stage)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, run)
	}
	return out
}

func page(t testing.TB, h report.HTML) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteHTML(&b, h); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTmp(t *testing.T) {
	os.WriteFile("/tmp/scratch/h3out/all.html", []byte(page(t, report.HTML{Runs: demos(t)})), 0o644)
	for i := range 8 {
		os.WriteFile(fmt.Sprintf("/tmp/scratch/h3out/s%d.html", i+1), []byte(page(t, report.HTML{Runs: demos(t)[i : i+1]})), 0o644)
	}
	f := &report.Forest{A: "stage 4", B: "stage 5", Notes: []string{"8 rounds could have seen a difference of 6% in p50."}, Rows: []report.ForestRow{
		{"p50", "1.10 ms", "0.90 ms", 0.82, 0.78, 0.87, "b lower"},
		{"p99", "4.0 ms", "3.9 ms", 0.97, 0.7, 1.4, "no detectable difference"},
		{"CPU per request, postgres", "0.38 ms", "0.11 ms", 0.29, 0.25, 0.33, "b lower"},
		{"CPU per request, redis", "-", "0.07 ms", 0, 0.06, 0.08, "only b has it"},
		{"stale reads", "0", "31", 0, 0, 0, "not comparable"},
		{"memory", "200 MiB", "214 MiB", 1.07, 1.06, 1.08, "a lower"},
		{"error rate", "0.1%", "0.2%", 2, 0.1, 4000, "no detectable difference"},
	}}
	c := report.CapacityCurve{Name: "Stage 5, Cache", Objective: "p99<100ms,errors<0.1%", Result: "Highest rate that met it: 940/s (920 to 960)."}
	for i := range 9 {
		n := float64(i*i)*0.4 + 0.5
		x := 300 * n / (1 + 0.2*(n-1) + 0.004*n*(n-1))
		c.Points = append(c.Points, report.CapacityPoint{Rate: x, Concurrency: n, Served: x * (1 + 0.02*float64(i%3-1)), P99: 0.004 * n, Meets: i < 7})
	}
	for n := 0.1; n < 40; n += 0.5 {
		c.Fit = append(c.Fit, report.CurvePoint{n, 300 * n / (1 + 0.2*(n-1) + 0.004*n*(n-1))})
	}
	b1, b2 := report.CapacityLine{Name: "limit/demand of api"}, report.CapacityLine{Name: "no waiting"}
	for n := 0.0; n < 40; n += 0.25 {
		b1.Points = append(b1.Points, report.CurvePoint{n, 1350})
		b2.Points = append(b2.Points, report.CurvePoint{n, 300 * n})
	}
	c.Bounds = []report.CapacityLine{b1, b2}
	os.WriteFile("/tmp/scratch/h3out/cmp.html", []byte(page(t, report.HTML{Title: "Stage 4 and stage 5", Comparison: f, Capacity: []report.CapacityCurve{c}, Command: "lab compare 4 5"})), 0o644)
}
