// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"strings"
	"time"

	"github.com/moby/moby/client"
)

// Event is something that happened to a container of a project.
type Event struct {
	At        time.Time
	Kind      string // die, start, pause, unpause, oom, kill, stop, update, health
	Service   string
	Container string // its name
	ID        string
	Detail    string
	OneOff    bool
}

// Events follows a project until the context ends or the engine is lost, which
// closes the channel.
func (e *Engine) Events(ctx context.Context, project string) <-chan Event {
	out := make(chan Event)
	res := e.api.Events(ctx, client.EventsListOptions{Filters: byProject(project).Add("type", "container")})
	go func() {
		defer close(out)
		for {
			select {
			case m := <-res.Messages:
				kind, detail, _ := strings.Cut(string(m.Action), ": ")
				if strings.HasPrefix(kind, "exec_") {
					continue
				}
				if kind == "health_status" {
					kind = "health"
				}
				attr := m.Actor.Attributes
				if kind == "die" {
					detail = "exit code " + attr["exitCode"]
				}
				ev := Event{At: time.Unix(0, m.TimeNano), Kind: kind, Detail: detail, Service: attr[labelService],
					Container: attr["name"], ID: m.Actor.ID, OneOff: strings.EqualFold(attr[labelOneOff], "true")}
				select {
				case out <- ev:
				case <-ctx.Done():
					return
				}
			case <-res.Err:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
