// SPDX-License-Identifier: MIT

package web

import (
	"runtime"
	"testing"
	"time"
)

func TestBurn(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	burn(3 * time.Millisecond)
	if burnt := threadTime() - before; burnt < 3*time.Millisecond || burnt > 4*time.Millisecond {
		t.Errorf("burnt %s of CPU", burnt)
	}
	before = threadTime()
	burn(0)
	if burnt := threadTime() - before; burnt > time.Millisecond {
		t.Errorf("burnt %s for nothing", burnt)
	}
}
