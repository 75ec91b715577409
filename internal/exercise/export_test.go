// SPDX-License-Identifier: MIT

package exercise

import "os"

// WithWrite is the log with another way of writing to its file.
func (l Log) WithWrite(write func(*os.File, []byte) (int, error)) Log {
	l.write = write
	return l
}
