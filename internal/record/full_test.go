// SPDX-License-Identifier: MIT

//go:build linux

package record_test

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"systemlab/internal/problem"
	"systemlab/internal/record"
)

// A write that fails half-way, as on a full disk, leaves nothing behind. The
// kernel's limit on the size of a file stands in for the disk's. (Checked with
// a tmpfs of 64 kB too: "no space left on device".)
func TestFullDisk(t *testing.T) {
	run := sample("20261121-101530-s5-a1b2")
	for range 20_000 { // random, so that it doesn't compress away
		run.Windows = append(run.Windows, record.Window{Histogram: record.NewID(1, time.Now())})
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	s := record.Store{Dir: t.TempDir()}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 16 << 10, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Save(run)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, err, problem.Storage, s.Dir, "lab runs rm", "file too large")
	if entries, _ := os.ReadDir(s.Dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}
