// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"strings"

	"systemlab/internal/record"
)

// Describe says in words what B's architecture adds to A's, what that bought, what
// it cost, and what can't be told. Each line is one sentence or list.
func Describe(c Comparison, a, b record.Architecture) []string {
	lines := changes(a, b)
	if c.Refused != "" {
		return append(lines, "Nothing is concluded: "+c.Refused+".")
	}
	bought, cost := c.sides()
	if len(bought) > 0 {
		lines = append(lines, "Bought: "+strings.Join(bought, "; ")+".")
	}
	if len(cost) > 0 {
		lines = append(lines, "Cost: "+strings.Join(cost, "; ")+".")
	}
	if len(bought)+len(cost) == 0 {
		lines = append(lines, fmt.Sprintf("These %d rounds tell no difference between A and B.", c.Rounds))
	}
	lines = append(lines, c.despite()...)
	return append(lines, c.untold()...)
}

// changes between two architectures, box by box.
func changes(a, b record.Architecture) []string {
	was, is := map[string]record.Service{}, map[string]record.Service{}
	for _, s := range a.Services {
		was[s.Name] = s
	}
	var added, removed, changed []string
	for _, s := range b.Services {
		is[s.Name] = s
		old, here := was[s.Name]
		switch {
		case !here:
			added = append(added, boxWords(s))
		case old != s:
			changed = append(changed, boxChange(old, s))
		}
	}
	for _, s := range a.Services {
		if _, here := is[s.Name]; !here {
			removed = append(removed, boxWords(s))
		}
	}
	var lines []string
	for _, part := range []struct {
		what  string
		boxes []string
	}{{"B adds ", added}, {"B leaves out ", removed}, {"B changes ", changed}} {
		if len(part.boxes) > 0 {
			lines = append(lines, part.what+strings.Join(part.boxes, ", ")+".")
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "A and B have the same boxes.")
	}
	return lines
}

func boxWords(s record.Service) string {
	if s.Replicas > 1 {
		return fmt.Sprintf("%s (%d of it)", s.Name, s.Replicas)
	}
	return s.Name
}

// boxChange says what of a box is different.
func boxChange(old, s record.Service) string {
	var parts []string
	if old.Replicas != s.Replicas {
		parts = append(parts, fmt.Sprintf("%d to %d replicas", old.Replicas, s.Replicas))
	}
	if old.LimitCores != s.LimitCores {
		parts = append(parts, fmt.Sprintf("limit %s to %s", limitWords(old.LimitCores), limitWords(s.LimitCores)))
	}
	if old.MemoryLimitBytes != s.MemoryLimitBytes {
		parts = append(parts, fmt.Sprintf("memory limit %s to %s", mebibytes(old.MemoryLimitBytes), mebibytes(s.MemoryLimitBytes)))
	}
	return s.Name + " (" + strings.Join(parts, ", ") + ")"
}

func limitWords(v float64) string {
	if v <= 0 {
		return "none"
	}
	return fmt.Sprintf("%g cores", v)
}

func mebibytes(v int64) string {
	if v <= 0 {
		return "none"
	}
	return fmt.Sprintf("%.4g MiB", float64(v)/(1<<20))
}

// sides gives what was concluded in B's favour and what against it, with the CPU
// of boxes that one side alone has.
func (c Comparison) sides() (bought, cost []string) {
	for _, q := range c.Quantities {
		switch {
		case q.Conclusion == OnlyA && q.Name == QuantityCPU:
			bought = append(bought, fmt.Sprintf("%s is gone, and its %s CPU-ms a request", q.Service, strings.TrimPrefix(signed(q.A), "+")))
		case q.Conclusion == OnlyB && q.Name == QuantityCPU:
			cost = append(cost, fmt.Sprintf("%s takes %s CPU-ms a request", q.Service, strings.TrimPrefix(signed(q.B), "+")))
		case !q.Concluded():
		case (q.Conclusion == ALower) == q.MoreIsBetter():
			bought = append(bought, q.told())
		default:
			cost = append(cost, q.told())
		}
	}
	return bought, cost
}

// MoreIsBetter tells whether the higher side is the better one.
func (q Quantity) MoreIsBetter() bool { return q.Name == QuantityServed || q.Name == QuantityHits }

// told says a conclusion with its interval.
func (q Quantity) told() string {
	if q.Difference {
		unit, by := scale(q.Unit)
		return fmt.Sprintf("%s %s%s (%s to %s)", q.Words(), signed((q.Low+q.High)/2*by), unit, signed(q.Low*by), signed(q.High*by))
	}
	return fmt.Sprintf("%s ×%s (%s to %s)", q.Words(), Factor(q.Ratio), Factor(q.Low), Factor(q.High))
}

// Words name a row for people: "CPU a request of postgres".
func (q Quantity) Words() string {
	if q.Service == "" {
		return q.What()
	}
	return q.What() + " of " + q.Service
}

// What names a quantity for people: "CPU a request".
func (q Quantity) What() string {
	name := map[string]string{
		QuantityErrors: "error rate", QuantityServed: "served rate", QuantityCPU: "CPU a request", QuantityThrottled: "throttled share",
		QuantityHits: "cache hits", QuantityStale: "stale reads", QuantityStaleRate: "stale share of reads",
	}[q.Name]
	if name == "" {
		return q.Name
	}
	return name
}

// Factor prints a ratio with as many digits as tell it from 1: 0.42, 1.043, 0.9993.
func Factor(v float64) string {
	switch d := math.Abs(v - 1); {
	case math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || v > 1e9:
		return "-"
	case d < 0.00995:
		return fmt.Sprintf("%.4f", v)
	case d < 0.0995:
		return fmt.Sprintf("%.3f", v)
	case v < 0.0995:
		return fmt.Sprintf("%.2g", v)
	case v < 9.995:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// signed prints a difference: +1.2, -3.
func signed(v float64) string {
	if !(math.Abs(v) < 1e9) {
		return "-"
	}
	if math.Abs(v) >= 100 {
		return fmt.Sprintf("%+.0f", v)
	}
	return fmt.Sprintf("%+.3g", v)
}

// scale gives the unit in which people read a difference, and what to multiply by.
func scale(unit string) (name string, by float64) {
	switch unit {
	case UnitRatio:
		return " points", 100
	case UnitCount:
		return "", 1
	case UnitBytes:
		return " MiB", 1.0 / (1 << 20)
	case UnitSeconds:
		return " ms", 1e3
	case UnitPerSecond:
		return "/s", 1
	}
	return " " + unit, 1
}

// untold lists where no difference was found, and how small a one would have been.
func (c Comparison) untold() []string {
	var none, never []string
	for _, q := range c.Quantities {
		switch {
		case q.Conclusion == NotComparable:
			never = append(never, q.Words())
		case q.Conclusion != NoDifference:
		case q.Detectable == 0:
			none = append(none, q.Words()+" (0 on both sides)")
		case q.Difference:
			unit, by := scale(q.Unit)
			none = append(none, fmt.Sprintf("%s (%s%s would have been seen)", q.Words(), signed(q.Detectable*by), unit))
		default:
			none = append(none, fmt.Sprintf("%s (×%s would have been seen)", q.Words(), Factor(q.Detectable)))
		}
	}
	var lines []string
	if len(none) > 0 {
		lines = append(lines, "No detectable difference in: "+strings.Join(none, "; ")+".")
	}
	if len(never) > 0 {
		lines = append(lines, "Not comparable: "+strings.Join(never, "; ")+".")
	}
	return lines
}
