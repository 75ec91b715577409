// SPDX-License-Identifier: MIT

// Package live is a running stack as the live view wants it: what happens, as a
// feed, and what keys do, as hands. It draws nothing and decides nothing about
// stages; what needs a stage's file is asked of its owner.
package live

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"systemlab/internal/engine"
	"systemlab/internal/fault"
	"systemlab/internal/meter"
	"systemlab/internal/record"
	"systemlab/internal/tui"
)

// Stage is what the stage's own file says of the stack that is up.
type Stage struct {
	Stage        record.Stage
	Architecture record.Architecture
	Network      string   // name of the network where the generator joins
	Target       string   // base URL of the entry
	Workload     string   // what it is asked when nobody says
	Workloads    []string // that it can serve
	Users        int
}

// Options of a source. All are needed.
type Options struct {
	Engine  *engine.Engine
	Project string
	Stages  []tui.StageName

	Describe  func(ctx context.Context, o engine.Observed) (Stage, error)
	Generator func(ctx context.Context) (image string, err error)
	Up        func(ctx context.Context, stage int, tell func(string)) error
	Scale     func(ctx context.Context, service string, replicas int) error
	Keep      func(run *record.Run, s Stage) (id string, err error)
}

const (
	// lookEvery is how often the engine is asked for everything though nothing was
	// heard; its events tell of what happens at once.
	lookEvery = 10 * time.Second
	// lookSoon gathers the events of one change into one look.
	lookSoon = 200 * time.Millisecond
	// refresh is how often the containers are read: as often as the view is drawn.
	refresh = time.Second
	// retry is the pause before an engine that does not answer is asked again.
	retry = time.Second
)

// Source is one running stack. It is a tui.Feed and tui.Hands.
type Source struct {
	o     Options
	inbox *tui.Inbox
	look  chan struct{} // something changed

	mu    sync.Mutex
	stage Stage
	here  []engine.Container  // that stage was described for, if it was
	roles map[string][]string // by the container's name, as it last said
	load  *load               // that runs, or nil
	last  *record.Run         // that was measured last and is not kept yet
	of    Stage               // the stage that it was measured on

	faults map[string][]string // that stand, by the container's name

	described bool

	fail atomic.Pointer[context.CancelCauseFunc] // set by Show: ends it
}

var (
	_ tui.Feed  = (*Source)(nil)
	_ tui.Hands = (*Source)(nil)
)

// New makes a source; Run brings it to life.
func New(o Options) *Source {
	return &Source{o: o, inbox: &tui.Inbox{Start: time.Now()}, look: make(chan struct{}, 1), roles: map[string][]string{}}
}

// Poll implements tui.Feed.
func (s *Source) Poll(now time.Time) ([]tui.Event, float64) { return s.inbox.Poll(now) }

func (s *Source) now() float64 { return time.Since(s.inbox.Start).Seconds() }

func (s *Source) put(e tui.Event) {
	if e.At == 0 {
		e.At = s.now()
	}
	s.inbox.Put(e)
}

// Run follows the stack until the context ends. An engine that is lost is said
// and asked again for as long as it takes.
func (s *Source) Run(ctx context.Context) {
	for {
		err := s.follow(ctx)
		if ctx.Err() != nil {
			s.stopLoad(context.WithoutCancel(ctx))
			return
		}
		trouble := "the engine does not answer: " + firstLine(err)
		s.put(tui.Event{Trouble: &trouble})
		select {
		case <-time.After(retry):
		case <-ctx.Done():
		}
	}
}

var errEventsEnded = errors.New("its events ended")

