// SPDX-License-Identifier: MIT

//go:build e2e

// Command panics is the live view with a fault in it, for the scenario that
// looks at what is left of the terminal: panics drawing, or panics looking.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/live"
	"systemlab/internal/tui"
)

// feed works for a second.
type feed struct{ begun time.Time }

func (f feed) Poll(now time.Time) ([]tui.Event, float64) {
	if now.Sub(f.begun) > time.Second {
		panic("a fault in the drawing")
	}
	return nil, now.Sub(f.begun).Seconds()
}

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, where string) error {
	if where == "drawing" {
		return tui.Run(ctx, tui.Options{Feed: feed{time.Now()}})
	}
	e, err := engine.Open(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	begun := time.Now()
	return live.Show(ctx, live.New(live.Options{Engine: e, Project: "e2e-panics", Describe: func(context.Context, engine.Observed) (live.Stage, error) {
		time.Sleep(time.Second - time.Since(begun)) // the view is there by then
		panic("a fault in the looking")
	}}), nil)
}
