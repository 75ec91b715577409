// SPDX-License-Identifier: MIT

package chart

import "math"

// LogTicks are the decades from low to high, with 2 and 5 between them where
// there is room: they get a label where the range is less than two decades.
// Format writes a label.
func LogTicks(low, high float64, format func(float64) string) []Tick {
	if !(low > 0) || !(high > low) || math.IsInf(high, 0) || high/low > 1e15 {
		return nil
	}
	var out []Tick
	decades := math.Log10(high / low)
	for k := math.Floor(math.Log10(low)); k <= math.Ceil(math.Log10(high)); k++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, k)
			if v < low*0.999 || v > high*1.001 {
				continue
			}
			label := ""
			if m == 1 || decades < 2 {
				label = format(v)
			}
			out = append(out, Tick{v, label})
		}
	}
	return out
}

// LinearTicks are at most n round numbers (1, 2 or 5 times a power of ten)
// from low to high.
func LinearTicks(low, high float64, n int, format func(float64) string) []Tick {
	step := Step((high-low)/float64(n), 1, 2, 5, 10)
	if step == 0 {
		return nil
	}
	var out []Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		v := i*step + 0 // no -0
		out = append(out, Tick{v, format(v)})
	}
	return out
}

// TimeTicks are at most n round moments, in seconds.
func TimeTicks(low, high float64, n int, format func(float64) string) []Tick {
	if high-low < 60 {
		return LinearTicks(low, high, n, format)
	}
	var out []Tick
	for _, step := range []float64{10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400} {
		if (high-low)/step > float64(n) {
			continue
		}
		for i := math.Ceil(low / step); i*step <= high; i++ {
			out = append(out, Tick{i * step, format(i * step)})
		}
		return out
	}
	return LinearTicks(low, high, n, format)
}

// Step is the least of these multiples of a power of ten that is not below
// least; 0 where there is none.
func Step(least float64, multiples ...float64) float64 {
	if !(least > 0) || math.IsInf(least, 0) {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range multiples {
		if v := m * power; v >= least*(1-1e-9) {
			return v
		}
	}
	return 0
}
