// SPDX-License-Identifier: MIT

package fault

import (
	"context"
	"fmt"
	"strings"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// Least that an engine takes.
const (
	leastCores  = 0.01
	leastMemory = 6 << 20
)

// prepare notes what is to be put back, and refuses what can't be done. It
// changes nothing.
func (b Breaker) prepare(ctx context.Context, t Target, f Fault) (mark, error) {
	c := t.Container
	m := mark{Kind: f.Kind, How: f.How, Target: c.ID, Name: c.Name, Service: c.Service, Replica: c.Replica, Run: c.Started, Hidden: f.Hidden}
	var err error
	switch f.Kind {
	case CPU:
		m.Cores, err = c.LimitCores, cpuFits(f, c)
	case Memory:
		m.Memory, err = c.LimitMemory, memoryFits(f, c)
	case Disconnect:
		m.Endpoints, err = b.endpoints(ctx, f, c)
	case Traffic:
		if len(c.Addresses) == 0 {
			return m, problem.Newf(problem.Unsupported, "lab heal", "%s is on no network", c.Name)
		}
		_, err = b.Helper(ctx) // builds it, if need be, before anything is broken
	case FillDisk:
		m.File, err = b.bounded(ctx, c)
	case SlowQueries:
		err = b.hasQueries(ctx, c)
	}
	return m, err
}

func cpuFits(f Fault, c engine.Container) error {
	switch {
	case c.LimitCores <= 0:
		return problem.Newf(problem.Unsupported, "choose a container with a limit: lab status", "%s has no CPU limit to take a share of", c.Name)
	case c.LimitCores*f.Share < leastCores:
		return problem.Newf(problem.Usage, fmt.Sprintf("cpu=%.0f%%", 100*leastCores/c.LimitCores+1), "%s of %g cores is less than an engine can grant (%g)", f.How, c.LimitCores, leastCores)
	}
	return nil
}

func memoryFits(f Fault, c engine.Container) error {
	switch {
	case c.LimitMemory <= 0:
		return problem.Newf(problem.Unsupported, "choose a container with a limit: lab status", "%s has no memory limit to lower", c.Name)
	case f.Bytes >= c.LimitMemory:
		return problem.Newf(problem.Usage, fmt.Sprintf("memory=%dm", c.LimitMemory>>21), "%s has %d MB: %s is no less", c.Name, c.LimitMemory>>20, f.How)
	case f.Bytes < leastMemory:
		return problem.Newf(problem.Usage, "memory=64m", "%s is less than an engine can grant (%d MB)", f.How, leastMemory>>20)
	}
	return nil
}

// endpoints are those of the network that was named, by its name or its key, or all.
func (b Breaker) endpoints(ctx context.Context, f Fault, c engine.Container) ([]engine.Endpoint, error) {
	all, err := b.Engine.Endpoints(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	var out []engine.Endpoint
	var names []string
	for _, p := range all {
		key := strings.TrimPrefix(p.Network, b.Project+"_")
		names = append(names, key)
		if f.Network == "" || f.Network == key || f.Network == p.Network {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		return nil, problem.Newf(problem.NotFound, "one of: "+strings.Join(names, ", "), "%s is on no network %q", c.Name, f.Network)
	}
	return out, nil
}
