// SPDX-License-Identifier: MIT

package cache

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// guard decides whether the store is of use: a circuit breaker that also knows which tombstones the store still has to get.
// While it owes any, the store is not read here, for it may hold values that were overwritten.
type guard struct {
	ok       atomic.Bool
	failures atomic.Int32
	counted  atomic.Int64 // when the last failure was counted, in nanoseconds
	wake     chan struct{}
	matters  time.Duration // how long a tombstone is worth delivering

	mu   sync.Mutex
	owed map[string]debt
}

type debt struct {
	version int
	since   time.Time
}

const (
	// failuresToOpen in a row, each at least failureGap after the one before, and the store is given up. The gap is there
	// because a frozen api (throttled by its CPU limit for up to 100 ms) sees all its open calls run out of time at once:
	// that is one event, and it says nothing about the store.
	failuresToOpen = 3
	failureGap     = 50 * time.Millisecond
	// mostOwed bounds memory (about 10 MB). Beyond it a tombstone is dropped and the TTL has to do.
	mostOwed = 100_000
)

func newGuard(matters time.Duration) *guard {
	g := &guard{wake: make(chan struct{}, 1), matters: matters, owed: map[string]debt{}}
	g.ok.Store(true)
	return g
}

func (g *guard) usable() bool { return g.ok.Load() }

// worked ends a row of failures. It reads before it writes: the line is shared by all cores, and nearly always 0.
func (g *guard) worked() {
	if g.failures.Load() != 0 {
		g.failures.Store(0)
	}
}

// failed counts a failure, and reports whether this one made the guard give the store up.
func (g *guard) failed(now time.Time) bool {
	last := g.counted.Load()
	if now.UnixNano()-last < int64(failureGap) || !g.counted.CompareAndSwap(last, now.UnixNano()) {
		return false
	}
	if g.failures.Add(1) < failuresToOpen {
		return false
	}
	return g.trip(0, nil)
}

// trip gives the store up and notes what it is owed. It reports whether the store was in use until now.
func (g *guard) trip(version int, keys []string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.note(version, keys)
	was := g.ok.Swap(false)
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return was
}

// owe notes tombstones for a store that is given up. It reports false where that is no longer so, and notes nothing.
func (g *guard) owe(version int, keys []string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ok.Load() {
		return false
	}
	g.note(version, keys)
	return true
}

func (g *guard) note(version int, keys []string) {
	now := time.Now()
	for _, k := range keys {
		if d, held := g.owed[k]; (held && d.version <= version) || (!held && len(g.owed) < mostOwed) {
			g.owed[k] = debt{version: version, since: now}
		}
	}
}

// debts is a copy of what is owed and still matters.
func (g *guard) debts(now time.Time) map[string]debt {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.owed, func(_ string, d debt) bool { return now.Sub(d.since) > g.matters })
	return maps.Clone(g.owed)
}

// settle takes what was delivered off the books and, once nothing is owed, takes the store into use again. It reports that.
func (g *guard) settle(delivered map[string]debt) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	maps.DeleteFunc(g.owed, func(k string, d debt) bool { return delivered[k] == d })
	if len(g.owed) > 0 {
		return false
	}
	g.failures.Store(0)
	g.ok.Store(true)
	return true
}
