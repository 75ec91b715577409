// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"systemlab/internal/compose"
	"systemlab/internal/contract"
	"systemlab/internal/engine"
	"systemlab/internal/problem"
	"systemlab/stages"
)

// The data set of a check is small, so that it stands within seconds.
const (
	contractUsers    = "500"
	contractMessages = "5000"
)

// bare is the same program a second time, with nothing around it.
const bare = "bare"

// trialStack is the stack of a check: the program with the boxes that it needs
// in a stage, under the name of the stack with -contract behind it. Nothing of
// it outlives the check; what a killed lab left is removed by the next one.
type trialStack struct {
	*session
	project *compose.Project
	want    engine.Stack
	has     contract.Has
	program string
	first   []engine.Container // the program's two, as they began
}

func contractProject(project string) string { return compose.Beside(project, "contract") }

func (s *session) trialStack(ctx context.Context, st stages.Stage, r replacement) (*trialStack, error) {
	silent := *s.app
	silent.project, silent.Out, silent.output = contractProject(s.project), io.Discard, "text"
	if err := compose.CheckName(silent.project); err != nil {
		return nil, err
	}
	t := &trialStack{session: &session{app: &silent, engine: s.engine, source: s.source}, program: r.program,
		want: engine.Stack{Stage: st.Name, Password: newPassword()}}
	var err error
	if t.project, err = st.Load(ctx, silent.project, stages.Given{Port: 8080, Password: t.want.Password}); err != nil {
		return nil, err
	}
	api, ok := t.project.Service(r.service)
	if !ok {
		return nil, problem.Newf(problem.NotFound, "lab stages", "stage %d has no %s", st.Number, r.service)
	}
	t.has = contract.Of(api.Env)
	if err := t.project.Replace(r.service, r.program, r.made.Ref, r.check); err != nil {
		return nil, err
	}
	api.Health = nil // the check itself waits, and says more
	t.reduce(r.service)
	return t, nil
}

// reduce leaves the service, the boxes that it needs, one of each, and adds the
// bare one. Both are reached from the host, on ports that the engine chooses.
func (t *trialStack) reduce(service string) {
	names := []string{service}
	if t.has.Queue {
		names = append(names, "worker")
	}
	t.project.Only(names...)
	if db, ok := t.project.Service("postgres"); ok {
		db.Env["SEED_USERS"], db.Env["SEED_MESSAGES"] = contractUsers, contractMessages
	}
	for i := range t.project.Services {
		t.project.Services[i].Replicas = 1
	}
	s, _ := t.project.Service(service)
	s.Ports = []compose.Port{{HostIP: "127.0.0.1", Target: 80, Protocol: "tcp"}}
	alone := *s
	alone.Name, alone.DependsOn, alone.Env = bare, nil, maps.Clone(s.Env)
	maps.DeleteFunc(alone.Env, func(k, _ string) bool { return k != "LISTEN" && k != "POOL" && k != "LOADQ" })
	alone.Env["LOADQ"] = "off"
	// What publishes a port must be on a network that leads out.
	alone.Networks = slices.DeleteFunc(slices.Clone(s.Networks), func(a compose.Attachment) bool {
		n, _ := t.project.Network(a.Network)
		return n.Internal
	})
	t.project.Services = append(t.project.Services, alone)
}

// check brings the stack up, checks, and takes it down whatever happens.
func (t *trialStack) check(ctx context.Context) (report contract.Report, err error) {
	unlock, err := t.lock(ctx)
	if err != nil {
		return report, err
	}
	defer unlock()
	if err := t.clear(ctx); err != nil {
		return report, err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
		defer cancel()
		err = earlier(err, t.clear(ctx))
	}()
	t.note("bringing up %s: %s, twice, and what it needs", t.app.project, t.program)
	if err := t.up(ctx); err != nil {
		return t.stillborn(ctx, err)
	}
	p, err := t.running(ctx)
	if err != nil {
		return report, err
	}
	return contract.Check(ctx, p, func(part string) { t.note("  checking %s", part) })
}

func (t *trialStack) up(ctx context.Context) error {
	if err := t.look(ctx); err != nil {
		return err
	}
	plan, err := t.plan(ctx, t.project, t.want, false)
	if err != nil {
		return err
	}
	return t.engine.Apply(ctx, plan, nil)
}

