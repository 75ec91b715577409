// SPDX-License-Identifier: MIT

package cache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/timing"
)

// source is a row that can be read, written and counted.
type source struct {
	version atomic.Int32
	reads   atomic.Int32
}

func (s *source) fetch(context.Context) (cache.Entry, error) {
	s.reads.Add(1)
	v := int(s.version.Load())
	if v == 0 {
		return cache.Entry{}, nil
	}
	return cache.Entry{Version: v, Body: fmt.Appendf(nil, `{"version":%d}`, v)}, nil
}

func read(t *testing.T, c *cache.Cache, fetch cache.Fetch) (string, cache.Outcome) {
	t.Helper()
	e, outcome, err := c.Read(t.Context(), new(timing.Trace), "user:7", fetch)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return string(e.Body), outcome
}

func want(t *testing.T, c *cache.Cache, s *source, body string, outcome cache.Outcome) {
	t.Helper()
	if b, o := read(t, c, s.fetch); b != body || o != outcome {
		t.Errorf("got %q (%s), want %q (%s)", b, o, body, outcome)
	}
}

func TestReadThenWrite(t *testing.T) {
	t.Parallel()
	c, s := cache.New(newMemory(), cache.Options{}), &source{}
	s.version.Store(1)
	want(t, c, s, `{"version":1}`, cache.Miss)
	want(t, c, s, `{"version":1}`, cache.Hit)
	s.version.Store(2)
	want(t, c, s, `{"version":1}`, cache.Hit) // committed, not yet acknowledged
	c.Void(t.Context(), 2, "user:7")
	want(t, c, s, `{"version":2}`, cache.Miss)
	want(t, c, s, `{"version":2}`, cache.Hit)
	if n := s.reads.Load(); n != 2 {
		t.Errorf("the source was read %d times, want 2", n)
	}
}

func TestForgetful(t *testing.T) {
	t.Parallel()
	c, s := cache.New(newMemory(), cache.Options{Forgetful: true}), &source{}
	s.version.Store(1)
	want(t, c, s, `{"version":1}`, cache.Miss)
	s.version.Store(2)
	c.Void(t.Context(), 2, "user:7")
	want(t, c, s, `{"version":1}`, cache.Hit)
}

func TestNegativeAnswer(t *testing.T) {
	t.Parallel()
	m, s := newMemory(), &source{}
	c := cache.New(m, cache.Options{Negative: 3 * time.Second})
	want(t, c, s, "", cache.Miss)
	want(t, c, s, "", cache.Hit)
	if _, ttl := m.value("user:7"); ttl != 3*time.Second {
		t.Errorf("a negative answer is kept for %v, want 3s", ttl)
	}
	s.version.Store(1)
	c.Void(t.Context(), 1, "user:7") // it was created
	want(t, c, s, `{"version":1}`, cache.Miss)
}

// A reader that was slower than a write must not put the old value back, nor an old "there is no such row".
func TestSlowReaderDoesNotRestoreOldValue(t *testing.T) {
	t.Parallel()
	for _, old := range []int{0, 1} {
		c, s := cache.New(newMemory(), cache.Options{}), &source{}
		s.version.Store(int32(old))
		read(t, c, func(ctx context.Context) (cache.Entry, error) {
			e, err := s.fetch(ctx)
			s.version.Store(2)
			c.Void(ctx, 2, "user:7")
			return e, err
		})
		want(t, c, s, `{"version":2}`, cache.Miss)
	}
}

func TestOldTombstoneDoesNotRemoveNewValue(t *testing.T) {
	t.Parallel()
	c, s := cache.New(newMemory(), cache.Options{}), &source{}
	s.version.Store(3)
	want(t, c, s, `{"version":3}`, cache.Miss)
	c.Void(t.Context(), 2, "user:7") // of two writes, the first one's tombstone comes last
	want(t, c, s, `{"version":3}`, cache.Hit)
}

