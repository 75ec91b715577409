// SPDX-License-Identifier: MIT

package loadgen

import (
	"sync"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// grace is how long a backlog may still leave after the schedule's end: a
// hiccup of the machine in the last moment is late, not dropped.
const grace = 100 * time.Millisecond

// fine is how long before a request's moment the pacer stops waiting on a timer
// and sleeps in the kernel: Go's timers are up to a millisecond late when the
// process is idle, and all of that would be counted as latency.
const fine = 1500 * time.Microsecond

// pacer releases each request at its intended moment. vegeta sleeps what a
// pacer tells it to, deaf to Stop; so this one waits by itself, tells vegeta to
// wait for nothing, and can be woken. Behind schedule it doesn't wait at all.
type pacer struct {
	schedule *schedule
	zero     time.Time
	wake     chan struct{} // the schedule has changed
	stop     chan struct{}
	stopOnce sync.Once
	released atomic.Int64
}

var _ vegeta.Pacer = (*pacer)(nil)

func newPacer(s *schedule) *pacer {
	return &pacer{schedule: s, zero: time.Now(), wake: make(chan struct{}, 1), stop: make(chan struct{})}
}

// Pace blocks until request number n may leave. The elapsed time that vegeta
// gives is ignored: all rooms of this package share one zero.
func (p *pacer) Pace(_ time.Duration, n uint64) (time.Duration, bool) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-p.stop:
			return 0, true
		default:
		}
		now := time.Since(p.zero)
		if p.schedule.closed { // vegeta waits for a free worker; there are as many as clients
			return 0, now >= p.schedule.end
		}
		at := p.schedule.time(int(n))
		if now > p.schedule.end+grace {
			return 0, true
		}
		if at >= p.schedule.end {
			if p.idleToEnd(n) {
				return 0, true
			}
			continue
		}
		wait := at - now
		if wait <= 0 {
			p.released.Store(int64(n) + 1)
			return 0, false
		}
		if wait <= 2*fine { // short enough for a stop to wait for
			nap(wait)
			continue
		}
		timer.Reset(wait - fine)
		select {
		case <-timer.C:
		case <-p.wake:
		case <-p.stop:
		}
	}
}

// idleToEnd holds the attack open after its last request, as long as a change of
// rate may still bring another. It reports whether the attack is over.
func (p *pacer) idleToEnd(n uint64) bool {
	timer := time.NewTimer(p.schedule.end - time.Since(p.zero))
	defer timer.Stop()
	for p.schedule.time(int(n)) >= p.schedule.end {
		select {
		case <-timer.C:
			return true
		case <-p.stop:
			return true
		case <-p.wake:
		}
	}
	return false
}

// Rate is for vegeta's own reports, which are not used.
func (p *pacer) Rate(elapsed time.Duration) float64 { return 0 }

// changed wakes the pacer to look at the schedule again.
func (p *pacer) changed() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// end makes the pacer release nothing more.
func (p *pacer) end() { p.stopOnce.Do(func() { close(p.stop) }) }
