// SPDX-License-Identifier: MIT

package loadgen

import (
	"runtime"
	"testing"
	"time"
)

func TestYardstickMeasures(t *testing.T) {
	y := newYardstick()
	stop, over := make(chan struct{}), make(chan struct{})
	go func() { defer close(over); y.run(stop) }()
	for deadline := time.Now().Add(10 * time.Second); y.read().done < 3; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("it does not work")
		}
	}
	close(stop)
	<-over
	if unit := y.read().since(worked{}); unit < 2e-6 || unit > 0.1 {
		t.Errorf("a unit takes %g s of CPU", unit)
	}
	if none := y.read().since(y.read()); none != 0 {
		t.Errorf("none done takes %g s", none)
	}
}