// clear removes all of it.
func (t *trialStack) clear(ctx context.Context) error {
	if err := t.look(ctx); err != nil {
		return err
	}
	return t.engine.Apply(ctx, engine.Teardown(t.observed, true), nil)
}

// stillborn makes a finding of a program that ended as soon as it was started.
func (t *trialStack) stillborn(ctx context.Context, err error) (contract.Report, error) {
	if problem.Of(err).Kind != problem.Unhealthy || t.look(ctx) != nil {
		return contract.Report{}, err
	}
	for _, c := range t.programs() {
		if c.State == "exited" || c.State == "dead" {
			return contract.Report{Rules: []string{"start"}, Findings: []contract.Finding{{Rule: "start", Asked: "its start",
				Came: oneLine(problem.Of(err).Message), Wants: "it serves on $LISTEN (:80), and stays"}}}, nil
		}
	}
	return contract.Report{}, err
}

// programs are the two containers of the program: with all, and bare.
func (t *trialStack) programs() []engine.Container {
	return append(t.observed.Of(replaceable), t.observed.Of(bare)...)
}

func (t *trialStack) running(ctx context.Context) (contract.Program, error) {
	if err := t.look(ctx); err != nil {
		return contract.Program{}, err
	}
	t.first = t.programs()
	if len(t.first) != 2 {
		return contract.Program{}, problem.Newf(problem.Unhealthy, "the same command again", "someone removed a container of %s", t.app.project)
	}
	url := func(c engine.Container) string { return "http://127.0.0.1:" + strconv.Itoa(int(c.Published)) }
	return contract.Program{URL: url(t.first[0]), Name: t.first[0].Hostname, BareURL: url(t.first[1]), BareName: t.first[1].Hostname,
		Has: t.has, Boxes: t}, nil
}

// Kill implements contract.Boxes.
func (t *trialStack) Kill(ctx context.Context, service string) error {
	return t.engine.Kill(ctx, t.app.project, t.app.project+"-"+service+"-1")
}

// Start implements contract.Boxes.
func (t *trialStack) Start(ctx context.Context, service string) error {
	return t.engine.Start(ctx, t.app.project, t.app.project+"-"+service+"-1")
}

// Healthy implements contract.Boxes.
func (t *trialStack) Healthy(ctx context.Context) (has, ok bool, err error) {
	test, err := t.engine.ImageCheck(ctx, t.first[0].Image)
	if err != nil || test == nil {
		return false, false, err
	}
	for range 5 {
		if ok, err = t.engine.Answers(ctx, t.first[0].ID, test); ok || err != nil {
			break
		}
	}
	return true, ok, err
}

// Alive implements contract.Boxes.
func (t *trialStack) Alive(ctx context.Context) (bool, string, error) {
	for _, was := range t.first {
		c, err := t.engine.Container(ctx, was.ID)
		switch {
		case err != nil:
			return false, "", err
		case c.State != "running":
			return false, fmt.Sprintf("it ended with exit code %d%s", c.ExitCode, t.lastWords(ctx, c)), nil
		case c.Restarts > was.Restarts || !c.Started.Equal(was.Started):
			return false, "it was restarted", nil
		}
	}
	return true, "", nil
}

// lastWords is the end of a container's log, in one line.
func (t *trialStack) lastWords(ctx context.Context, c engine.Container) string {
	words, err := t.engine.LastWords(ctx, c.ID)
	if err != nil || words == "" {
		return ""
	}
	return "; its last words: " + oneLine(words)
}

// Stop implements contract.Boxes.
func (t *trialStack) Stop(ctx context.Context) (int, time.Duration, error) {
	begun := time.Now()
	c := t.first[0]
	if err := t.engine.Stop(ctx, t.app.project, c.Name); err != nil {
		return 0, 0, err
	}
	took := time.Since(begun)
	c, err := t.engine.Container(ctx, c.ID)
	return c.ExitCode, took, err
}

// clearContract removes what a killed check of this stack may have left, unless
// one runs at this moment.
func (s *session) clearContract(ctx context.Context) error {
	name := contractProject(s.project)
	left, err := s.engine.Observe(ctx, name)
	if err != nil || len(left.Containers)+len(left.Networks)+len(left.Volumes) == 0 {
		return err
	}
	other := *s.app
	other.project = name
	unlock, err := other.tryLock()
	if err != nil || unlock == nil {
		return err
	}
	defer unlock()
	return s.engine.Apply(ctx, engine.Teardown(left, true), s.tellStep)
}
