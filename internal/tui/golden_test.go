// SPDX-License-Identifier: MIT

package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// The moment that the golden screens show: most runs had their trouble then.
const goldenMoment = 16

// Every run that ships with lab, at three sizes, without its colours. Trailing
// blanks are cut: an editor would.
func TestGoldenScreens(t *testing.T) {
	t.Parallel()
	stages := Demos()
	if len(stages) == 0 {
		t.Fatal("no runs ship with this lab")
	}
	for _, stage := range stages {
		run, err := Demo(stage)
		if err != nil {
			t.Fatal(err)
		}
		if run.Stage.Number != stage {
			t.Errorf("the run of stage %d is one of stage %d", stage, run.Stage.Number)
		}
		for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
			screen := screenOf(t, run, goldenMoment, size[0], size[1], nil)
			exact(t, screen, size[0], size[1])
			golden(t, fmt.Sprintf("stage-%d-%dx%d.txt", stage, size[0], size[1]), trimmed(screen))
		}
	}
}

func TestGoldenHelp(t *testing.T) {
	t.Parallel()
	golden(t, "help-80x24.txt", trimmed(screenOf(t, bigRun(), 45, 80, 24, func(v *View) { v.Help = true })))
	golden(t, "table-80x24.txt", trimmed(screenOf(t, bigRun(), 45, 80, 24, func(v *View) { v.Focus = tablePane })))
	golden(t, "trouble-200x60.txt", trimmed(screenOf(t, bigRun(), 45, 200, 60, nil)))
}

// The files are small enough to ship.
func TestDemosAreSmall(t *testing.T) {
	t.Parallel()
	for _, stage := range Demos() {
		info, err := os.Stat(filepath.Join("demo", fmt.Sprintf("stage-%d.json.gz", stage)))
		if err != nil || info.Size() > 100_000 {
			t.Errorf("stage %d: %v, %d bytes", stage, err, info.Size())
		}
	}
}

func trimmed(screen string) string {
	lines := strings.Split(screen, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (- wanted, + got; -update writes it anew):\n%s", name, diff)
	}
}
