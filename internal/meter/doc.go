// SPDX-License-Identifier: MIT

// Package meter samples what each container uses: CPU, throttling, memory,
// network; and how busy the machine under them is. It starts, stops and judges
// nothing, and it never asks what a number means.
//
// # Method
//
// CPU is cores: growth of the kernel's counter divided by the time between the
// two readings, on this process's monotonic clock, which is read next to the
// file. Docker's own CPU% divides by /proc/stat instead, whose grain is 10 ms
// and which leaves steal out, so that it reads high on a busy hypervisor (moby
// daemon/stats_unix.go). Throttling is growth of nr_throttled by growth of
// nr_periods: the honest sign of saturation, because a container at 15% of a
// core with a limit of 25% already waits in 38% of its periods
// (measured at 100 small requests and 4 of 29 ms CPU a second:
// their p99 rose from 4 to 48 ms).
//
// Means over an interval come from the counters at its two ends ([Meter.Mark],
// [Snapshot.Since]), never from an average of samples.
//
// # What it costs
//
// Two readers. [Files] reads the kernel's own files, opened once and re-read in
// place. [Remote] asks the engine, which costs it about 3.5 ms of CPU a reading
// (moby daemon/stats/collector.go: one serial loop, at most one reading a
// second), a hundred times as much. Measured here (2 cores, Docker 20.10.24,
// cgroup v1), the share of one core for stage 5 at 4 readings a second:
//
//	Files    0.28% (RUN=TestMeterCost scripts/e2e), and 0.47% on a slow day, when
//	         a bare loop that reads as many files took 0.37%; the reading itself
//	         takes 8.7 µs a container, five files (BenchmarkReal)
//	Remote   3.5 ms a reading: 2.8% at 1 a second
//
// The list of containers comes from the engine and costs it some milliseconds,
// so Run asks for it when told (Refresh), when a container can no longer be
// read, and every 30 s.
//
// # How fine
//
// The counter moves in steps of a scheduler tick (4 ms at HZ=250) and a limited
// container runs in bursts of one CFS period (100 ms). With a true value of 25%
// of a core, windows of 100 ms read 18 to 30%, of 250 ms 23.5 to 26%, of 1 s
// 24.7 to 25.1%. So 250 ms is the default and 100 ms the floor.
package meter
