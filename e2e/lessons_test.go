// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"fmt"
	"strconv"
	"testing"
)

// What stages 7 and 8 are there to show.

func TestQueueFreesLightRequests(t *testing.T) {
	s := start(t, "with 2% /loadQ, at a rate that keeps stage 4's api more than half busy, the p99 of light requests must be at least 5 times lower in stage 7 than in stage 4")
	believed(t, func() error {
		s.lab("up", "4")
		args := []string{"--workload", "heavy", "--rate", s.busy("api", 0.65, "heavy"), "--duration", "25s", "--warmup", "15s"}
		four := s.load(args...)
		s.lab("up", "7")
		seven := s.load(args...)
		was, is := four.endpoint("user").Latency.P99, seven.endpoint("user").Latency.P99
		t.Logf("user: p99 %.1f ms in stage 4 (%s), %.1f ms in stage 7 (%s): %.1f times", was*1e3, four.Verdict.State, is*1e3, seven.Verdict.State, was/is)
		t.Logf("all CPU a request: %.2f ms in stage 4, %.2f ms in stage 7", four.demand("")*1e3, seven.demand("")*1e3)
		if four.Requests.Failed+seven.Requests.Failed > 0 || was < 5*is {
			return fmt.Errorf("p99 %.1f and %.1f ms, failed %d and %d", was*1e3, is*1e3, four.Requests.Failed, seven.Requests.Failed)
		}
		if before, after := four.demand("api"), seven.demand("api")+seven.demand("worker"); after < 0.8*before {
			return fmt.Errorf("the work must not shrink: api %.2f ms a request before, api and worker %.2f ms after", before*1e3, after*1e3)
		}
		return nil
	})
}

// busy is the rate at which a service uses this share of its limit: 200 a second on a slow
// machine, three times as many on a fast one.
func (s *scenario) busy(service string, share float64, workload string) string {
	s.t.Helper()
	const probe = 200
	r := s.load("--workload", workload, "--rate", strconv.Itoa(probe), "--duration", "10s")
	used, limit := 0.0, 0.0
	for _, c := range r.Containers {
		if c.Service == service {
			used, limit = used+c.CoresMean, limit+c.LimitCores
		}
	}
	rate := min(max(probe/2, probe*share*limit/used), 5*probe)
	s.t.Logf("%s uses %.0f%% of its limit at %d a second: loaded with %.0f", service, 100*used/limit, probe, rate)
	return strconv.Itoa(int(rate))
}

// Side by side and in turns, A B B A: the machine's own speed meets both.
func TestReplicaRaisesTheReadCeiling(t *testing.T) {
	five := start(t, "asked for more reads than one database answers, stage 8 must serve at least 1.6 times as many as stage 5; writes must gain nothing")
	eight := five.second()
	// Reads that no cache helps with, and that are dear to the database alone: without redis, and with four times the messages.
	// So the ceiling is low enough that two cores carry two databases at it.
	env := []string{"--env", "api.REDIS_URL=", "--env", "postgres.SEED_MESSAGES=2000000"}
	five.lab(append([]string{"up", "5"}, env...)...)
	eight.lab(append([]string{"up", "8"}, env...)...)
	served, cost := map[*scenario]float64{}, map[*scenario]float64{}
	for _, s := range []*scenario{five, eight, eight, five} {
		r := s.load("--workload", "messages", "--pace", "clients:32", "--duration", "20s") // all that it can answer
		w := s.load("--workload", "writes", "--rate", "200", "--duration", "15s")
		served[s], cost[s] = served[s]+r.Rate.Served/2, cost[s]+w.demand("postgres")/2
		t.Logf("%s: %.0f reads a second served (%s); a write costs the primary %.3f ms, all databases %.3f ms; %d writes failed, lag %+v",
			s.project, r.Rate.Served, r.Verdict.State, w.demand("postgres")*1e3, (w.demand("postgres")+w.demand("postgres-replica"))*1e3, w.Requests.Failed, w.Replication)
		if w.Requests.Failed > 0 {
			t.Errorf("%s: %d writes failed: %v", s.project, w.Requests.Failed, w.Errors)
		}
	}
	if served[eight] < 1.6*served[five] {
		t.Errorf("%.0f reads a second in stage 8, %.0f in stage 5: %.2f times", served[eight], served[five], served[eight]/served[five])
	}
	if cost[eight] < 0.8*cost[five] {
		t.Errorf("a write costs the primary %.3f ms in stage 8 and %.3f ms in stage 5: the replica can't have taken it over", cost[eight]*1e3, cost[five]*1e3)
	}
}
