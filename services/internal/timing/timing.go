// SPDX-License-Identifier: MIT

// Package timing says where an answer's time went, in the standard Server-Timing header.
package timing

import (
	"context"
	"strconv"
	"time"
)

// Tier is a box that a request may spend time in.
type Tier int

// The tiers, in the order of the header.
const (
	DB   Tier = iota
	Pool      // waiting for a connection to the database; a part of DB
	Cache
	Queue
	Compute
	tiers
)

// String is the tier's name in the header.
func (t Tier) String() string {
	switch t {
	case DB:
		return "db"
	case Pool:
		return "pool"
	case Cache:
		return "cache"
	case Queue:
		return "queue"
	case Compute:
		return "compute"
	default:
		return "tier" + strconv.Itoa(int(t))
	}
}

// Trace adds up the time of one request by tier. The zero value is ready. It belongs to the request's goroutine.
type Trace struct {
	spent [tiers]time.Duration
	used  [tiers]bool
}

// Add counts d for the tier.
func (t *Trace) Add(tier Tier, d time.Duration) {
	t.spent[tier] += max(d, 0)
	t.used[tier] = true
}

// Since counts the time since start for the tier.
func (t *Trace) Since(tier Tier, start time.Time) { t.Add(tier, time.Since(start)) }

type key struct{}

// With is a context that carries the trace of its request, for what is too deep to be handed it.
func With(ctx context.Context, t *Trace) context.Context { return context.WithValue(ctx, key{}, t) }

// From is the trace of the request that the context is of, or nil.
func From(ctx context.Context) *Trace {
	t, _ := ctx.Value(key{}).(*Trace)
	return t
}

// Header is the value of Server-Timing, "db;dur=1.234, cache;dur=0.200" in milliseconds, or "" where no tier was used.
func (t *Trace) Header() string {
	var space [128]byte
	b := space[:0]
	for tier := range tiers {
		if !t.used[tier] {
			continue
		}
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = append(b, tier.String()...)
		b = append(b, ";dur="...)
		b = strconv.AppendFloat(b, float64(t.spent[tier])/float64(time.Millisecond), 'f', 3, 64)
	}
	return string(b)
}
