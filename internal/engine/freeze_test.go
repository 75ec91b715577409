// SPDX-License-Identifier: MIT

package engine_test

import (
	"strings"
	"testing"

	"systemlab/internal/engine/enginetest"
)

// A busy kernel may not freeze a container at once: it is asked again, and only one that
// never freezes is a failure.
func TestFreezing(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	up(t, e, load(t, small))
	f.Set(func(f *enginetest.Engine) { f.Unfrozen = map[string]int{"p-db-1": 2} })
	if err := e.PauseAll(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	for _, b := range f.State().Boxes {
		if b.State != "paused" {
			t.Errorf("%s is %s", b.Name, b.State)
		}
	}
	if err := e.UnpauseAll(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	f.Set(func(f *enginetest.Engine) { f.Unfrozen = map[string]int{"p-db-1": 99} })
	if err := e.Pause(t.Context(), "p", "p-db-1"); err == nil || !strings.Contains(err.Error(), "unable to freeze") {
		t.Errorf("error %v", err)
	}
}
