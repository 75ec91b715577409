// SPDX-License-Identifier: MIT

package meter

import (
	"bytes"
	"errors"
	"time"
)

// HostCPU is what a machine's cores have done since it started, in seconds
// summed over the cores.
type HostCPU struct {
	At           time.Time
	BusySeconds  float64 // at work: all but idle, waiting for a disk, and steal
	StealSeconds float64 // wanted to run, but the hypervisor ran something else
}

// userHZ is the unit of /proc/stat, 1/100 s on every architecture that Go has
// (USER_HZ in the kernel's include/asm-generic/param.h).
const userHZ = 100

var errStat = errors.New("no line for cpu in /proc/stat")

// parseHost reads the first line of /proc/stat: user nice system idle iowait
// irq softirq steal guest guest_nice. The guests' time is in user and nice
// already (proc_stat(5)), so it is not added again.
func parseHost(text []byte) (HostCPU, error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	rest, ok := bytes.CutPrefix(line, []byte("cpu "))
	if !ok {
		return HostCPU{}, errStat
	}
	var cpu HostCPU
	for column := range 8 {
		v, after, fine := number(rest)
		if !fine {
			if column < 4 {
				return HostCPU{}, errStat
			}
			break
		}
		seconds := float64(v) / userHZ
		switch column {
		case 3, 4: // idle, iowait
		case 7:
			cpu.StealSeconds = seconds
		default:
			cpu.BusySeconds += seconds
		}
		rest = after
	}
	return cpu, nil
}
