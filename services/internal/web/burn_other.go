// SPDX-License-Identifier: MIT

//go:build !linux

package web

import "time"

// burn does nothing where the services are only compiled, not run.
func burn(time.Duration) {}
