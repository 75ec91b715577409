// SPDX-License-Identifier: MIT

//go:build e2e && linux

package meter_test

import (
	"fmt"
	"testing"

	"systemlab/internal/meter"
)

// BenchmarkReal reads real containers' files once a round: CPU a reading is
// ns/op by the number of containers.
func BenchmarkReal(b *testing.B) {
	for _, n := range []int{8, 20} {
		var ids []string
		for i := range n {
			ids = append(ids, start(b, fmt.Sprintf("b%d-%d", n, i), nil, "sleep 600"))
		}
		m := meter.New(meter.Options{Reader: &meter.Files{}, List: inspect(b, ids...)})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			if err := m.Listed(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				m.ReadOnce(b.Context())
			}
		})
		m.Close()
	}
}
