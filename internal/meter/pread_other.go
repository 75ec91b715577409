// SPDX-License-Identifier: MIT

//go:build !linux

package meter

import (
	"errors"
	"io"
	"os"
)

// pread reads at an offset. There are no cgroup files outside Linux; this is
// here so that the package builds and its fake trees can be tested anywhere.
func pread(f *os.File, b []byte, off int64) (int, error) {
	n, err := f.ReadAt(b, off)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
