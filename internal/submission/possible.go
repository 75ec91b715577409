// SPDX-License-Identifier: MIT

package submission

import (
	"math"

	"systemlab/internal/record"
	"systemlab/loadgen"
)

// Bounds of what can be; docs/decisions/grading.md says why these.
const (
	// clockSlack is what moments of one clock may differ by in a run's file, in seconds.
	clockSlack = 1e-6
	// cpuShare, cpuSeconds: counters and clock are not read at one moment, and the kernel
	// adds up a core's time in ticks of 4 to 10 ms.
	cpuShare   = 0.10
	cpuSeconds = 0.10
	// afterEnd is how long after its schedule a run may wait for its last answers, besides their time-out.
	afterEnd = 15.0
)

// impossible looks for what can't have been measured.
func impossible(run *record.Run) *findings {
	p := &possible{Run: run, findings: findings{kind: Impossible}}
	p.windows()
	p.requests()
	p.samples()
	p.machine()
	return &p.findings
}

type possible struct {
	*record.Run
	findings
}

// windows come one after the other, and count up.
func (p *possible) windows() {
	at, asked, done, sent := 0.0, 0, 0, 0
	for i, w := range p.Windows {
		if !(w.Seconds > 0) || !(w.StartSeconds >= at-clockSlack) {
			p.add("window %d, from %.3f s on for %.3f s, begins before the one before it ends, at %.3f s", i+1, w.StartSeconds, w.Seconds, at)
		}
		at = max(at, w.StartSeconds+w.Seconds)
		for _, n := range []int{w.Asked, w.Sent, w.OK, w.Failed, w.Late, w.InFlight, w.CacheHits, w.CacheMiss} {
			if n < 0 {
				p.add("window %d counts %d of something", i+1, n)
			}
		}
		asked, sent, done = asked+w.Asked, sent+w.Sent, done+w.OK+w.Failed
		if w.CacheHits+w.CacheMiss > w.OK+w.Failed {
			p.add("window %d has %d answers, and %d of them from or past the cache", i+1, w.OK+w.Failed, w.CacheHits+w.CacheMiss)
		}
		if !(w.Latency.Max <= at+clockSlack) || !(w.Latency.Max >= 0) {
			p.add("window %d has an answer that took %.3f s, %.3f s after the run began", i+1, w.Latency.Max, at)
		}
	}
	if n := len(p.Windows); n > 0 && done > sent+p.Windows[n-1].InFlight+few {
		p.add("%d answers to %d requests", done, sent)
	}
	if asked > 0 && loadgenOpen(p.Pace) && done > asked+few {
		p.add("%d answers to %d requests that were due", done, asked)
	}
}

func loadgenOpen(pace string) bool {
	p, err := loadgen.ParsePace(pace)
	return err == nil && p.Clients() == 0
}

// requests of the summary.
func (p *possible) requests() {
	r, sum := p.Summary.Requests, p.Summary
	for name, n := range map[string]int{"asked": r.Asked, "sent": r.Sent, "good": r.OK, "failed": r.Failed, "late": r.Late, "dropped": r.Dropped} {
		if n < 0 {
			p.add("%d requests %s", n, name)
		}
	}
	if n := total(sum.StatusCodes); n > r.Sent {
		p.add("%d answers to %d requests", n, r.Sent)
	}
	if r.Late > r.Sent {
		p.add("%d late requests of %d", r.Late, r.Sent)
	}
	if n := sum.Cache.Hits + sum.Cache.Misses; n > r.Sent {
		p.add("%d answers from or past the cache to %d requests", n, r.Sent)
	}
	length := p.WarmupSeconds + p.DurationSeconds
	for _, w := range p.Windows {
		length = max(length, w.StartSeconds+w.Seconds)
	}
	if l := sum.Latency.Max; !(l >= 0 && l <= length-p.WarmupSeconds+clockSlack) {
		p.add("an answer took %.3f s in a run of %.3f s", l, length)
	}
	if length > p.WarmupSeconds+p.DurationSeconds+loadgen.DefaultTimeout.Seconds()+afterEnd {
		p.add("it ended %.1f s after its schedule", length-p.WarmupSeconds-p.DurationSeconds)
	}
}

// samples are growth: none is negative, and none is more than the machine can give.
func (p *possible) samples() {
	last := map[string]float64{}
	cores := float64(p.Machine.Cores)
	for _, s := range p.Samples {
		switch {
		case !(s.Cores >= 0) || s.MemoryBytes < 0 || s.RxBytes < -1 || s.TxBytes < -1:
			p.add("%s at %.2f s: a counter falls (%.3f cores)", s.Container, s.AtSeconds, s.Cores)
		case !(s.ThrottledRatio >= 0 && s.ThrottledRatio <= 1):
			p.add("%s at %.2f s: throttled in %.2f of its periods", s.Container, s.AtSeconds, s.ThrottledRatio)
		case !(s.Seconds > 0) || s.AtSeconds-s.Seconds < last[s.Container]-readSlack:
			p.add("%s: the sample at %.2f s begins before the one before it ends, at %.2f s", s.Container, s.AtSeconds, last[s.Container])
		case cores > 0 && s.Cores*s.Seconds > cores*s.Seconds*(1+cpuShare)+cpuSeconds:
			p.add("%s at %.2f s: %.2f cores of a machine that has %.0f", s.Container, s.AtSeconds, s.Cores, cores)
		}
		last[s.Container] = max(last[s.Container], s.AtSeconds)
	}
}

// readSlack is what the moments of two samples may be off by, in seconds.
const readSlack = 0.002

// machine as a whole.
func (p *possible) machine() {
	used := 0.0
	for _, c := range p.Containers {
		if !(c.CPUSeconds >= 0) || !(c.CoresMean >= 0) || !(c.ThrottledRatio >= 0 && c.ThrottledRatio <= 1) || c.MemoryBytes < 0 || c.Restarts < 0 {
			p.add("%s: a counter falls (%.3f s of CPU)", c.Name, c.CPUSeconds)
		}
		used += c.CPUSeconds
	}
	cores, d := float64(p.Machine.Cores), p.DurationSeconds
	if !(d > 0) || math.IsInf(d, 0) {
		p.add("it lasted %g s", d)
	} else if cores > 0 && used > cores*d*(1+cpuShare)+cpuSeconds {
		p.add("its containers used %.2f s of CPU in %.2f s on %.0f cores", used, d, cores)
	}
	if h := p.Host; h.Known && cores > 0 && !(h.Cores >= 0 && h.Cores <= cores*(1+cpuShare) && h.StealCores >= 0 && h.StackCores >= 0) {
		p.add("the machine was busy with %.2f of %.0f cores", h.Cores, cores)
	}
}
