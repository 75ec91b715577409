// SPDX-License-Identifier: MIT

package cache

import (
	"context"
	"time"
)

const probeKey = "probe"

// Run brings the store back into use after it was given up: one probe at a time, in the background, so that no request pays for
// it. It sleeps while all is well and returns when ctx ends.
func (c *Cache) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.guard.wake:
		}
		if c.guard.usable() {
			continue // this failure was dealt with together with the one before
		}
		down := time.Now()
		for !c.revive(ctx) {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(c.options.Retry):
			}
		}
		c.options.Log.Info("cache in use again", "after", time.Since(down).Round(time.Millisecond))
	}
}

// revive delivers the tombstones that are owed and reports whether the store is in use again.
func (c *Cache) revive(ctx context.Context) bool {
	if _, err := c.store.Get(ctx, probeKey); err != nil {
		return false
	}
	owed := c.guard.debts(time.Now())
	for key, d := range owed {
		if err := c.store.Put(ctx, d.version, tombstone(d.version), c.options.Lease, key); err != nil {
			return false
		}
	}
	return c.guard.settle(owed)
}
