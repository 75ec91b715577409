// SPDX-License-Identifier: MIT

package chart

import "math"

// LogTicks are the decades from min to max, with 2 and 5 between them where
// there is room: they get a label where the range is less than two decades.
// Format writes a label.
func LogTicks(min, max float64, format func(float64) string) []Tick {
	if !(min > 0) || !(max > min) || math.IsInf(max, 0) || max/min > 1e15 {
		return nil
	}
	var out []Tick
	decades := math.Log10(max / min)
	for k := math.Floor(math.Log10(min)); k <= math.Ceil(math.Log10(max)); k++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, k)
			if v < min*0.999 || v > max*1.001 {
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
// from min to max.
func LinearTicks(min, max float64, n int, format func(float64) string) []Tick {
	step := Step((max-min)/float64(n), 1, 2, 5, 10)
	if step == 0 {
		return nil
	}
	var out []Tick
	for i := math.Ceil(min/step - 1e-9); i*step <= max+step*1e-9; i++ {
		v := i*step + 0 // no -0
		out = append(out, Tick{v, format(v)})
	}
	return out
}

// TimeTicks are at most n round moments, in seconds.
func TimeTicks(min, max float64, n int, format func(float64) string) []Tick {
	if max-min < 60 {
		return LinearTicks(min, max, n, format)
	}
	var out []Tick
	for _, step := range []float64{10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400} {
		if (max-min)/step > float64(n) {
			continue
		}
		for i := math.Ceil(min / step); i*step <= max; i++ {
			out = append(out, Tick{i * step, format(i * step)})
		}
		return out
	}
	return LinearTicks(min, max, n, format)
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
