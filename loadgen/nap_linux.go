// SPDX-License-Identifier: MIT

package loadgen

import (
	"syscall"
	"time"
)

// nap sleeps in the kernel, late by its timer slack of 50 µs. It holds a thread,
// so it is for a few milliseconds only. A signal ends it early.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil)
}
