// SPDX-License-Identifier: MIT

package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// order is what the helper is asked for, as its argument.
type order struct {
	Latency time.Duration `json:"latency"` // nanoseconds
	Jitter  time.Duration `json:"jitter"`
	Loss    float64       `json:"loss"`
	Rate    int64         `json:"rate"` // bits a second
}

// answer is the helper's only line.
type answer struct {
	Means       string `json:"means"`
	Unsupported string `json:"unsupported"` // why the kernel can't
}

// traffic starts a helper that shares the target's network, and that network alone.
func (b Breaker) traffic(ctx context.Context, f Fault, m mark) (string, error) {
	text, _ := json.Marshal(order{Latency: f.Latency, Jitter: f.Jitter, Loss: f.Loss, Rate: f.Rate})
	a, err := b.help(ctx, m.Target, "set", string(text))
	if err != nil {
		return "", err
	}
	if a.Unsupported != "" {
		return "", problem.New(problem.Unsupported, a.Unsupported, "a kernel with sch_netem, such as Debian's: modprobe sch_netem")
	}
	return a.Means, nil
}

func (b Breaker) help(ctx context.Context, target string, command ...string) (answer, error) {
	var a answer
	image, err := b.Helper(ctx)
	if err != nil {
		return a, err
	}
	beside := engine.Beside{
		Project: b.Project, Service: Marker, Image: image, Of: target, Command: command, Labels: map[string]string{labelHelper: target},
		CapAdd: []string{"NET_ADMIN", "NET_RAW", "SYS_ADMIN"}, Devices: []string{"/dev/net/tun"},
	}
	_, line, err := b.Engine.StartBeside(ctx, beside)
	if err != nil && b.removeHelpers(ctx, target) == nil { // a machine without that device may have netem
		beside.Devices = nil
		_, line, err = b.Engine.StartBeside(ctx, beside)
	}
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		return a, fmt.Errorf("the helper said %q: %w", line, err)
	}
	return a, nil
}

// clearTraffic ends the helpers. One that relays takes its rules with it when it
// dies; what else was set stays with the target's network until it is cleared.
func (b Breaker) clearTraffic(ctx context.Context, c engine.Container) error {
	o, err := b.Engine.Observe(ctx, b.Project)
	if err != nil {
		return err
	}
	relayed := helperOf(o, c.ID)
	if err := b.removeHelpers(ctx, c.ID); err != nil {
		return err
	}
	if relayed || c.State != running && c.State != "paused" { // a network that ended is made anew
		return nil
	}
	if _, err := b.help(ctx, c.ID, "clear"); err != nil {
		return err
	}
	return b.removeHelpers(ctx, c.ID)
}

func (b Breaker) removeHelpers(ctx context.Context, target string) error {
	o, err := b.Engine.Observe(ctx, b.Project)
	if err != nil {
		return err
	}
	for _, c := range o.Containers {
		if of, ok := c.Marked(labelHelper); ok && of == target {
			if err := b.Engine.RemoveOneOff(ctx, b.Project, c.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
