// SPDX-License-Identifier: MIT

package tui

import "context"

// Hands are what keys can do to a stack. The program calls each method in a
// goroutine of its own, one at a time, with a context that ends with the
// program; what happens then is seen through the Feed (Status for progress,
// Stack for the result). An error is shown as one line. A replay has no Hands.
type Hands interface {
	StartLoad(ctx context.Context, workload string, rate float64) error // "" is the stage's own workload
	StopLoad(ctx context.Context) error
	SetRate(ctx context.Context, rate float64) error // of the load that runs

	Workloads() []string // that the stack can serve
	Stages() []StageName // that there are

	SwitchStage(ctx context.Context, number int) error // returns when it stands
	Scale(ctx context.Context, service string, replicas int) error

	Stop(ctx context.Context, container string) error
	Kill(ctx context.Context, container string) error
	Pause(ctx context.Context, container string) error
	Unpause(ctx context.Context, container string) error
	Start(ctx context.Context, container string) error

	// Logs sends the container's lines into the feed until the context ends.
	Logs(ctx context.Context, container string) error

	// Save keeps what was measured as a run, and returns its id.
	Save(ctx context.Context) (string, error)
}

// StageName is one line of the menu of stages.
type StageName struct {
	Number int
	Title  string
}
