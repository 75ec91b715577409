// SPDX-License-Identifier: MIT

package web

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"systemlab/services/internal/cache"
)

// Check asks one dependency whether it is there.
type Check struct {
	Name string
	Ask  func(ctx context.Context) error
}

const (
	// askPatience bounds a check: a health check that hangs is worse than one that says "down".
	askPatience = 500 * time.Millisecond
	// askEvery bounds what checks cost, whoever asks how often.
	askEvery = time.Second
)

// health remembers for a second what it last saw. The api is alive if it can say so: a dependency that is down is told, and
// changes nothing about that. Were it otherwise, a database that is away would take all api replicas with it.
type health struct {
	checks  []Check
	filling func() bool
	cache   *cache.Cache
	now     func() time.Time

	mu   sync.Mutex
	seen []byte
	at   time.Time
}

// States of a server, as /healthz tells them.
const (
	Up      = "up"
	Filling = "filling" // it serves, and lacks connections to its databases, or to one of those behind a balancer
)

func newHealth(o Options, now func() time.Time) *health {
	filling := o.Filling
	if filling == nil {
		filling = func() bool { return false }
	}
	return &health{checks: o.Checks, filling: filling, cache: o.Cache, now: now}
}

func (s *Server) healthz(c *call) answer {
	// Whoever comes first asks for all who come within the second, so it must not stop when that one leaves.
	return ok(s.health.report(context.WithoutCancel(c.Context())))
}

func (h *health) report(ctx context.Context) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen != nil && h.now().Sub(h.at) < askEvery {
		return h.seen
	}
	states := make([]string, len(h.checks))
	var wait sync.WaitGroup
	for i, check := range h.checks {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, askPatience)
			defer cancel()
			states[i] = "up"
			if check.Ask(ctx) != nil {
				states[i] = "down"
			}
		})
	}
	told := map[string]string{}
	if h.cache != nil {
		h.cache.Probe(ctx)
		told["redis"] = "up"
		if h.cache.State() == cache.Down {
			told["redis"] = "down"
		}
	}
	wait.Wait()
	for i, check := range h.checks {
		told[check.Name] = states[i]
	}
	state := Up
	if h.filling() {
		state = Filling
	}
	body, err := json.Marshal(struct {
		State        string            `json:"state"`
		Dependencies map[string]string `json:"dependencies"`
	}{state, told})
	if err != nil {
		return []byte(`{"state":"up"}`)
	}
	h.seen, h.at = body, h.now()
	return body
}
