// SPDX-License-Identifier: MIT

package submission

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"systemlab/internal/analysis"
	"systemlab/internal/exercise"
	"systemlab/internal/record"
)

// Bounds of what counters and samples may differ in.
const (
	// counterShare, counterSeconds: a container's CPU is read at both ends of the measured
	// part, its samples at moments of their own, with other milliseconds between.
	counterShare   = 0.02
	counterSeconds = 0.002
	// meanShare is by how much the length between two readings may differ from the measured part.
	meanShare = 0.05
	// readingSeconds likewise, in seconds: files were read within 27 ms (docs/decisions/grading.md).
	readingSeconds = 0.25
	// answeredSeconds is how late a reading may be that the engine itself answers.
	answeredSeconds = 2
	// generatorShare, generatorCores: the generator's own word about its CPU leaves out its
	// start, and what the engine does for it.
	generatorShare = 0.25
	generatorCores = 0.05
)

// cpu of each container against its samples, and of all against the machine's.
func (s *sums) cpu() {
	sent, stack := s.Summary.Requests.Sent, 0.0
	for _, c := range s.Containers {
		stack += c.CPUSeconds
		perRequest := 0.0
		if sent > 0 {
			perRequest = c.CPUSeconds / float64(sent)
		}
		if !(math.Abs(c.CPUSecondsPerRequest-perRequest) <= 1e-9) {
			s.add("%s used %.6f ms of CPU a request, but %.6f s for %d requests", c.Name, 1e3*c.CPUSecondsPerRequest, c.CPUSeconds, sent)
		}
		mean := c.CPUSeconds / s.DurationSeconds
		slack := max(mean, c.CoresMean) * (meanShare + max(readingSeconds, s.lateness())/s.DurationSeconds)
		if !(math.Abs(c.CoresMean-mean) <= slack+1e-6) {
			s.add("%s used %.4f cores, but %.4f s of CPU in %g s", c.Name, c.CoresMean, c.CPUSeconds, s.DurationSeconds)
		}
		if n := s.starts(c); c.Restarts > n {
			s.add("%s started again %d times, by its events %d", c.Name, c.Restarts, n)
		}
		s.sampled(c)
	}
	if !s.Host.Known || len(s.Containers) == 0 || s.DurationSeconds <= 0 {
		return
	}
	// What the stack used besides its containers is the generator's.
	rest, own := s.Host.StackCores-stack/s.DurationSeconds, s.Summary.Generator.CoresMean
	late := s.Host.StackCores * s.lateness() / s.DurationSeconds
	if slack := generatorCores + generatorShare*own + meanShare*s.Host.StackCores + late; !(math.Abs(rest-own) <= slack) {
		s.add("the containers used %.3f cores and the generator %.3f, but all of them %.3f", stack/s.DurationSeconds, own, s.Host.StackCores)
	}
}

// lateness is how late a counter may have been read at either end, in seconds,
// beyond what a sample's own length allows for.
func (s *sums) lateness() float64 {
	if s.Meter == record.EngineAPI {
		return answeredSeconds
	}
	return 0
}

// sampled compares a container's counters with its samples in the measured part.
func (s *sums) sampled(c record.Container) {
	from, to := s.WarmupSeconds, s.WarmupSeconds+s.DurationSeconds
	used, least, most, covered := 0.0, 0.0, 0.0, 0.0
	low, high := math.Inf(1), math.Inf(-1) // throttled
	memoryLow, memoryHigh := int64(math.MaxInt64), int64(math.MinInt64)
	for _, one := range s.Samples {
		begin, end := one.AtSeconds-one.Seconds, one.AtSeconds
		overlap := min(end, to) - max(begin, from)
		if one.Container != c.Name || !(overlap > 0) {
			continue
		}
		covered += overlap
		used += one.Cores * overlap
		most += one.Cores * one.Seconds
		if begin >= from && end <= to {
			least += one.Cores * one.Seconds
		}
		low, high = min(low, one.ThrottledRatio), max(high, one.ThrottledRatio)
		memoryLow, memoryHigh = min(memoryLow, one.MemoryBytes), max(memoryHigh, one.MemoryBytes)
	}
	if covered < s.DurationSeconds/2 || s.unread(c) {
		return // it came or went, or could not be read: there is nothing to hold it against
	}
	if missing := s.DurationSeconds - covered; missing > 0 {
		rate := used / covered
		used += missing * rate
		most += missing * max(rate, float64(s.Machine.Cores))
	}
	slack := counterSeconds + counterShare*used + s.lateness()*used/s.DurationSeconds
	if c.CPUSeconds < least-slack || c.CPUSeconds > most+slack {
		s.add("%s used %.4f s of CPU, by its samples %.4f s", c.Name, c.CPUSeconds, used)
	}
	if c.ThrottledRatio > high+1e-9 && c.ThrottledRatio > high+throttledSlack || c.ThrottledRatio < low-throttledSlack {
		s.add("%s was throttled in %.0f%% of its periods, by its samples in %.0f%% to %.0f%%", c.Name, 100*c.ThrottledRatio, 100*low, 100*high)
	}
	if spread := memoryHigh - memoryLow + memoryHigh/4 + 16<<20; c.MemoryBytes > memoryHigh+spread || c.MemoryBytes < memoryLow-spread {
		s.add("%s held %d bytes of memory, by its samples %d to %d", c.Name, c.MemoryBytes, memoryLow, memoryHigh)
	}
}

// throttledSlack is for a period that lies on the edge of a reading.
const throttledSlack = 0.05

// unread tells whether the run says itself that a container could not be read.
func (s *sums) unread(c record.Container) bool {
	return c.Restarts > 0 || slices.ContainsFunc(s.Events, func(e record.Event) bool {
		return (e.Kind == "unread" || e.Kind == "die" || e.Kind == "start") && (e.Container == "" || e.Container == c.Name)
	})
}

// starts counts how often the engine told that a container started.
func (s *sums) starts(c record.Container) (n int) {
	for _, e := range s.Events {
		if e.Container == c.Name && (e.Kind == "start" || e.Kind == "restart") {
			n++
		}
	}
	return n
}

// otherLimits says which container's limit is not what a part of a check has: that of
// the architecture, and in a proof once it, once what a proof raises it to; "" where all are.
func otherLimits(run *record.Run, part string) string {
	raised := part == exercise.Raised || part == exercise.Decoy
	if !raised && part != exercise.SideA && part != exercise.SideB && part != exercise.AsIs {
		return "" // a fault may lower one
	}
	for _, c := range run.Containers {
		for _, s := range run.Architecture.Services {
			same := s.Name != c.Service || math.Abs(s.LimitCores-c.LimitCores) <= limitSlack
			if !same && !(raised && math.Abs(analysis.RaisedLimit*s.LimitCores-c.LimitCores) <= limitSlack) {
				return fmt.Sprintf("%s has a limit of %g cores, in the architecture %g", c.Name, c.LimitCores, s.LimitCores)
			}
		}
	}
	return ""
}

// limitSlack is what an engine may round a limit by, in cores.
const limitSlack = 1e-3

// otherWorkload tells whether a run of a check was asked for something else than another one.
func otherWorkload(run, first *record.Run) string {
	a, b := run.Workload, first.Workload
	if a.Name != b.Name || !maps.Equal(a.Mix, b.Mix) || a.Zipf != b.Zipf || a.Users != b.Users {
		return fmt.Sprintf("its workload (%s, %d users, exponent %g) is another than that of the check's first run (%s, %d, %g)", a.Name, a.Users, a.Zipf, b.Name, b.Users, b.Zipf)
	}
	return ""
}
