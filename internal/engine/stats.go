// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"encoding/json"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Stats is one reading of a container's counters. All but MemoryBytes only
// grow while the container runs, and start again from 0 when it starts again.
type Stats struct {
	CPUNanos         uint64 // CPU time used
	Periods          uint64 // CFS periods in which it wanted to run
	ThrottledPeriods uint64 // of them, those in which it met its limit
	MemoryBytes      int64  // used, without the file cache that the kernel can drop at once
	RxBytes, TxBytes int64  // all interfaces but lo; -1 where unknown
	Read             time.Time
}

// Stats reads one container's counters through the engine's API: dearer by far
// than the kernel's files, and the only way to an engine on another machine.
func (e *Engine) Stats(ctx context.Context, id string) (Stats, error) {
	res, err := e.api.ContainerStats(ctx, id, client.ContainerStatsOptions{})
	if err != nil {
		return Stats{}, e.wrap(err)
	}
	defer res.Body.Close()
	var s container.StatsResponse
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		return Stats{}, err
	}
	out := Stats{
		CPUNanos: s.CPUStats.CPUUsage.TotalUsage, Periods: s.CPUStats.ThrottlingData.Periods,
		ThrottledPeriods: s.CPUStats.ThrottlingData.ThrottledPeriods,
		MemoryBytes:      int64(s.MemoryStats.Usage), RxBytes: -1, TxBytes: -1, Read: s.Read,
	}
	for _, key := range []string{"total_inactive_file", "inactive_file"} { // cgroup v1, v2
		if n, ok := s.MemoryStats.Stats[key]; ok && int64(n) <= out.MemoryBytes {
			out.MemoryBytes -= int64(n)
			break
		}
	}
	if len(s.Networks) > 0 {
		out.RxBytes, out.TxBytes = 0, 0
		for _, n := range s.Networks {
			out.RxBytes += int64(n.RxBytes)
			out.TxBytes += int64(n.TxBytes)
		}
	}
	return out, nil
}
