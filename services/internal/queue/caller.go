// SPDX-License-Identifier: MIT

package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"systemlab/services/internal/timing"
)

// Options say how to reach the broker.
type Options struct {
	URL      string
	Name     string        // of this client, as the broker lists it
	Deadline time.Duration // of a call; the package's Deadline where 0
	Log      *slog.Logger
}

// Caller has tasks done by workers. Its methods are safe for concurrent use. It fails at once while there is no connection,
// which Run keeps up.
type Caller struct {
	options Options
	dial    dial
	session atomic.Pointer[session] // nil while there is no connection
	counts  counts
}

type counts struct {
	waiting                              atomic.Int64
	answered, full, late, lost, hungUp   atomic.Int64
	strays, connected, failedConnections atomic.Int64
}

// link is a connection to the broker, told apart so that what depends on time and on luck can be tested without one.
type link interface {
	// publish sends task number tag, whose caller gives up at the deadline, which is left away. It may block for as long as the
	// connection does.
	publish(tag uint64, n int, deadline time.Time, left time.Duration) error
	// gone is closed when the connection is lost; why says how.
	gone() <-chan struct{}
	why() error
	close()
}

// dial connects; from then on the session is told what comes in.
type dial func(ctx context.Context, s *session) (link, error)

// NewCaller prepares a Caller. It does not connect.
func NewCaller(o Options) (*Caller, error) {
	if o.Deadline == 0 {
		o.Deadline = Deadline
	}
	o.Log = silent(o.Log)
	d, err := dialBroker(o.URL, o.Name)
	if err != nil {
		return nil, err
	}
	return &Caller{options: o, dial: d}, nil
}

// Run keeps a connection until ctx ends.
func (c *Caller) Run(ctx context.Context) error {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		s, start := newSession(&c.counts.strays), time.Now()
		l, err := c.dial(ctx, s)
		if err == nil {
			c.counts.connected.Add(1)
			c.options.Log.Info("queue connected")
			err = c.hold(ctx, s, l)
			if time.Since(start) > longestPause {
				attempt = 0 // it worked for a while: this is not the old trouble
			}
		} else {
			c.counts.failedConnections.Add(1)
		}
		if ctx.Err() != nil {
			return nil
		}
		if attempt == 0 {
			c.options.Log.Error("queue not connected; trying on", "error", err)
		}
		rest(ctx, backOff(attempt))
	}
	return nil
}

// hold lends the connection to callers until it is gone.
func (c *Caller) hold(ctx context.Context, s *session, l link) error {
	published := make(chan struct{})
	go func() {
		defer close(published)
		s.publish(l)
	}()
	c.session.Store(s)
	select {
	case <-l.gone():
	case <-ctx.Done():
	}
	c.session.Store(nil)
	close(s.over)
	l.close()
	<-published
	return l.why()
}

// Call has a worker compute n. It returns within the deadline, whatever the broker does.
func (c *Caller) Call(ctx context.Context, t *timing.Trace, n int) (int, error) {
	c.counts.waiting.Add(1)
	defer c.counts.waiting.Add(-1)
	start := time.Now()
	r, err := c.call(ctx, n, start)
	total := time.Since(start)
	switch {
	case err == nil:
		c.counts.answered.Add(1)
		computing := min(total, time.Duration(r.Seconds*float64(time.Second)))
		t.Add(timing.Compute, computing)
		total -= computing
	case ctx.Err() != nil:
		c.counts.hungUp.Add(1)
	default:
		c.count(err)
	}
	// Waiting in the queue, and the way there and back.
	t.Add(timing.Queue, total)
	return r.Result, err
}

func (c *Caller) count(err error) {
	switch {
	case errors.Is(err, ErrFull):
		c.counts.full.Add(1)
	case errors.Is(err, ErrLate):
		c.counts.late.Add(1)
	default:
		c.counts.lost.Add(1)
	}
}

func (c *Caller) call(ctx context.Context, n int, start time.Time) (reply, error) {
	s := c.session.Load()
	if s == nil || s.blocked.Load() {
		return reply{}, ErrUnavailable
	}
	limit := start.Add(c.options.Deadline)
	if d, ok := ctx.Deadline(); ok && d.Before(limit) {
		limit = d
	}
	timer := time.NewTimer(time.Until(limit))
	defer timer.Stop()
	waiting := &call{n: n, deadline: limit, done: make(chan outcome, 1)}
	defer s.leave(waiting)
	send := s.send
	for {
		select {
		case send <- waiting:
			send = nil // from here on it waits for the outcome
		case o := <-waiting.done:
			return o.reply, o.err
		case <-s.over:
			return lastWord(waiting)
		case <-timer.C:
			return reply{}, ErrLate
		case <-ctx.Done():
			return reply{}, ctx.Err()
		}
	}
}

// lastWord is what a call has when the connection is gone: perhaps its reply came just before.
func lastWord(c *call) (reply, error) {
	select {
	case o := <-c.done:
		return o.reply, o.err
	default:
		return reply{}, ErrUnavailable
	}
}

// Ping says whether there is a connection. It asks nobody: a lost connection is noticed by itself.
func (c *Caller) Ping(context.Context) error {
	s := c.session.Load()
	switch {
	case s == nil:
		return fmt.Errorf("%w: not connected", ErrUnavailable)
	case s.blocked.Load():
		return fmt.Errorf("%w: the broker takes nothing just now", ErrUnavailable)
	}
	return nil
}

// Stats are the Caller's counters.
type Stats struct {
	Connected bool
	Waiting   int64 // calls that wait now
	// Calls by how they ended.
	Answered, Full, Late, Unavailable, HungUp int64
	Strays                                    int64 // replies that nobody waited for any more
	Connections, FailedConnections            int64
}

// Stats reads the counters.
func (c *Caller) Stats() Stats {
	n := &c.counts
	return Stats{
		Connected: c.session.Load() != nil, Waiting: n.waiting.Load(),
		Answered: n.answered.Load(), Full: n.full.Load(), Late: n.late.Load(), Unavailable: n.lost.Load(), HungUp: n.hungUp.Load(),
		Strays: n.strays.Load(), Connections: n.connected.Load(), FailedConnections: n.failedConnections.Load(),
	}
}

// rest pauses, but not beyond the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
