// SPDX-License-Identifier: MIT

package fault

import (
	"context"
	"errors"
	"time"

	"github.com/containerd/errdefs"
	"golang.org/x/sync/errgroup"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// Breaker acts on one stack. Helper gives the image of the helper that traffic
// faults need; nothing else asks for it.
type Breaker struct {
	Engine  *engine.Engine
	Project string
	Helper  func(ctx context.Context) (string, error)
}

// actLimit bounds one change and its undoing: a service may take 10 s to stop.
const actLimit = 30 * time.Second

// Break breaks one thing. What can't be done is refused before anything changes,
// and what fails halfway is undone.
func (b Breaker) Break(ctx context.Context, t Target, f Fault) (Standing, error) {
	all, err := b.BreakAll(ctx, []Target{t}, f)
	if err != nil {
		return Standing{}, err
	}
	return all[0], nil
}

// BreakAll breaks several at the same moment, or none.
func (b Breaker) BreakAll(ctx context.Context, targets []Target, f Fault) ([]Standing, error) {
	o, err := b.Engine.Observe(ctx, b.Project)
	if err != nil {
		return nil, err
	}
	marks := make([]mark, len(targets))
	for i, t := range targets {
		if err := contradicts(f, t, o); err != nil {
			return nil, err
		}
		if marks[i], err = b.prepare(ctx, t, f); err != nil {
			return nil, err
		}
	}
	out := make([]Standing, len(targets))
	var g errgroup.Group
	for i, t := range targets {
		g.Go(func() (err error) {
			out[i], err = b.one(ctx, t, f, marks[i])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, errors.Join(err, b.takeBack(ctx, out))
	}
	return out, nil
}

// takeBack heals those of several that stand already.
func (b Breaker) takeBack(ctx context.Context, broken []Standing) error {
	var errs []error
	for _, s := range broken {
		if s.ID != "" {
			errs = append(errs, b.heal(ctx, s))
		}
	}
	return errors.Join(errs...)
}

// one marks, then acts: a lab that dies in between has left the mark. A change
// that has begun is seen to its end.
func (b Breaker) one(ctx context.Context, t Target, f Fault, m mark) (Standing, error) {
	if err := ctx.Err(); err != nil {
		return Standing{}, err
	}
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), actLimit)
	defer cancel()
	m.Since = time.Now().UTC()
	id, err := b.Engine.Mark(inner, engine.Beside{Project: b.Project, Service: Marker, Image: t.Container.Image, Labels: map[string]string{labelFault: m.label()}})
	if err != nil {
		return Standing{}, problem.Wrap(err, problem.Internal, "the fault can't be marked", "lab doctor")
	}
	s := m.standing(id)
	means, err := b.act(inner, f, m)
	if err != nil {
		if refused(err) {
			s.mark.Run = time.Time{} // nothing will come of it: the run goes on
		}
		return Standing{}, errors.Join(explain(err, f, m), b.heal(inner, s))
	}
	if s.Hidden == "" {
		s.Means = means
	}
	if f.Momentary() {
		s.ID = ""
		return s, b.Engine.RemoveOneOff(inner, b.Project, id)
	}
	return s, nil
}

// refused tells whether an error is an engine's answer: it does not do what was asked.
func refused(err error) bool {
	return errdefs.IsInternal(err) || errdefs.IsConflict(err) || errdefs.IsInvalidArgument(err) || errdefs.IsPermissionDenied(err) || errdefs.IsNotFound(err)
}

// explain says what an engine's refusal was about.
func explain(err error, f Fault, m mark) error {
	var p *problem.Error
	if errors.As(err, &p) {
		return err
	}
	if f.Kind == Memory {
		return problem.Wrap(err, problem.Unsupported, m.Name+" uses more than "+f.How+" leaves it, and the kernel can't take that away", "a larger one, or memory= on another container: lab status shows what each uses")
	}
	return problem.Wrap(err, problem.Internal, f.How+" could not be done to "+m.Name, "lab status, then the same command again")
}

// act does it, and says by which means.
func (b Breaker) act(ctx context.Context, f Fault, m mark) (string, error) {
	var err error
	switch f.Kind {
	case Kill:
		err = b.Engine.Kill(ctx, b.Project, m.Target)
	case Stop:
		err = b.Engine.Stop(ctx, b.Project, m.Target)
	case Pause:
		err = b.Engine.Pause(ctx, b.Project, m.Target)
	case Restart:
		err = b.Engine.Restart(ctx, b.Project, m.Target)
	case CPU:
		err = b.Engine.SetLimits(ctx, m.Target, m.Cores*f.Share, 0)
	case Memory:
		err = b.Engine.SetLimits(ctx, m.Target, 0, f.Bytes)
	case Disconnect:
		for _, p := range m.Endpoints {
			err = errors.Join(err, b.Engine.Disconnect(ctx, b.Project, m.Target, p.Network))
		}
	case Traffic:
		return b.traffic(ctx, f, m)
	case FillDisk:
		err = b.fill(ctx, m)
	case SlowQueries:
		err = b.slowQueries(ctx, f, m)
	}
	return means(m, false), err
}
