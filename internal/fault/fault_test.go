// SPDX-License-Identifier: MIT

package fault_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/engine"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]fault.Fault{
		"kill":           {Kind: fault.Kill},
		"freeze":         {Kind: fault.Pause},
		"disconnect":     {Kind: fault.Disconnect},
		"disconnect=db":  {Kind: fault.Disconnect, Network: "db"},
		"cpu=10%":        {Kind: fault.CPU, Share: 0.1},
		"memory=64m":     {Kind: fault.Memory, Bytes: 64 << 20},
		"slow-queries":   {Kind: fault.SlowQueries, Queries: 4},
		"slow-queries=2": {Kind: fault.SlowQueries, Queries: 2},
		"latency=100ms":  {Kind: fault.Traffic, Latency: 100 * time.Millisecond},
		"loss=1%":        {Kind: fault.Traffic, Loss: 0.01},
		"rate=1.5mbit":   {Kind: fault.Traffic, Rate: 1_500_000},
		"rate=8kbit":     {Kind: fault.Traffic, Rate: 8000},
		"loss=100%":      {Kind: fault.Traffic, Loss: 1},
		"fill-disk":      {Kind: fault.FillDisk},
		"jitter=1ms,latency=2ms,rate=1gbit,loss=0.5%": {Kind: fault.Traffic, Latency: 2 * time.Millisecond, Jitter: time.Millisecond, Rate: 1e9, Loss: 0.005},
	} {
		got, err := fault.Parse(how)
		want.How = how
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", how, err, d)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"", "frob", "kill=9", "disconnect=", "cpu", "cpu=10", "cpu=0%", "cpu=100%", "cpu=-5%", "cpu=NaN%", "memory", "memory=lots", "memory=0",
		"memory=-1m", "latency", "latency=100", "latency=-1s", "latency=1h", "latency=1ms,latency=2ms", "latency=1ms,", "jitter=5ms", "latency=1ms,jitter=2ms",
		"loss=5", "loss=101%", "loss=0%", "rate=1", "rate=1mb", "rate=1bit", "rate=Infgbit", "latency=1ms,cpu=10%", "slow-queries=0", "slow-queries=x", "slow-queries=", "slow-queries=1000"} {
		_, err := fault.Parse(how)
		if err == nil || problem.Of(err).Kind != problem.Usage || problem.Of(err).Hint == "" {
			t.Errorf("%q: %v", how, err)
		}
	}
	if _, err := fault.Parse("clock"); problem.Of(err).Kind != problem.Unsupported {
		t.Errorf("clock: %v", err)
	}
}

func box(service string, replica int, state string) engine.Container {
	name := "p-" + service + "-" + string(rune('0'+replica))
	return engine.Container{ID: name, Name: name, Service: service, Replica: replica, State: state}
}

func stack() engine.Observed {
	watched := box("lb", 2, "running")
	watched.Labels = map[string]string{"systemlab.watch": "watch"}
	return engine.Observed{Project: "p", Containers: []engine.Container{
		box("api", 1, "exited"), box("api", 2, "running"), box("api", 3, "running"), box("lb", 1, "running"), watched,
		box("postgres", 1, "running"), box("postgres-replica", 1, "running"), box("worker", 1, "exited"),
		{ID: "load", Name: "p-load-run", Service: "load", Replica: 1, State: "running", OneOff: true},
	}}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	roles := map[string][]string{"p-lb-1": {"vip"}, "p-postgres-1": {"primary"}, "p-postgres-replica-1": {"replica"}}
	for what, want := range map[string]string{
		"api": "p-api-2", "api:any": "p-api-2", "api-3": "p-api-3", "api.1": "p-api-1", "p-api-3": "p-api-3", "postgres": "p-postgres-1",
		"lb:active": "p-lb-1", "lb:vip": "p-lb-1", "lb:standby": "p-lb-2", "postgres:primary": "p-postgres-1", "postgres:replica": "p-postgres-replica-1",
		"all:api": "p-api-2 p-api-3", "all:lbs": "p-lb-1 p-lb-2", "worker": "p-worker-1",
	} {
		targets, err := fault.Resolve(what, stack(), roles)
		var names []string
		for _, target := range targets {
			names = append(names, target.Container.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s: %s, want %s: %v", what, got, want, err)
		}
	}
	if targets, _ := fault.Resolve("api", stack(), roles); targets[0].Why == "" {
		t.Error("one of several is chosen, and not said why")
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	for what, hint := range map[string]string{
		"": "one of: api", "nosuch": "api-2", "api-9": "lb:active", "load": "one of", "all:nosuch": "one of", "all:worker": "lab heal", "api:primary": "lab status",
		"lb:active": "lab status", "nosuch:primary": "one of", "api:": "one of", ":any": "one of", "p-load-run": "one of", "all:": "one of",
	} {
		targets, err := fault.Resolve(what, stack(), nil)
		if err == nil || !strings.Contains(problem.Of(err).Hint, hint) {
			t.Errorf("%q: %v, %v", what, targets, err)
		}
	}
}
