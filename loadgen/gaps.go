// SPDX-License-Identifier: MIT

package loadgen

import (
	"time"

	"systemlab/internal/record"
)

const (
	// gapLeast is the shortest stretch that is called a gap: on a busy laptop half
	// of that is ordinary. gapDue is how many requests must have been due in it: at
	// 10 a second nobody answers for 100 ms, and nothing is wrong.
	gapLeast = 100 * time.Millisecond
	gapDue   = 5

	// maxGaps bounds what is kept; a service that flaps more often is down.
	maxGaps = 1000
)

// gaps finds the stretches without a good answer. Answers may come in a little
// out of order, as they do from many workers.
type gaps struct {
	last  time.Duration // end of the latest good answer
	found []record.Gap
}

// good notes a good answer that ended at a moment; due counts the requests that
// are meant to leave before one.
func (g *gaps) good(at time.Duration, due func(time.Duration) int) {
	if at <= g.last {
		return
	}
	if at-g.last >= gapLeast && due(at)-due(g.last) >= gapDue && len(g.found) < maxGaps {
		g.found = append(g.found, record.Gap{StartSeconds: g.last.Seconds(), Seconds: (at - g.last).Seconds()})
	}
	g.last = at
}
