// SPDX-License-Identifier: MIT

package submission_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"systemlab/internal/exercise"
	"systemlab/internal/submission"
	"systemlab/internal/submission/submissiontest"
)

// gather is what lab submit packs: the whole log, and the learner's own runs.
func gather(t *testing.T, l *submissiontest.Learner, path string) []string {
	t.Helper()
	log, files := l.Seal()
	logged, err := exercise.ReadLog(log)
	if err != nil {
		t.Fatal(err)
	}
	who, _ := logged.Learner()
	file := func(id string) ([]byte, error) {
		if b, ok := files[id]; ok {
			return b, nil
		}
		return nil, fs.ErrNotExist
	}
	runs, err := submission.Gather(logged, who, file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := submission.Pack(path, submission.Contents{Learner: who, Tool: l.Tool, Created: l.Now, Log: log, Runs: runs, File: file}); err != nil {
		t.Fatal(err)
	}
	return runs
}

func graded(t *testing.T, dir string) *submission.Class {
	t.Helper()
	c, err := submission.Grade(t.Context(), dir, submission.Options{Exercises: submissiontest.Known(), Tool: submissiontest.Tool, Class: submissiontest.Word}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Two learn on one machine, in turns: each hands in the one log there is, with their own
// runs, and neither is flagged for the other's.
func TestSharedMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := submissiontest.New(1, "Ada")
	l.Predicts(3, 8, 0.8)
	l.Learner = exercise.Learner{Name: "Bob", Class: submissiontest.Word}
	l.Predicts(1, 1.2, 0.8)
	if runs := gather(t, l, filepath.Join(dir, "bob"+submission.Suffix)); len(runs) != 12 {
		t.Errorf("%d runs of Bob's", len(runs))
	}
	l.Learner = exercise.Learner{Name: "Ada", Class: submissiontest.Word}
	l.Attributes("postgres")
	if runs := gather(t, l, filepath.Join(dir, "ada"+submission.Suffix)); len(runs) != 21 {
		t.Errorf("%d runs of Ada's", len(runs))
	}
	c := graded(t, dir)
	for i, want := range []struct {
		name   string
		solved int
	}{{"Ada", 2}, {"Bob", 0}} {
		p := c.Papers[i]
		solved := 0
		for _, r := range p.Results {
			if r.Mark.Solved {
				solved++
			}
		}
		if p.Learner.Name != want.name || solved != want.solved || len(p.Flags) > 0 {
			t.Errorf("%s solved %d: %v", p.Learner.Name, solved, p.Flags)
		}
	}
}

// Who hands in again, and leaves the first file there, has copied nothing; the file with more in it counts.
func TestHandedInTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := submissiontest.New(1, "Ada")
	l.Predicts(1, 1.2, 0.8)
	gather(t, l, filepath.Join(dir, "z-first"+submission.Suffix))
	l.Attributes("postgres")
	gather(t, l, filepath.Join(dir, "a-then"+submission.Suffix))
	c := graded(t, dir)
	later, first := c.Papers[0], c.Papers[1]
	if len(first.Flags)+len(later.Flags) > 0 || first.Later != later.File || later.Later != "" || len(first.Results) != 0 || len(later.Results) != 2 {
		t.Errorf("first: %q %v, later: %q %v", first.Later, first.Flags, later.Later, later.Flags)
	}
	if !slices.ContainsFunc(first.Notes, func(n string) bool { return strings.Contains(n, later.File) }) {
		t.Errorf("notes %q", first.Notes)
	}
	first.Flags = append(first.Flags, submission.Flag{Kind: submission.Edited, Exercise: "cache-takes"}) // it would stay to be seen
	var b bytes.Buffer
	if err := c.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 1+2+1 || !strings.Contains(fmt.Sprint(rows[3]), later.File) || !strings.Contains(fmt.Sprint(rows[3]), "edited") {
		t.Errorf("%q, %v", rows, err)
	}
}

// Of a whole log that is another's, each exercise's flag tells of its own runs.
func TestCopiedWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := submissiontest.New(1, "Ada"), submissiontest.New(2, "Bob")
	one.Predicts(3, 8, 0.8)
	one.Attributes("postgres")
	two.Runs, two.Order, two.Entries = one.Runs, one.Order, one.Entries
	handIn(t, one, filepath.Join(dir, "ada"+submission.Suffix))
	handIn(t, two, filepath.Join(dir, "bob"+submission.Suffix))
	for _, p := range graded(t, dir).Papers {
		for name, runs := range map[string]int{"cache-takes": 12, "what-starves": len(one.Order) - 12} {
			says := fmt.Sprintf("%d runs (", runs)
			if !slices.ContainsFunc(p.FlagsOf(name), func(f submission.Flag) bool { return f.Kind == submission.Copied && strings.Contains(f.String(), says) }) {
				t.Errorf("%s, %s: nothing says %q: %v", p.File, name, says, p.Flags)
			}
		}
	}
}

// Somebody else's runs are flagged in each exercise that they are in, and in no other.
func TestCopiedExercises(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := submissiontest.New(1, "Ada"), submissiontest.New(2, "Bob")
	one.Predicts(3, 8, 0.8)
	one.Attributes("postgres")
	two.Predicts(3, 8, 0.8)
	for _, id := range one.Order[12:] {
		two.Runs[id], two.Order = one.Runs[id], append(two.Order, id)
	}
	two.Add(submissiontest.Attribute(), exercise.Started, exercise.Given{})
	entry := two.Add(submissiontest.Attribute(), exercise.Checked, exercise.Given{Answer: "postgres"})
	entry.Mark, entry.Runs = one.Entries[len(one.Entries)-1].Mark, one.Entries[len(one.Entries)-1].Runs
	handIn(t, one, filepath.Join(dir, "ada"+submission.Suffix))
	handIn(t, two, filepath.Join(dir, "bob"+submission.Suffix))
	for _, p := range graded(t, dir).Papers {
		for name, want := range map[string]bool{"what-starves": true, "cache-takes": false} {
			if got := slices.ContainsFunc(p.FlagsOf(name), func(f submission.Flag) bool { return f.Kind == submission.Copied }); got != want {
				t.Errorf("%s, %s: flagged as copied %v: %v", p.File, name, got, p.Flags)
			}
		}
	}
}
