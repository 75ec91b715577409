// SPDX-License-Identifier: MIT

package meter

import (
	"os"
	"syscall"
)

// pread reads once at an offset. os.File.ReadAt would ask again until it sees
// the end, and the kernel makes the whole text of a cgroup file anew for each
// call (fs/seq_file.c, traverse), which doubles what a reading costs.
func pread(f *os.File, b []byte, off int64) (int, error) {
	for {
		n, err := syscall.Pread(int(f.Fd()), b, off)
		if err != syscall.EINTR {
			return n, err
		}
	}
}
