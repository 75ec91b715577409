// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"systemlab/internal/meter"
	"systemlab/internal/problem"
)

const (
	// settleTime is for a stack to be as it was, once it has been healed. A broker
	// needs 6 s, and its workers find it within a second.
	settleTime = 60 * time.Second
	// askedInARow is how many requests must be answered, one after the other.
	// With fewer for each replica, one might be missed by chance.
	askedInARow = 8
)

// whole is what a stack is when nothing is wrong with it.
type whole struct {
	services []string // that run, one for each container; sorted
	held     []string // roles that some container has; sorted
	workers  int      // that listen to the queue; -1 without one
	replicas int      // of the database that stream; -1 without any
	servers  int      // replicas of the api that answer
}

// wholeNow takes the stack as it is, in which all must run.
func (p *driller) wholeNow(ctx context.Context) (whole, error) {
	if err := p.look(ctx); err != nil {
		return whole{}, err
	}
	for _, c := range p.observed.Containers {
		if !c.OneOff && c.State != "running" {
			return whole{}, notWhole(c, p.load.stage.Number)
		}
	}
	servers := len(p.observed.Of("api"))
	if err := p.allAnswer(ctx, servers); err != nil {
		return whole{}, err
	}
	w, err := p.steadily(ctx)
	w.servers = servers
	return w, err
}

// steadily reads until two readings agree: what has just come up is not yet all
// that it will be, and a broker counts its workers once a second.
func (p *driller) steadily(ctx context.Context) (whole, error) {
	limited, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for before := p.told(limited); ; {
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return before, problem.New(problem.Interrupted, "stopped before the first trial", "")
			}
			return before, problem.Newf(problem.Unhealthy, "lab status", "what %s says of itself does not settle", p.project)
		case <-time.After(1500 * time.Millisecond):
		}
		now := p.told(limited)
		if before.missing(now) == "" && now.missing(before) == "" {
			return now, nil
		}
		before = now
	}
}

// told is what containers are, and say of themselves.
func (p *driller) told(ctx context.Context) whole {
	w := whole{workers: -1, replicas: -1}
	for _, c := range p.observed.Containers {
		if !c.OneOff && c.State == "running" {
			w.services = append(w.services, c.Service)
		}
	}
	for _, said := range meter.Ask(ctx, p.engine, p.observed.Containers) {
		w.held = append(w.held, said.Roles...)
		if said.Queue != nil {
			w.workers = said.Queue.Consumers
		}
		if said.Replication != nil {
			w.replicas = said.Replication.Replicas
		}
	}
	slices.Sort(w.services)
	slices.Sort(w.held)
	return w
}

// missing says in what a stack is not yet as it was; "" for nothing.
func (w whole) missing(now whole) string {
	switch {
	case !slices.Equal(w.services, now.services):
		return fmt.Sprintf("%d of %d containers run", len(now.services), len(w.services))
	case !slices.Equal(w.held, now.held):
		return fmt.Sprintf("the roles are %s, not %s", strings.Join(now.held, " "), strings.Join(w.held, " "))
	case now.workers < w.workers:
		return fmt.Sprintf("%d of %d workers listen", now.workers, w.workers)
	case now.replicas < w.replicas:
		return fmt.Sprintf("%d of %d replicas stream", now.replicas, w.replicas)
	}
	return ""
}

// settle waits until all is as it was before the fault.
func (p *driller) settle(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for why := ""; ; {
		if err := p.look(limited); err == nil {
			if why = p.before.missing(p.told(limited)); why == "" {
				err := p.allAnswer(limited, p.before.servers)
				if err == nil {
					return nil
				}
				why = err.Error()
			}
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return problem.New(problem.Interrupted, "stopped between two trials", "")
			}
			return problem.Newf(problem.Unhealthy, fmt.Sprintf("lab up %d", p.load.stage.Number), "%s after it was healed, %s is not as it was: %s", settleTime, p.project, why)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// allAnswer asks until so many requests in a row were answered, and by as many
// replicas of the api as there are.
func (p *driller) allAnswer(ctx context.Context, servers int) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	by := map[string]bool{}
	for row := 0; row < askedInARow*max(1, servers) || len(by) < servers; row++ {
		server, err := ping(ctx, &client, entryURL(p.stack.Port)+"/ping")
		if err != nil {
			row, by = 0, map[string]bool{}
		} else {
			by[server] = true
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return problem.Newf(problem.Unhealthy, "lab status", "%s does not answer as a whole: %d of %d replicas of the api do", p.project, len(by), servers)
		}
	}
	return nil
}

// ping asks once, and says who answered.
func ping(ctx context.Context, client *http.Client, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %d", res.StatusCode)
	}
	return res.Header.Get("X-Served-By"), nil
}
