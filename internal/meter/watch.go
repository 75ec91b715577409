// SPDX-License-Identifier: MIT

package meter

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/record"
)

// Said is what a container said of itself: one line of its watch command
// (docs/design/stages-6-to-8.md).
type Said struct {
	Container   engine.Container    `json:"-"`
	Roles       []string            `json:"roles"`
	Queue       *record.Queue       `json:"queue"`
	Replication *record.Replication `json:"replication"`
	Waits       *record.Waits       `json:"waits"`
}

// Follower runs a command inside a container; *engine.Engine is one.
type Follower interface {
	Follow(ctx context.Context, id string, cmd []string) (io.ReadCloser, error)
}

// retryWatch is the pause before a watch that broke off is tried again.
const retryWatch = time.Second

// Watch tells what the containers say of themselves, as they say it, from one
// goroutine at a time. Containers that start later are brought in with Add; one that dies is asked again for
// as long as the context lives, since it may be started again.
type Watch struct {
	follower Follower
	tell     func(Said)

	mu      sync.Mutex
	telling sync.Mutex
	known   map[string]bool
	running sync.WaitGroup
}

// NewWatch prepares a watch.
func NewWatch(f Follower, tell func(Said)) *Watch {
	return &Watch{follower: f, tell: tell, known: map[string]bool{}}
}

// Add watches the containers that can tell, until the context ends. One that is
// known already stays as it is.
func (w *Watch) Add(ctx context.Context, containers ...engine.Container) {
	for _, c := range containers {
		w.mu.Lock()
		fresh := len(c.Watch()) > 0 && !w.known[c.ID]
		if fresh {
			w.known[c.ID] = true
		}
		w.mu.Unlock()
		if fresh {
			w.running.Go(func() { w.follow(ctx, c) })
		}
	}
}

// Wait until all have ended, which they do when their contexts have.
func (w *Watch) Wait() { w.running.Wait() }

func (w *Watch) follow(ctx context.Context, c engine.Container) {
	for ctx.Err() == nil {
		_ = follow(ctx, w.follower, c, func(s Said) bool {
			w.telling.Lock()
			defer w.telling.Unlock()
			w.tell(s)
			return true
		})
		select {
		case <-time.After(retryWatch):
		case <-ctx.Done():
		}
	}
}

// follow reads lines until there are no more or tell has enough.
func follow(ctx context.Context, f Follower, c engine.Container, tell func(Said) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out, err := f.Follow(ctx, c.ID, c.Watch())
	if err != nil {
		return err
	}
	defer out.Close()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		s := Said{Container: c}
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return fmt.Errorf("%s said %q: %w", c.Name, lines.Text(), err)
		}
		if !tell(s) {
			return nil
		}
	}
	return lines.Err()
}

// firstWord bounds the wait for a container's first line.
const firstWord = 3 * time.Second

// Ask takes the first line of each container that can tell, all at once. What
// does not answer is left out.
func Ask(ctx context.Context, f Follower, containers []engine.Container) []Said {
	ctx, cancel := context.WithTimeout(ctx, firstWord)
	defer cancel()
	all := make([]*Said, len(containers))
	var wait sync.WaitGroup
	for i, c := range containers {
		if len(c.Watch()) == 0 || c.State != "running" {
			continue
		}
		wait.Go(func() {
			_ = follow(ctx, f, c, func(s Said) bool { all[i] = &s; return false })
		})
	}
	wait.Wait()
	var out []Said
	for _, s := range all {
		if s != nil {
			out = append(out, *s)
		}
	}
	return out
}

// RoleChanges says which roles are new and which are gone.
func RoleChanges(before, now []string) (taken, given []string) {
	for _, role := range now {
		if !slices.Contains(before, role) {
			taken = append(taken, role)
		}
	}
	for _, role := range before {
		if !slices.Contains(now, role) {
			given = append(given, role)
		}
	}
	return taken, given
}

// Roles of a container among what was said.
func Roles(said []Said, id string) []string {
	for _, s := range said {
		if s.Container.ID == id {
			return slices.Clone(s.Roles)
		}
	}
	return nil
}