// follow shows what is there and what happens, until the engine is lost.
func (s *Source) follow(ctx context.Context) error {
	if err := s.show(ctx); err != nil {
		return err
	}
	fine := ""
	s.put(tui.Event{Trouble: &fine})
	s.mu.Lock()
	here := s.here
	s.mu.Unlock()
	reader, _ := meter.Pick(ctx, s.o.Engine.Info().Local, &meter.Files{}, s.o.Engine, here)
	m := meter.New(meter.Options{Reader: reader, Interval: refresh, List: s.containers})
	defer m.Close()
	g, ctx := errgroup.WithContext(ctx)
	watch := meter.NewWatch(s.o.Engine, func(said meter.Said) { s.guard(func() { s.heard(said) }) })
	watch.Add(ctx, here...)
	defer watch.Wait()
	part := func(f func() error) {
		g.Go(func() (err error) { s.guard(func() { err = f() }); return err })
	}
	part(func() error {
		return m.Run(ctx, s.inbox.Start, func(x record.Sample) { s.inbox.Put(tui.Event{At: x.AtSeconds, Sample: &x}) })
	})
	part(func() error {
		events := s.o.Engine.Events(ctx, s.o.Project)
		s.lookAgain() // for what happened since show, and was heard by nobody
		for e := range events {
			s.happened(e)
			m.Refresh()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errEventsEnded
	})
	part(func() error { return s.keepLooking(ctx, watch) })
	return g.Wait()
}

// keepLooking asks the engine for everything after a change, and now and then.
func (s *Source) keepLooking(ctx context.Context, watch *meter.Watch) error {
	for {
		select {
		case <-s.look:
			select { // the rest of the same change
			case <-time.After(lookSoon):
			case <-ctx.Done():
			}
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := s.show(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		here := s.here
		s.mu.Unlock()
		watch.Add(ctx, here...)
	}
}

// lookAgain has everything asked for soon.
func (s *Source) lookAgain() {
	select {
	case s.look <- struct{}{}:
	default:
	}
}

// containers is the meter's list: those that were seen last, for the looks keep it fresh.
func (s *Source) containers(context.Context) ([]engine.Container, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.here, nil
}

// show puts all that is there on the screen.
func (s *Source) show(ctx context.Context) error {
	o, err := s.o.Engine.Observe(ctx, s.o.Project)
	if err != nil {
		return err
	}
	var here []engine.Container
	for _, c := range o.Containers {
		if !c.OneOff {
			here = append(here, c)
		}
	}
	s.mu.Lock()
	st, same := s.stage, s.described && slices.EqualFunc(here, s.here, func(a, b engine.Container) bool { return a.ID == b.ID })
	s.mu.Unlock()
	if !same { // a container never changes what it was made for
		st, err = s.o.Describe(ctx, o)
	}
	if err != nil && ctx.Err() != nil {
		return err
	}
	s.mu.Lock()
	s.described = err == nil
	if err == nil { // else in the middle of a change, or nothing is up: the last one stands
		s.stage = st
	}
	s.here, s.faults = here, map[string][]string{}
	for _, f := range fault.InForce(o) {
		s.faults[f.Container] = append(s.faults[f.Container], f.How)
	}
	stack := s.stack()
	s.mu.Unlock()
	s.put(tui.Event{Stack: &stack})
	return nil
}

// stack is what is known of it; the lock is held.
func (s *Source) stack() tui.Stack {
	out := tui.Stack{Project: s.o.Project, Stage: s.stage.Stage, Architecture: s.stage.Architecture}
	for _, c := range s.here {
		roles := s.roles[c.Name]
		if c.State != "running" {
			roles = nil
		}
		out.Containers = append(out.Containers, tui.Container{
			Service: c.Service, Replica: c.Replica, Name: c.Name, State: c.State, Health: c.Health,
			LimitCores: c.LimitCores, MemoryLimitBytes: c.LimitMemory, Roles: roles, Faults: s.faults[c.Name],
		})
	}
	return out
}

// happened tells of an engine's event, and looks again if it changed what is there.
func (s *Source) happened(e engine.Event) {
	if e.OneOff && e.Service != fault.Marker {
		return
	}
	switch e.Kind {
	case "create", "start", "die", "destroy", "pause", "unpause", "update", "oom", "kill", "stop", "restart", "health":
	default:
		return
	}
	s.lookAgain()
	if e.OneOff {
		return
	}
	if e.Kind == "health" && e.Detail == "healthy" || e.Kind == "create" || e.Kind == "destroy" {
		return // no news to a person
	}
	at := e.At.Sub(s.inbox.Start.Round(0)).Seconds()
	s.put(tui.Event{At: max(at, 0.001), Happened: &record.Event{AtSeconds: at, Kind: e.Kind, Service: e.Service, Container: e.Container, Detail: e.Detail}})
}

// heard tells what a box says of itself.
func (s *Source) heard(said meter.Said) {
	at := s.now()
	if q := said.Queue; q != nil {
		q.AtSeconds = at
		s.put(tui.Event{At: at, Queue: q})
	}
	if r := said.Replication; r != nil {
		r.AtSeconds = at
		s.put(tui.Event{At: at, Replication: r})
	}
	name := said.Container.Name
	s.mu.Lock()
	before, known := s.roles[name]
	s.roles[name] = said.Roles
	stack := s.stack()
	s.mu.Unlock()
	taken, given := meter.RoleChanges(before, said.Roles)
	if len(taken)+len(given) == 0 {
		return
	}
	s.put(tui.Event{At: at, Stack: &stack})
	if !known {
		return
	}
	for _, role := range taken {
		s.put(tui.Event{At: at, Happened: &record.Event{AtSeconds: at, Kind: "takes role", Service: said.Container.Service, Container: name, Detail: role}})
	}
	for _, role := range given {
		s.put(tui.Event{At: at, Happened: &record.Event{AtSeconds: at, Kind: "gives up role", Service: said.Container.Service, Container: name, Detail: role}})
	}
}

// Say shows one line.
func (s *Source) Say(words string) { s.put(tui.Event{Status: &words}) }

// AwaitStage returns when the stack has been seen.
func (s *Source) AwaitStage(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s.mu.Lock()
		known := s.stage.Target != ""
		s.mu.Unlock()
		if known {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
