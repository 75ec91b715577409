// SPDX-License-Identifier: MIT

package meter

import (
	"testing"
	"time"

	"systemlab/internal/engine"
)

// The generator may be gone at the last reading: that leaves nothing out of the run.
func TestGeneratorThatEnded(t *testing.T) {
	t.Parallel()
	at := time.Unix(1e9, 0)
	before := Snapshot{At: at, Containers: []Total{{Container: engine.Container{ID: "1", Name: "lab-load-run", OneOff: true}, At: at, CPUSeconds: 1, Known: true}}}
	after := Snapshot{At: at.Add(time.Second), Containers: []Total{{Container: engine.Container{ID: "1", Name: "lab-load-run", OneOff: true}, At: at.Add(time.Second / 2), CPUSeconds: 1.2, Known: true, Unread: "no such device"}}}
	if g := after.Since(before); len(g.Unread) != 0 || len(g.OneOff) != 1 {
		t.Errorf("%+v", g)
	}
	after.Containers[0].Container.OneOff, before.Containers[0].Container.OneOff = false, false
	if g := after.Since(before); len(g.Unread) != 1 {
		t.Errorf("of a service it does: %+v", g)
	}
}
