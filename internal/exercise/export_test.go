// SPDX-License-Identifier: MIT

package exercise

import "os"

// WithWrite is the log with another way of writing to its file.
func (l Log) WithWrite(write func(*os.File, []byte) (int, error)) Log {
	l.write = write
	return l
}

// LossOf is the loss of a prediction in logarithms.
func LossOf(low, high, sure, x float64) float64 { return lossOf(low, high, sure, x) }
