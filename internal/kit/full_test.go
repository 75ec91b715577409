// SPDX-License-Identifier: MIT

//go:build linux

package kit_test

import (
	"bytes"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"systemlab/internal/kit"
	"systemlab/internal/problem"
)

// A disk that is full leaves nothing behind, and is named. The kernel's limit on
// the size of a file stands in for the disk's.
func TestFullDisk(t *testing.T) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 16 << 10, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "class.tar")
	w, err := kit.Create(path, noon)
	if err == nil {
		err = w.Add("lab-linux-amd64", 0o755, bytes.NewReader(images()))
		w.Abandon()
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if p := problem.Of(err); p.Kind != problem.Storage || !strings.Contains(p.Error(), "no room for") {
		t.Errorf("error %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}
