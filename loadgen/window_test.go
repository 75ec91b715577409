// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"math"
	"testing"

	"systemlab/loadgen"
)

// Short windows follow each other without a hole, none is of both parts, and all
// requests are in them.
func TestShortWindows(t *testing.T) {
	t.Parallel()
	o := loadgen.Order{Target: serve(t, quick), Workload: "ping", Pace: "200", WarmupSeconds: 0.35, DurationSeconds: 0.5, WindowSeconds: 0.1}
	a := attack(t.Context(), t, o, nil)
	end, ok := 0.0, 0
	for i, w := range a.windows {
		if math.Abs(w.StartSeconds-end) > 1e-9 || w.Warmup != (w.StartSeconds < 0.35) || i < 3 && math.Abs(w.Seconds-0.1) > 1e-9 {
			t.Errorf("window %d: from %g for %g s, warm-up %v; the one before ended at %g", i, w.StartSeconds, w.Seconds, w.Warmup, end)
		}
		end, ok = w.StartSeconds+w.Seconds, ok+w.OK
	}
	if len(a.windows) != 9 || ok != 170 {
		t.Errorf("%d windows with %d answers, want 9 with 170", len(a.windows), ok)
	}
}
