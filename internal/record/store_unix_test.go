// SPDX-License-Identifier: MIT

//go:build unix

package record_test

import (
	"os"
	"path/filepath"
	"testing"

	"systemlab/internal/problem"
	"systemlab/internal/record"
)

// On Windows a file read as a folder looks like a missing one.
func TestUnreadableFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := record.Store{Dir: file}.List()
	wantProblem(t, err, problem.Storage, file)
}
