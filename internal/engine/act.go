// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"systemlab/internal/problem"
)

// own finds a container of the project by its name; anybody else's is refused.
func (e *Engine) own(ctx context.Context, project, name string) (Container, error) {
	c, err := e.Container(ctx, name)
	if errdefs.IsNotFound(err) || err == nil && c.Project != project {
		return Container{}, problem.Newf(problem.NotFound, "lab status", "the stack %s has no container %s", project, name)
	}
	return c, e.wrap(err)
}

// Stop asks a container to end, and ends it when its time is up.
func (e *Engine) Stop(ctx context.Context, project, name string) error {
	return e.act(ctx, project, name, func(id string) error {
		_, err := e.api.ContainerStop(ctx, id, client.ContainerStopOptions{})
		return err
	})
}

// Kill ends a container at once.
func (e *Engine) Kill(ctx context.Context, project, name string) error {
	return e.act(ctx, project, name, func(id string) error {
		_, err := e.api.ContainerKill(ctx, id, client.ContainerKillOptions{Signal: "KILL"})
		return err
	})
}

// Pause freezes a container.
func (e *Engine) Pause(ctx context.Context, project, name string) error {
	return e.act(ctx, project, name, func(id string) error { return e.freeze(ctx, id) })
}

// Unpause lets a frozen container go on.
func (e *Engine) Unpause(ctx context.Context, project, name string) error {
	return e.act(ctx, project, name, func(id string) error {
		_, err := e.api.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
		return err
	})
}

// Start starts a container that has ended.
func (e *Engine) Start(ctx context.Context, project, name string) error {
	return e.act(ctx, project, name, func(id string) error {
		_, err := e.api.ContainerStart(ctx, id, client.ContainerStartOptions{})
		return err
	})
}

func (e *Engine) act(ctx context.Context, project, name string, do func(id string) error) error {
	c, err := e.own(ctx, project, name)
	if err != nil {
		return err
	}
	return e.wrap(do(c.ID))
}

// PauseAll freezes all containers of a project that run, at once: boxes that talk
// to each other stop together. Those that are frozen already stay so.
func (e *Engine) PauseAll(ctx context.Context, project string) error {
	return e.each(ctx, project, "running", e.freeze)
}

// freezing is how often a container is asked to freeze. Under cgroup v1 a kernel that is busy may not
// get all of its processes to a halt; the runtime gives up after a while, lets it go on, and leaves it
// to the caller to ask again (opencontainers/runc#4388).
const freezing = 5

func (e *Engine) freeze(ctx context.Context, id string) (err error) {
	for try := range freezing {
		if _, err = e.api.ContainerPause(ctx, id, client.ContainerPauseOptions{}); !errdefs.IsInternal(err) {
			return err
		}
		select {
		case <-time.After(time.Duration(try+1) * 100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// UnpauseAll lets all frozen containers of a project go on.
func (e *Engine) UnpauseAll(ctx context.Context, project string) error {
	return e.each(ctx, project, "paused", func(ctx context.Context, id string) error {
		_, err := e.api.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{})
		return err
	})
}

// each acts on all containers of a project in a state, at the same time.
func (e *Engine) each(ctx context.Context, project, state string, act func(context.Context, string) error) error {
	all, err := e.Containers(ctx, project)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range all {
		if c.State == state && !c.OneOff {
			g.Go(func() error { return e.wrap(act(ctx, c.ID)) })
		}
	}
	return g.Wait()
}

// Restart ends a container as Stop does, and starts it again.
func (e *Engine) Restart(ctx context.Context, project, name string) error {
	return e.act(ctx, project, name, func(id string) error {
		_, err := e.api.ContainerRestart(ctx, id, client.ContainerRestartOptions{})
		return err
	})
}

// ExecDetached starts a command inside a container and leaves it running.
func (e *Engine) ExecDetached(ctx context.Context, id string, cmd []string) error {
	made, err := e.api.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: cmd})
	if err != nil {
		return e.wrap(err)
	}
	_, err = e.api.ExecStart(ctx, made.ID, client.ExecStartOptions{Detach: true})
	return e.wrap(err)
}

// Place is a folder that a container can write to.
type Place struct {
	Path  string
	Bytes int64 // its own size; 0 is the machine's disk
}

// Places of a container, apart from its own layer.
func (e *Engine) Places(ctx context.Context, id string) ([]Place, error) {
	res, err := e.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, e.wrap(err)
	}
	var out []Place
	for _, m := range res.Container.Mounts {
		if m.RW && m.Type != "tmpfs" {
			out = append(out, Place{Path: m.Destination})
		}
	}
	if h := res.Container.HostConfig; h != nil && h.ShmSize > 0 && h.IpcMode != "host" && !h.IpcMode.IsContainer() {
		out = append(out, Place{Path: "/dev/shm", Bytes: h.ShmSize})
	}
	return out, nil
}
