// SPDX-License-Identifier: MIT

package chart

import "gonum.org/v1/plot/vg"

// LineHeight is the least distance of two names.
const LineHeight = lineHeight

// Spread moves sorted places apart.
func Spread(places []float64, low, high float64) []float64 {
	lengths := make([]vg.Length, len(places))
	for i, p := range places {
		lengths[i] = vg.Length(p)
	}
	spread(lengths, vg.Length(low), vg.Length(high))
	out := make([]float64, len(places))
	for i, l := range lengths {
		out[i] = float64(l)
	}
	return out
}
