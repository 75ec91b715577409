// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// queue decides when each packet leaves: the rate lets one out after the other,
// then each is late by the latency, give or take the jitter, which may change
// their order. It knows no clock and no network.
type queue struct {
	order
	random *rand.Rand
	limit  int
	free   time.Duration // when the line is free again
	held   packets
	taken  int
}

type packet struct {
	due   time.Duration
	count int // first come, first served among equals
	bytes []byte
}

// accept takes a packet in, or drops it.
func (q *queue) accept(now time.Duration, b []byte) {
	if len(q.held) >= q.limit || q.random.Float64() < q.Loss {
		return
	}
	due := now
	if q.Rate > 0 {
		q.free = max(q.free, now) + time.Duration(float64(8*len(b))/float64(q.Rate)*float64(time.Second))
		due = q.free
	}
	due += q.Latency
	if q.Jitter > 0 {
		due += time.Duration((2*q.random.Float64() - 1) * float64(q.Jitter))
	}
	q.taken++
	heap.Push(&q.held, packet{due: due, count: q.taken, bytes: b})
}

// next is when the first packet is due; false when none waits.
func (q *queue) next() (time.Duration, bool) {
	if len(q.held) == 0 {
		return 0, false
	}
	return q.held[0].due, true
}

// pop gives the packets that are due.
func (q *queue) pop(now time.Duration) [][]byte {
	var out [][]byte
	for len(q.held) > 0 && q.held[0].due <= now {
		out = append(out, heap.Pop(&q.held).(packet).bytes)
	}
	return out
}

// packets is a heap by when they are due.
type packets []packet

func (p packets) Len() int      { return len(p) }
func (p packets) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p packets) Less(i, j int) bool {
	return p[i].due < p[j].due || p[i].due == p[j].due && p[i].count < p[j].count
}
func (p *packets) Push(x any) { *p = append(*p, x.(packet)) }
func (p *packets) Pop() any {
	old := *p
	last := old[len(old)-1]
	old[len(old)-1] = packet{}
	*p = old[:len(old)-1]
	return last
}
