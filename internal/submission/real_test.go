// SPDX-License-Identifier: MIT

package submission_test

import (
	"os"
	"path/filepath"
	"testing"

	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/internal/submission"
	"systemlab/internal/tui"
)

// What was really measured follows from itself: the runs that ship with lab, and those of a folder
// that LAB_RUNS names, such as one's own (docs/decisions/grading.md).
func TestRealRunsFollow(t *testing.T) {
	t.Parallel()
	var runs []*record.Run
	for _, stage := range tui.Demos() {
		run, err := tui.Demo(stage)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	if dir := os.Getenv("LAB_RUNS"); dir != "" {
		files, _ := filepath.Glob(filepath.Join(dir, "*.json.gz"))
		if len(files) == 0 {
			t.Fatalf("%s holds no runs", dir)
		}
		for _, file := range files {
			run, err := record.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, run)
		}
	}
	bad := 0
	for _, run := range runs {
		wrong, cannot := submission.Seen(run, run.Tool, exercise.Unneeded)
		seen := append(wrong, cannot...)
		for _, f := range seen {
			t.Errorf("%s (%s %s): %s", run.ID, run.Pace, run.Workload.Name, f)
		}
		if len(seen) > 0 {
			bad++
		}
	}
	t.Logf("%d of %d runs", bad, len(runs))
}
