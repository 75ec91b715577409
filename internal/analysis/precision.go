// SPDX-License-Identifier: MIT

package analysis

import "math"

// Width is how far the intervals of what a comparison is about, p50 and CPU a
// request, reach to a side, as a share of the ratio: 0.05 is 5%. It is infinite
// where one of them has no interval yet.
func (c Comparison) Width() float64 {
	widest := 0.0
	for _, q := range c.Quantities {
		if q.Service != "" || q.Name != "p50" && q.Name != "cpu_per_request" {
			continue
		}
		if q.Difference || !(q.Ratio > 0) || !(q.Low > 0) {
			return math.Inf(1)
		}
		widest = max(widest, q.High/q.Ratio-1, 1-q.Low/q.Ratio)
	}
	return widest
}
