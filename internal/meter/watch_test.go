// SPDX-License-Identifier: MIT

package meter_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/meter"
)

// speakers are containers that say their text and end; then the next one's.
type speakers struct {
	mu   sync.Mutex
	text map[string][]string
}

func (s *speakers) Follow(_ context.Context, id string, cmd []string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cmd[0] != "/watch" || cmd[1] != "now" {
		return nil, errors.New("another command: " + strings.Join(cmd, " "))
	}
	if len(s.text[id]) == 0 {
		return nil, errors.New("it does not run")
	}
	text := s.text[id][0]
	s.text[id] = s.text[id][1:]
	return io.NopCloser(strings.NewReader(text)), nil
}

func speaker(id string) engine.Container {
	return engine.Container{ID: id, Name: id, State: "running", Labels: map[string]string{"systemlab.watch": "/watch now"}}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	s := &speakers{text: map[string][]string{
		"lb":     {`{"roles":["vip"]}` + "\n" + `{"roles":[]}` + "\n"},
		"rabbit": {`{"queue":{"depth":7,"unacknowledged":3,"consumers":2}}` + "\n"},
		"broken": {"no JSON\n"},
		"mute":   {""},
	}}
	silent := engine.Container{ID: "api", State: "running"}
	stopped := speaker("stopped")
	stopped.State = "exited"
	got := meter.Ask(t.Context(), s, []engine.Container{speaker("lb"), silent, speaker("rabbit"), speaker("broken"), speaker("mute"), stopped})
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	if r := meter.Roles(got, "lb"); len(r) != 1 || r[0] != "vip" || meter.Roles(got, "api") != nil {
		t.Errorf("roles %v", r)
	}
	if q := got[1].Queue; q == nil || q.Depth != 7 || q.Unacknowledged != 3 || q.Consumers != 2 {
		t.Errorf("queue %+v", q)
	}
}

// A container that dies and is started again is heard again, and nobody is heard twice.
func TestWatchGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &speakers{text: map[string][]string{"lb": {`{"roles":["vip"]}` + "\n", `{"roles":[]}` + "\n"}}}
		var said []string
		w := meter.NewWatch(s, func(x meter.Said) { said = append(said, x.Container.ID+strings.Join(x.Roles, "")) })
		ctx, cancel := context.WithCancel(t.Context())
		w.Add(ctx, speaker("lb"), engine.Container{ID: "api"})
		w.Add(ctx, speaker("lb"))
		time.Sleep(5 * time.Second)
		cancel()
		w.Wait()
		if got := strings.Join(said, " "); got != "lbvip lb" {
			t.Errorf("said %q", got)
		}
	})
}
