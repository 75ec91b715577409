// SPDX-License-Identifier: MIT

package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
)

// A check costs 19 ms of CPU inside and 76 ms outside (docs/decisions/health.md):
// the first ones come quickly, then ever less often.
const (
	firstCheck  = 100 * time.Millisecond
	rarestCheck = time.Second
	answerLimit = 5 * time.Second  // a check that takes longer has not been answered
	waitAtLeast = 60 * time.Second // for a service whose own numbers promise less
	doubts      = 6                // checks of our own, 2 s in all, before unhealthy is believed
)

// waitHealthy waits until a container answers its own check, run by lab itself
// since the engine's own checks are rare. One that dies ends the wait at once; one
// that the engine calls unhealthy does when it doesn't answer us either, for the
// engine says so of every container that was paused until its next check.
func (e *Engine) waitHealthy(ctx context.Context, id, name string, h *compose.Health) error {
	limit := waitAtLeast
	if h != nil {
		limit = max(limit, h.StartPeriod+time.Duration(h.Retries)*h.Interval)
	}
	begin, between := time.Now(), firstCheck
	for asked := 0; ; asked++ {
		c, err := e.Container(ctx, id)
		switch {
		case errdefs.IsNotFound(err):
			return problem.Newf(problem.Unhealthy, "the same command again makes it anew", "%s was removed while it started", name)
		case err != nil:
			return e.wrap(err)
		case c.State != "running" && c.State != "created":
			return e.tellDeath(ctx, id, name)
		case c.Health == "unhealthy" && (h == nil || asked >= doubts):
			return e.tellUnhealthy(ctx, id, name, "is unhealthy")
		case h == nil || c.Health == "healthy":
			return nil
		}
		if ok, err := e.Answers(ctx, id, h.Test); err != nil || ok {
			return err
		}
		if time.Since(begin) > limit {
			return e.tellUnhealthy(ctx, id, name, fmt.Sprintf("did not answer its health check in %s", limit))
		}
		if err := pause(ctx, between); err != nil {
			return err
		}
		between = min(rarestCheck, between*3/2)
	}
}

// Answers runs a container's own health check once. A container that can't run
// it at this moment doesn't answer; only a lost engine is an error.
func (e *Engine) Answers(ctx context.Context, id string, test []string) (bool, error) {
	asked, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	code, _, err := e.Exec(asked, id, healthCommand(test))
	if err != nil {
		if ctx.Err() != nil || client.IsErrConnectionFailed(err) {
			return false, e.wrap(err)
		}
		return false, nil
	}
	return code == 0, nil
}

func healthCommand(test []string) []string {
	if len(test) > 1 && test[0] == "CMD-SHELL" {
		return []string{"/bin/sh", "-c", test[1]}
	}
	return test[1:]
}

// Exec runs a command inside a container and returns its exit code and output.
func (e *Engine) Exec(ctx context.Context, id string, cmd []string) (int, string, error) {
	made, err := e.api.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: cmd, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return 0, "", err
	}
	res, err := e.api.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return 0, "", err
	}
	defer res.Close()
	stop := context.AfterFunc(ctx, res.Close)
	defer stop()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &out, io.LimitReader(res.Reader, 1<<20)); err != nil {
		return 0, "", err
	}
	info, err := e.api.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	if err != nil {
		return 0, "", err
	}
	return info.ExitCode, out.String(), nil
}

func (e *Engine) died(ctx context.Context, id string) bool {
	c, err := e.Container(ctx, id)
	return err == nil && (c.State == "exited" || c.State == "dead" || c.State == "restarting") && c.Restarts+c.ExitCode > 0 && !c.Started.IsZero() && c.Started.Year() > 1
}

func (e *Engine) tellDeath(ctx context.Context, id, name string) error {
	c, err := e.Container(ctx, id)
	if err != nil {
		return e.wrap(err)
	}
	what := fmt.Sprintf("%s ended with exit code %d", name, c.ExitCode)
	if c.State == "paused" {
		what = name + " was paused while it started"
	}
	return problem.New(problem.Unhealthy, what+e.lastLines(ctx, id), "lab logs "+c.Service+" shows all of it; lab up again makes a new start")
}

func (e *Engine) tellUnhealthy(ctx context.Context, id, name, what string) error {
	service := name
	if c, err := e.Container(ctx, id); err == nil {
		service = c.Service
	}
	return problem.New(problem.Unhealthy, name+" "+what+e.lastLines(ctx, id), "lab logs "+service)
}

// LastWords are the last lines of a container's log.
func (e *Engine) LastWords(ctx context.Context, id string) (string, error) {
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	err := e.Logs(ctx, id, LogOptions{Tail: 5}, &out)
	return strings.TrimSpace(out.String()), err
}

// lastLines are the last words, indented, for an error message.
func (e *Engine) lastLines(ctx context.Context, id string) string {
	words, err := e.LastWords(ctx, id)
	if err != nil || words == "" {
		return ""
	}
	return "; its last words:\n  " + strings.ReplaceAll(words, "\n", "\n  ")
}
