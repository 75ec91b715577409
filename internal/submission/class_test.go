// SPDX-License-Identifier: MIT

package submission_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"systemlab/internal/submission"
	"systemlab/internal/submission/submissiontest"
)

func handIn(t *testing.T, l *submissiontest.Learner, path string) {
	t.Helper()
	if err := l.HandIn(path); err != nil {
		t.Fatal(err)
	}
}

// Every planted cheat is flagged, with the right kind, and nobody honest is.
func TestClass(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := submissiontest.Class(submissiontest.Tool)
	t.Run("made", func(t *testing.T) {
		for _, copies := range []bool{false, true} {
			t.Run(fmt.Sprintf("copies %t", copies), func(t *testing.T) {
				for _, p := range all {
					if copies == (p.Of != "") {
						t.Run(p.File, func(t *testing.T) {
							t.Parallel()
							if err := p.Make(filepath.Join(dir, p.File+submission.Suffix)); err != nil {
								t.Fatal(err)
							}
						})
					}
				}
			})
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "30-broken"+submission.Suffix), []byte("no submission"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := submission.Grade(t.Context(), dir, submission.Options{Exercises: submissiontest.Known(), Tool: submissiontest.Tool}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Papers) != len(all)+1 || c.Word != submissiontest.Word || !c.Guessed {
		t.Fatalf("%d papers of class %q", len(c.Papers), c.Word)
	}
	for i, want := range all {
		p := c.Papers[i]
		if p.File != want.File+submission.Suffix || p.Err != nil {
			t.Fatalf("%s: %v", p.File, p.Err)
		}
		if want.Want == "" && len(p.Flags) > 0 {
			t.Errorf("%s is honest, but: %v", p.File, p.Flags)
		}
		if want.Want != "" && !slices.ContainsFunc(p.Flags, func(f submission.Flag) bool { return f.Kind == want.Want }) {
			t.Errorf("%s: not flagged as %s: %v", p.File, want.Want, p.Flags)
		}
		for _, f := range p.Flags {
			if strings.Contains(f.String(), "\n") {
				t.Errorf("a flag of more than a line: %s", f)
			}
			t.Logf("%s %s", p.File, f)
		}
	}
	if c.Papers[len(all)].Err == nil {
		t.Error("the broken file has no error")
	}
	if r, _ := c.Papers[0].Of("cache-takes"); !r.Mark.Solved || r.Mark.Points < 50 || r.Ratio == nil || r.Solved <= 0 || r.First.Low != 3 {
		t.Errorf("%+v", r)
	}
	if r, _ := c.Papers[0].Of("what-starves"); !r.Mark.Solved || r.Mark.Points != 100 {
		t.Errorf("%+v", r)
	}
	if r, _ := c.Papers[3].Of("what-starves"); r.Mark.Solved {
		t.Errorf("%+v", r)
	}
	if r, _ := c.Papers[5].Of("cache-takes"); !r.Mark.Solved { // ten times slower is no worse: a ratio is asked for
		t.Errorf("%+v", r)
	}
	if r, _ := c.Papers[8].Of("cache-takes"); r.Checks != 2 || r.Hints != 1 || r.First.High != 2 || r.Later == nil || r.Later.Low != 4 || r.Mark.Solved {
		t.Errorf("%+v: the first prediction is what is graded", r)
	}
	table(t, c)
}

func table(t *testing.T, c *submission.Class) {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 1+2*(len(c.Papers)-1)+1 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
	if rows[1][0] != "Ada" || rows[5][0] != "'=cmd()" || rows[1][2] != "cache-takes" || rows[1][5] != "true" {
		t.Errorf("%q", rows[:6])
	}
	if last := rows[len(rows)-1]; last[len(last)-1] == "" {
		t.Errorf("the broken file has no error in the table: %q", last)
	}
}

// A learner of another class has other seeds; so does one who takes another's name.
func TestSeeds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ada, l := submissiontest.New(1, "Ada"), submissiontest.New(2, "Bob")
	ada.Predicts(3, 8, 0.8)
	l.Predicts(3, 8, 0.8)
	handIn(t, ada, filepath.Join(dir, "a"+submission.Suffix))
	log, _ := l.Seal()
	if !json.Valid(bytes.Split(log, []byte{'\n'})[0]) {
		t.Fatal("no log")
	}
	handIn(t, l, filepath.Join(dir, "b"+submission.Suffix))
	c, err := submission.Grade(t.Context(), dir, submission.Options{Exercises: submissiontest.Known(), Tool: submissiontest.Tool, Class: "autumn"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Papers {
		if len(p.Flags) != 1 || p.Flags[0].Kind != submission.Copied || !strings.Contains(p.Flags[0].Seen, "autumn") {
			t.Errorf("%v", p.Flags)
		}
	}
}
