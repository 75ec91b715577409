// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/record"
)

// laboratory is a stack on a fake engine.
type laboratory struct {
	t      *testing.T
	app    *app
	engine *enginetest.Engine
}

func newLaboratory(t *testing.T, stage string) laboratory {
	t.Helper()
	f, err := enginetest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	f.Set(func(f *enginetest.Engine) { f.AnyImage = true })
	for k, v := range map[string]string{"DOCKER_HOST": f.Host(), "LAB_HOME": t.TempDir(), "LAB_SOURCE": filepath.Join("..", "..")} {
		t.Setenv(k, v)
	}
	a := &app{Streams: Streams{Out: io.Discard, Err: io.Discard}, project: "s", output: "text"}
	if code := Run(t.Context(), a.Streams, "test", []string{"up", stage, "-p", "s"}); code != 0 {
		t.Fatalf("up: exit code %d", code)
	}
	return laboratory{t, a, f}
}

func (l laboratory) session() *session {
	s, err := l.app.openStack(context.WithoutCancel(l.t.Context()))
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { s.engine.Close() })
	return s
}

func (l laboratory) prover() *prover {
	l.t.Helper()
	p, err := l.session().prover(l.t.Context(), explainOptions{workload: "ping", rounds: 3, duration: time.Second})
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// limits of all replicas now, by service.
func (l laboratory) limits() map[string]float64 {
	out := map[string]float64{}
	for _, c := range l.session().observed.Containers {
		if !c.OneOff {
			out[c.Service] += c.LimitCores
		}
	}
	return out
}

// The limit is raised while the load runs, and put back when it ends badly or is
// interrupted meanwhile.
func TestLimitsArePutBack(t *testing.T) {
	l := newLaboratory(t, "1")
	before, p := l.limits(), l.prover()
	for how, interrupted := range map[string]bool{"the generator gives up": false, "interrupted": true} {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		var during []map[string]float64
		l.engine.Set(func(f *enginetest.Engine) {
			f.Services["load"] = enginetest.Behaviour{Program: func(io.Reader, io.Writer, io.Writer) int {
				during = append(during, l.limits())
				if interrupted {
					interrupt()
				}
				return 1
			}}
		})
		if run, err := p.raised(ctx, "more for api", "api", 4); err == nil || run != nil || (ctx.Err() != nil) != interrupted {
			t.Errorf("%s: %v, %v", how, run, err)
		}
		if len(during) != 1 || during[0]["api"] != 1.5*before["api"] {
			t.Errorf("%s: limits %v while the load ran, %v before", how, during, before)
		}
		if after := l.limits(); after["api"] != before["api"] || len(after) != len(before) {
			t.Errorf("%s: limits %v, before %v", how, after, before)
		}
	}
}

// While a proof is undecided only because the rounds differ, more are played, up to 16.
func TestProvePlaysOn(t *testing.T) {
	l := newLaboratory(t, "3")
	for name, test := range map[string]struct {
		noise  []float64 // of the decoy's rounds
		rounds int
		state  string
	}{
		"even":          {[]float64{1}, 4, analysis.Proven},
		"four more":     {[]float64{0.88, 1.1, 0.95, 1.12, 1, 1, 1, 1}, 8, analysis.Proven},
		"never decided": {[]float64{0.5, 2}, 16, analysis.Undecided},
	} {
		p := l.prover()
		p.o.rounds = 4
		model, before, served := l.model(map[string]float64{"postgres": 0.005, "api": 0.003, "nginx": 0.001}), l.limits(), 0
		var raised []string
		p.load = func(ctx context.Context, clients int) (*record.Run, error) {
			run, err := model(ctx, clients)
			switch now := l.limits(); {
			case now["postgres"] > before["postgres"]:
				raised = append(raised, "postgres")
			case now["api"] > before["api"] || now["nginx"] > before["nginx"]:
				raised = append(raised, "decoy")
				run.Windows[0].OK = int(float64(run.Windows[0].OK) * test.noise[served%len(test.noise)])
				served++
			}
			return run, err
		}
		_, _, proof, err := p.explain(t.Context())
		if err != nil || proof.State != test.state || served != test.rounds {
			t.Errorf("%s: %d rounds, %v, %+v; want %d and %s", name, served, err, proof, test.rounds, test.state)
		}
		for i, who := range raised { // A B C, C B A
			if want := []string{"postgres", "decoy", "decoy", "postgres"}[i%4]; who != want {
				t.Fatalf("%s: order %v", name, raised)
			}
		}
		if after := l.limits(); after["postgres"] != before["postgres"] || after["api"] != before["api"] {
			t.Errorf("%s: limits %v, before %v", name, after, before)
		}
	}
}

// model answers as a stage would by the asymptotic bounds: at most limit/demand
// of the worst service, and at most what so many clients can ask for who each
// wait 10 ms for an answer.
func (l laboratory) model(demand map[string]float64) func(context.Context, int) (*record.Run, error) {
	return func(_ context.Context, clients int) (*record.Run, error) {
		limits, served := l.limits(), float64(clients)/0.010
		for service, d := range demand {
			served = min(served, limits[service]/d)
		}
		n := int(100 * served)
		r := &record.Run{
			Format: record.Format, Started: time.Now(), DurationSeconds: 100, Machine: record.Machine{Cores: 2}, Host: record.Host{Known: true, Cores: 0.9, StackCores: 0.9},
			Workload: record.Workload{Name: "mixed"}, Windows: []record.Window{{Seconds: 100, Asked: n, Sent: n, OK: n}},
			Summary: record.Summary{Rate: record.Rate{Asked: served, Sent: served, Served: served}, Requests: record.Requests{Asked: n, Sent: n, OK: n}},
		}
		for service, limit := range limits {
			c := record.Container{Service: service, Name: service, CoresMean: served * demand[service], LimitCores: limit}
			if c.CoresMean > 0.99*limit {
				c.ThrottledRatio = 1
			}
			r.Containers = append(r.Containers, c)
		}
		return r, nil
	}
}

// Whatever is planted is named, and proven with the limits that the engine really
// has; the runs are kept, the limits are what they were.
func TestProveFindsWhatIsPlanted(t *testing.T) {
	l := newLaboratory(t, "3")
	before := l.limits()
	for _, plant := range []struct {
		service string
		demand  map[string]float64
	}{
		{"postgres", map[string]float64{"postgres": 0.005, "api": 0.003, "nginx": 0.001}},
		{"api", map[string]float64{"postgres": 0.001, "api": 0.003, "nginx": 0.0001}},
		{"nginx", map[string]float64{"postgres": 0.001, "api": 0.0015, "nginx": 0.001}},
	} {
		p := l.prover()
		p.load = l.model(plant.demand)
		_, e, proof, err := p.explain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e.Binding.Service != plant.service || !e.Binding.Saturated || proof.State != analysis.Proven || proof.DecoyService == plant.service {
			t.Errorf("%s: %+v, %+v", plant.service, *e.Binding, proof)
		}
		if ceiling := before[plant.service] / plant.demand[plant.service]; proof.Before < 0.99*ceiling || proof.Before > 1.01*ceiling {
			t.Errorf("%s: ceiling said %g, is %g", plant.service, proof.Before, ceiling)
		}
		if after := l.limits(); after[plant.service] != before[plant.service] {
			t.Errorf("%s: limits %v, before %v", plant.service, after, before)
		}
	}
	if runs, err := store().List(); err != nil || len(runs) < 3*(3+9) {
		t.Errorf("%d runs kept: %v", len(runs), err)
	}
}

// A stage that has just come up serves less at first; what it serves then is not taken for its ceiling.
func TestProveWarmsUp(t *testing.T) {
	l := newLaboratory(t, "3")
	p := l.prover()
	warm, runs := l.model(map[string]float64{"postgres": 0.005, "api": 0.003, "nginx": 0.001}), 0
	p.load = func(ctx context.Context, clients int) (*record.Run, error) {
		run, err := warm(ctx, clients)
		if cold := []int{5, 28, 8, 10, 46}; runs < len(cold) { // percent of what it serves when it is warm, as was once seen
			run.Windows[0].OK = run.Windows[0].OK * cold[runs] / 100
		}
		runs++
		return run, err
	}
	clients, run, err := p.ceiling(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := l.limits()["postgres"] / 0.005; clients < 4 || math.Abs(analysis.Throughput(run)/want-1) > 0.01 || runs < 9 {
		t.Errorf("%d clients, %g a second, want %g, after %d runs", clients, analysis.Throughput(run), want, runs)
	}
}

// What can't be proven is said before any limit is touched.
func TestProveGivesUp(t *testing.T) {
	l := newLaboratory(t, "3")
	for name, test := range map[string]struct {
		demand map[string]float64
		change func(*record.Run)
		says   string
	}{
		"a full machine": {map[string]float64{"postgres": 0.005}, func(r *record.Run) {
			r.Host.Cores = 2
			r.Containers = r.Containers[:0]
			r.Containers = append(r.Containers, record.Container{Service: "api", CoresMean: 0.1, LimitCores: 0.75})
		}, "no core left"},
		"no ceiling":         {map[string]float64{"postgres": 0.0000001}, nil, "no CPU limit"},
		"nothing to be said": {map[string]float64{"postgres": 0.005}, func(r *record.Run) { r.Containers = nil }, "nothing could be named"},
		"a pool": {map[string]float64{"postgres": 0.005}, func(r *record.Run) {
			r.Containers[0].CoresMean = 0.01
			for i := range r.Containers {
				r.Containers[i].ThrottledRatio = 0
			}
			r.Summary.Tiers = map[string]record.Tier{"db": {MeanSeconds: 1}, "pool": {MeanSeconds: 0.9}}
		}, "no CPU limit"},
		"no other with limits": {map[string]float64{"postgres": 0.005}, func(r *record.Run) {
			r.Containers = slices.DeleteFunc(r.Containers, func(c record.Container) bool { return c.Service != "postgres" })
		}, "no other service"},
	} {
		p, raised := l.prover(), false
		model := l.model(test.demand)
		before := l.limits()
		p.load = func(ctx context.Context, clients int) (*record.Run, error) {
			raised = raised || l.limits()["postgres"] != before["postgres"]
			r, err := model(ctx, clients)
			if test.change != nil {
				test.change(r)
			}
			return r, err
		}
		_, _, proof, err := p.explain(t.Context())
		if err != nil || proof.State != analysis.Undecided || !strings.Contains(proof.Reason, test.says) || raised {
			t.Errorf("%s: %+v, %v; raised %v", name, proof, err, raised)
		}
	}
}
