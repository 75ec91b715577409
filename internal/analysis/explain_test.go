// SPDX-License-Identifier: MIT

package analysis_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// replicaUsing is one container's part: cores of a limit, and the share of periods
// in which it was throttled.
func replicaUsing(service string, n int, cores, limit, throttled float64) record.Container {
	return record.Container{Service: service, Replica: n, Name: fmt.Sprintf("lab-%s-%d", service, n), CoresMean: cores, LimitCores: limit, ThrottledRatio: throttled}
}

// loadedRun is a valid run of 10 s on 2 cores, of which half a core was busy.
func loadedRun(asked, served float64, containers ...record.Container) *record.Run {
	r := &record.Run{
		Format: 1, ID: "x", DurationSeconds: 10, WarmupSeconds: 2, Machine: record.Machine{Cores: 2}, Host: record.Host{Known: true, Cores: 0.5, StackCores: 0.5},
		Summary:    record.Summary{Rate: record.Rate{Asked: asked, Sent: asked, Served: served}, Requests: record.Requests{Sent: int(10 * asked), OK: int(10 * served)}, Tiers: map[string]record.Tier{}},
		Containers: containers, Verdict: record.Verdict{State: record.Valid},
	}
	for i := range 12 {
		r.Windows = append(r.Windows, record.Window{StartSeconds: float64(i), Seconds: 1, Warmup: i < 2, Asked: int(asked), Sent: int(asked), OK: int(served)})
	}
	return r
}

// threeServices is a stage of nginx, three api and postgres, with these shares of their limits.
func threeServices(nginx, api, postgres float64) []record.Container {
	return []record.Container{
		replicaUsing("nginx", 1, 0.25*nginx, 0.25, 0), replicaUsing("api", 1, 0.25*api, 0.25, 0), replicaUsing("api", 2, 0.25*api, 0.25, 0),
		replicaUsing("api", 3, 0.25*api, 0.25, 0), replicaUsing("postgres", 1, 0.5*postgres, 0.5, 0),
	}
}

func TestExplainBoxes(t *testing.T) {
	r := loadedRun(200, 200, replicaUsing("api", 1, 0.05, 0.25, 0.1), replicaUsing("api", 2, 0.15, 0.25, 0.3), replicaUsing("postgres", 1, 0.1, 0.5, 0), replicaUsing("free", 1, 0.3, 0, 0))
	got := analysis.Explain(r).Boxes
	want := []analysis.Box{
		// The busier replica is full at 200/0.6, before limit/demand = 0.5/0.001.
		{Service: "api", Replicas: 2, DemandSeconds: 0.001, LimitCores: 0.5, Utilisation: 0.4, Busiest: 0.6, ThrottledRatio: 0.3, SaturatesAt: 200 / 0.6},
		{Service: "postgres", Replicas: 1, DemandSeconds: 0.0005, LimitCores: 0.5, Utilisation: 0.2, Busiest: 0.2, SaturatesAt: 1000},
		{Service: "free", Replicas: 1, DemandSeconds: 0.0015},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) })
	if d := cmp.Diff(want, got, near); d != "" {
		t.Error(d)
	}
}

