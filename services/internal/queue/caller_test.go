// SPDX-License-Identifier: MIT

package queue

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"systemlab/services/internal/timing"
)

// broker stands for a connection: what is published is seen, what the broker says is said by the test. The protocol itself is
// tried on the real one (e2e).
type broker struct {
	session *session
	lost    chan struct{}
	once    sync.Once
	answer  func(b *broker, tag uint64, n int, left time.Duration) error // nil: silence

	mu        sync.Mutex
	published []uint64
}

func (b *broker) publish(tag uint64, n int, _ time.Time, left time.Duration) error {
	b.mu.Lock()
	b.published = append(b.published, tag)
	b.mu.Unlock()
	if b.answer == nil {
		return nil
	}
	return b.answer(b, tag, n, left)
}

func (b *broker) gone() <-chan struct{} { return b.lost }
func (b *broker) why() error            { return errors.New("lost") }
func (b *broker) close()                { b.once.Do(func() { close(b.lost) }) }

func (b *broker) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.published)
}

// connected is a caller whose connections are made by the test; it is stopped at the end, and must leave nothing.
func connected(t *testing.T, answer func(b *broker, tag uint64, n int, left time.Duration) error) (*Caller, *broker) {
	t.Helper()
	first := make(chan *broker, 1)
	c := running(t, func(_ context.Context, s *session) (link, error) {
		b := &broker{session: s, lost: make(chan struct{}), answer: answer}
		select {
		case first <- b:
		default:
		}
		return b, nil
	})
	b := <-first
	synctest.Wait()
	return c, b
}

func running(t *testing.T, d dial) *Caller {
	t.Helper()
	c := &Caller{options: Options{Deadline: Deadline, Log: silent(nil)}, dial: d}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if s := c.Stats(); s.Waiting != 0 || s.Connected {
			t.Errorf("left behind: %+v", s)
		}
	})
	return c
}

func TestCall(t *testing.T) {
	t.Parallel()
	worker := func(b *broker, tag uint64, n int, _ time.Duration) error {
		go func() {
			time.Sleep(50 * time.Millisecond)
			b.session.replied(tag, reply{Result: n * 2, Seconds: 0.03})
		}()
		return nil
	}
	for _, tt := range []struct {
		name   string
		answer func(b *broker, tag uint64, n int, left time.Duration) error
		err    error
		after  time.Duration
		spent  string
		counts func(s Stats) int64
	}{
		{"a worker answers", worker, nil, 50 * time.Millisecond, "queue;dur=20.000, compute;dur=30.000", func(s Stats) int64 { return s.Answered }},

		// SAD PATH
		{"nobody answers", nil, ErrLate, Deadline, "queue;dur=5000.000", func(s Stats) int64 { return s.Late }},
		{"the queue is full", func(b *broker, tag uint64, _ int, _ time.Duration) error { b.session.refused(tag); return nil },
			ErrFull, 0, "queue;dur=0.000", func(s Stats) int64 { return s.Full }},
		{"there is no queue", func(b *broker, tag uint64, _ int, _ time.Duration) error { b.session.returned(tag); return nil },
			ErrUnavailable, 0, "queue;dur=0.000", func(s Stats) int64 { return s.Unavailable }},
		{"the connection breaks while publishing", func(*broker, uint64, int, time.Duration) error { return errors.New("broken pipe") },
			ErrUnavailable, 0, "queue;dur=0.000", func(s Stats) int64 { return s.Unavailable }},
		{"the connection breaks while waiting", func(b *broker, _ uint64, _ int, _ time.Duration) error {
			time.AfterFunc(time.Second, b.close)
			return nil
		}, ErrUnavailable, time.Second, "queue;dur=1000.000", func(s Stats) int64 { return s.Unavailable }},
		{"the connection takes nothing", func(b *broker, _ uint64, _ int, _ time.Duration) error { <-b.lost; return errors.New("closed") },
			ErrLate, Deadline, "queue;dur=5000.000", func(s Stats) int64 { return s.Late }},
		{"a worker computes longer than it can have", func(b *broker, tag uint64, _ int, _ time.Duration) error {
			b.session.replied(tag, reply{Result: 2, Seconds: 3600})
			return nil
		}, nil, 0, "queue;dur=0.000, compute;dur=0.000", func(s Stats) int64 { return s.Answered }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, b := connected(t, tt.answer)
				var trace timing.Trace
				start := time.Now()
				got, err := c.Call(t.Context(), &trace, 1)
				if d := time.Since(start); !errors.Is(err, tt.err) || err == nil && got != 2 || d != tt.after {
					t.Errorf("%d, %v after %v; want %v after %v", got, err, d, tt.err, tt.after)
				}
				if h := trace.Header(); h != tt.spent {
					t.Errorf("spent %s, want %s", h, tt.spent)
				}
				if s := c.Stats(); tt.counts(s) != 1 {
					t.Errorf("not counted: %+v", s)
				}
				if len(b.session.calls) != 0 {
					t.Errorf("calls left behind: %v", b.session.calls)
				}
			})
		})
	}
}

