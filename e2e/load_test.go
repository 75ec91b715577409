// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"fmt"
	"math"
	"os/exec"
	"testing"
	"time"
)

func TestLoadKeepsItsPace(t *testing.T) {
	s := start(t, "at 200 and 1,000 a second sent must be within 0.1% of asked; a rate that can't be held must be called not valid")
	s.lab("up", "1")
	for _, rate := range []string{"200", "1000"} {
		r := s.load("--workload", "ping", "--rate", rate, "--duration", "10s", "--warmup", "2s")
		if off := math.Abs(r.Rate.Sent/r.Rate.Asked - 1); off > 0.001 || r.Requests.Failed > 0 {
			t.Errorf("at %s a second: asked %.2f, sent %.2f, %d failed", rate, r.Rate.Asked, r.Rate.Sent, r.Requests.Failed)
		}
	}
	r := s.load("--workload", "ping", "--rate", "60000", "--duration", "3s", "--warmup", "0s", "--timeout", "2s", "--max-workers", "64")
	if r.Verdict.State != "invalid" || r.Requests.Dropped+r.Requests.Late == 0 {
		t.Errorf("60,000 a second: verdict %+v, %+v", r.Verdict, r.Requests)
	}
}

// A server that stands still for F seconds in a run of R requests at rate r
// delays F*r of them by F down to 0, evenly: the share that waits longer than x
// is (F-x)*r/R, so p99 = F - 0.01*R/r. That is where it catches up at once. The
// slower it does the later come those who came last, and p99 rises up to F.
func TestNoCoordinatedOmission(t *testing.T) {
	s := start(t, "a server frozen for 200 ms must show in the p99, with bounded workers too")
	s.lab("up", "1")
	api := s.status().of("api")[0].Name
	for _, workers := range []string{"0", "10"} {
		believed(t, func() error {
			var least, most time.Duration
			r := s.loadBeside(func() {
				least, most = freeze(t, api, 200*time.Millisecond)
			}, "--workload", "ping", "--rate", "1000", "--duration", "5s", "--warmup", "1s", "--max-workers", workers)
			low, high := least.Seconds()-0.01*5, most.Seconds()
			t.Logf("workers %s: p99 %.1f ms, frozen for %s to %s", workers, r.Latency.P99*1e3, least, most)
			if workers == "10" && r.Requests.Late == 0 {
				t.Errorf("10 workers: no request counted late: %+v", r.Requests)
			}
			if r.Latency.P99 < 0.9*low || r.Latency.P99 > 1.1*high {
				return fmt.Errorf("workers %s: p99 %.1f ms, want %.1f to %.1f", workers, r.Latency.P99*1e3, low*1e3, high*1e3)
			}
			return nil
		})
	}
}

func TestMeterAgreesWithTheKernel(t *testing.T) {
	s := start(t, "the meter's cores must be within 1% of the kernel's own counter, and show throttling")
	s.lab("up", "1")
	const warmup, measured = 4 * time.Second, 12 * time.Second
	kernel := follow(t, kernelCounter(t, s.status().of("api")[0].ID))
	r := s.load("--workload", "ping", "--rate", "400", "--duration", measured.String(), "--warmup", warmup.String())
	if len(r.Containers) != 1 {
		t.Fatalf("containers %+v", r.Containers)
	}
	from := r.Started.Add(warmup)
	got, want := r.Containers[0].CoresMean, kernel.cores(t, from, from.Add(measured))
	t.Logf("meter %.4f cores, kernel %.4f", got, want)
	if math.Abs(got/want-1) > 0.01 {
		t.Errorf("meter %.4f cores, kernel %.4f, over the same %s", got, want, measured)
	}
	r = s.load("--workload", "ping", "--pace", "clients:64", "--duration", "5s", "--warmup", "1s") // all that it can do, on any machine
	if r.Containers[0].ThrottledRatio < 0.2 {
		t.Errorf("at its ceiling, %.0f a second, throttled %.2f", r.Rate.Served, r.Containers[0].ThrottledRatio)
	}
}

