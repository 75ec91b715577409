// SPDX-License-Identifier: MIT

package analysis

import "math"

// Width is how far the intervals of what a comparison is about, p50 and CPU a
// request, reach to a side, as a share of the ratio: 0.05 is 5%. It is infinite
// where one of them has no interval yet. One that some run can't carry is left out:
// no more rounds bring its interval. It is 0 where none is left.
func (c Comparison) Width() float64 {
	widest := 0.0
	for _, q := range c.Quantities {
		switch {
		case q.Service != "" || q.Name != QuantityP50 && q.Name != QuantityCPU:
		case q.Conclusion == NotComparable || q.Conclusion == OnlyA || q.Conclusion == OnlyB:
		case q.Difference || !(q.Ratio > 0) || !(q.Low > 0):
			return math.Inf(1)
		default:
			widest = max(widest, q.High/q.Ratio-1, 1-q.Low/q.Ratio)
		}
	}
	return widest
}
