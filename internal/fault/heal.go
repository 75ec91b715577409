// SPDX-License-Identifier: MIT

package fault

import (
	"context"
	"errors"
	"slices"

	"github.com/containerd/errdefs"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// Heal puts right what is given, or all that stands: the newest first, each as far
// as it is not right already, or may still cease to be. A container that was made anew since has nothing left
// to heal. It returns what was healed.
func (b Breaker) Heal(ctx context.Context, which ...Standing) ([]Standing, error) {
	o, err := b.Engine.Observe(ctx, b.Project)
	if err != nil {
		return nil, err
	}
	all := InForce(o)
	slices.Reverse(all)
	var healed []Standing
	var errs []error
	for _, s := range all {
		asked := len(which) == 0 || slices.ContainsFunc(which, func(w Standing) bool { return w.ID == s.ID })
		if !asked || ctx.Err() != nil {
			continue
		}
		if err := b.heal(ctx, s); err != nil {
			errs = append(errs, err)
			continue
		}
		healed = append(healed, s)
	}
	if len(which) == 0 && len(errs) == 0 {
		errs = append(errs, b.strays(ctx, o))
	}
	return healed, errors.Join(append(errs, ctx.Err())...)
}

// heal undoes one, and takes its marker away last.
func (b Breaker) heal(ctx context.Context, s Standing) error {
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), actLimit)
	defer cancel()
	c, err := b.Engine.Container(inner, s.mark.Target)
	switch {
	case s.mark.Target == "" || errdefs.IsNotFound(err): // made anew since, or no fault that this lab knows
		err = b.removeHelpers(inner, s.mark.Target)
	case err == nil:
		err = b.undo(inner, s.mark, c)
	}
	if err != nil {
		return problem.Wrap(err, problem.Of(err).Kind, s.String()+": could not be healed", "the same command again; lab down removes the stack and all that stands on it")
	}
	return b.Engine.RemoveOneOff(inner, b.Project, s.ID)
}

// undo puts right what is not right.
func (b Breaker) undo(ctx context.Context, m mark, c engine.Container) error {
	switch m.Kind {
	case Kill, Stop, Restart:
		if c.State == running && !m.Run.IsZero() && c.Started.Equal(m.Run) {
			// It has not ended yet, and may still: an engine goes on with what a lab that was
			// killed had asked for. Restarting it waits for that end.
			return b.Engine.Restart(ctx, b.Project, c.ID)
		}
		return b.startAgain(ctx, c)
	case Pause:
		if c.State == "paused" {
			return b.Engine.Unpause(ctx, b.Project, c.ID)
		}
	case CPU:
		if c.LimitCores != m.Cores {
			return b.Engine.SetLimits(ctx, c.ID, m.Cores, 0)
		}
	case Memory:
		return b.giveMemory(ctx, m, c)
	case Disconnect:
		return b.reconnect(ctx, m, c)
	case Traffic:
		return b.clearTraffic(ctx, c)
	case FillDisk:
		return b.empty(ctx, m, c)
	case SlowQueries:
		return b.endQueries(ctx, c)
	}
	return nil
}

func (b Breaker) startAgain(ctx context.Context, c engine.Container) error {
	if c.State == "exited" || c.State == "created" || c.State == "dead" {
		return b.Engine.Start(ctx, b.Project, c.ID)
	}
	return nil
}

// giveMemory back, and start what the kernel has ended for want of it.
func (b Breaker) giveMemory(ctx context.Context, m mark, c engine.Container) error {
	if c.LimitMemory != m.Memory {
		if err := b.Engine.SetLimits(ctx, c.ID, 0, m.Memory); err != nil {
			return err
		}
	}
	return b.startAgain(ctx, c)
}

// reconnect to what is still there; a network that went is the next up's.
func (b Breaker) reconnect(ctx context.Context, m mark, c engine.Container) error {
	for _, p := range m.Endpoints {
		if _, on := c.Addresses[p.Network]; on {
			continue
		}
		if err := b.Engine.Connect(ctx, b.Project, c.ID, p); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// Traces tells whether there is anything to heal or to tidy.
func Traces(o engine.Observed) bool {
	return slices.ContainsFunc(o.Containers, func(c engine.Container) bool {
		_, marker := c.Marked(labelFault)
		_, helper := c.Marked(labelHelper)
		return marker || helper
	})
}

// strays are helpers without a marker: an engine may finish what a lab that was
// killed had asked for.
func (b Breaker) strays(ctx context.Context, o engine.Observed) error {
	var errs []error
	for _, c := range o.Containers {
		if _, helper := c.Marked(labelHelper); helper {
			errs = append(errs, b.Engine.RemoveOneOff(ctx, b.Project, c.ID))
		}
	}
	return errors.Join(errs...)
}
