// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// None stands where there is no number, or none that can be trusted.
const None = "-"

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// plausible numbers are those that a run can hold; anything else is a fault of
// its file, and printing it would tear the tables apart.
func plausible(v float64) bool { return math.Abs(v) < 1e9 }

// significant prints three digits: 1.23, 12.3, 123.
func significant(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case a < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// Seconds prints a time as a person says it: 850 µs, 1.23 ms, 12.3 s, 2m05s.
func Seconds(v float64) string {
	switch {
	case !plausible(v) || v < 0:
		return None
	case v == 0:
		return "0"
	case v < 0.0009995:
		return significant(math.Max(v*1e6, 0.01)) + " µs"
	case v < 0.9995:
		return significant(v*1e3) + " ms"
	case v < 99.95:
		return trim(significant(v)) + " s"
	}
	s := math.Round(v)
	if s < 3600 {
		return fmt.Sprintf("%.0fm%02.0fs", math.Floor(s/60), math.Mod(s, 60))
	}
	return fmt.Sprintf("%.0fh%02.0fm", math.Floor(s/3600), math.Floor(math.Mod(s, 3600)/60))
}

// trim takes off decimals that are zero.
func trim(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Milliseconds prints a number of seconds in ms, for a column that says so.
func Milliseconds(v float64) string {
	if !plausible(v) || v < 0 {
		return None
	}
	if v > 0 && v < 5e-6 {
		return "<0.01"
	}
	return significant(v * 1e3)
}

// Percent prints a share: 0.453 is 45%. Nearly all is not all: 0.9996 is 99.9%.
func Percent(v float64) string {
	p := v * 100
	switch {
	case !plausible(p) || p < 0:
		return None
	case p == 0:
		return "0%"
	case p < 0.05:
		return "<0.1%"
	case p > 99 && p < 100:
		p = math.Floor(p*10) / 10
		fallthrough
	case p < 9.95:
		return trim(strconv.FormatFloat(p, 'f', 1, 64)) + "%"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + "%"
}

// Cores prints cores: 0.123, 1.25.
func Cores(v float64) string {
	switch {
	case !plausible(v) || v < 0:
		return None
	case v < 0.9995:
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// Bytes prints a size in the units in which limits are given: 1 MiB is 1,048,576 bytes.
func Bytes(n int64) string {
	if n < 0 {
		return None
	}
	v, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if v < 999.5 {
			break
		}
		v, unit = v/1024, next
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return trim(significant(v)) + " " + unit
}

// Count prints a number of things: 12,345.
func Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Rate prints events a second: 199.8, 1,000.
func Rate(v float64) string {
	switch {
	case !plausible(v) || v < 0:
		return None
	case v < 999.95:
		return trim(strconv.FormatFloat(v, 'f', 1, 64))
	}
	return Count(int(math.Round(v)))
}
