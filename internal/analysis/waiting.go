// SPDX-License-Identifier: MIT

package analysis

import (
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/record"
)

// What the explanation knows by name: the tiers of Server-Timing (see
// docs/design/contracts.md), who keeps the pool, and who takes tasks.
const (
	tierDB        = "db"
	tierPool      = "pool"
	poolOwner     = "api"
	workerService = "worker"
)

// waiting is all that was seen to wait at a service.
func waiting(run *record.Run, service string) []Waiting {
	var out []Waiting
	if pool, ok := run.Summary.Tiers[tierPool]; ok && service == poolOwner {
		out = append(out, Waiting{"for a database connection", pool.MeanSeconds, quantileIn(run.Histograms.Tiers[tierPool], 1), "seconds"})
	}
	if q := run.Summary.Queue; q != nil && service == workerService {
		out = append(out, Waiting{"tasks for a worker", q.DepthMean, float64(q.DepthMax), "tasks"})
	}
	return append(out, sessions(run, service)...)
}

// queueBox is the service whose replicas take the tasks.
func queueBox(boxes []Box) string {
	if slices.ContainsFunc(boxes, func(b Box) bool { return b.Service == workerService }) {
		return workerService
	}
	return ""
}

// quantileIn is a quantile of a histogram in seconds; 0 where there is none.
func quantileIn(encoded string, q float64) float64 {
	h, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil || h.TotalCount() == 0 {
		return 0
	}
	return float64(h.ValueAtQuantile(100*q)) / 1e6
}

// sessions of a database over the measured part: those with a query under way,
// and of them those that wait for something.
func sessions(run *record.Run, service string) []Waiting {
	here := map[string]bool{}
	for _, c := range run.Containers {
		here[c.Name] = here[c.Name] || c.Service == service
	}
	kinds := []struct {
		what string
		of   func(record.Waits) int
	}{
		{"sessions at work", func(w record.Waits) int { return w.Active }},
		{"for another session's lock", func(w record.Waits) int { return w.Lock }},
		{"for a latch", func(w record.Waits) int { return w.LWLock }},
		{"for the disk", func(w record.Waits) int { return w.IO }},
		{"for the client", func(w record.Waits) int { return w.Client }},
	}
	var out []Waiting
	for _, k := range kinds {
		n, sum, most := 0, 0, 0
		for _, w := range run.Waits {
			if here[w.Container] && w.AtSeconds >= run.WarmupSeconds && w.AtSeconds <= run.WarmupSeconds+run.DurationSeconds {
				n, sum, most = n+1, sum+k.of(w), max(most, k.of(w))
			}
		}
		if most > 0 {
			out = append(out, Waiting{k.what, float64(sum) / float64(n), float64(most), "sessions"})
		}
	}
	return out
}
