// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/compose"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
	"systemlab/internal/rounds"
	"systemlab/internal/trial"
	"systemlab/loadgen"
	"systemlab/stages"
)

// contest is stages that take turns under one load, each a side.
type contest struct {
	*app
	o       compareOptions
	order   loadgen.Order
	id      string // ties the runs together
	sides   []*side
	changes bool // one stack that changes its stage, not a stack a side
	unlock  func()
}

// side is one stage of a contest, and its stack.
type side struct {
	*app // with the side's own project, and silent
	name string
	st   stages.Stage
	env  []string
	own  []string // programs of the user's own, as SERVICE=PROGRAM; SERVICE= is lab's
	s    *session
	load *readied
}

// contest checks all that can be checked before anything is brought up.
func (a *app) contest(ctx context.Context, found []stages.Stage, env [][]string, o compareOptions) (*contest, error) {
	if o.load.duration < time.Second || o.maxTime <= 0 {
		return nil, problem.New(problem.Usage, "a turn must last 1 s at least, and --max-time be above 0", "--duration 8s --max-time 15m")
	}
	order, err := o.load.order()
	if err != nil {
		return nil, err
	}
	if err := store().Check(); err != nil {
		return nil, err
	}
	c := &contest{app: a, o: o, order: order, id: "c-" + time.Now().UTC().Format("20060102-150405"), changes: o.sequential || len(found) > 2}
	need := int64(0)
	var apis []map[string]string
	for i, st := range found {
		var of []string
		if i < len(env) {
			of = env[i]
		}
		p, err := st.Load(ctx, a.project, stages.Given{Port: 8080})
		if err != nil {
			return nil, err
		}
		if err := override(p, of); err != nil {
			return nil, err
		}
		for _, s := range p.Services {
			need += s.Memory * int64(s.Replicas)
		}
		api, _ := p.Service("api")
		apis = append(apis, api.Env)
		name := sideName(i)
		if len(found) > 2 {
			name = st.Name
		}
		c.sides = append(c.sides, &side{name: name, st: st, env: of, own: o.own(i)})
	}
	if c.order.Workload, err = shared(c.sides, apis, order.Workload); err != nil {
		return nil, err
	}
	if err := c.arrange(ctx, need); err != nil {
		return nil, err
	}
	c.unlock, err = a.alone(ctx, contestPurpose)
	return c, err
}

// contestPurpose is in the names of a contest's own stacks. They are removed
// with their data at the end, so no one's own stack may bear such a name.
const contestPurpose = "compare"

// alone keeps a second command of the same purpose from taking the first one's
// own stacks.
func (a *app) alone(ctx context.Context, purpose string) (unlock func(), err error) {
	whole := *a
	whole.project = compose.Beside(a.project, purpose)
	return whole.lock(ctx)
}

// own are the programs of a side. One that has none says so: in a stack that
// changes its stage the other side's would stay.
func (o compareOptions) own(i int) []string {
	if i < 2 {
		if named := [][]string{o.replaceA, o.replaceB}[i]; len(named) > 0 {
			return named
		}
	}
	return []string{replaceable + "="}
}

// shared is the workload asked for, if all sides can serve it; where none is, the own one
// of the last side that all can serve.
func shared(sides []*side, apis []map[string]string, asked string) (string, error) {
	serve := func(workload string) (err error) {
		for i, s := range sides {
			if bad := canServe(s.st, apis[i], workload); bad != nil && err == nil {
				err = bad
			}
		}
		return err
	}
	if asked != "" {
		return asked, serve(asked)
	}
	for i := len(sides) - 1; i >= 0; i-- {
		if w := sides[i].st.Lab.Workload; serve(w) == nil {
			return w, nil
		}
	}
	for _, w := range []string{"mixed", "users"} {
		if serve(w) == nil {
			return w, nil
		}
	}
	return "ping", serve("ping")
}