func TestJitter(t *testing.T) {
	t.Parallel()
	m, s := newMemory(), &source{}
	s.version.Store(1)
	c := cache.New(m, cache.Options{TTL: 100 * time.Second})
	seen := map[time.Duration]bool{}
	for range 50 {
		m.held = map[string]string{}
		want(t, c, s, `{"version":1}`, cache.Miss)
		_, ttl := m.value("user:7")
		if ttl < 90*time.Second || ttl > 110*time.Second {
			t.Fatalf("ttl %v is not within 10%% of 100s", ttl)
		}
		seen[ttl] = true
	}
	if len(seen) < 10 {
		t.Errorf("50 values have only %d different times to live", len(seen))
	}
}

func TestOneRequestFills(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := cache.New(newMemory(), cache.Options{}), &source{}
		s.version.Store(1)
		slow := func(ctx context.Context) (cache.Entry, error) {
			time.Sleep(time.Second)
			return s.fetch(ctx)
		}
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				if b, _ := read(t, c, slow); b != `{"version":1}` {
					t.Errorf("got %q", b)
				}
			})
		}
		wait.Wait()
		if n := s.reads.Load(); n != 1 {
			t.Errorf("20 readers made %d reads, want 1", n)
		}
	})
}

// Whoever asks after a write was acknowledged must not be served by a read that began before it.
func TestReaderAfterWriteDoesNotJoinOlderRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, s := cache.New(newMemory(), cache.Options{}), &source{}
		s.version.Store(1)
		var wait sync.WaitGroup
		wait.Go(func() {
			read(t, c, func(ctx context.Context) (cache.Entry, error) {
				e, err := s.fetch(ctx)
				time.Sleep(time.Second) // the answer is slow on its way
				return e, err
			})
		})
		synctest.Wait()
		s.version.Store(2)
		c.Void(t.Context(), 2, "user:7")
		want(t, c, s, `{"version":2}`, cache.Miss)
		wait.Wait()
		want(t, c, s, `{"version":2}`, cache.Hit)
	})
}

// The one that leads may leave; those who wait with it must not lose their answer.
func TestLeaderLeaves(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	c, s := cache.New(newMemory(), cache.Options{}), &source{}
	s.version.Store(1)
	_, _, err := c.Read(ctx, new(timing.Trace), "user:7", func(ctx context.Context) (cache.Entry, error) {
		leave()
		if ctx.Err() != nil {
			return cache.Entry{}, ctx.Err()
		}
		return s.fetch(ctx)
	})
	if err != nil {
		t.Errorf("fetch was cut off: %v", err)
	}
}

func TestErrorsOfTheSourceAreNotKept(t *testing.T) {
	t.Parallel()
	m, s := newMemory(), &source{}
	c := cache.New(m, cache.Options{})
	boom := errors.New("boom")
	_, outcome, err := c.Read(t.Context(), new(timing.Trace), "user:7", func(context.Context) (cache.Entry, error) { return cache.Entry{Version: 9}, boom })
	if !errors.Is(err, boom) || outcome != cache.Miss {
		t.Errorf("got %v (%s), want %v (miss)", err, outcome, boom)
	}
	s.version.Store(1)
	want(t, c, s, `{"version":1}`, cache.Miss)
}

func TestOff(t *testing.T) {
	t.Parallel()
	var c *cache.Cache
	s := &source{}
	s.version.Store(1)
	want(t, c, s, `{"version":1}`, cache.Off)
	c.Void(t.Context(), 2, "user:7")
	if c.State() != cache.Off {
		t.Errorf("state %s, want off", c.State())
	}
}

func TestForeignValueIsNotServed(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "x", " ", "nonsense here", "1 "} {
		m, s := newMemory(), &source{}
		s.version.Store(1)
		m.held["user:7"] = value
		want(t, cache.New(m, cache.Options{}), s, `{"version":1}`, cache.Miss)
	}
}
