// SPDX-License-Identifier: MIT

// Package cache is a cache-aside for ready answers: what a read would answer is kept as bytes beside the version of the row
// that it shows, in a store that all replicas share.
//
// A write commits, then puts a tombstone with its version in place of what is held, then answers. The store keeps of two
// values the one with the higher version, so a slow reader can't put an old value back over a tombstone or a newer value.
//
// What remains, exactly. A reader may see a value older than an acknowledged write
//   - if the store evicts a tombstone, or the reader takes longer than Options.Lease between its read of the database and its
//     Put (its database timeouts add up to less): until the value's TTL ends;
//   - if the writer's process dies between commit and tombstone, or with tombstones that it could not deliver: until the TTL ends;
//   - if the store was out of reach of the writer: such tombstones are kept and delivered as soon as the store answers, and the
//     writer's own process does not read from the store before that; other replicas may, for as long as the writer needs to notice
//     (Options.Retry and a few round trips);
//   - if it waited for a read of the database that another request of its process had begun before the write: no longer than
//     that read takes. In the writer's own process this can't happen (Void ends such waiting).
//
// A hot key is filled by one request at a time in each process, not across processes: with three replicas that is at most three
// queries a TTL where one would do, while a lock in the store would add a round trip to every miss.
package cache

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/singleflight"

	"systemlab/services/internal/timing"
)

// Store holds values. Both methods give up within tens of milliseconds; an error means that the store is of no use just now.
type Store interface {
	// Get returns the value, or nil where there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put sets each key to value, for ttl, unless it holds a value of a higher version.
	Put(ctx context.Context, version int, value []byte, ttl time.Duration, keys ...string) error
}

// Options are the times of a cache.
type Options struct {
	TTL      time.Duration // of a value, ±10% so that what was filled together does not end together; 60 s where 0
	Negative time.Duration // of "there is no such row"; 10 s where 0, never more than TTL
	Lease    time.Duration // of a tombstone: longer than any reader takes from its query to its Put; 15 s where 0
	Retry    time.Duration // between two attempts to reach a store that was given up; 250 ms where 0
	// Forgetful loses every invalidation: what was written is not told to the store.
	// It is for seeing what that costs, and for nothing else.
	Forgetful bool
	Log       *slog.Logger
}

// Outcome is what a cache did for a read: the value of X-Cache.
type Outcome string

// The outcomes.
const (
	Hit  Outcome = "hit"
	Miss Outcome = "miss"
	Off  Outcome = "off"  // there is no cache here
	Down Outcome = "down" // there is one, but it is out of reach
)

// Entry is what is known of a row: its version, and the answer, nil where there is no such row.
type Entry struct {
	Version int
	Body    []byte
}

// Fetch reads an entry from where it truly is.
type Fetch func(ctx context.Context) (Entry, error)

// Cache stands before a source. A nil *Cache is one that is off: it reads the source each time.
type Cache struct {
	store   Store
	options Options
	guard   *guard
	flights singleflight.Group
}

// New makes a cache over a store. Run must be running for it to come back after a failure.
func New(store Store, o Options) *Cache {
	o.TTL = orElse(o.TTL, time.Minute)
	o.Negative = min(orElse(o.Negative, 10*time.Second), o.TTL)
	o.Lease = orElse(o.Lease, 15*time.Second)
	o.Retry = orElse(o.Retry, 250*time.Millisecond)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	// A value lives for 1.1 TTL at most, and may be put up to a lease after it was read: then no undelivered tombstone matters.
	return &Cache{store: store, options: o, guard: newGuard(o.TTL + o.TTL/10 + o.Lease)}
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// Read answers from the store, or from fetch. Its errors are those of fetch: the store's never fail a read.
func (c *Cache) Read(ctx context.Context, t *timing.Trace, key string, fetch Fetch) (Entry, Outcome, error) {
	start := time.Now()
	if c == nil {
		e, err := fetch(ctx)
		t.Since(timing.DB, start)
		return e, Off, err
	}
	if !c.guard.usable() {
		e, err := c.fill(ctx, t, key, start, fetch, false)
		return e, Down, err
	}
	held, err := c.store.Get(ctx, key)
	now := time.Now()
	t.Add(timing.Cache, now.Sub(start))
	if err != nil {
		c.failed(ctx, err)
		e, err := c.fill(ctx, t, key, now, fetch, false)
		return e, Down, err
	}
	c.guard.worked()
	if e, ok := decode(held); ok {
		return e, Hit, nil
	}
	e, err := c.fill(ctx, t, key, now, fetch, true)
	return e, Miss, err
}

// fill fetches for all who want the key at this moment, and keeps it where the store is of use. It goes on without its caller,
// for the sake of those who wait with it; fetch has its own time limit.
func (c *Cache) fill(ctx context.Context, t *timing.Trace, key string, start time.Time, fetch Fetch, keep bool) (Entry, error) {
	lead := false
	v, err, _ := c.flights.Do(key, func() (any, error) {
		lead = true
		ctx := context.WithoutCancel(ctx)
		e, err := fetch(ctx)
		now := time.Now()
		t.Add(timing.DB, now.Sub(start))
		if err == nil && keep {
			c.put(ctx, key, e)
			t.Since(timing.Cache, now)
		}
		return e, err
	})
	if !lead {
		t.Since(timing.DB, start)
	}
	if err != nil {
		return Entry{}, err
	}
	return v.(Entry), nil
}

func (c *Cache) put(ctx context.Context, key string, e Entry) {
	ttl := c.options.Negative
	if e.Body != nil {
		ttl = c.options.TTL*9/10 + rand.N(c.options.TTL/5+1) //nolint:gosec // jitter
	}
	if err := c.store.Put(ctx, e.Version, encode(e), ttl, key); err != nil {
		c.failed(ctx, err)
	}
}

// Void makes the store forget what it holds of a row that was just written, under all its keys. It must be called after the
// commit and before the answer, whether or not the caller is still there. It never fails: what can't be delivered now is later.
func (c *Cache) Void(ctx context.Context, version int, keys ...string) {
	if c == nil {
		return
	}
	for _, k := range keys {
		c.flights.Forget(k) // readers from now on must not wait for a read that began before the write
	}
	if c.options.Forgetful {
		return
	}
	if !c.guard.usable() && c.guard.owe(version, keys) {
		return
	}
	if err := c.store.Put(context.WithoutCancel(ctx), version, tombstone(version), c.options.Lease, keys...); err != nil {
		if c.guard.trip(version, keys) {
			c.options.Log.Warn("cache given up", "error", err)
		}
		return
	}
	c.guard.worked()
}

// State is Hit where the store is in use, Down where it was given up, Off on a nil Cache.
func (c *Cache) State() Outcome {
	switch {
	case c == nil:
		return Off
	case c.guard.usable():
		return Hit
	default:
		return Down
	}
}

// Probe asks the store whether it answers, and counts the answer.
func (c *Cache) Probe(ctx context.Context) {
	if !c.guard.usable() {
		return
	}
	if _, err := c.store.Get(ctx, probeKey); err != nil {
		c.failed(ctx, err)
		return
	}
	c.guard.worked()
}

func (c *Cache) failed(ctx context.Context, err error) {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return // the caller left; the store is not to blame
	}
	if c.guard.failed(time.Now()) {
		c.options.Log.Warn("cache given up", "error", err)
	}
}
