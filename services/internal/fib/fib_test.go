// SPDX-License-Identifier: MIT

package fib_test

import (
	"testing"

	"systemlab/services/internal/fib"
)

func TestMod(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ n, want int }{
		{0, 0},
		{1, 1},
		{2, 1},
		{10, 55},
		{20, 6765}, // the last below the modulus
		{21, 909},  // 10946 - 10037: the first above
		{30, 9006}, // 832040 mod 10037
	} {
		if got := fib.Mod(tt.n); got != tt.want {
			t.Errorf("Mod(%d) = %d, want %d", tt.n, got, tt.want)
		}
	}
}
