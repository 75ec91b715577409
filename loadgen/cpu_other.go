// SPDX-License-Identifier: MIT

//go:build !unix

package loadgen

import "time"

// ownCPU is unknown here: the generator runs in a Linux container.
func ownCPU() time.Duration { return 0 }
