// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func made(o order) *queue {
	return &queue{order: o, limit: 100_000, random: rand.New(rand.NewPCG(1, 2))}
}

// drain gives when each packet of n equal ones, all taken in at 0, leaves.
func drain(q *queue, n, size int) []time.Duration {
	for range n {
		q.accept(0, make([]byte, size))
	}
	var out []time.Duration
	for {
		at, some := q.next()
		if !some {
			return out
		}
		for range q.pop(at) {
			out = append(out, at)
		}
	}
}

func TestLatencyAndOrder(t *testing.T) {
	t.Parallel()
	q := made(order{Latency: 100 * time.Millisecond})
	for i := range 3 {
		q.accept(0, []byte{byte(i)})
	}
	if out := q.pop(99 * time.Millisecond); len(out) > 0 {
		t.Errorf("%d left early", len(out))
	}
	for i, b := range q.pop(100 * time.Millisecond) {
		if int(b[0]) != i {
			t.Errorf("packet %d left as number %d", b[0], i)
		}
	}
}

func TestJitterStaysWithin(t *testing.T) {
	t.Parallel()
	out := drain(made(order{Latency: 100 * time.Millisecond, Jitter: 20 * time.Millisecond}), 1000, 100)
	if out[0] < 80*time.Millisecond || out[len(out)-1] > 120*time.Millisecond || out[len(out)-1]-out[0] < 35*time.Millisecond {
		t.Errorf("from %s to %s", out[0], out[len(out)-1])
	}
}

func TestLossIsAsAsked(t *testing.T) {
	t.Parallel()
	const n, p = 100_000, 0.05
	lost := float64(n - len(drain(made(order{Loss: p}), n, 1)))
	if far := math.Abs(lost-n*p) / math.Sqrt(n*p*(1-p)); far > 4 {
		t.Errorf("%.0f of %d lost, %.1f standard deviations from %.0f", lost, n, far, n*p)
	}
}

// A line of a million bits a second takes a second for 125 packets of 1,000 bytes.
func TestRate(t *testing.T) {
	t.Parallel()
	q := made(order{Rate: 1_000_000})
	out := drain(q, 125, 1000)
	if last := out[len(out)-1]; (last - time.Second).Abs() > time.Millisecond {
		t.Errorf("the last left at %s", last)
	}
	q.accept(5*time.Second, make([]byte, 1000)) // an idle line saves nothing up
	if at, _ := q.next(); at != 5*time.Second+8*time.Millisecond {
		t.Errorf("after a pause it left at %s", at)
	}
}

func TestFullQueueDrops(t *testing.T) {
	t.Parallel()
	q := made(order{Latency: time.Second})
	q.limit = 10
	if out := drain(q, 20, 1); len(out) != 10 {
		t.Errorf("%d of 20 packets left, of a queue for 10", len(out))
	}
}
