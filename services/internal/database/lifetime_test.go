// SPDX-License-Identifier: MIT

package database

import (
	"testing"
	"time"
)

func TestLifetime(t *testing.T) {
	t.Parallel()
	const url = "postgres://lab:secret@db/lab"
	usual, err := configure(Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if usual.MaxConnLifetime < 10*time.Minute || usual.MaxConns != 10 {
		t.Errorf("nothing said: %v, %d connections", usual.MaxConnLifetime, usual.MaxConns)
	}
	short, err := configure(Options{URL: url, Lifetime: 20 * time.Second, Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	if short.HealthCheckPeriod > time.Second {
		t.Errorf("behind a balancer the pool's order is turned round every %v", short.HealthCheckPeriod)
	}
	if short.MaxConnLifetime != 20*time.Second || short.MaxConnLifetimeJitter != 20*time.Second || short.MaxConns != 3 {
		t.Errorf("20 s: %v and up to %v more, %d connections", short.MaxConnLifetime, short.MaxConnLifetimeJitter, short.MaxConns)
	}
}