// The message lives exactly as long as its caller's patience.
func TestPatienceTravels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var left []time.Duration
		c, _ := connected(t, func(b *broker, tag uint64, _ int, l time.Duration) error {
			left = append(left, l)
			b.session.replied(tag, reply{})
			return nil
		})
		_, _ = c.Call(t.Context(), new(timing.Trace), 1)
		short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, _ = c.Call(short, new(timing.Trace), 1)
		if len(left) != 2 || left[0] != Deadline || left[1] != 2*time.Second {
			t.Errorf("published with %v left", left)
		}
	})
}

// A client that hangs up leaves nothing, and what was not sent by then is not sent.
func TestHangUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		c, b := connected(t, func(b *broker, _ uint64, _ int, _ time.Duration) error {
			select { // the connection is stuck with the first task
			case <-hold:
			case <-b.lost:
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() {
				if _, err := c.Call(ctx, new(timing.Trace), 1); !errors.Is(err, context.Canceled) {
					t.Errorf("%v", err)
				}
			})
		}
		synctest.Wait()
		if s := c.Stats(); s.Waiting != 10 {
			t.Errorf("%d wait", s.Waiting)
		}
		cancel()
		calls.Wait()
		close(hold)
		synctest.Wait()
		if s := c.Stats(); s.HungUp != 10 || s.Late+s.Unavailable != 0 || len(b.session.calls) != 0 || b.count() != 1 {
			t.Errorf("%+v, %d calls left, %d published", s, len(b.session.calls), b.count())
		}
		// The answer to the one that was sent comes too late.
		b.session.replied(1, reply{})
		if c.Stats().Strays != 1 {
			t.Error("a late reply is not counted")
		}
	})
}

// Replies find their own callers in any order; the second one to a call, and one to nobody, is dropped.
func TestCorrelation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		tags := map[int]uint64{}
		c, b := connected(t, func(_ *broker, tag uint64, n int, _ time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			tags[n] = tag
			return nil
		})
		var calls sync.WaitGroup
		for n := range 20 {
			calls.Go(func() {
				if got, err := c.Call(t.Context(), new(timing.Trace), n); err != nil || got != n+100 {
					t.Errorf("%d: %d, %v", n, got, err)
				}
			})
		}
		synctest.Wait()
		for n := 19; n >= 0; n-- {
			b.session.replied(tags[n], reply{Result: n + 100})
			b.session.replied(tags[n], reply{Result: -1})
			b.session.refused(tags[n]) // a confirm that comes after the reply says nothing new
		}
		b.session.replied(1000, reply{})
		calls.Wait()
		if s := c.Stats(); s.Answered != 20 || s.Strays != 21 {
			t.Errorf("%+v", s)
		}
	})
}

