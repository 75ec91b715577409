// SPDX-License-Identifier: MIT

package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"systemlab/internal/engine"
	"systemlab/internal/fault"
	"systemlab/internal/meter"
	"systemlab/internal/record"
	"systemlab/stages"
)

// statusInterval is how long CPU is measured for one status: several of the
// kernel's periods of 100 ms, and still no wait worth the name.
const statusInterval = 500 * time.Millisecond

func (a *app) statusCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Show what is up: containers, health, CPU, memory, entry",
		Example: "  lab status\n  lab status -o json",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runStatus(c.Context()) },
	}
}

// status is the JSON of `lab status`; its fields are stable.
type status struct {
	Project    string            `json:"project"`
	Stage      int               `json:"stage"`
	Name       string            `json:"name"`
	Entry      string            `json:"entry"`
	Containers []containerStatus `json:"containers"`
	Faults     []fault.Standing  `json:"faults"`

	// Service to the program of the user's own that runs in its place.
	Replaced map[string]string `json:"replaced,omitempty"`

	// Where the stage has them and they answer.
	Queue       *record.Queue       `json:"queue,omitempty"`
	Replication *record.Replication `json:"replication,omitempty"`
}

type containerStatus struct {
	Service          string   `json:"service"`
	Replica          int      `json:"replica"`
	Name             string   `json:"name"`
	ID               string   `json:"id"`
	State            string   `json:"state"`
	Health           string   `json:"health"` // "" where there is no check
	CPUCores         float64  `json:"cpu_cores"`
	LimitCores       float64  `json:"limit_cores"`
	ThrottledRatio   float64  `json:"throttled_ratio"`
	MemoryBytes      int64    `json:"memory_bytes"`
	Measured         bool     `json:"measured"` // false: the counters could not be read, and the figures are no figures
	MemoryLimitBytes int64    `json:"memory_limit_bytes"`
	Roles            []string `json:"roles"`
}

func (a *app) runStatus(ctx context.Context) error {
	s, err := a.openStack(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	out := status{Project: s.project, Name: s.stack.Stage, Entry: entryURL(s.stack.Port), Containers: []containerStatus{}, Replaced: s.replaced(),
		Faults: append([]fault.Standing{}, told(fault.InForce(s.observed))...)}
	if st, err := stages.Find(s.source.Dir, s.stack.Stage); err == nil {
		out.Stage = st.Number
	}
	var here []engine.Container
	for _, c := range s.observed.Containers {
		if !c.OneOff {
			here = append(here, c)
		}
	}
	growth, err := s.measure(ctx, here)
	if err != nil {
		return err
	}
	said := meter.Ask(ctx, s.engine, here) // after the measurement: asking costs CPU in the container
	for _, w := range said {
		out.Queue, out.Replication = cmp.Or(w.Queue, out.Queue), cmp.Or(w.Replication, out.Replication)
	}
	s.askDoubtful(ctx, here)
	for _, c := range here {
		row := containerStatus{Service: c.Service, Replica: c.Replica, Name: c.Name, ID: c.ID, State: c.State, Health: c.Health,
			LimitCores: c.LimitCores, MemoryLimitBytes: c.LimitMemory, Roles: meter.Roles(said, c.ID)}
		for _, g := range growth.Containers {
			if g.ID == c.ID {
				row.CPUCores, row.MemoryBytes, row.ThrottledRatio, row.Measured = g.CoresMean, g.MemoryBytes, g.ThrottledRatio, true
			}
		}
		out.Containers = append(out.Containers, row)
	}
	if a.asJSON() {
		return a.json(out)
	}
	return a.printStatus(out)
}

func (s *session) measure(ctx context.Context, here []engine.Container) (meter.Growth, error) {
	reader, _ := meter.Pick(ctx, s.engine.Info().Local, &meter.Files{}, s.engine, here)
	m := meter.New(meter.Options{Reader: reader, List: func(context.Context) ([]engine.Container, error) { return here, nil }})
	defer m.Close()
	first, err := m.Mark(ctx)
	if err != nil {
		return meter.Growth{}, err
	}
	select {
	case <-time.After(statusInterval):
	case <-ctx.Done():
		return meter.Growth{}, ctx.Err()
	}
	second, err := m.Mark(ctx)
	if err != nil {
		return meter.Growth{}, err
	}
	return second.Since(first), nil
}

// askDoubtful asks those that the engine still calls starting, or unhealthy as it
// does after a pause: its own checks are rare (docs/decisions/health.md).
func (s *session) askDoubtful(ctx context.Context, here []engine.Container) {
	var g errgroup.Group
	for i := range here {
		if c := &here[i]; c.State == "running" && (c.Health == "starting" || c.Health == "unhealthy") {
			g.Go(func() error {
				if ok, err := s.engine.Answers(ctx, c.ID, c.HealthTest); err == nil && ok {
					c.Health = "healthy"
				}
				return nil
			})
		}
	}
	_ = g.Wait()
}

func (a *app) printStatus(out status) error {
	fmt.Fprintf(a.Out, "%s: stage %d, %s, at %s\n", out.Project, out.Stage, out.Name, out.Entry)
	for _, service := range slices.Sorted(maps.Keys(out.Replaced)) {
		fmt.Fprintf(a.Out, "%s runs in the place of %s\n", out.Replaced[service], service)
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CONTAINER\tSTATE\tHEALTH\tCORES\tLIMIT\tMEMORY\tLIMIT\tROLE")
	for _, c := range out.Containers {
		health, limit, memory := c.Health, "-", "-"
		if health == "" {
			health = "-"
		}
		if c.LimitCores > 0 {
			limit = fmt.Sprintf("%.2f", c.LimitCores)
		}
		if c.MemoryLimitBytes > 0 {
			memory = fmt.Sprintf("%.0f MB", float64(c.MemoryLimitBytes)/1e6)
		}
		cores, used := "-", "-"
		if c.Measured {
			cores, used = fmt.Sprintf("%.3f", c.CPUCores), fmt.Sprintf("%.1f MB", float64(c.MemoryBytes)/1e6)
		}
		fmt.Fprintf(w, "%s-%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Service, c.Replica, c.State, health, cores, limit, used, memory, strings.Join(c.Roles, ", "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if q := out.Queue; q != nil {
		fmt.Fprintf(a.Out, "queue: %d waiting, %d in hand, %d workers listening\n", q.Depth, q.Unacknowledged, q.Consumers)
	}
	for _, f := range out.Faults {
		if f.Hidden != "" {
			fmt.Fprintf(a.Out, "%s stands: lab %sexercise check %s WHAT HOW; lab %sheal gives up\n", f, a.flag(), f.Hidden, a.flag())
			continue
		}
		fmt.Fprintf(a.Out, "broken: %s, for %.0f s; lab %sheal heals it\n", describe(f), time.Since(f.Since).Seconds(), a.flag())
	}
	if r := out.Replication; r != nil {
		behind := "by an unknown time"
		if r.LagSeconds >= 0 {
			behind = fmt.Sprintf("by %.3f s", r.LagSeconds)
		}
		fmt.Fprintf(a.Out, "replication: %d streaming, %s and %d bytes behind\n", r.Replicas, behind, r.LagBytes)
	}
	return nil
}
