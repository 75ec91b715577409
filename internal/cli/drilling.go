// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/drill"
	"systemlab/internal/engine"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
	"systemlab/internal/trial"
	"systemlab/loadgen"
)

// A trial, in seconds. The fault comes at a moment of its own within a second,
// so that it meets checks and adverts in every phase.
const (
	drillWarmup  = 2.0
	drillBefore  = 4.0
	drillPhase   = 1.0
	drillWindow  = 0.25
	drillTimeout = 8.0 // above the 5 s after which the queue's callers are told that nobody computes
)

// driller plays one drill on the stack that is up.
type driller struct {
	*session
	drill  drill.Drill
	fault  fault.Fault
	load   *readied
	before whole
	tell   func(format string, args ...any)
}

// drill makes the trials of a drill. What was measured before an error stands in
// the result.
func (s *session) drill(ctx context.Context, d drill.Drill, o drillOptions, tell func(string, ...any)) (analysis.Drilled, error) {
	if o.rate > 0 {
		d.Rate = o.rate
	}
	p := &driller{session: s, drill: d, tell: tell}
	result := analysis.Drilled{Name: d.Name, Title: d.Title, What: d.What, How: d.How, ForSeconds: d.For.Seconds(), Rate: d.Rate, Hypothesis: d.Hypothesis}
	if err := p.prepare(ctx, &result); err != nil {
		return result, err
	}
	p.tell("drill %s on stage %d: %s %s for %s, %s at %g/s, %d trials; expected: %s", d.Name, p.load.stage.Number, d.How, d.What, d.For,
		result.Workload, d.Rate, o.trials, d.Hypothesis)
	phase := rand.New(rand.NewPCG(uint64(o.seed), 0))
	for i := range o.trials {
		t, err := p.trial(ctx, phase.Float64()*drillPhase, o.seed+int64(i))
		if err != nil {
			result.Conclude()
			return result, err
		}
		result.Trials = append(result.Trials, t)
		p.tell("  %d: %s", i+1, report.DrillTrialLine(t))
		if err := p.settle(ctx); err != nil {
			result.Conclude()
			return result, err
		}
	}
	result.Conclude()
	return result, nil
}

// prepare checks all that can be checked before the load, and says what the gap
// should be.
func (p *driller) prepare(ctx context.Context, result *analysis.Drilled) (err error) {
	if p.fault, err = fault.Parse(p.drill.How); err != nil {
		return err
	}
	if err := p.refuseBroken("a drill needs the whole stage to begin with"); err != nil {
		return err
	}
	if p.load, err = p.ready(ctx, p.order()); err != nil {
		return err
	}
	if err := store().Check(); err != nil {
		return err
	}
	result.Workload, result.Stage = p.load.Order.Workload, p.stage()
	if p.before, err = p.wholeNow(ctx); err != nil {
		return err
	}
	targets, err := p.targets(ctx)
	if err != nil {
		return err
	}
	result.Predicted, result.Unforeseen = p.predict(ctx, len(targets))
	return nil
}

func (p *driller) order() loadgen.Order {
	return loadgen.Order{Target: "http://entry", Workload: p.drill.Workload, Pace: "const:" + strconv.FormatFloat(p.drill.Rate, 'f', -1, 64),
		WarmupSeconds: drillWarmup, DurationSeconds: drillBefore + drillPhase + p.drill.For.Seconds() + p.drill.After.Seconds(),
		WindowSeconds: drillWindow, TimeoutSeconds: drillTimeout}
}

func (p *driller) stage() record.Stage {
	st := p.load.stage
	return record.Stage{Number: st.Number, Name: st.Name, Title: st.Lab.Title, Hash: p.load.project.Hash()}
}

// targets are who is meant now: the active lb is another one after each trial.
func (p *driller) targets(ctx context.Context) ([]fault.Target, error) {
	if err := p.look(ctx); err != nil {
		return nil, err
	}
	return fault.Resolve(p.drill.What, p.observed, p.roles(ctx, p.drill.What))
}

// trial makes the fault once, in one run of the generator, and heals it whatever
// happens.
func (p *driller) trial(ctx context.Context, phase float64, seed int64) (t analysis.Trial, err error) {
	targets, err := p.targets(ctx)
	if err != nil {
		return t, err
	}
	b := p.breaker()
	var standing []fault.Standing
	heal := func(ctx context.Context) error {
		inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), healTime)
		defer cancel()
		_, err := b.Heal(inner, standing...)
		return err
	}
	defer func() {
		if len(standing) > 0 {
			err = earlier(err, heal(ctx)) // idempotent: mostly it is done already
		}
	}()
	what := targets[0].Container
	at := drillWarmup + drillBefore + phase
	o := p.load.Options
	o.Order.Seed = seed
	o.Acts = []trial.Act{
		{AtSeconds: at, Kind: analysis.EventFault, Do: func(ctx context.Context) (string, string, string, error) {
			var err error
			standing, err = b.BreakAll(ctx, targets, p.fault)
			return what.Service, what.Name, p.drill.How + " " + p.drill.What, err
		}},
		{AtSeconds: at + p.drill.For.Seconds(), Kind: analysis.EventHeal, Do: func(ctx context.Context) (string, string, string, error) {
			if len(standing) == 0 {
				return what.Service, what.Name, "", nil
			}
			return what.Service, what.Name, "", heal(ctx)
		}},
	}
	run, err := trial.Run(ctx, o)
	if err != nil {
		return t, err
	}
	if err := p.save(run, p.stage(), architecture(p.load.stage, p.load.project)); err != nil {
		return t, err
	}
	t = analysis.JudgeTrial(run, p.drill.Hypothesis)
	t.Target = strings.TrimPrefix(t.Target, p.project+"-")
	return t, nil
}

// predict reads the configuration in a running container of the service that the
// drill names; or says why there is no prediction.
func (p *driller) predict(ctx context.Context, broken int) (*analysis.Prediction, string) {
	others := len(p.observed.Of(p.drill.Service())) - broken
	src := p.drill.Predict
	if src == nil {
		if others < 1 {
			return nil, "nobody takes over: it lasts as long as the fault"
		}
		return nil, "no configuration says it"
	}
	if src.Beside != "" {
		others += len(p.observed.Of(src.Beside))
	}
	text, err := p.read(ctx, src.In, src.File)
	if err != nil {
		return nil, err.Error()
	}
	got, err := drill.Predict(src.By, text, drill.Fault{How: p.drill.How, Others: others, Rate: p.drill.Rate})
	if err != nil {
		return nil, err.Error()
	}
	return &got, ""
}

// read gives a file of a running container.
func (p *driller) read(ctx context.Context, service, file string) (string, error) {
	for _, c := range p.observed.Of(service) {
		if c.State != "running" {
			continue
		}
		code, text, err := p.engine.Exec(ctx, c.ID, []string{"cat", file})
		if err != nil || code != 0 {
			return "", fmt.Errorf("%s can't be read in %s", file, c.Name)
		}
		return text, nil
	}
	return "", fmt.Errorf("no %s runs whose %s could be read", service, file)
}

// notWhole is the problem of a stack that is not all there.
func notWhole(c engine.Container, stage int) error {
	return problem.Newf(problem.Unhealthy, "lab heal, or lab up "+strconv.Itoa(stage), "%s is %s: a drill needs the whole stage to begin with", c.Name, c.State)
}
