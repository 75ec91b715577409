// SPDX-License-Identifier: MIT

package submission

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
)

// Gather lists the runs that a log names for a learner, in its order, and refuses one that is
// gone or was changed. Those of others who use the same machine are theirs to hand in. A check that was made again needs its earlier runs no more: what is
// left of them is handed in. But a prediction's first measurement is what counts, and without its runs has no points.
func Gather(l exercise.Logged, who exercise.Learner, file func(id string) ([]byte, error)) ([]string, error) {
	var runs []string
	lacks := make([]error, len(l.Entries)) // of each check, what of it is not there
	for i, e := range l.Entries {
		if e.Learner != who {
			continue
		}
		for _, ref := range e.Runs {
			b, err := file(ref.Run)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, problem.Wrap(err, problem.Storage, "can't read run "+ref.Run, "check that its file may be read")
			}
			if why := gone(b, err, ref.SHA256); why != "" {
				hint := "lab exercise check " + e.Exercise + ", which makes its runs again"
				if e.Given.High > 0 && e.Mark != nil && e.Mark.Decided {
					hint = "put its file back from a copy, or " + hint + "; but the first measurement counts, and without its runs it has no points"
				}
				lacks[i] = problem.Newf(problem.NotFound, hint, "the run %s of the exercise %s %s", ref.Run, e.Exercise, why)
				continue
			}
			if !slices.Contains(runs, ref.Run) {
				runs = append(runs, ref.Run)
			}
		}
	}
	for i, err := range lacks {
		if err == nil {
			continue
		}
		again := false
		for j := i + 1; j < len(l.Entries); j++ {
			again = again || l.Entries[j].Act == exercise.Checked && l.Entries[j].Exercise == l.Entries[i].Exercise && l.Entries[j].Learner == l.Entries[i].Learner && lacks[j] == nil
		}
		if !again {
			return nil, err
		}
	}
	return runs, nil
}

// gone says what is wrong with a run's file; "" where nothing is.
func gone(file []byte, err error, want string) string {
	if err != nil {
		return "is gone"
	}
	if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != want {
		return "is not what was measured: its file was changed"
	}
	return ""
}
