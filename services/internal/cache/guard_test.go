// SPDX-License-Identifier: MIT

package cache_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"systemlab/services/internal/cache"
)

// running gives body a cache whose Run is running, on a clock of its own.
func running(t *testing.T, body func(t *testing.T, c *cache.Cache, m *memory, s *source)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(), &source{}
		s.version.Store(1)
		c := cache.New(m, cache.Options{Retry: time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		body(t, c, m, s)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// open makes three failures, each far enough from the one before to count.
func open(t *testing.T, c *cache.Cache, m *memory, s *source) {
	t.Helper()
	m.set(errDown)
	for range 3 {
		time.Sleep(60 * time.Millisecond)
		want(t, c, s, `{"version":1}`, cache.Down)
	}
	synctest.Wait()
}

func TestGivesUpAndComesBack(t *testing.T) {
	running(t, func(t *testing.T, c *cache.Cache, m *memory, s *source) {
		open(t, c, m, s)
		before, _ := m.calls()
		for range 100 {
			want(t, c, s, `{"version":1}`, cache.Down)
		}
		if after, _ := m.calls(); after != before {
			t.Errorf("a store that was given up was asked %d times", after-before)
		}
		time.Sleep(3500 * time.Millisecond)
		if after, _ := m.calls(); after-before != 3 {
			t.Errorf("probed %d times in 3.5 s, want 3", after-before)
		}
		m.set(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, c, s, `{"version":1}`, cache.Miss)
		want(t, c, s, `{"version":1}`, cache.Hit)
	})
}

// All calls in flight fail at once when the process itself was frozen: that is one failure.
func TestFailuresOfOneMomentCountOnce(t *testing.T) {
	running(t, func(t *testing.T, c *cache.Cache, m *memory, s *source) {
		time.Sleep(time.Second)
		m.set(errDown)
		for range 20 {
			want(t, c, s, `{"version":1}`, cache.Down)
		}
		m.set(nil)
		want(t, c, s, `{"version":1}`, cache.Miss)
		if c.State() != cache.Hit {
			t.Error("the store was given up after one bad moment")
		}
	})
}

// What was written while the store was away must not be served from it when it is back.
func TestLostInvalidationIsDelivered(t *testing.T) {
	running(t, func(t *testing.T, c *cache.Cache, m *memory, s *source) {
		want(t, c, s, `{"version":1}`, cache.Miss)
		m.set(errDown)
		s.version.Store(2)
		c.Void(t.Context(), 2, "user:7", "messages:7") // one lost tombstone is enough to stop reading
		want(t, c, s, `{"version":2}`, cache.Down)
		s.version.Store(3)
		c.Void(t.Context(), 3, "user:7", "messages:7")
		m.set(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if v, _ := m.value("messages:7"); v != "3 " {
			t.Errorf("the store holds %q, want the tombstone of version 3", v)
		}
		want(t, c, s, `{"version":3}`, cache.Miss)
		want(t, c, s, `{"version":3}`, cache.Hit)
	})
}

// A tombstone that comes up while the others are being delivered keeps the store out of use until it is delivered, too.
func TestInvalidationDuringRecovery(t *testing.T) {
	running(t, func(t *testing.T, c *cache.Cache, m *memory, s *source) {
		m.set(errDown)
		c.Void(t.Context(), 2, "user:7")
		synctest.Wait()
		m.onPut = func(version int) {
			if version == 2 {
				c.Void(t.Context(), 5, "user:7")
			}
		}
		m.set(nil)
		time.Sleep(1500 * time.Millisecond)
		if c.State() != cache.Down {
			t.Error("in use with a tombstone undelivered")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if v, _ := m.value("user:7"); v != "5 " || c.State() != cache.Hit {
			t.Errorf("the store holds %q and is %s, want the tombstone of version 5 and in use", v, c.State())
		}
	})
}

func TestProbeNoticesWithoutReaders(t *testing.T) {
	running(t, func(t *testing.T, c *cache.Cache, m *memory, _ *source) {
		m.set(errDown)
		for range 3 {
			time.Sleep(time.Second)
			c.Probe(t.Context())
		}
		if c.State() != cache.Down {
			t.Errorf("state %s, want down", c.State())
		}
	})
}