// The two stages stand side by side and take turns, A B B A: what else the
// machine does meets both.
func TestCacheEarnsItsPlace(t *testing.T) {
	a := start(t, "at the same 200 reads a second stage 5's postgres must use at most a fifth of the CPU a request of stage 4's, and the api less too")
	b := a.second()
	a.lab("up", "4")
	b.lab("up", "5")
	load := func(s *scenario, seconds string) result {
		return s.load("--workload", "user=1,messages=1", "--rate", "200", "--duration", seconds, "--warmup", "3s")
	}
	load(b, "15s") // the cache fills
	load(a, "15s") // and so does the memory of what has no cache
	used := map[*scenario]map[string]float64{a: {}, b: {}}
	for _, s := range []*scenario{a, b, b, a, a, b} {
		r := load(s, "10s")
		if r.Requests.Failed > 0 {
			t.Errorf("stage of %s: %d failed: %v", s.project, r.Requests.Failed, r.Errors)
		}
		t.Logf("%s: postgres %.3f ms a request, api %.3f, hits %d misses %d", s.project, r.demand("postgres")*1e3, r.demand("api")*1e3, r.Cache.Hits, r.Cache.Misses)
		for _, service := range []string{"postgres", "api"} {
			used[s][service] += r.demand(service)
		}
	}
	if ratio := used[b]["postgres"] / used[a]["postgres"]; ratio > 0.2 {
		t.Errorf("postgres uses %.2f of what it used without the cache", ratio)
	}
	if ratio := used[b]["api"] / used[a]["api"]; ratio >= 1 {
		t.Errorf("the api uses %.2f of what it used without the cache", ratio)
	}
}

func TestRedisGone(t *testing.T) {
	s := start(t, "redis stopped under load must fail no request, and come back into use")
	s.lab("up", "5")
	redis := s.status().of("redis")[0].Name
	believed(t, func() error {
		r := s.loadBeside(func() {
			freeze(t, redis, 2*time.Second) // slow, then gone
			docker(t, "stop", "-t", "1", redis)
			docker(t, "start", redis)
		}, "--workload", "mixed", "--rate", "100", "--duration", "12s", "--warmup", "2s")
		if r.Requests.Failed > 0 || r.Reads.Wrong > 0 {
			t.Errorf("%d failed, %d wrong: %v", r.Requests.Failed, r.Reads.Wrong, r.Errors)
		}
		if r.Latency.P99 > 0.5 {
			return fmt.Errorf("p99 %.0f ms: a slow redis was not given up on", r.Latency.P99*1e3)
		}
		return nil
	})
	after := s.load("--workload", "users", "--rate", "100", "--duration", "4s", "--warmup", "1s")
	if after.Cache.Hits == 0 || after.Requests.Failed > 0 {
		t.Errorf("after it is back: %d hits, %d failed", after.Cache.Hits, after.Requests.Failed)
	}
}

func TestReplicaGone(t *testing.T) {
	for _, stage := range []string{"3", "5"} {
		t.Run(stage, func(t *testing.T) {
			s := start(t, "an api replica killed under load must fail no GET")
			s.lab("up", stage)
			victim := s.status().of("api")[1].Name
			r := s.loadBeside(func() { docker(t, "kill", victim) }, "--workload", "users", "--rate", "100", "--duration", "8s", "--warmup", "1s")
			if r.Requests.Failed > 0 {
				t.Errorf("%d of %d GETs failed: %v", r.Requests.Failed, r.Requests.Sent, r.Errors)
			}
			s.lab("up", stage)
			if st := s.status().of("api")[1]; st.State != "running" {
				t.Errorf("up again left the victim %s", st.State)
			}
		})
	}
}

func TestLoadDies(t *testing.T) {
	s := start(t, "a lab killed during a load must leave no generator behind")
	s.lab("up", "1")
	c := s.command("load", "--duration", "60s", "--rate", "50")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	generators := func(flags ...string) string {
		args := append([]string{"ps", "-q", "--filter", "label=com.docker.compose.project=" + s.project, "--filter", "label=com.docker.compose.oneoff=True"}, flags...)
		out, _ := exec.Command("docker", args...).Output()
		return string(out)
	}
	eventually(t, 20*time.Second, func() error {
		if generators() == "" { // that runs: what was only created waits for the next up or down
			return fmt.Errorf("no generator yet")
		}
		return nil
	})
	_ = c.Process.Kill()
	_ = c.Wait()
	eventually(t, 30*time.Second, func() error {
		if left := generators("--all"); left != "" {
			return fmt.Errorf("generator %s is still there", left)
		}
		return nil
	})
}
