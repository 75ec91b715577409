// SPDX-License-Identifier: MIT

package submission_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/internal/submission"
	"systemlab/internal/submission/submissiontest"
)

// gather is what lab submit packs: the whole log, and the learner's own runs but those that are lost.
func gather(t *testing.T, l *submissiontest.Learner, path string, lost ...string) []string {
	t.Helper()
	log, files := l.Seal()
	logged, err := exercise.ReadLog(log)
	if err != nil {
		t.Fatal(err)
	}
	who, _ := logged.Learner()
	file := func(id string) ([]byte, error) {
		if b, ok := files[id]; ok && !slices.Contains(lost, id) {
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

// Browsers and learning platforms give a second file of one name another: it is graded all the
// same. What is no submission by its name is told.
func TestRenamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	names := []string{"Ada.LAB.tar", "ada.lab (1).tar", "ada.lab-2.tar"}
	for i, name := range names {
		l := submissiontest.New(i+1, fmt.Sprint("Ada ", i))
		l.Predicts(3, 8, 0.8)
		made := filepath.Join(dir, "made"+submission.Suffix)
		gather(t, l, made)
		if err := os.Rename(made, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []string{"bob.tar", "grades.csv", "class.html", ".hidden"} {
		if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := graded(t, dir)
	var got []string
	for _, p := range c.Papers {
		got = append(got, p.File)
		if p.Err != nil || len(p.Flags) > 0 {
			t.Errorf("%s: %v, %v", p.File, p.Err, p.Flags)
		}
	}
	if !slices.Equal(got, names) || !slices.Equal(c.Others, []string{"bob.tar"}) {
		t.Errorf("graded %q, told of %q", got, c.Others)
	}
}

// A prediction's first measurement counts: who loses its runs, by chance or not, does not get
// the points of the next one.
func TestFirstMeasurementLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := submissiontest.New(1, "Ada")
	l.Predicts(3, 8, 0.8)
	given := exercise.Given{Low: 3, High: 8, Sure: 0.8}
	l.Add(l.Asks, exercise.Measuring, given)
	l.Checks(given)
	for _, test := range []struct {
		lost   []string
		solved bool
	}{{nil, true}, {l.Order[:1], false}} {
		gather(t, l, filepath.Join(dir, "ada"+submission.Suffix), test.lost...)
		p := graded(t, dir).Papers[0]
		if len(p.Flags) > 0 || len(p.Results) != 1 || p.Results[0].Mark.Solved != test.solved || !p.Results[0].Mark.Decided {
			t.Fatalf("%d lost: %v, %+v", len(test.lost), p.Flags, p.Results)
		}
		if m := p.Results[0].Mark; !test.solved && (m.Points > 0 || !strings.Contains(m.Why, "it is what counts")) {
			t.Errorf("%+v", m)
		}
	}
}

// Who resets an exercise, and predicts again, while it is being measured has cheated nobody.
func TestResetWhileMeasured(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := submissiontest.New(1, "Ada")
	given, other := exercise.Given{Low: 3, High: 8, Sure: 0.8}, exercise.Given{Low: 1, High: 2, Sure: 0.8}
	l.Add(l.Asks, exercise.Started, exercise.Given{})
	l.Add(l.Asks, exercise.Predicted, given)
	l.Add(l.Asks, exercise.Measuring, given)
	l.Add(l.Asks, exercise.Reset, exercise.Given{})
	l.Checks(given)
	l.Entries = slices.Insert(l.Entries, 4, l.Entries[3])
	l.Entries[4].Act, l.Entries[4].Given = exercise.Predicted, other
	gather(t, l, filepath.Join(dir, "ada"+submission.Suffix))
	if p := graded(t, dir).Papers[0]; len(p.Flags) > 0 || !p.Results[0].Mark.Solved {
		t.Errorf("%v, %+v", p.Flags, p.Results)
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

// A deletion for which nobody was made yet makes a user instead: how many of them
// there were is no other seed's work.
func TestRunThatWrites(t *testing.T) {
	t.Parallel()
	for seed := range int64(20) {
		run := submissiontest.Make(submissiontest.Load{
			ID: "20261129-120000-s5-abcdef", Tool: submissiontest.Tool, Machine: submissiontest.Laptop(2), Workload: "writes",
			Rate: 200, Seed: seed, Noise: uint64(seed), Seconds: 4, Latency: 0.02,
			Started: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), Services: []submissiontest.Service{{Name: "api", CPU: 0.0005, Limit: 0.5}},
		})
		if wrong, _ := submission.Seen(run, submissiontest.Tool, exercise.SideA); len(wrong) > 0 {
			t.Errorf("seed %d: %v", seed, wrong)
		}
		run.Seed += 1000
		if wrong, _ := submission.Seen(run, submissiontest.Tool, exercise.SideA); len(wrong) == 0 {
			t.Errorf("seed %d: the work of another seed was not seen", seed)
		}
	}
}

// An engine that answers for the counters may do so late: as much is believed of it,
// and of a meter that reads the kernel's files it is not.
func TestCountersReadLate(t *testing.T) {
	t.Parallel()
	const seconds, edit = 8, "of CPU"
	for _, test := range []struct {
		meter string
		late  float64 // seconds, at the end of the measured part; below 0 at its beginning
		seen  bool
	}{
		{record.EngineAPI, 0, false}, {record.EngineAPI, 1.95, false}, {record.EngineAPI, -1.95, false},
		{record.EngineAPI, 4, true}, {record.EngineAPI, -4, true},
		{"cgroup v1", 0, false}, {"cgroup v1", 1.5, true}, {"cgroup v1", -1.5, true},
	} {
		run := submissiontest.Make(submissiontest.Load{
			ID: "20261129-120000-s5-abcdef", Tool: submissiontest.Tool, Machine: submissiontest.Laptop(2), Workload: "users",
			Rate: 100, Seed: 3, Noise: 3, Seconds: seconds, Latency: 0.02,
			Started: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC), Services: []submissiontest.Service{{Name: "api", CPU: 0.012, Limit: 1.5}},
		})
		run.Meter = test.meter
		run.Containers[0].CPUSeconds *= 1 + test.late/seconds
		run.Containers[0].CPUSecondsPerRequest *= 1 + test.late/seconds
		run.Verdict = analysis.Judge(run)
		wrong, _ := submission.Seen(run, submissiontest.Tool, exercise.SideA)
		if seen := strings.Contains(strings.Join(wrong, "\n"), edit); seen != test.seen || !test.seen && len(wrong) > 0 {
			t.Errorf("%s, counters %g s late: %v", test.meter, test.late, wrong)
		}
	}
}
