// SPDX-License-Identifier: MIT

package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// mostMoments is how many points a line over time has at most; a page of eight
// runs of an hour stays small.
const mostMoments = 150

// moment is a stretch of a run as the charts over time show it: one window, or
// as many as keep the chart at mostMoments.
type moment struct {
	Start, Seconds float64
	Answers        int
	P50, P95, P99  float64            // NaN without answers
	Cores          map[string]float64 // of each service, all its replicas together
	Throttled      map[string]float64 // of the replica that was throttled most, 0 to 1
}

func (m moment) middle() float64 { return m.Start + m.Seconds/2 }

// overTime cuts a run into moments, warm-up included.
func overTime(run *record.Run) []moment {
	windows := slices.DeleteFunc(slices.Clone(run.Windows), func(w record.Window) bool {
		return !(w.StartSeconds >= 0 && w.StartSeconds < 1e7 && w.Seconds > 0 && w.Seconds < 1e7)
	})
	slices.SortStableFunc(windows, func(a, b record.Window) int { return cmp.Compare(a.StartSeconds, b.StartSeconds) })
	size := max(1, (len(windows)+mostMoments-1)/mostMoments)
	var out []moment
	for group := range slices.Chunk(windows, size) {
		out = append(out, latencies(group))
	}
	addCPU(run, out)
	return out
}

// latencies sums windows up. Percentiles can't be averaged: where there are
// several windows, their histograms are merged.
func latencies(group []record.Window) moment {
	last := group[len(group)-1]
	m := moment{Start: group[0].StartSeconds, P50: math.NaN(), P95: math.NaN(), P99: math.NaN()}
	m.Seconds = last.StartSeconds + last.Seconds - m.Start
	for _, w := range group {
		m.Answers += w.OK + w.Failed
	}
	switch {
	case len(group) == 1 && m.Answers > 0:
		m.P50, m.P95, m.P99 = last.Latency.P50, last.Latency.P95, last.Latency.P99
	case len(group) > 1:
		encoded := make([]string, len(group))
		for i, w := range group {
			encoded[i] = w.Histogram
		}
		if h := merged(encoded); h != nil && h.TotalCount() > 0 {
			m.P50, m.P95, m.P99 = micros(h, 0.5), micros(h, 0.95), micros(h, 0.99)
		}
	}
	for _, p := range []*float64{&m.P50, &m.P95, &m.P99} {
		if !(*p > 0) || !plausible(*p) {
			*p = math.NaN()
		}
	}
	return m
}

// merged is one histogram of several; nil where there is none.
func merged(encoded []string) *hdrhistogram.Histogram {
	var all *hdrhistogram.Histogram
	for _, e := range encoded {
		h := decode(e)
		switch {
		case h == nil:
		case all == nil:
			all = h
		default:
			all.Merge(h)
		}
	}
	return all
}

// decode reads a histogram of a run; nil where there is none.
func decode(encoded string) *hdrhistogram.Histogram {
	if encoded == "" {
		return nil
	}
	h, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil {
		return nil
	}
	return h
}

// micros is a quantile of a histogram in microseconds, in seconds.
func micros(h *hdrhistogram.Histogram, q float64) float64 {
	return float64(h.ValueAtQuantile(q*100)) / 1e6
}

// addCPU spreads the samples over the moments by the middle of what they cover.
func addCPU(run *record.Run, moments []moment) {
	type sum struct{ cores, throttled, seconds float64 }
	sums := make([]map[string]sum, len(moments)) // by container
	for _, s := range run.Samples {
		middle := s.AtSeconds - s.Seconds/2
		i, _ := slices.BinarySearchFunc(moments, middle, func(m moment, at float64) int { return cmp.Compare(m.Start, at) })
		if i--; i < 0 || !(middle < moments[i].Start+moments[i].Seconds) || !(s.Seconds > 0) || !plausible(s.Cores) || !plausible(s.ThrottledRatio) {
			continue
		}
		if sums[i] == nil {
			sums[i] = map[string]sum{}
		}
		had := sums[i][s.Container]
		sums[i][s.Container] = sum{had.cores + s.Cores*s.Seconds, had.throttled + s.ThrottledRatio*s.Seconds, had.seconds + s.Seconds}
	}
	services := map[string]string{}
	for _, c := range run.Containers {
		services[c.Name] = c.Service
	}
	for i := range moments {
		moments[i].Cores, moments[i].Throttled = map[string]float64{}, map[string]float64{}
		for container, s := range sums[i] {
			name := cmp.Or(services[container], serviceOf(container, run.Project))
			moments[i].Cores[name] += s.cores / s.seconds
			moments[i].Throttled[name] = max(moments[i].Throttled[name], s.throttled/s.seconds)
		}
	}
}

// generatorName is how the load generator's container is called in charts.
const generatorName = "load generator"

// serviceOf guesses the service of a container that is gone by the end of the
// run from Compose's names: PROJECT-SERVICE-REPLICA.
func serviceOf(container, project string) string {
	name := strings.TrimPrefix(container, project+"-")
	if strings.HasPrefix(name, "load-run-") {
		return generatorName
	}
	if i := strings.LastIndex(name, "-"); i > 0 {
		name = name[:i]
	}
	return name
}

// shownServices is how many services have lines of their own.
const shownServices = 6

// busiest sorts the services of all moments by the CPU they used, the greatest
// first: the first of them have lines of their own, the rest are one.
func busiest(moments []moment) (shown, rest []string) {
	total := map[string]float64{}
	for _, m := range moments {
		for name, cores := range m.Cores {
			total[name] += cores * m.Seconds
		}
	}
	names := make([]string, 0, len(total))
	for name := range total {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(total[b], total[a]), strings.Compare(a, b)) })
	if len(names) <= shownServices+1 {
		return names, nil
	}
	return names[:shownServices], names[shownServices:]
}

func othersName(rest []string) string { return fmt.Sprintf("%d others", len(rest)) }

// coresOf sums the cores of services in a moment; NaN where none was read.
func coresOf(m moment, services []string) float64 {
	sum, any := 0.0, false
	for _, name := range services {
		if v, ok := m.Cores[name]; ok {
			sum, any = sum+v, true
		}
	}
	if !any {
		return math.NaN()
	}
	return sum
}

// usualAnswers is the median number of answers of a moment, for a caption to
// say what one point rests on.
func usualAnswers(moments []moment) int {
	var counts []int
	for _, m := range moments {
		if m.Answers > 0 {
			counts = append(counts, m.Answers)
		}
	}
	if len(counts) == 0 {
		return 0
	}
	slices.Sort(counts)
	return counts[len(counts)/2]
}

// restsOn says how far a single point's p99 can be read.
func restsOn(moments []moment) string {
	n := usualAnswers(moments)
	if n == 0 || analysis.Trusted(0.99, n) {
		return ""
	}
	return fmt.Sprintf("A point has about %s answers, and a p99 needs %s: read its shape, not single points.", Count(n), Count(analysis.Needed(0.99)))
}
