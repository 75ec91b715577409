// SPDX-License-Identifier: MIT

package timing_test

import (
	"testing"
	"time"

	"systemlab/services/internal/timing"
)

func TestHeader(t *testing.T) {
	t.Parallel()
	type spent struct {
		tier timing.Tier
		d    time.Duration
	}
	for _, tt := range []struct {
		name string
		add  []spent
		want string
	}{
		{"nothing used, nothing said", nil, ""},
		{"milliseconds with three decimals", []spent{{timing.DB, 1234 * time.Microsecond}}, "db;dur=1.234"},
		{"waiting for a connection stands behind what it is a part of", []spent{{timing.Pool, time.Millisecond}, {timing.DB, 3 * time.Millisecond}}, "db;dur=3.000, pool;dur=1.000"},
		{"the order is fixed", []spent{{timing.Cache, 200 * time.Microsecond}, {timing.DB, time.Millisecond}}, "db;dur=1.000, cache;dur=0.200"},
		{"a tier adds up", []spent{{timing.Cache, time.Millisecond}, {timing.Cache, time.Second}}, "cache;dur=1001.000"},
		{"below the last decimal is still a use", []spent{{timing.Queue, time.Nanosecond}, {timing.Compute, 0}}, "queue;dur=0.000, compute;dur=0.000"},
		{"a clock that ran backwards is no time", []spent{{timing.DB, -time.Second}}, "db;dur=0.000"},
	} {
		var trace timing.Trace
		for _, s := range tt.add {
			trace.Add(s.tier, s.d)
		}
		if got := trace.Header(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	var trace timing.Trace
	ctx := timing.With(t.Context(), &trace)
	if got := timing.From(ctx); got != &trace {
		t.Errorf("got %p, want %p", got, &trace)
	}
	if got := timing.From(t.Context()); got != nil {
		t.Errorf("a context without a trace gives %p", got)
	}
}
