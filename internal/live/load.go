// SPDX-License-Identifier: MIT

package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/trial"
	"systemlab/internal/tui"
	"systemlab/loadgen"
)

// longest is how long a load runs that nobody stops: as long as an order may be.
const longest = time.Hour

// load is one that runs.
type load struct {
	order   loadgen.Order // its pace as it is now; under the source's lock
	rate    float64       // likewise
	begun   chan struct{} // closed when the first request leaves
	control chan loadgen.Control
	cancel  context.CancelFunc
	done    chan struct{}
}

// StartLoad implements tui.Hands.
func (s *Source) StartLoad(ctx context.Context, workload string, rate float64) error {
	s.mu.Lock()
	if workload == "" {
		workload = s.stage.Workload
	}
	s.mu.Unlock()
	return s.StartOrder(ctx, loadgen.Order{Workload: workload, Pace: loadgen.Constant(rate).String(), DurationSeconds: longest.Seconds(), Seed: 1}, rate)
}

// StartOrder starts a load as ordered; rate is what it begins with. The target,
// and how many users there are, are the stack's.
func (s *Source) StartOrder(ctx context.Context, order loadgen.Order, rate float64) error {
	image, err := s.o.Generator(ctx)
	if err != nil {
		return err
	}
	// The load outlives the call, and ends with Run.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &load{rate: rate, begun: make(chan struct{}), control: make(chan loadgen.Control), cancel: cancel, done: make(chan struct{})}
	s.mu.Lock()
	st := s.stage
	order.Target, order.Users = st.Target, st.Users
	if order.Workload == "" {
		order.Workload = st.Workload
	}
	l.order = order
	err = order.Validate()
	if s.load != nil {
		err = errors.New("a load is running already")
	}
	if err != nil {
		s.mu.Unlock()
		cancel()
		return err
	}
	s.load = l
	s.mu.Unlock()
	var failed error
	go func() {
		defer close(l.done)
		defer cancel()
		s.guard(func() {
			var offset float64
			run, err := trial.Run(inner, trial.Options{
				Engine: s.o.Engine, Project: s.o.Project, Network: st.Network, Generator: image, Order: order, Control: l.control, Interval: refresh,
				OnHello:  func() { offset = s.now(); close(l.begun) },
				OnWindow: func(w record.Window) { w.StartSeconds += offset; s.put(tui.Event{Window: &w}) },
			})
			failed = err
			s.ended(l, run, st, err)
		})
	}()
	select {
	case <-l.begun:
		s.tellLoad(l, true)
		return nil
	case <-l.done:
		return failed
	case <-ctx.Done():
		cancel()
		<-l.done
		return ctx.Err()
	}
}

// ended keeps what was measured until it is saved, or something else is measured.
func (s *Source) ended(l *load, run *record.Run, st Stage, err error) {
	s.mu.Lock()
	s.load = nil
	if run != nil && run.Summary.Requests.Sent > 0 {
		s.last, s.of = run, st
	}
	s.mu.Unlock()
	select {
	case <-l.begun:
	default:
		return // StartOrder says why
	}
	s.tellLoad(l, false)
	if err != nil && problem.Of(err).Kind != problem.Interrupted {
		words := "the load broke off: " + firstLine(err)
		s.put(tui.Event{Status: &words})
	}
}

func (s *Source) tellLoad(l *load, running bool) {
	s.mu.Lock()
	now := tui.Load{Running: running, Workload: l.order.Workload, Pace: l.order.Pace, Rate: l.rate}
	s.mu.Unlock()
	s.put(tui.Event{Load: &now})
}

// StopLoad implements tui.Hands.
func (s *Source) StopLoad(ctx context.Context) error {
	if !s.stopLoad(ctx) {
		return errors.New("no load runs")
	}
	return nil
}

// stopLoad ends the load that runs, if one does, and waits for its result.
func (s *Source) stopLoad(ctx context.Context) bool {
	s.mu.Lock()
	l := s.load
	s.mu.Unlock()
	if l == nil {
		return false
	}
	l.cancel()
	select {
	case <-l.done:
	case <-ctx.Done():
	}
	return true
}

// SetRate implements tui.Hands.
func (s *Source) SetRate(ctx context.Context, rate float64) error {
	s.mu.Lock()
	l := s.load
	s.mu.Unlock()
	if l == nil {
		return errors.New("no load runs")
	}
	select {
	case l.control <- loadgen.Control{Rate: rate}:
	case <-l.done:
		return errors.New("the load has ended")
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	l.rate, l.order.Pace = rate, loadgen.Constant(rate).String()
	s.mu.Unlock()
	s.tellLoad(l, true)
	return nil
}

// Wait until the load that runs has ended by itself, or the context has.
func (s *Source) Wait(ctx context.Context) {
	s.mu.Lock()
	l := s.load
	s.mu.Unlock()
	if l == nil {
		return
	}
	select {
	case <-l.done:
	case <-ctx.Done():
	}
}

// Save implements tui.Hands. A load that runs is stopped: a run is whole or none.
func (s *Source) Save(ctx context.Context) (string, error) {
	s.stopLoad(ctx)
	s.mu.Lock()
	run, of := s.last, s.of
	s.mu.Unlock()
	if run == nil {
		return "", errors.New("nothing was measured yet: start a load first")
	}
	id, err := s.o.Keep(run, of)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	if s.last == run {
		s.last = nil
	}
	s.mu.Unlock()
	return id, nil
}

// firstLine of an error, for the one line that there is.
func firstLine(err error) string {
	if err == nil {
		return "it went away"
	}
	line, _, _ := strings.Cut(fmt.Sprint(err), "\n")
	return line
}
