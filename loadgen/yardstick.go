// SPDX-License-Identifier: MIT

package loadgen

import (
	"runtime"
	"sync/atomic"
	"time"
)

// The yardstick tells how fast the machine is while it is loaded: a little server and its
// client, two threads of this process that wake one another through the kernel, and the CPU time
// that one and the same request costs them. On a machine that is shared with others a request
// costs twice as much CPU at one minute as at the next, the real ones and this one alike; what two
// runs differ in beyond it is theirs (docs/decisions/speed.md).
type yardstick struct {
	next []uint32 // a cycle through all its places, in an order that no cache foresees
	at   uint32

	done atomic.Int64 // how often the work was done
	took atomic.Int64 // nanoseconds of CPU, of both threads
}

// It is the wake-up, the switch and cold caches that cost more on a machine that is
// busy elsewhere, more than the computing; so a request is small, and comes about as often as
// the load's. Together 3.5 to 4.4% of a core where it was measured (docs/decisions/speed.md).
const (
	yardstickEvery = 5 * time.Millisecond
	yardstickSteps = 1500
	yardstickSize  = 1 << 17 // places: 512 KiB
)

func newYardstick() *yardstick {
	y := &yardstick{next: make([]uint32, yardstickSize)}
	// x -> 5x+c (mod a power of two, c odd) visits every place once (Hull & Dobell 1962).
	for x := range uint32(yardstickSize) {
		y.next[x] = (5*x + 12345) % yardstickSize
	}
	return y
}

// run works until stop is closed.
func (y *yardstick) run(stop <-chan struct{}) {
	there, back, ok := newWires()
	if !ok {
		return
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		y.serve(there, back)
	}()
	y.ask(there, back, stop)
	there.closeWriting() // the server reads the end
	<-served
	there.closeReading()
	back.closeReading()
	back.closeWriting()
}

// ask is the client.
func (y *yardstick) ask(there, back wire, stop <-chan struct{}) {
	runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
	for {
		select {
		case <-stop:
			return
		default:
		}
		before := threadCPU()
		napThread(yardstickEvery)
		if !there.write() || !back.read() {
			return
		}
		y.took.Add(int64(threadCPU() - before))
		y.done.Add(1)
	}
}

// serve answers each request with so many steps.
func (y *yardstick) serve(there, back wire) {
	runtime.LockOSThread()
	before := threadCPU()
	for there.read() {
		for range yardstickSteps {
			y.at = y.next[y.at]
		}
		if !back.write() {
			return
		}
		now := threadCPU()
		y.took.Add(int64(now - before))
		before = now
	}
}

// worked is one reading: requests done so far, and the CPU time that they took.
type worked struct {
	done int64
	took time.Duration
}

func (y *yardstick) read() worked {
	return worked{done: y.done.Load(), took: time.Duration(y.took.Load())}
}

// since gives the CPU seconds of a request between two readings; 0 where none was done.
func (w worked) since(before worked) float64 {
	if w.done <= before.done {
		return 0
	}
	return (w.took - before.took).Seconds() / float64(w.done-before.done)
}