func TestExplainBinding(t *testing.T) {
	saturated := func(c []record.Container, service string) []record.Container {
		for i := range c {
			if c[i].Service == service {
				c[i].CoresMean, c[i].ThrottledRatio = 0.99*c[i].LimitCores, 0.97
			}
		}
		return c
	}
	for name, test := range map[string]struct {
		run               *record.Run
		change            func(*record.Run)
		service, resource string
		utilisation, at   float64
		saturated         bool
		certainty         string
		notes             []string // what each says
	}{
		"nothing binds: the first to saturate": {run: loadedRun(200, 200, threeServices(0.2, 0.6, 0.4)...),
			service: "api", resource: "cpu", utilisation: 0.6, at: 200 / 0.6, certainty: analysis.Likely, notes: []string{"prediction from 60%"}},
		"at a third of the ceiling": {run: loadedRun(200, 200, threeServices(0.1, 0.3, 0.2)...),
			service: "api", resource: "cpu", utilisation: 0.3, at: 200 / 0.3, certainty: analysis.Likely, notes: []string{"demand falls"}},
		"at a tenth of the ceiling": {run: loadedRun(200, 200, threeServices(0.02, 0.10, 0.04)...), change: func(r *record.Run) { r.Host.Cores, r.Host.StackCores = 0.15, 0.15 },
			service: "api", resource: "cpu", utilisation: 0.1, at: 2000, certainty: analysis.Unsure, notes: []string{"half of the predicted rate"}},
		"a limit used up": {run: loadedRun(400, 310, saturated(threeServices(0.3, 0.6, 0), "postgres")...),
			service: "postgres", resource: "cpu", utilisation: 0.99, at: 310 / 0.99, saturated: true, certainty: analysis.Sure},
		"a queue that grows is no doubt": {run: loadedRun(400, 310, saturated(threeServices(0.3, 0.6, 0), "postgres")...),
			change: func(r *record.Run) {
				r.Verdict = record.Verdict{State: record.Suspect, Reasons: []record.Reason{{Check: analysis.CheckSettled, State: record.Suspect, Seen: "latency drifted"}}}
			},
			service: "postgres", resource: "cpu", utilisation: 0.99, at: 310 / 0.99, saturated: true, certainty: analysis.Sure},
		"a suspect run": {run: loadedRun(400, 310, saturated(threeServices(0.3, 0.6, 0), "postgres")...),
			change: func(r *record.Run) {
				r.Verdict = record.Verdict{State: record.Suspect, Reasons: []record.Reason{{Check: analysis.CheckHost, State: record.Suspect, Seen: "something else ran"}}}
			},
			service: "postgres", resource: "cpu", utilisation: 0.99, at: 310 / 0.99, saturated: true, certainty: analysis.Likely, notes: []string{"something else ran"}},
		"an invalid run": {run: loadedRun(400, 310, saturated(threeServices(0.3, 0.6, 0), "postgres")...),
			change: func(r *record.Run) {
				r.Verdict = record.Verdict{State: record.Invalid, Reasons: []record.Reason{{Check: analysis.CheckLost, State: record.Invalid, Seen: "it died"}}}
			},
			service: "postgres", resource: "cpu", utilisation: 0.99, at: 310 / 0.99, saturated: true, certainty: analysis.Unsure, notes: []string{"it died"}},
		"two limits used up": {run: loadedRun(400, 310, saturated(saturated(threeServices(0.3, 0, 0), "postgres"), "api")...),
			service: "api", resource: "cpu", utilisation: 0.99, at: 310 / 0.99, saturated: true, certainty: analysis.Unsure, notes: []string{"postgres is as near: it is full at 313 a second, against 313"}},
		"two within 10%": {run: loadedRun(200, 200, threeServices(0.1, 0.8, 0.75)...),
			service: "api", resource: "cpu", utilisation: 0.8, at: 250, certainty: analysis.Unsure, notes: []string{"prediction", "postgres is as near"}},
		"busy but not throttled is not used up": {run: loadedRun(200, 200, threeServices(0.1, 0.95, 0.2)...),
			service: "api", resource: "cpu", utilisation: 0.95, at: 200 / 0.95, certainty: analysis.Likely, notes: []string{"prediction"}},
		"throttled but not busy is not used up": {run: loadedRun(200, 200, replicaUsing("api", 1, 0.15, 0.25, 0.58)),
			service: "api", resource: "cpu", utilisation: 0.6, at: 200 / 0.6, certainty: analysis.Likely, notes: []string{"prediction"}},
		"one of three replicas used up": {run: loadedRun(200, 180, replicaUsing("api", 1, 0.25, 0.25, 1), replicaUsing("api", 2, 0.05, 0.25, 0), replicaUsing("postgres", 1, 0.1, 0.5, 0)),
			service: "api", resource: "cpu", utilisation: 1, at: 180, saturated: true, certainty: analysis.Sure},
		"the machine": {run: loadedRun(400, 310, threeServices(0.3, 0.6, 0.5)...), change: func(r *record.Run) { r.Host.Cores = 1.96 },
			resource: "machine", utilisation: 0.98, at: 310, saturated: true, certainty: analysis.Sure},
		"stolen cores fill it too": {run: loadedRun(400, 310, threeServices(0.3, 0.6, 0.5)...), change: func(r *record.Run) { r.Host.Cores, r.Host.StealCores = 1.6, 0.36 },
			resource: "machine", utilisation: 0.98, at: 310, saturated: true, certainty: analysis.Sure},
		"a limit, on a full machine": {run: loadedRun(400, 310, saturated(threeServices(0.3, 0.6, 0), "postgres")...), change: func(r *record.Run) { r.Host.Cores = 1.96 },
			service: "postgres", resource: "cpu", utilisation: 0.99, at: 310 / 0.99, saturated: true, certainty: analysis.Unsure, notes: []string{"machine was full too"}},
		"the machine will be full first": {run: loadedRun(200, 200, threeServices(0.2, 0.5, 0.4)...), change: func(r *record.Run) { r.Host.Cores, r.Host.StackCores = 1.4, 1.3 },
			resource: "machine", utilisation: 1.3 / 1.9, at: 200 * 1.9 / 1.3, certainty: analysis.Likely, notes: []string{"prediction"}},
		"the machine is as near": {run: loadedRun(200, 200, threeServices(0.2, 0.5, 0.4)...), change: func(r *record.Run) { r.Host.Cores, r.Host.StackCores = 0.99, 0.96 },
			service: "api", resource: "cpu", utilisation: 0.5, at: 400, certainty: analysis.Unsure, notes: []string{"prediction", "the machine itself is as near"}},
		"what others use does not grow with the rate": {run: loadedRun(200, 200, threeServices(0.2, 0.5, 0.4)...), change: func(r *record.Run) { r.Host.Cores, r.Host.StackCores = 1.4, 0.4 },
			service: "api", resource: "cpu", utilisation: 0.5, at: 400, certainty: analysis.Likely, notes: []string{"prediction"}},
		"connections": {run: loadedRun(400, 310, threeServices(0.3, 0.4, 0.5)...), change: func(r *record.Run) {
			r.Summary.Tiers["db"], r.Summary.Tiers["pool"] = record.Tier{Count: 3000, MeanSeconds: 0.3}, record.Tier{Count: 3000, MeanSeconds: 0.25}
		}, service: "api", resource: "connections", at: 310, saturated: true, certainty: analysis.Sure},
		"a short wait for a connection": {run: loadedRun(200, 200, threeServices(0.2, 0.6, 0.4)...), change: func(r *record.Run) {
			r.Summary.Tiers["db"], r.Summary.Tiers["pool"] = record.Tier{Count: 3000, MeanSeconds: 0.0015}, record.Tier{Count: 3000, MeanSeconds: 0.0009}
		}, service: "api", resource: "cpu", utilisation: 0.6, at: 200 / 0.6, certainty: analysis.Likely, notes: []string{"prediction"}},
		"a stall, in which a few waited long": {run: loadedRun(200, 200, threeServices(0.2, 0.6, 0.4)...), change: func(r *record.Run) {
			r.Summary.Tiers["db"], r.Summary.Tiers["pool"] = record.Tier{Count: 3000, MeanSeconds: 0.009}, record.Tier{Count: 3000, MeanSeconds: 0.006}
			r.Histograms.Tiers = map[string]string{"pool": histogramOf(t, 2800, 20, 200, 100_000)}
		}, service: "api", resource: "cpu", utilisation: 0.6, at: 200 / 0.6, certainty: analysis.Likely, notes: []string{"prediction"}},
		"connections wait for a database without CPU": {run: loadedRun(400, 310, saturated(threeServices(0.3, 0.4, 0), "postgres")...), change: func(r *record.Run) {
			r.Summary.Tiers["db"], r.Summary.Tiers["pool"] = record.Tier{Count: 3000, MeanSeconds: 0.3}, record.Tier{Count: 3000, MeanSeconds: 0.25}
		}, service: "postgres", resource: "cpu", utilisation: 0.99, at: 310 / 0.99, saturated: true, certainty: analysis.Sure},
		"the work queue": {run: loadedRun(400, 310, append(threeServices(0.3, 0.4, 0.5), replicaUsing("worker", 1, 0.01, 0.25, 0))...), change: func(r *record.Run) {
			r.Summary.Queue = &record.QueueSummary{DepthMean: 120, DepthMax: 300, ConsumersMax: 3}
		}, service: "worker", resource: "work queue", at: 310, saturated: true, certainty: analysis.Sure},
		"workers without CPU": {run: loadedRun(400, 310, append(threeServices(0.3, 0.4, 0.5), replicaUsing("worker", 1, 0.25, 0.25, 1))...), change: func(r *record.Run) {
			r.Summary.Queue = &record.QueueSummary{DepthMean: 120, DepthMax: 300, ConsumersMax: 3}
		}, service: "worker", resource: "cpu", utilisation: 1, at: 310, saturated: true, certainty: analysis.Sure},
		"a host that can't be read": {run: loadedRun(400, 310, saturated(threeServices(0.3, 0.6, 0), "postgres")...), change: func(r *record.Run) { r.Host = record.Host{} },
			service: "postgres", resource: "cpu", utilisation: 0.99, at: 310 / 0.99, saturated: true, certainty: analysis.Likely, notes: []string{"not known"}},
	} {
		t.Run(name, func(t *testing.T) {
			if test.change != nil {
				test.change(test.run)
			}
			e := analysis.Explain(test.run)
			b := e.Binding
			if b == nil {
				t.Fatal("nothing named")
			}
			if b.Service != test.service || b.Resource != test.resource || b.Saturated != test.saturated ||
				math.Abs(b.Utilisation-test.utilisation) > 1e-9 || math.Abs(b.SaturatesAt-test.at) > 1e-6 {
				t.Errorf("%+v", *b)
			}
			if e.Certainty != test.certainty || len(e.Notes) != len(test.notes) {
				t.Fatalf("%s: %q", e.Certainty, e.Notes)
			}
			for i, says := range test.notes {
				if !strings.Contains(e.Notes[i], says) {
					t.Errorf("%q doesn't say %q", e.Notes[i], says)
				}
			}
		})
	}
}

