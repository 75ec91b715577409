// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import "testing"

// explanation is what `lab explain -o json` says.
type explanation struct {
	Run     string
	Binding *struct {
		Service, Resource string
		Utilisation       float64
		SaturatesAt       float64 `json:"saturates_at_per_second"`
		Saturated         bool
	}
	Proof     *struct{ State string }
	Certainty string
	Notes     []string
}

// The bottleneck is planted: one service's containers get less CPU than any
// other has need of.
func TestExplainNamesWhatWasPlanted(t *testing.T) {
	for _, plant := range []struct{ service, cores string }{{"api", "0.06"}, {"postgres", "0.15"}} {
		t.Run(plant.service, func(t *testing.T) {
			s := start(t, "what binds must be named, at the rate that it serves")
			s.lab("up", "4")
			load := []string{"--workload", "mixed", "--duration", "8s"}
			s.load(append(load, "--rate", "200")...) // a database just started costs five times as much
			for _, c := range s.status().of(plant.service) {
				docker(t, "update", "--cpus", plant.cores, c.Name)
			}
			s.load(append(load, "--pace", "clients:24")...) // at its ceiling, however fast the machine is at this hour
			var e explanation
			s.json(&e, "explain")
			if e.Binding == nil {
				t.Fatalf("%+v", e)
			}
			t.Logf("%s at %.0f%%, full at %.0f a second, %s %q", e.Binding.Service, 100*e.Binding.Utilisation, e.Binding.SaturatesAt, e.Certainty, e.Notes)
			if b := *e.Binding; b.Service != plant.service || b.Resource != "cpu" || !b.Saturated || e.Proof != nil {
				t.Errorf("named %+v, planted %s", b, plant.service)
			}
		})
	}
}
