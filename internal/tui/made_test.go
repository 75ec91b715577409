// SPDX-License-Identifier: MIT

package tui

import (
	"fmt"
	"math"
	"time"

	"systemlab/internal/record"
)

// bigRun is made up: the shape of stage 8 with all that a screen can show, and
// more trouble than a recorded run should have.
func bigRun() *record.Run {
	r := &record.Run{
		Format: 1, ID: "20261121-101530-s8-a1b2", Started: time.Unix(1_800_000_000, 0), Project: "lab",
		Stage:    record.Stage{Number: 8, Name: "08-db-replicas", Title: "Database replicas"},
		Workload: record.Workload{Name: "mixed"}, Pace: "const:200", DurationSeconds: 60,
		Verdict: record.Verdict{State: record.Suspect},
	}
	add := func(name string, replicas int, limit float64, links ...string) {
		r.Architecture.Services = append(r.Architecture.Services, record.Service{Name: name, Replicas: replicas, LimitCores: limit, MemoryLimitBytes: 128 << 20})
		for _, to := range links {
			r.Architecture.Links = append(r.Architecture.Links, record.Link{From: name, To: to})
		}
		for n := 1; n <= replicas; n++ {
			c := record.Container{Service: name, Replica: n, Name: fmt.Sprintf("lab-%s-%d", name, n), LimitCores: limit, MemoryLimitBytes: 128 << 20}
			switch c.Name {
			case "lab-lb-2":
				c.Roles = []string{"vip"}
			case "lab-postgres-1":
				c.Roles = []string{"primary"}
			}
			r.Containers = append(r.Containers, c)
		}
	}
	add("api", 3, 0.25, "dblb", "postgres", "rabbitmq", "redis")
	add("dblb", 1, 0.25, "postgres", "postgres-replica")
	add("door", 1, 0.25, "lb")
	add("lb", 2, 0.25, "nginx")
	add("nginx", 2, 0.25, "api")
	add("postgres", 1, 0.5)
	add("postgres-replica", 1, 0.5, "postgres")
	add("rabbitmq", 1, 0.5)
	add("redis", 1, 0.15)
	add("worker", 3, 0.25, "rabbitmq")
	r.Architecture.Entry = "lb"
	fillReadings(r)
	r.Events = []record.Event{
		{AtSeconds: 12.2, Kind: "die", Service: "lb", Container: "lab-lb-1", Detail: "exit 137"},
		{AtSeconds: 12.6, Kind: "takes role", Service: "lb", Container: "lab-lb-2", Detail: "vip"},
		{AtSeconds: 20, Kind: "rate", Detail: "const:400"},
		{AtSeconds: 25, Kind: "pause", Service: "worker", Container: "lab-worker-2"},
		{AtSeconds: 33, Kind: "die", Service: "redis", Container: "lab-redis-1", Detail: "exit 1 — 界 \x1b[31m"},
		{AtSeconds: 40, Kind: "create", Service: "api", Container: "lab-api-4"},
		{AtSeconds: 41, Kind: "start", Service: "api", Container: "lab-api-4"},
	}
	return r
}

func fillReadings(r *record.Run) {
	for i := range 60 {
		t := float64(i)
		wave := 1 + math.Sin(t/6)
		r.Windows = append(r.Windows, record.Window{
			StartSeconds: t, Seconds: 1, Asked: 200, Sent: 200, OK: 198, Failed: i % 3, InFlight: 3,
			Latency:   record.Percentiles{P50: 0.001 * (1 + wave), P95: 0.02 * (1 + wave), P99: 0.3 * (1 + wave)},
			Endpoints: map[string]record.EndpointWindow{"user": {OK: 150, P50: 0.001, P99: 0.2}, "loadq": {OK: 4, Failed: 1, P50: 0.2, P99: 1.25}},
			TierMean:  map[string]float64{"db": 0.002, "cache": 0.0004, "queue": 0.05, "compute": 0.04},
			CacheHits: 80 + i%10, CacheMiss: 10,
		})
		r.Queue = append(r.Queue, record.Queue{AtSeconds: t + 0.5, Depth: i % 7, Unacknowledged: 2, Consumers: 3})
		r.Replication = append(r.Replication, record.Replication{AtSeconds: t + 0.7, Replicas: 1, LagBytes: int64(i * 900), LagSeconds: 0.003 * wave})
		for n, c := range r.Containers {
			if c.Name == "lab-lb-1" && t > 12 {
				continue
			}
			r.Samples = append(r.Samples, record.Sample{
				AtSeconds: t + 0.9, Seconds: 1, Container: c.Name, Cores: c.LimitCores * math.Mod(float64(n)*0.17+wave/4, 1.05),
				ThrottledRatio: max(0, wave-1.5), MemoryBytes: int64(n+1) << 23, RxBytes: 40_000, TxBytes: -1,
			})
		}
	}
}

func sampleOf(name string, cores float64) *record.Sample {
	return &record.Sample{AtSeconds: 1, Seconds: 1, Container: name, Cores: cores, MemoryBytes: 1 << 24, RxBytes: 1000, TxBytes: 1000}
}