func TestExplainNothing(t *testing.T) {
	for name, r := range map[string]*record.Run{
		"an empty run":  {},
		"no answers":    loadedRun(200, 0, threeServices(0.1, 0.2, 0.3)...),
		"no containers": loadedRun(200, 200),
		"all idle": func() *record.Run {
			r := loadedRun(200, 200, threeServices(0, 0, 0)...)
			r.Host = record.Host{}
			return r
		}(),
	} {
		e := analysis.Explain(r)
		if e.Binding != nil || e.Certainty != analysis.Unsure || len(e.Notes) != 1 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// What is answered after the load's end is no throughput: the queue that it
// stood in is what the ceiling is about.
func TestThroughput(t *testing.T) {
	r := loadedRun(300, 200)
	r.Windows = append(r.Windows, record.Window{StartSeconds: 12, Seconds: 1, OK: 1000})
	r.Summary.Rate.Served = 300
	if got := analysis.Throughput(r); got != 200 {
		t.Errorf("%g a second, want 200", got)
	}
	if got := analysis.Throughput(&record.Run{Summary: record.Summary{Rate: record.Rate{Served: 7}}}); got != 7 {
		t.Errorf("without windows: %g, want what the summary says", got)
	}
}

// histogramOf so many of a value, each in microseconds.
func histogramOf(t *testing.T, countsAndValues ...int64) string {
	t.Helper()
	h := hdrhistogram.New(1, 120_000_000, 3)
	for i := 0; i < len(countsAndValues); i += 2 {
		if err := h.RecordValues(countsAndValues[i+1], countsAndValues[i]); err != nil {
			t.Fatal(err)
		}
	}
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestExplainWaiting(t *testing.T) {
	r := loadedRun(200, 200, append(threeServices(0.1, 0.5, 0.2), replicaUsing("worker", 1, 0.1, 0.25, 0))...)
	r.Summary.Tiers["pool"] = record.Tier{Count: 2000, MeanSeconds: 0.0005}
	r.Histograms.Tiers = map[string]string{"pool": histogramOf(t, 1, 40_000)}
	r.Summary.Queue = &record.QueueSummary{DepthMean: 1.5, DepthMax: 7, ConsumersMax: 3}
	r.Waits = []record.Waits{
		{AtSeconds: 1, Container: "lab-postgres-1", Active: 50, Lock: 50}, // within the warm-up
		{AtSeconds: 3, Container: "lab-postgres-1", Active: 2, Lock: 1},
		{AtSeconds: 4, Container: "lab-postgres-1", Active: 4},
		{AtSeconds: 4, Container: "lab-other-1", Active: 40},
	}
	got := map[string][]analysis.Waiting{}
	for _, b := range analysis.Explain(r).Boxes {
		if b.Waiting != nil {
			got[b.Service] = b.Waiting
		}
	}
	if len(got["api"]) == 1 { // a histogram rounds to three digits
		got["api"][0].Max = math.Round(got["api"][0].Max*1e3) / 1e3
	}
	want := map[string][]analysis.Waiting{
		"api":      {{What: "for a database connection", Mean: 0.0005, Max: 0.04, Unit: "seconds"}},
		"worker":   {{What: "tasks for a worker", Mean: 1.5, Max: 7, Unit: "tasks"}},
		"postgres": {{What: "sessions at work", Mean: 3, Max: 4, Unit: "sessions"}, {What: "for another session's lock", Mean: 0.5, Max: 1, Unit: "sessions"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The utilisation law holds for whatever is planted: with demands and limits
// given, and the load split evenly, the box of the smallest limit/demand is
// named, at that rate.
func TestExplainFindsPlanted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(10, 2000).Draw(t, "throughput")
		n := rapid.IntRange(1, 6).Draw(t, "boxes")
		type plant struct {
			name string
			at   float64
		}
		var plants []plant
		var containers []record.Container
		for i := range n {
			limit := rapid.Float64Range(0.01, 1).Draw(t, "limit")
			at := x * rapid.Float64Range(1.01, 50).Draw(t, "ceiling by rate")
			plants = append(plants, plant{fmt.Sprint("box", i), at})
			replicas := rapid.IntRange(1, 4).Draw(t, "replicas")
			for k := range replicas {
				containers = append(containers, replicaUsing(plants[i].name, k+1, limit*x/at, limit, 0))
			}
		}
		r := loadedRun(x, x, containers...)
		r.Windows, r.Host = nil, record.Host{}
		first := slices.MinFunc(plants, func(a, b plant) int { return int(math.Copysign(1, a.at-b.at)) })
		b := analysis.Explain(r).Binding
		if b == nil || b.Saturated || math.Abs(b.SaturatesAt/first.at-1) > 1e-9 {
			t.Fatalf("%+v, planted %+v", b, plants)
		}
	})
}

// Whatever a run holds, explaining it ends in words, never a panic.
func TestExplainAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		odd := rapid.OneOf(rapid.SampledFrom([]float64{0, -1, 1, math.NaN(), math.Inf(1), math.Inf(-1)}), rapid.Float64())
		r := loadedRun(odd.Draw(t, "asked"), odd.Draw(t, "served"))
		for i := range rapid.IntRange(0, 4).Draw(t, "containers") {
			r.Containers = append(r.Containers, replicaUsing(fmt.Sprint(i%2), i, odd.Draw(t, "cores"), odd.Draw(t, "limit"), odd.Draw(t, "throttled")))
		}
		r.Host.Cores = odd.Draw(t, "host")
		for i := range r.Windows {
			r.Windows[i].Seconds = odd.Draw(t, "seconds")
		}
		e := analysis.Explain(r)
		if e.Certainty == "" {
			t.Fatal("no word on how sure it is")
		}
		analysis.Decoy(e)
		new(analysis.Saturating).Next(4, r)
		three := []*record.Run{r, r, r}
		analysis.Prove(three, three, three)
	})
}
