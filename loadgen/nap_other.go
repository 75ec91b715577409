// SPDX-License-Identifier: MIT

//go:build !linux

package loadgen

import "time"

// nap sleeps on the runtime's timer.
func nap(d time.Duration) { time.Sleep(d) }
