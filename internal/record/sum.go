// SPDX-License-Identifier: MIT

package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"

	"systemlab/internal/problem"
)

// SHA256 of the file of a run, in hexadecimal. The id is a whole one.
func (s Store) SHA256(id string) (string, error) {
	if !idPattern.MatchString(id) {
		return "", problem.Newf(problem.NotFound, "lab runs lists the saved ones", "there is no run %q", id)
	}
	b, err := os.ReadFile(s.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return "", problem.Newf(problem.NotFound, "lab runs lists the saved ones", "there is no run %q in %s", id, s.Dir)
	}
	if err != nil {
		return "", problem.Wrap(err, problem.Storage, "can't read run "+id, "check that "+s.Dir+" may be read")
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
