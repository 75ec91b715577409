// SPDX-License-Identifier: MIT

package loadgen

import (
	"testing"
	"time"
)

func TestGaps(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	atRate := func(rate float64) func(time.Duration) int {
		return func(at time.Duration) int { return int(at.Seconds() * rate) }
	}
	for _, c := range []struct {
		name  string
		rate  float64
		first time.Duration
		ends  []time.Duration
		want  []time.Duration // lengths
	}{
		{"steady", 100, 0, []time.Duration{10 * ms, 20 * ms, 31 * ms, 40 * ms}, nil},
		{"one stretch", 100, 0, []time.Duration{10 * ms, 410 * ms, 411 * ms}, []time.Duration{400 * ms}},
		{"out of order", 100, 0, []time.Duration{10 * ms, 30 * ms, 20 * ms, 40 * ms}, nil},
		{"two stretches", 100, 0, []time.Duration{10 * ms, 210 * ms, 310 * ms, 409 * ms}, []time.Duration{200 * ms, 100 * ms}},
		{"a low rate is no gap", 5, 0, []time.Duration{200 * ms, 400 * ms, 600 * ms}, nil},
		{"from the beginning", 100, 1000 * ms, []time.Duration{1200 * ms}, []time.Duration{200 * ms}},
	} {
		g := gaps{last: c.first}
		for _, at := range c.ends {
			g.good(at, atRate(c.rate))
		}
		var got []time.Duration
		for _, f := range g.found {
			got = append(got, time.Duration(f.Seconds*1e9).Round(ms))
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
	}
}
