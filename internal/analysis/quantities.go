// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"systemlab/internal/record"
)

// What is compared, as it stands in Quantity.Name.
const (
	QuantityP50       = "p50"
	QuantityP95       = "p95"
	QuantityP99       = "p99"
	QuantityErrors    = "error_rate"       // failed by sent
	QuantityServed    = "served_rate"      // answered ok, a second
	QuantityCPU       = "cpu_per_request"  // of all boxes, or of one service's
	QuantityMemory    = "memory"           // of all boxes, the last readings
	QuantityThrottled = "throttled_ratio"  // of the container that was throttled most
	QuantityHits      = "cache_hit_ratio"  // hits by lookups
	QuantityStale     = "stale_reads"      // counted over all rounds
	QuantityStaleRate = "stale_read_ratio" // stale by judged reads
)

// The units of quantities. A latency in seconds, a CPU demand in milliseconds.
const (
	UnitSeconds      = "s"
	UnitMilliseconds = "ms"
	UnitPerSecond    = "1/s"
	UnitBytes        = "bytes"
	UnitRatio        = "ratio"
	UnitCount        = "count"
)

// QuantityNames lists what can be compared.
func QuantityNames() []string {
	return []string{QuantityP50, QuantityP95, QuantityP99, QuantityErrors, QuantityServed, QuantityCPU, QuantityMemory, QuantityThrottled,
		QuantityHits, QuantityStale, QuantityStaleRate}
}

// OfServices tells whether a quantity has a row for each service too.
func OfServices(quantity string) bool {
	return quantity == QuantityCPU || quantity == QuantityThrottled
}

// reading is one run's value of a quantity.
type reading struct {
	value float64
	// chance is the variance that a count, or a share made of one, has by chance
	// alone; 0 where there is nothing to count.
	chance float64
	known  bool
}

// known values are those that a run can hold; a larger one is a fault of its file.
func known(v float64) reading { return reading{value: v, known: math.Abs(v) < 1e15} }

// counted gives k of n as a share. A count has at least the variance of
// Poisson's distribution, which is the count itself.
func counted(k, n int) reading {
	if n <= 0 || k < 0 {
		return reading{}
	}
	r := known(float64(k) / float64(n))
	r.chance = float64(k) / float64(n) / float64(n)
	return r
}

// measure says how a quantity is read from a run.
type measure struct {
	name, service, unit string
	read                func(*record.Run) reading
	slows               bool   // with the machine, all else being equal
	sum                 bool   // a side's figure is the sum over rounds, not the median
	why                 string // a run of any stage has it, and lacks it only if this happened
}

const whyUnread = "its counters could not be read"

// measures lists what these rounds can be compared by, in the order of a
// reader's interest: what users see, what it costs, what the boxes do.
func measures(rounds []Pair) []measure {
	out := []measure{
		latencyAt(QuantityP50, 0.5, func(p record.Percentiles) float64 { return p.P50 }),
		latencyAt(QuantityP95, 0.95, func(p record.Percentiles) float64 { return p.P95 }),
		latencyAt(QuantityP99, 0.99, func(p record.Percentiles) float64 { return p.P99 }),
		{name: QuantityErrors, unit: UnitRatio, read: func(r *record.Run) reading {
			q := r.Summary.Requests
			return counted(q.Failed, q.OK+q.Failed)
		}},
		{name: QuantityServed, unit: UnitPerSecond, read: func(r *record.Run) reading { return known(r.Summary.Rate.Served) }},
		{name: QuantityCPU, unit: UnitMilliseconds, read: cpuOf(""), slows: true, why: whyUnread},
	}
	services := servicesOf(rounds)
	for _, s := range services {
		out = append(out, measure{name: QuantityCPU, service: s, unit: UnitMilliseconds, read: cpuOf(s), slows: true})
	}
	out = append(out,
		measure{name: QuantityMemory, unit: UnitBytes, read: memoryOf, why: whyUnread},
		measure{name: QuantityThrottled, unit: UnitRatio, read: throttledOf("")})
	for _, s := range services {
		if anyAbove(rounds, throttledOf(s)) {
			out = append(out, measure{name: QuantityThrottled, service: s, unit: UnitRatio, read: throttledOf(s)})
		}
	}
	return append(out,
		measure{name: QuantityHits, unit: UnitRatio, read: func(r *record.Run) reading {
			reading := counted(r.Summary.Cache.Hits, r.Summary.Cache.Hits+r.Summary.Cache.Misses)
			reading.chance = 0 // both sides get the same requests: their hits don't vary by chance alone
			return reading
		}},
		measure{name: QuantityStale, unit: UnitCount, sum: true, read: func(r *record.Run) reading {
			k := counted(r.Summary.Reads.Stale, 1)
			k.known = k.known && judgedReads(r) > 0
			return k
		}},
		measure{name: QuantityStaleRate, unit: UnitRatio, read: func(r *record.Run) reading {
			return counted(r.Summary.Reads.Stale, judgedReads(r))
		}})
}

