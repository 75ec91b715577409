// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"math"
	"testing"
)

// explanation is what `lab explain -o json` says.
type explanation struct {
	Run     string
	Binding *struct {
		Service, Resource string
		Utilisation       float64
		SaturatesAt       float64 `json:"saturates_at_per_second"`
		Saturated         bool
	}
	Proof *struct {
		State, Reason string
		Before, After float64
		DecoyService  string  `json:"decoy_service"`
		DecoyAfter    float64 `json:"decoy_after"`
	}
	Certainty string
	Notes     []string
}

// The bottleneck is planted: one service's containers get less CPU than any
// other has need of.
func TestExplainProvesWhatWasPlanted(t *testing.T) {
	for _, plant := range []struct{ service, stage, cores, workload, rate string }{
		{"postgres", "4", "0.1", "mixed", "300"},
		{"api", "4", "0.03", "mixed", "400"},
	} {
		t.Run(plant.service, func(t *testing.T) {
			s := start(t, "what binds must be named and proven by its own limit, with a decoy's making no difference, and all limits put back")
			s.lab("up", plant.stage)
			s.load("--workload", plant.workload, "--rate", "200", "--duration", "10s") // a database just started costs five times as much
			for _, c := range s.status().of(plant.service) {
				docker(t, "update", "--cpus", plant.cores, c.Name)
			}
			before := s.status()
			var e explanation
			s.json(&e, "explain", "--prove", "--workload", plant.workload, "--rate", plant.rate, "--duration", "5s", "--warmup", "2s")
			if e.Binding == nil || e.Proof == nil {
				t.Fatalf("%+v", e)
			}
			t.Logf("%s at %.0f%%, full at %.0f a second, %s %q; %s: %.1f before, %.1f after, %.1f with more for %s (%s)", e.Binding.Service, 100*e.Binding.Utilisation,
				e.Binding.SaturatesAt, e.Certainty, e.Notes, e.Proof.State, e.Proof.Before, e.Proof.After, e.Proof.DecoyAfter, e.Proof.DecoyService, e.Proof.Reason)
			if e.Binding.Service != plant.service || e.Binding.Resource != "cpu" || !e.Binding.Saturated {
				t.Errorf("named %+v, planted %s", *e.Binding, plant.service)
			}
			if e.Proof.State != "proven" || e.Proof.DecoyService == "" || e.Proof.DecoyService == plant.service {
				t.Errorf("%+v", *e.Proof)
			}
			if off := math.Abs(e.Binding.SaturatesAt/e.Proof.Before - 1); off > 0.20 {
				t.Errorf("said to be full at %.1f a second, its ceiling is %.1f", e.Binding.SaturatesAt, e.Proof.Before)
			}
			for i, c := range s.status().Containers {
				if c.LimitCores != before.Containers[i].LimitCores {
					t.Errorf("%s was left with %g cores; it had %g", c.Name, c.LimitCores, before.Containers[i].LimitCores)
				}
			}
		})
	}
}
