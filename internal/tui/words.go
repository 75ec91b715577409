// SPDX-License-Identifier: MIT

package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Figures are written here with a fixed number of digits: on a screen that
// changes every second they must not jump to and fro. (report writes them for
// tables that stand still.)

const none = "-"

func bad64(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) || v < 0 }

// three prints three digits: 1.23, 12.3, 123.
func three(v float64) string {
	switch {
	case v < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// duration prints seconds: 850 µs, 1.23 ms, 12.3 s.
func duration(v float64) string {
	switch {
	case bad64(v):
		return none
	case v == 0:
		return "0 s"
	case v < 0.0009995:
		return strconv.FormatFloat(math.Max(v*1e6, 1), 'f', 0, 64) + " µs"
	case v < 0.9995:
		return three(v*1e3) + " ms"
	case v < 600:
		return three(v) + " s"
	}
	return clock(v)
}

// clock prints a place in time: 0:07, 12:34, 1:02:03.
func clock(v float64) string {
	if bad64(v) {
		return none
	}
	s := int(min(v, 1e9))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func percent(share float64) string {
	p := share * 100
	switch {
	case bad64(p) || p > 1e6:
		return none
	case p > 0 && p < 0.5:
		return "<1%"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + "%"
}

func cores(v float64) string {
	if bad64(v) || v > 1e6 {
		return none
	}
	return strconv.FormatFloat(v, 'f', 3, 64)[:max(5, len(strconv.FormatFloat(v, 'f', 0, 64))+3)]
}

// limit prints cores as they are given in a Compose file: 0.25, 2.
func limit(v float64) string {
	if v <= 0 || bad64(v) {
		return none
	}
	return trim(strconv.FormatFloat(v, 'f', 2, 64))
}

func trim(s string) string {
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// size prints bytes in the units in which limits are given, short: 16.8M, 1.20G.
func size(v float64) string {
	if bad64(v) {
		return none
	}
	unit := 0
	for v >= 999.5 && unit < 4 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return strconv.FormatFloat(v, 'f', 0, 64) + "B"
	}
	return three(v) + string("BKMGT"[unit])
}

func perSecond(n int, seconds float64) string {
	if seconds <= 0 {
		return none
	}
	return rate(float64(n) / seconds)
}

func rate(v float64) string {
	switch {
	case bad64(v):
		return none
	case v < 9.95 && v != math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 1, 64) + "/s"
	case v < 1e5:
		return strconv.FormatFloat(v, 'f', 0, 64) + "/s"
	}
	return three(v/1000) + "k/s"
}
