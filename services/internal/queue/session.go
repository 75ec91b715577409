// SPDX-License-Identifier: MIT

package queue

import (
	"sync"
	"sync/atomic"
	"time"
)

// call is one request that waits for its reply.
type call struct {
	n        int
	deadline time.Time
	done     chan outcome // takes one without blocking

	// Guarded by the session.
	tag  uint64 // 0 until it is published
	left bool   // nobody waits any more
}

type outcome struct {
	reply reply
	err   error
}

// session is the callers' side of one connection. Tasks are numbered as they are published; that number is both the broker's
// delivery tag in its confirms and the correlation id. A reply can only reach the connection that asked, so nothing survives it.
type session struct {
	send    chan *call
	over    chan struct{} // closed when the connection is gone
	blocked atomic.Bool   // the broker takes nothing just now: it is short of memory
	strays  *atomic.Int64 // replies that nobody waited for

	mu    sync.Mutex
	last  uint64
	calls map[uint64]*call
}

func newSession(strays *atomic.Int64) *session {
	return &session{send: make(chan *call), over: make(chan struct{}), strays: strays, calls: map[uint64]*call{}}
}

// number gives a call its place in the order of publishing; false means that its caller has left.
func (s *session) number(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.left {
		return false
	}
	s.last++
	c.tag = s.last
	s.calls[c.tag] = c
	return true
}

// leave ends a caller's interest. Every caller leaves, so nothing stays behind.
func (s *session) leave(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.left = true
	delete(s.calls, c.tag)
}

// settle gives a call its outcome; the first one counts. False means that nobody waits for it.
func (s *session) settle(tag uint64, o outcome) bool {
	s.mu.Lock()
	c := s.calls[tag]
	delete(s.calls, tag)
	s.mu.Unlock()
	if c == nil {
		return false
	}
	c.done <- o
	return true
}

// What the connection tells, from one goroutine.

func (s *session) replied(tag uint64, r reply) {
	if !s.settle(tag, outcome{reply: r}) {
		s.strays.Add(1)
	}
}

func (s *session) returned(tag uint64) { s.settle(tag, outcome{err: ErrUnavailable}) }

func (s *session) refused(tag uint64) { s.settle(tag, outcome{err: ErrFull}) }

// publish is the one goroutine that writes to the connection, so that a connection which takes nothing holds up no request.
func (s *session) publish(l link) {
	for {
		select {
		case <-s.over:
			return
		case c := <-s.send:
			left := time.Until(c.deadline)
			if left <= 0 || !s.number(c) {
				continue
			}
			if err := l.publish(c.tag, c.n, c.deadline, left); err != nil {
				s.settle(c.tag, outcome{err: ErrUnavailable})
				l.close()
				return
			}
		}
	}
}
