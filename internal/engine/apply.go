// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
)

// Progress is told of each step as it begins and as it ends.
type Progress func(step Step, done bool, took time.Duration, err error)

// Apply carries a plan out: each step as soon as the ones it waits for are
// done, in parallel where nothing waits. It decides nothing. The first failure
// ends the rest; what was done stays, and the next Reconcile goes on from there.
// A network that stays (Stays) is told and ends nothing, unless it is in the way.
func (e *Engine) Apply(ctx context.Context, p *Plan, tell Progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &applier{engine: e, plan: p, created: map[string]string{}}
	done := make([]chan struct{}, len(p.Steps))
	for i := range done {
		done[i] = make(chan struct{})
	}
	var wg sync.WaitGroup
	for i, step := range p.Steps {
		wg.Go(func() {
			for _, before := range step.After {
				select {
				case <-done[before]:
				case <-ctx.Done():
					return
				}
			}
			if ctx.Err() != nil {
				return
			}
			if tell != nil {
				tell(step, false, 0, nil)
			}
			begin := time.Now()
			err := a.do(ctx, step)
			if err != nil && ctx.Err() != nil {
				err = context.Cause(ctx) // a consequence, not the cause
			}
			var stays *Stays
			inTheWay := slices.ContainsFunc(p.Steps, func(s Step) bool { return slices.Contains(s.After, i) })
			if errors.As(err, &stays) && !inTheWay {
				if tell != nil {
					tell(step, true, time.Since(begin), err)
				}
				close(done[i])
				return
			}
			if tell != nil {
				tell(step, true, time.Since(begin), err)
			}
			if err != nil {
				cancel(err)
				return
			}
			close(done[i])
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

type applier struct {
	engine *Engine
	plan   *Plan

	mu      sync.Mutex
	created map[string]string // container name to id
	ports   sync.Mutex        // the engine races with itself when two starts allocate ports
}

func (a *applier) do(ctx context.Context, s Step) error {
	err := a.act(ctx, s)
	var p *problem.Error
	var stays *Stays
	if err == nil || errors.As(err, &p) || errors.As(err, &stays) || ctx.Err() != nil {
		return err
	}
	return explainStep(err, s, a.engine)
}

// Bounds of one change: an engine that takes longer is stuck; and after an
// interrupt a person waits no longer than grace.
const (
	stepLimit = 2 * time.Minute
	grace     = 2 * time.Second
)

func (a *applier) act(ctx context.Context, s Step) error {
	if s.Kind == WaitHealthy {
		return a.engine.waitHealthy(ctx, a.id(s), s.Target, s.service.Health)
	}
	// A change that has begun is seen to its end: an engine goes on with a request
	// whose client has left, and the next lab would find it half done.
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	return a.change(inner, s)
}

func (a *applier) change(ctx context.Context, s Step) error {
	api := a.engine.api
	switch s.Kind {
	case CreateNetwork:
		return a.createNetwork(ctx, s.network)
	case CreateVolume:
		_, err := api.VolumeCreate(ctx, client.VolumeCreateOptions{Name: s.volume.Name, Labels: map[string]string{
			labelProject: a.plan.Project.Name, labelVolume: s.volume.Key, labelPassword: a.plan.Stack.Password}})
		return err
	case CreateContainer:
		id, err := a.engine.createContainer(ctx, a.plan.Project, s.service, s.replica, a.plan.Stack)
		a.mu.Lock()
		a.created[s.Target] = id
		a.mu.Unlock()
		return err
	case StartContainer:
		if len(s.service.Ports) > 0 {
			a.ports.Lock()
			defer a.ports.Unlock()
		}
		_, err := api.ContainerStart(ctx, a.id(s), client.ContainerStartOptions{})
		if err != nil && a.engine.died(ctx, a.id(s)) {
			return a.engine.tellDeath(ctx, a.id(s), s.Target)
		}
		return err
	case Unpause:
		_, err := api.ContainerUnpause(ctx, s.id, client.ContainerUnpauseOptions{})
		return err
	case SetLimits:
		return a.engine.SetLimits(ctx, s.id, s.service.Cores, s.service.Memory)
	case RemoveContainer:
		return ignoreMissing(a.engine.removeContainer(ctx, s.id))
	case RemoveNetwork:
		return a.engine.removeNetwork(ctx, s.id, s.Target)
	case RemoveVolume:
		_, err := api.VolumeRemove(ctx, s.id, client.VolumeRemoveOptions{})
		return ignoreMissing(err)
	}
	return errors.New("unknown step " + s.Kind.String())
}

func (a *applier) id(s Step) string {
	if s.id != "" {
		return s.id
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.created[s.Target]
}

func (a *applier) createNetwork(ctx context.Context, n *compose.Network) error {
	opts := client.NetworkCreateOptions{Driver: "bridge", Internal: n.Internal, Labels: map[string]string{
		labelProject: a.plan.Project.Name, labelNetwork: n.Key, labelPassword: a.plan.Stack.Password}}
	if n.Subnet != "" {
		prefix, err := netip.ParsePrefix(n.Subnet)
		if err != nil {
			return err
		}
		config := network.IPAMConfig{Subnet: prefix}
		if n.Range != "" {
			if config.IPRange, err = netip.ParsePrefix(n.Range); err != nil {
				return err
			}
		}
		opts.IPAM = &network.IPAM{Config: []network.IPAMConfig{config}}
		opts.Labels[labelNet] = a.plan.Stack.Net
	}
	made, err := a.engine.api.NetworkCreate(ctx, n.Name, opts)
	if err != nil {
		return err
	}
	// Names of networks are not unique: one that a killed lab had asked for may
	// come to be at the same moment, and two of a name can't be told apart.
	all, err := a.engine.networks(ctx, a.plan.Project.Name)
	for _, other := range all {
		if other.Key != n.Key || other.ID == made.ID {
			continue
		}
		if _, busy := a.engine.api.NetworkRemove(ctx, other.ID, client.NetworkRemoveOptions{}); ignoreMissing(busy) != nil {
			_, err = a.engine.api.NetworkRemove(ctx, made.ID, client.NetworkRemoveOptions{})
			return ignoreMissing(err)
		}
	}
	return err
}

// Stays says that the engine holds on to an empty network: engines may lose count
// of a network's endpoints when several containers end at once, and then refuse
// to remove it until they are restarted (https://github.com/moby/moby/issues/42119,
// docs/decisions/networks.md). It does no harm: the next up that needs a network
// of this name takes it.
type Stays struct{ Network string }

func (s *Stays) Error() string {
	return "network " + s.Network + " stays, empty: the engine counts a container on it that is gone, and lets it go only after a restart of its own"
}

// removeNetwork removes a network. A container of someone else's on it is
// named; an endpoint whose container is gone is taken off first.
func (e *Engine) removeNetwork(ctx context.Context, id, name string) error {
	_, refused := e.api.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	if !errdefs.IsPermissionDenied(refused) && !errdefs.IsConflict(refused) {
		return ignoreMissing(refused)
	}
	n, err := e.api.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	if err != nil {
		return ignoreMissing(err)
	}
	for on, end := range n.Network.Containers {
		if c, err := e.api.ContainerInspect(ctx, on, client.ContainerInspectOptions{}); err == nil {
			holder := strings.TrimPrefix(c.Container.Name, "/")
			return problem.Newf(problem.Internal, "docker network disconnect "+name+" "+holder+", then the same command again",
				"can't remove network %s: container %s is on it, which is not of this stack", name, holder)
		} else if !errdefs.IsNotFound(err) {
			return err
		}
		if _, err := e.api.NetworkDisconnect(ctx, id, client.NetworkDisconnectOptions{Container: end.Name, Force: true}); ignoreMissing(err) != nil {
			return err
		}
	}
	_, refused = e.api.NetworkRemove(ctx, id, client.NetworkRemoveOptions{})
	if len(n.Network.Containers) == 0 && (errdefs.IsPermissionDenied(refused) || errdefs.IsConflict(refused)) {
		return &Stays{Network: name}
	}
	return ignoreMissing(refused)
}

// removeContainer stops gracefully, as the container asks for, and removes it
// with its anonymous volumes. A paused container can't take a signal: it is
// let go first.
func (e *Engine) removeContainer(ctx context.Context, id string) error {
	c, err := e.Container(ctx, id)
	if err != nil {
		return err
	}
	if c.State == "paused" {
		if _, err := e.api.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{}); err != nil {
			return err
		}
	}
	if c.State == "running" || c.State == "paused" || c.State == "restarting" {
		if _, err := e.api.ContainerStop(ctx, id, client.ContainerStopOptions{}); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	_, err = e.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsConflict(err) { // someone else removes it at this moment
		return e.waitGone(ctx, id)
	}
	return err
}

func (e *Engine) waitGone(ctx context.Context, id string) error {
	for {
		if _, err := e.Container(ctx, id); err != nil {
			return ignoreMissing(err)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// ignoreMissing makes removal idempotent.
func ignoreMissing(err error) error {
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// pause sleeps, unless the context ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// explainStep turns an engine's refusal into something to act on.
func explainStep(err error, s Step, e *Engine) error {
	if client.IsErrConnectionFailed(err) {
		return explainConnection(err, e.host)
	}
	hint := "lab status, then the same command again: it goes on from here"
	kind := problem.Internal
	switch {
	case s.Kind == StartContainer && s.service != nil && len(s.service.Ports) > 0 && portTaken(err):
		return problem.Newf(problem.Port, "choose another: --port 8081",
			"port %d on 127.0.0.1 is taken by another program", s.service.Ports[0].HostPort)
	case s.Kind == CreateNetwork && s.network.Subnet != "" && overlaps(err):
		return problem.Newf(problem.Port, "lab up again takes another one; --net 10.20.30 names one", "the subnet %s of network %s is in use by another network", s.network.Subnet, s.network.Name)
	case s.Kind == CreateNetwork:
		kind, hint = problem.Unsupported, "docker network prune removes networks that nothing uses"
	case errdefs.IsConflict(err):
		kind, hint = problem.Internal, "docker ps -a shows what holds the name; the same command again goes on from here"
	}
	return problem.Wrap(err, kind, "can't "+s.Kind.String()+" "+s.Target, hint)
}

// Find returns the running containers of a service, or why there are none.
func (o Observed) Find(service string) ([]Container, error) {
	if all := o.Of(service); len(all) > 0 {
		return all, nil
	}
	var names []string
	for _, c := range o.Containers {
		if !c.OneOff && !slices.Contains(names, c.Service) {
			names = append(names, c.Service)
		}
	}
	return nil, problem.Newf(problem.NotFound, "one of: "+joinOr(names), "the stack has no service %q", service)
}
