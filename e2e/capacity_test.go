// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"math"
	"testing"
)

// A server whose capacity is known: 60 requests may sleep a second each at once,
// so it answers 60 a second, whatever the machine.
func TestCapacityOfAKnownServer(t *testing.T) {
	s := start(t, "on a server that can do 60 a second by its making, the highest rate that meets the objective must be within 5% of that")
	s.sides("compare-turns")
	var c struct {
		Rate      float64 `json:"rate_per_second"`
		Low, High float64
		Steps     []struct {
			Rate    float64 `json:"rate_per_second"`
			Served  float64 `json:"served_per_second"`
			P99     float64 `json:"p99_seconds"`
			Meets   bool
			Purpose string
		}
	}
	s.json(&c, "capacity", "1", "--workload", "sleep", "--env", "api.SLEEP_SLOTS=60", "--slo", "p95<1100ms,errors<1%",
		"--start", "40", "--max", "200", "--duration", "8s", "--warmup", "4s", "--precision", "4%")
	for _, step := range c.Steps {
		t.Logf("%-9s %5.1f/s served %5.1f, p99 %.2f s, meets %v", step.Purpose, step.Rate, step.Served, step.P99, step.Meets)
	}
	if math.Abs(c.Rate/60-1) > 0.05 || c.Low > c.High {
		t.Errorf("found %.1f a second (%.1f to %.1f), it is 60", c.Rate, c.Low, c.High)
	}
}