// arrange decides whether the stacks stand side by side, and names them.
func (c *contest) arrange(ctx context.Context, need int64) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	if have := s.engine.Info().MemoryBytes; !c.changes && need > have*8/10 {
		c.note("the limits of both stacks come to %d MB, the machine has %d MB: one after the other", need>>20, have>>20)
		c.changes = true
	}
	for i, one := range c.sides {
		silent := *c.app
		silent.project = compose.Beside(c.project, contestPurpose+"-"+sideName(i))
		if c.changes {
			silent.project = compose.Beside(c.project, contestPurpose+"-turns")
		}
		silent.Out, silent.Err, silent.output = io.Discard, io.Discard, "text"
		one.app = &silent
	}
	return nil
}

// play brings the stacks up, plays the rounds and, whatever happens, leaves
// nothing frozen and, unless asked, nothing up. It gives the whole rounds.
func (c *contest) play(ctx context.Context, more func([]rounds.Round) bool) (played []rounds.Round, err error) {
	defer func() {
		if after := c.end(context.WithoutCancel(ctx)); err == nil {
			err = after
		}
	}()
	c.note("%s at %s, turns of %s after %s of warm-up, %d rounds", c.order.Workload, c.order.Pace,
		seconds(c.order.DurationSeconds), seconds(c.order.WarmupSeconds), c.o.rounds)
	if c.changes {
		c.note("one stack changes its stage for each turn: a load as long as a turn goes before it, and is thrown away")
	}
	if !c.changes {
		for _, one := range c.sides {
			c.note("bringing up %s: stage %d, %s", one.project, one.st.Number, one.st.Lab.Title)
			if err := c.up(ctx, one); err != nil {
				return nil, err
			}
			if err := one.s.engine.PauseAll(ctx, one.project); err != nil {
				return nil, err
			}
		}
	}
	return rounds.Run(ctx, rounds.Options{Sides: len(c.sides), Rounds: c.o.rounds, Seed: c.order.Seed, Bring: c.bring, Try: c.try, More: more,
		Spare: (c.o.rounds + 1) / 2, Good: c.good})
}

// up makes a side's stack stand, and its load ready.
func (c *contest) up(ctx context.Context, one *side) error {
	if err := one.runUp(ctx, upOptions{stage: one.st.Name, env: one.env, replace: one.own}); err != nil {
		return err
	}
	s, err := one.openStack(ctx)
	if err != nil {
		return err
	}
	one.close()
	one.s = s
	one.load, err = s.ready(ctx, c.order)
	return err
}

func (one *side) close() {
	if one.s != nil {
		one.s.engine.Close()
		one.s = nil
	}
}

// bring gives a side the machine for its turn.
func (c *contest) bring(ctx context.Context, turn int) error {
	one := c.sides[turn]
	if c.changes {
		if err := c.up(ctx, one); err != nil {
			return err
		}
		return one.answers(ctx)
	}
	for i, other := range c.sides {
		if i != turn {
			if err := other.s.engine.PauseAll(ctx, other.project); err != nil {
				return err
			}
		}
	}
	if err := one.s.engine.UnpauseAll(ctx, one.project); err != nil {
		return err
	}
	return one.answers(ctx)
}

// A stack that was frozen finds its connections and addresses again.
const (
	answersInARow = 5
	answerWithin  = 30 * time.Second
)

// answers waits until the entry answers several times in a row.
func (one *side) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	url := entryURL(one.s.stack.Port) + "/ping"
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for row := 0; row < answersInARow; {
		row++
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		res, err := client.Do(r)
		if err == nil {
			_ = res.Body.Close()
		}
		if err != nil || res.StatusCode != http.StatusOK {
			row = 0
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return problem.Newf(problem.Unhealthy, "lab -p "+one.project+" status", "%s does not answer at its turn", one.project)
		}
	}
	return nil
}

