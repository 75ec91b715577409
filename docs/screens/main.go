// SPDX-License-Identifier: MIT

// Screens makes the pictures of the live view for the README from the runs that
// ship with lab, so that they never show what the program does not: run it from
// the root of the tree. The same runs always make the same pictures.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/charmbracelet/colorprofile"

	"systemlab/internal/tui"
)

// shot is one picture: a moment of the run of a stage. Stage 0 is the highest.
type shot struct {
	file  string
	stage int
	at    float64
	w, h  int
	dark  bool
}

var shots = []shot{
	{"top.svg", 0, 14, 120, 40, true},
	{"top-light.svg", 0, 14, 120, 40, false},
	{"top-small.svg", 3, 16, 80, 24, true},
}

func main() {
	if err := write(filepath.Join("docs", "screens")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(folder string) error {
	for _, s := range shots {
		text, err := s.draw()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, s.file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (s shot) draw() (string, error) {
	all := tui.Demos()
	if s.stage == 0 && len(all) > 0 {
		s.stage = all[len(all)-1]
	}
	run, err := tui.Demo(s.stage)
	if err != nil {
		return "", err
	}
	screen := tui.Screen(run, s.at, s.w, s.h, tui.NewTheme(colorprofile.TrueColor, s.dark))
	return svg(screen, s.w, s.h, s.dark, fmt.Sprintf("lab top: stage %d, %s", run.Stage.Number, run.Stage.Title)), nil
}
