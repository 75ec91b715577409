// SPDX-License-Identifier: MIT

package loadgen

import "testing"

func TestYardstickVisitsEveryPlace(t *testing.T) {
	y := newYardstick()
	seen := make([]bool, yardstickSize)
	at := uint32(0)
	for range yardstickSize {
		if seen[at] {
			t.Fatalf("place %d comes twice", at)
		}
		seen[at], at = true, y.next[at]
	}
	if at != 0 {
		t.Errorf("the way ends at %d", at)
	}
}
