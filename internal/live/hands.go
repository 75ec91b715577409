// SPDX-License-Identifier: MIT

package live

import (
	"context"
	"slices"

	"systemlab/internal/engine"
	"systemlab/internal/tui"
)

// Workloads implements tui.Hands.
func (s *Source) Workloads() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stage.Workloads
}

// Stages implements tui.Hands.
func (s *Source) Stages() []tui.StageName { return s.o.Stages }

// SwitchStage implements tui.Hands. A load that runs is stopped first, since the
// network that it comes from may go, and started again on the new stage.
func (s *Source) SwitchStage(ctx context.Context, number int) error {
	s.mu.Lock()
	l := s.load
	s.mu.Unlock()
	s.stopLoad(ctx)
	tell := func(words string) { s.put(tui.Event{Status: &words}) }
	defer tell("")
	if err := s.o.Up(ctx, number, tell); err != nil {
		return err
	}
	if err := s.show(ctx); err != nil {
		return err
	}
	if l == nil {
		return nil
	}
	s.mu.Lock()
	workload, rate := l.order.Workload, l.rate
	if !slices.Contains(s.stage.Workloads, workload) {
		workload = s.stage.Workload
	}
	s.mu.Unlock()
	return s.StartLoad(ctx, workload, rate)
}

// Scale implements tui.Hands.
func (s *Source) Scale(ctx context.Context, service string, replicas int) error {
	if err := s.o.Scale(ctx, service, replicas); err != nil {
		return err
	}
	return s.show(ctx)
}

// Stop implements tui.Hands.
func (s *Source) Stop(ctx context.Context, container string) error {
	return s.o.Engine.Stop(ctx, s.o.Project, container)
}

// Kill implements tui.Hands.
func (s *Source) Kill(ctx context.Context, container string) error {
	return s.o.Engine.Kill(ctx, s.o.Project, container)
}

// Pause implements tui.Hands.
func (s *Source) Pause(ctx context.Context, container string) error {
	return s.o.Engine.Pause(ctx, s.o.Project, container)
}

// Unpause implements tui.Hands.
func (s *Source) Unpause(ctx context.Context, container string) error {
	return s.o.Engine.Unpause(ctx, s.o.Project, container)
}

// Start implements tui.Hands.
func (s *Source) Start(ctx context.Context, container string) error {
	return s.o.Engine.Start(ctx, s.o.Project, container)
}

// logTail is how many earlier lines of a log are shown.
const logTail = 100

// Logs implements tui.Hands.
func (s *Source) Logs(ctx context.Context, container string) error {
	w := &lines{put: func(text string) { s.put(tui.Event{Log: &tui.LogLine{Container: container, Text: text}}) }}
	return s.o.Engine.Logs(ctx, container, engine.LogOptions{Tail: logTail, Follow: true}, w)
}

// lines cuts what is written into lines.
type lines struct {
	put  func(string)
	rest []byte
}

// maxLine bounds what one line may hold.
const maxLine = 4096

func (l *lines) Write(b []byte) (int, error) {
	for _, c := range b {
		if c == '\n' || len(l.rest) == maxLine {
			l.put(string(l.rest))
			l.rest = l.rest[:0]
		}
		if c != '\n' {
			l.rest = append(l.rest, c)
		}
	}
	return len(b), nil
}