// latencyAt is a percentile of latency, of runs whose answers carry it.
func latencyAt(name string, quantile float64, of func(record.Percentiles) float64) measure {
	return measure{name: name, unit: UnitSeconds, slows: true,
		why: fmt.Sprintf("it needs %d answers a run", Needed(quantile)),
		read: func(r *record.Run) reading {
			if !Trusted(quantile, Answered(r.Summary)) {
				return reading{}
			}
			v := known(of(r.Summary.Latency))
			v.known = v.known && v.value > 0 // no answer takes no time at all
			return v
		}}
}

// cpuOf one service, or of all where it is "", in CPU-milliseconds a request.
func cpuOf(service string) func(*record.Run) reading {
	return func(r *record.Run) reading {
		sum, all, here := 0.0, 0.0, false
		for _, u := range Services(r) {
			all += u.CPUSecondsPerRequest
			if service == "" || u.Service == service {
				sum, here = sum+1e3*u.CPUSecondsPerRequest, true
			}
		}
		v := known(sum)
		v.known = v.known && here && all > 0 && !unread(r, service) // one box may have idled; all of them can't
		return v
	}
}

// unread tells whether counters of a service, or of any where it is "", could not
// be read in a run: what is left of its figures is not the whole.
func unread(r *record.Run, service string) bool {
	return slices.ContainsFunc(r.Events, func(e record.Event) bool {
		return e.Kind == "unread" && (service == "" || e.Container == "" || strings.Contains(e.Container, "-"+service+"-"))
	})
}

func memoryOf(r *record.Run) reading {
	sum := 0.0
	for _, c := range r.Containers {
		sum += float64(c.MemoryBytes)
	}
	v := known(sum)
	v.known = v.known && sum > 0 && !unread(r, "")
	return v
}

// throttledOf is the share of its periods in which the container that was
// throttled most was. Without a limit there is nothing to be throttled by.
func throttledOf(service string) func(*record.Run) reading {
	return func(r *record.Run) reading {
		most, limited := 0.0, false
		for _, c := range r.Containers {
			if c.LimitCores > 0 && (service == "" || c.Service == service) {
				most, limited = max(most, c.ThrottledRatio), true
			}
		}
		v := known(most)
		v.known = v.known && limited && !unread(r, service)
		return v
	}
}

func judgedReads(r *record.Run) int {
	q := r.Summary.Reads
	return q.Fresh + q.Stale + q.Wrong
}

// servicesOf both sides, in the order in which they stand in the runs.
func servicesOf(rounds []Pair) []string {
	var out []string
	for _, p := range rounds {
		for _, run := range p.sides() {
			for _, c := range run.Containers {
				if !slices.Contains(out, c.Service) {
					out = append(out, c.Service)
				}
			}
		}
	}
	return out
}

func anyAbove(rounds []Pair, read func(*record.Run) reading) bool {
	return slices.ContainsFunc(rounds, func(p Pair) bool { return read(p.A).value > 0 || read(p.B).value > 0 })
}
