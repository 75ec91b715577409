// SPDX-License-Identifier: MIT

package analysis_test

import (
	"testing"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

func climbed(stage int, p50 float64, state record.State, containers ...record.Container) *record.Run {
	return &record.Run{ID: "r", Stage: record.Stage{Number: stage, Name: "0x"}, Pace: "const:200", Workload: record.Workload{Name: "mixed"},
		Summary:    record.Summary{Latency: record.Percentiles{P50: p50}, Requests: record.Requests{Sent: 100, Failed: 1}},
		Containers: containers, Verdict: record.Verdict{State: state}}
}

func TestClimb(t *testing.T) {
	api := record.Container{Service: "api", CPUSecondsPerRequest: 0.001, CoresMean: 0.2, LimitCores: 0.25, MemoryBytes: 10}
	idle := record.Container{Service: "api", CPUSecondsPerRequest: 0.001, CoresMean: 0.1, LimitCores: 0.25, MemoryBytes: 10}
	db := record.Container{Service: "postgres", CPUSecondsPerRequest: 0.002, CoresMean: 0.2, LimitCores: 0.5, MemoryBytes: 100}
	l := analysis.Climb([][]*record.Run{
		{climbed(1, 0.003, record.Valid, api), climbed(1, 0.001, record.Valid, api)},
		{climbed(2, 0.002, record.Valid, api, idle, db), climbed(2, 0.004, record.Suspect, api, idle, db), climbed(2, 0.009, record.Valid, api, idle, db)},
	})
	if l.Workload != "mixed" || l.Rounds != 2 || len(l.Rungs) != 2 || len(l.Notes) != 1 {
		t.Fatalf("%+v", l)
	}
	if got, want := l.Rungs[0].P50, (analysis.Spread{Median: 0.002, Low: 0.001, High: 0.003}); got != want {
		t.Errorf("p50 of two %+v, want %+v", got, want)
	}
	two := l.Rungs[1]
	if got, want := two.P50, (analysis.Spread{Median: 0.004, Low: 0.002, High: 0.009}); got != want {
		t.Errorf("p50 of three %+v, want %+v", got, want)
	}
	if two.Boxes != 3 || two.Verdict != record.Suspect || two.CPU.Median != 0.004 || two.Databases.Median != 0.002 || two.Memory.Median != 120 || two.Failed.Median != 0.01 {
		t.Errorf("%+v", two)
	}
	if two.Busiest != "api" || two.Share.Median < 0.599 || two.Share.Median > 0.601 { // 0.3 of 0.5, against 0.2 of 0.5
		t.Errorf("busiest %s at %v", two.Busiest, two.Share)
	}
}
