// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"testing"
	"time"

	"systemlab/stages"
)

// A contest removes its stacks with their data: their names are none that a
// user's own stack has, and a second contest does not get them meanwhile.
func TestContestHasStacksOfItsOwn(t *testing.T) {
	l := newLaboratory(t, "1")
	st, err := stages.Find("../..", "1")
	if err != nil {
		t.Fatal(err)
	}
	o := compareOptions{load: loadOptions{rate: 10, duration: time.Second, timeout: time.Second}, rounds: 6, maxTime: time.Minute}
	c, err := l.app.contest(t.Context(), []stages.Stage{st, st}, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"s-compare-a", "s-compare-b"} {
		if got := c.sides[i].project; got != want {
			t.Errorf("side %d is the stack %s, want %s", i, got, want)
		}
	}
	soon, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := l.app.contest(soon, []stages.Stage{st, st}, nil, o); err == nil {
		t.Error("a second contest did not wait for the first")
	}
	if err := c.end(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := l.app.contest(t.Context(), []stages.Stage{st, st}, nil, o)
	if err != nil {
		t.Fatalf("after the first one's end: %v", err)
	}
	again.unlock()
}
