// SPDX-License-Identifier: MIT

package report_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"systemlab/internal/record"
	"systemlab/internal/report"
)

// demos are real runs of the eight stages.
func demos(t testing.TB) []*record.Run {
	t.Helper()
	var out []*record.Run
	for stage := 1; stage <= 8; stage++ {
		run, err := record.ReadFile(filepath.Join("..", "tui", "demo", fmt.Sprintf("stage-%d.json.gz", stage)))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, run)
	}
	return out
}

func page(t testing.TB, h report.HTML) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteHTML(&b, h); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTmp(t *testing.T) {
	os.WriteFile("/tmp/scratch/h3out/all.html", []byte(page(t, report.HTML{Runs: demos(t)})), 0o644)
	os.WriteFile("/tmp/scratch/h3out/one.html", []byte(page(t, report.HTML{Runs: demos(t)[4:5]})), 0o644)
}