// try makes one turn's trial, and keeps it.
func (c *contest) try(ctx context.Context, turn, round int, seed int64) (*record.Run, error) {
	one := c.sides[turn]
	if c.changes {
		if err := c.heat(ctx, one); err != nil {
			return nil, err
		}
	}
	o := one.load.Options
	o.Order.Seed = seed
	run, err := trial.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	run.Round = &record.Round{Comparison: c.id, Side: one.name, Number: round + 1}
	st := record.Stage{Number: one.st.Number, Name: one.st.Name, Title: one.st.Lab.Title, Hash: one.load.project.Hash()}
	if err := one.s.save(run, st, architecture(one.st, one.load.project)); err != nil {
		return nil, err
	}
	c.tellTurn(round, one.name, run)
	return run, nil
}

// heat loads a side in vain before its turn. Where one stack changes its stage, the
// side that opens a round stands as it stood, loaded; of the others boxes were begun
// anew, with caches empty. All get what a stack side by side has had after its first
// turn. Its seed is no round's, or a cache would hold just what is asked next.
func (c *contest) heat(ctx context.Context, one *side) error {
	o := one.load.Options
	o.Order.Seed = c.order.Seed - 1
	o.Order.DurationSeconds, o.Order.WarmupSeconds = o.Order.DurationSeconds+o.Order.WarmupSeconds, 0
	_, err := trial.Run(ctx, o)
	return err
}

// good is false for a turn whose figures say more of the machine than of the side.
func (c *contest) good(run *record.Run) bool {
	if run.Verdict.State != record.Invalid {
		return true
	}
	c.note("  that turn can't be believed: while there are spare rounds its round is played again")
	return false
}

// end removes the stacks, or lets them go on.
func (c *contest) end(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	defer c.unlock()
	for i, one := range c.sides {
		switch {
		case c.o.keep && one.s != nil:
			err = earlier(err, one.s.engine.UnpauseAll(ctx, one.project))
			if i == 0 || !c.changes {
				c.note("left up: lab -p %s status", one.project)
			}
		case i == 0 || !c.changes:
			err = earlier(err, one.runDown(ctx, true))
		}
		one.close()
	}
	return err
}

// runLadder plays the stages of A..B.
func (a *app) runLadder(ctx context.Context, span string, dir string, o compareOptions) error {
	found, err := rungs(dir, span)
	if err != nil {
		return err
	}
	if len(o.envA)+len(o.envB)+len(o.replaceA)+len(o.replaceB) > 0 {
		return problem.New(problem.Usage, "--env-a, --env-b and --replace-a, --replace-b are for two sides", "lab compare 4 5 --env-b api.POOL=off")
	}
	c, err := a.contest(ctx, found, nil, o)
	if err != nil {
		return err
	}
	played, err := c.play(ctx, nil)
	if len(played) == 0 {
		return err
	}
	all := make([][]*record.Run, len(c.sides))
	for _, round := range played {
		for i, run := range round {
			all[i] = append(all[i], run)
		}
	}
	c.offerReport()
	ladder := analysis.Climb(all)
	if failed := a.printLadder(ladder); failed != nil {
		return failed
	}
	if err != nil {
		return a.after(err)
	}
	return believed(!ladder.Invalid())
}

func (a *app) printLadder(l analysis.Ladder) error {
	if a.asJSON() {
		return a.json(report.LadderJSON(l))
	}
	return report.WriteLadder(a.Out, l, report.Options{Color: a.colour(a.Out)})
}

// rungs finds the stages of A..B.
func rungs(dir, span string) ([]stages.Stage, error) {
	var from, to int
	if n, err := fmt.Sscanf(span, "%d..%d", &from, &to); err != nil || n != 2 || span != fmt.Sprintf("%d..%d", from, to) || from >= to {
		return nil, problem.Newf(problem.Usage, "lab compare 4 5, or lab compare 2..8", "%q is not A..B with A below B", span)
	}
	all, err := stages.List(dir)
	if err != nil {
		return nil, err
	}
	var found []stages.Stage
	for _, st := range all {
		if st.Number >= from && st.Number <= to {
			found = append(found, st)
		}
	}
	if len(found) != to-from+1 {
		return nil, problem.Newf(problem.NotFound, "lab stages", "not all stages from %d to %d are there", from, to)
	}
	return found, nil
}
