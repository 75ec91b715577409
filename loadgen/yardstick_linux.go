// SPDX-License-Identifier: MIT

package loadgen

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// threadCPU is the CPU time of the calling thread so far.
func threadCPU() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) // a Linux without it is older than Go's oldest
	return time.Duration(t.Nano())
}

// napThread puts the calling thread to sleep, not its goroutine.
func napThread(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal may end it early
}

// wire is a pipe whose reader waits in the kernel.
type wire struct{ reading, writing int }

func newWires() (there, back wire, ok bool) {
	var a, b [2]int
	if unix.Pipe2(a[:], unix.O_CLOEXEC) != nil {
		return wire{}, wire{}, false
	}
	there = wire{a[0], a[1]}
	if unix.Pipe2(b[:], unix.O_CLOEXEC) != nil {
		there.closeReading()
		there.closeWriting()
		return wire{}, wire{}, false
	}
	return there, wire{b[0], b[1]}, true
}

func (w wire) write() bool {
	var b [64]byte
	return again(func() (int, error) { return unix.Write(w.writing, b[:]) })
}

func (w wire) read() bool {
	var b [64]byte
	return again(func() (int, error) { return unix.Read(w.reading, b[:]) })
}

// again does what a signal interrupted once more.
func again(do func() (int, error)) bool {
	for {
		n, err := do()
		if !errors.Is(err, unix.EINTR) {
			return n > 0 && err == nil
		}
	}
}

func (w wire) closeReading() { _ = unix.Close(w.reading) }
func (w wire) closeWriting() { _ = unix.Close(w.writing) }