// While there is no broker, calls fail at once; when it is back they go through, at most half a second later.
func TestReconnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b atomic.Pointer[broker]
		var up atomic.Bool
		var tries atomic.Int64
		c := running(t, func(_ context.Context, s *session) (link, error) {
			tries.Add(1)
			if !up.Load() {
				return nil, errors.New("connection refused")
			}
			now := &broker{session: s, lost: make(chan struct{}), answer: func(b *broker, tag uint64, _ int, _ time.Duration) error {
				b.session.replied(tag, reply{})
				return nil
			}}
			b.Store(now)
			return now, nil
		})
		for round := range 3 {
			tries.Store(0)
			for range 10 {
				time.Sleep(time.Second)
				start := time.Now()
				if _, err := c.Call(t.Context(), new(timing.Trace), 1); !errors.Is(err, ErrUnavailable) || time.Since(start) != 0 {
					t.Errorf("round %d, away: %v after %v", round, err, time.Since(start))
				}
			}
			if c.Ping(t.Context()) == nil || tries.Load() < 15 || tries.Load() > 50 {
				t.Errorf("round %d: %d attempts in 10 s", round, tries.Load())
			}
			up.Store(true)
			time.Sleep(longestPause)
			synctest.Wait()
			if _, err := c.Call(t.Context(), new(timing.Trace), 1); err != nil || c.Ping(t.Context()) != nil {
				t.Errorf("round %d, back: %v", round, err)
			}
			b.Load().session.blocked.Store(true)
			if _, err := c.Call(t.Context(), new(timing.Trace), 1); !errors.Is(err, ErrUnavailable) || c.Ping(t.Context()) == nil {
				t.Errorf("round %d, blocked: %v", round, err)
			}
			up.Store(false)
			b.Load().close()
			synctest.Wait()
		}
		if s := c.Stats(); s.Connections != 3 {
			t.Errorf("%+v", s)
		}
	})
}

// A reply that came just before the connection went counts.
func TestLastWord(t *testing.T) {
	t.Parallel()
	c := &call{done: make(chan outcome, 1)}
	if _, err := lastWord(c); !errors.Is(err, ErrUnavailable) {
		t.Errorf("nothing came: %v", err)
	}
	c.done <- outcome{reply: reply{Result: 7}}
	if r, err := lastWord(c); err != nil || r.Result != 7 {
		t.Errorf("a reply came: %v, %v", r, err)
	}
}

// Many callers, a broker that does each of the possible things, connections that break: all end, nothing stays. (A goroutine that
// stayed would keep the test's bubble from ending.)
func TestNothingStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var sessions []*session
		c := &Caller{options: Options{Deadline: Deadline, Log: silent(nil)}, dial: func(_ context.Context, s *session) (link, error) {
			sessions = append(sessions, s)
			return &broker{session: s, lost: make(chan struct{}), answer: func(b *broker, tag uint64, n int, _ time.Duration) error {
				switch tag % 7 {
				case 0:
					b.session.refused(tag)
				case 1:
					b.session.returned(tag)
				case 2: // silence
				case 3:
					if tag > 60 {
						return errors.New("broken pipe")
					}
					b.session.replied(tag, reply{Result: n})
				default:
					time.AfterFunc(time.Duration(tag)*time.Millisecond, func() { b.session.replied(tag, reply{Result: n}) })
				}
				return nil
			}}, nil
		}}
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		synctest.Wait()
		var calls sync.WaitGroup
		for i := range 500 {
			calls.Go(func() {
				time.Sleep(time.Duration(i) * 3 * time.Millisecond)
				one, cancel := context.WithTimeout(t.Context(), time.Duration(i%50+1)*20*time.Millisecond)
				defer cancel()
				_, _ = c.Call(one, new(timing.Trace), i)
			})
		}
		calls.Wait()
		stop()
		<-ended
		synctest.Wait()
		for _, s := range sessions {
			if len(s.calls) != 0 {
				t.Errorf("%d calls stay", len(s.calls))
			}
		}
		s := c.Stats()
		if n := s.Answered + s.Full + s.Late + s.Unavailable + s.HungUp; n != 500 || s.Waiting != 0 || s.Connections < 2 {
			t.Errorf("%d calls ended: %+v", n, s)
		}
	})
}

func TestURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "http://x", "amqp://lab:geheim@ra bbit:5672/", "amqp://lab:geheim@rabbitmq:x/"} {
		_, err := NewCaller(Options{URL: url})
		if err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("caller, %q: %v", url, err)
		}
		if _, err := Work(t.Context(), Job{URL: url}); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("worker, %q: %v", url, err)
		}
	}
}

func TestBackOff(t *testing.T) {
	t.Parallel()
	for n := range 100 {
		if d := backOff(n); d < shortestPause/2 || d > longestPause || n > 5 && d < longestPause/2 {
			t.Errorf("pause %d is %v", n, d)
		}
	}
}
