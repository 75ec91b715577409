// SPDX-License-Identifier: MIT

package record

import (
	"os"

	"systemlab/internal/problem"
)

// Check tells whether a run could be saved now, so that a load isn't driven for
// a result that can't be kept.
func (s Store) Check() error {
	err := os.MkdirAll(s.Dir, 0o755)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(s.Dir, ".check-*"); err == nil {
			_, err = f.Write(make([]byte, 64<<10))
			if closing := f.Close(); err == nil {
				err = closing
			}
			_ = os.Remove(f.Name())
		}
	}
	if err != nil {
		return problem.Wrap(err, problem.Storage, "runs can't be saved in "+s.Dir, "free some space (lab runs rm), or set LAB_HOME to another folder")
	}
	return nil
}
