// SPDX-License-Identifier: MIT

package meter

import (
	"context"
	"time"
)

// Listed and ReadOnce are the two halves of a round, for benchmarks.
func (m *Meter) Listed(ctx context.Context) error { return m.list(ctx) }

// ReadOnce reads every container's counters.
func (m *Meter) ReadOnce(ctx context.Context) { m.readAll(ctx, time.Now(), true) }
