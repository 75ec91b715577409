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
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/internal/submission"
	"systemlab/internal/submission/submissiontest"
)

func known() []exercise.Exercise {
	return []exercise.Exercise{submissiontest.Predict(), submissiontest.Attribute()}
}

// planted is a submission and what is to be seen in it.
type planted struct {
	file string
	want submission.Kind // "" nothing
	make func(t *testing.T, path string)
}

// someone who predicted well, and named what binds.
func someone(number int, name string) *submissiontest.Learner {
	l := submissiontest.New(number, name)
	l.Predicts(3, 8, 0.8)
	return l
}

func handIn(t *testing.T, l *submissiontest.Learner, path string) {
	t.Helper()
	if err := l.HandIn(path); err != nil {
		t.Fatal(err)
	}
}

// run is the n-th that a learner made.
func run(l *submissiontest.Learner, n int) *record.Run { return l.Runs[l.Order[n]] }

// remark draws the mark in the log again from the edited runs, as a careful cheat would.
func remark(l *submissiontest.Learner) {
	for i := range l.Entries {
		e := &l.Entries[i]
		if e.Act != exercise.Checked {
			continue
		}
		evidence := exercise.Evidence{}
		for _, r := range e.Runs {
			run := l.Runs[r.Run]
			run.Verdict = analysis.Judge(run)
			evidence[r.Part] = append(evidence[r.Part], run)
		}
		for _, known := range known() {
			if known.Name == e.Exercise {
				mark := known.Mark(e.Given, e.Seed, evidence)
				e.Mark = &mark
			}
		}
	}
}

// tampered hands in what was edited and sealed anew.
func tampered(number int, name string, edit func(l *submissiontest.Learner)) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		l := someone(number, name)
		edit(l)
		remark(l)
		handIn(t, l, path)
	}
}

// session is a class of thirty.
func session() []planted {
	honest := func(number int, name string, do func(l *submissiontest.Learner)) planted {
		return planted{fmt.Sprintf("%02d", number), "", func(t *testing.T, path string) {
			l := submissiontest.New(number, name)
			do(l)
			handIn(t, l, path)
		}}
	}
	good := func(l *submissiontest.Learner) { l.Predicts(3, 8, 0.8); l.Attributes("postgres") }
	bad := func(l *submissiontest.Learner) { l.Predicts(1, 1.5, 0.9); l.Attributes("api") }
	all := []planted{
		honest(0, "Ada", good), honest(1, "Béla", good), honest(2, "=cmd()", good), honest(3, "Dag", bad), honest(4, "Eve", bad),
		honest(5, "Fay", func(l *submissiontest.Learner) { l.Slow = 10; l.Predicts(3, 8, 0.6) }),
		honest(6, "Gus", func(l *submissiontest.Learner) { l.Others = 0.9; l.Predicts(3, 8, 0.6) }),
		// Interrupted: a measurement was begun, nothing came of it, and it was checked again.
		honest(7, "Hal", func(l *submissiontest.Learner) {
			given := exercise.Given{Low: 3, High: 8, Sure: 0.8}
			l.Add(submissiontest.Predict(), exercise.Started, exercise.Given{})
			l.Add(submissiontest.Predict(), exercise.Predicted, given)
			l.Add(submissiontest.Predict(), exercise.Measuring, given)
			l.Add(submissiontest.Predict(), exercise.Measuring, given)
			l.Checks(given)
		}),
		honest(8, "Ida", func(l *submissiontest.Learner) { // checked twice, predicted again, with a hint
			l.Add(submissiontest.Predict(), exercise.Hinted, exercise.Given{})
			l.Predicts(1, 2, 0.8)
			l.Add(submissiontest.Predict(), exercise.Reset, exercise.Given{})
			l.Predicts(4, 6, 0.9)
		}),
		{"09", "", func(t *testing.T, path string) { // the log ends in the middle of a line
			l := someone(9, "Jan")
			log, files := l.Seal()
			if err := l.Pack(path, append(log, `{"time":"2026`...), files); err != nil {
				t.Fatal(err)
			}
		}},
		honest(10, "Ada", good), // of the same name as another
		{"11-summary", submission.Edited, tampered(11, "Summary", func(l *submissiontest.Learner) {
			for i := 1; i < len(l.Order); i += 2 {
				run(l, i).Containers[1].CPUSecondsPerRequest /= 2
			}
		})},
		{"12-cpu", submission.Edited, tampered(12, "Counter", func(l *submissiontest.Learner) { // all that is a conclusion of it too
			for i := 1; i < len(l.Order); i += 2 {
				c := &run(l, i).Containers[1]
				run(l, i).Host.StackCores -= c.CoresMean / 2
				c.CPUSecondsPerRequest, c.CPUSeconds, c.CoresMean = c.CPUSecondsPerRequest/2, c.CPUSeconds/2, c.CoresMean/2
			}
		})},
		{"13-histogram", submission.Edited, tampered(13, "Histogram", func(l *submissiontest.Learner) {
			a, b := run(l, 0), run(l, 2)
			a.Histograms.All, a.Summary.Latency = b.Histograms.All, b.Summary.Latency
		})},
		{"14-window", submission.Edited, tampered(14, "Window", func(l *submissiontest.Learner) { run(l, 0).Windows[2].OK -= 40 })},
		{"15-dropped", submission.Edited, tampered(15, "Dropped", func(l *submissiontest.Learner) {
			r := run(l, 0)
			r.Windows = slices.Delete(r.Windows, 2, 3)
		})},
		{"16-sample", submission.Edited, tampered(16, "Sample", func(l *submissiontest.Learner) {
			r := run(l, 0)
			for i := range r.Samples {
				r.Samples[i].Cores /= 2
			}
		})},
		{"17-verdict", submission.Edited, func(t *testing.T, path string) {
			l := submissiontest.New(17, "Verdict")
			l.Others = 1.2
			l.Predicts(3, 8, 0.8)
			for _, r := range l.Runs {
				r.Verdict = record.Verdict{State: record.Valid}
			}
			handIn(t, l, path)
		}},
		{"18-mark", submission.Edited, func(t *testing.T, path string) {
			l := submissiontest.New(18, "Mark")
			l.Predicts(1, 1.5, 0.9)
			l.Entries[len(l.Entries)-1].Mark = &exercise.Mark{Decided: true, Solved: true, Points: 99}
			handIn(t, l, path)
		}},
		{"19-line", submission.Edited, func(t *testing.T, path string) { // the log, by hand, with nothing sealed anew
			l := someone(19, "Line")
			log, files := l.Seal()
			if err := l.Pack(path, bytes.Replace(log, []byte(`"low":3`), []byte(`"low":4`), 1), files); err != nil {
				t.Fatal(err)
			}
		}},
		{"20-file", submission.Edited, func(t *testing.T, path string) { // a run, by hand, with nothing sealed anew
			l := someone(20, "File")
			log, files := l.Seal()
			run(l, 3).Containers[1].CPUSecondsPerRequest /= 3
			files[l.Order[3]] = submissiontest.File(run(l, 3))
			if err := l.Pack(path, log, files); err != nil {
				t.Fatal(err)
			}
		}},
		{"21-late", submission.Impossible, func(t *testing.T, path string) { // predicted when it was known
			l := someone(21, "Late")
			e := &l.Entries[1]
			e.Time = run(l, 11).Started.Add(5 * time.Second)
			l.Entries[2].Time = e.Time
			handIn(t, l, path)
		}},
		{"22-back", submission.Impossible, func(t *testing.T, path string) {
			l := someone(22, "Back")
			l.Entries[0].Time = l.Entries[0].Time.Add(time.Hour)
			handIn(t, l, path)
		}},
		{"23-cores", submission.Impossible, tampered(23, "Cores", func(l *submissiontest.Learner) {
			for i := 0; i < len(l.Order); i += 2 {
				r := run(l, i)
				c := &r.Containers[1]
				r.Host.StackCores += 4
				c.CPUSeconds, c.CoresMean = c.CPUSeconds+12, c.CoresMean+4
				c.CPUSecondsPerRequest = c.CPUSeconds / float64(r.Summary.Requests.Sent)
				for j := range r.Samples {
					if r.Samples[j].Container == c.Name {
						r.Samples[j].Cores += 4
					}
				}
			}
		})},
		{"24-order", submission.Impossible, tampered(24, "Order", func(l *submissiontest.Learner) {
			r := run(l, 0)
			r.Windows[2].StartSeconds -= 0.5
		})},
		{"25-machine", submission.Impossible, tampered(25, "Machine", func(l *submissiontest.Learner) { run(l, 5).Machine.Kernel = "6.13" })},
		{"26-falls", submission.Impossible, tampered(26, "Falls", func(l *submissiontest.Learner) { run(l, 5).Samples[9].Cores = -0.1 })},
		// The same file under another name; both are flagged.
		{"27-original", submission.Copied, func(t *testing.T, path string) { handIn(t, someone(27, "Zoe"), path) }},
		{"27-renamed", submission.Copied, func(t *testing.T, path string) {
			b, err := os.ReadFile(strings.Replace(path, "renamed", "original", 1))
			if err == nil {
				err = os.WriteFile(path, b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}},
		// The same runs under a name of one's own, with other ids and the seeds that belong to it.
		{"28-other-name", submission.Copied, func(t *testing.T, path string) {
			l := someone(27, "Zoe")
			thief := exercise.Learner{Name: "Xan", Class: submissiontest.Word}
			for n, id := range slices.Clone(l.Order) {
				r := l.Runs[id]
				r.ID, r.Seed = strings.TrimSuffix(id, id[len(id)-4:])+"ffff", thief.Seed("cache-takes")+int64(n/2)
				delete(l.Runs, id)
				l.Runs[r.ID], l.Order[n] = r, r.ID
				for i := range l.Entries[len(l.Entries)-1].Runs {
					if ref := &l.Entries[len(l.Entries)-1].Runs[i]; ref.Run == id {
						ref.Run = r.ID
					}
				}
			}
			l.Learner = thief
			for i := range l.Entries {
				l.Entries[i].Learner, l.Entries[i].Seed = thief, thief.Seed("cache-takes")
			}
			handIn(t, l, path)
		}},
		// One run of another's in the place of one's own.
		{"29-borrowed", submission.Copied, func(t *testing.T, path string) {
			l, other := someone(29, "Yan"), someone(27, "Zoe")
			mine, theirs := l.Order[4], other.Order[4]
			l.Runs[theirs], l.Order[4] = other.Runs[theirs], theirs
			delete(l.Runs, mine)
			for i := range l.Entries[3].Runs {
				if l.Entries[3].Runs[i].Run == mine {
					l.Entries[3].Runs[i].Run = theirs
				}
			}
			remark(l)
			handIn(t, l, path)
		}},
	}
	return all
}

// Every planted cheat is flagged, with the right kind, and nobody honest is.
func TestClass(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := session()
	t.Run("made", func(t *testing.T) {
		for _, p := range all {
			if !strings.HasSuffix(p.file, "-renamed") {
				t.Run(p.file, func(t *testing.T) {
					t.Parallel()
					p.make(t, filepath.Join(dir, p.file+submission.Suffix))
				})
			}
		}
	})
	for _, p := range all {
		if strings.HasSuffix(p.file, "-renamed") {
			p.make(t, filepath.Join(dir, p.file+submission.Suffix))
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "30-broken"+submission.Suffix), []byte("no submission"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := submission.Grade(t.Context(), dir, submission.Options{Exercises: known(), Tool: submissiontest.Tool}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Papers) != len(all)+1 || c.Word != submissiontest.Word || !c.Guessed {
		t.Fatalf("%d papers of class %q", len(c.Papers), c.Word)
	}
	for i, want := range all {
		p := c.Papers[i]
		if p.File != want.file+submission.Suffix || p.Err != nil {
			t.Fatalf("%s: %v", p.File, p.Err)
		}
		if want.want == "" && len(p.Flags) > 0 {
			t.Errorf("%s is honest, but: %v", p.File, p.Flags)
		}
		if want.want != "" && !slices.ContainsFunc(p.Flags, func(f submission.Flag) bool { return f.Kind == want.want }) {
			t.Errorf("%s: not flagged as %s: %v", p.File, want.want, p.Flags)
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
	handIn(t, someone(1, "Ada"), filepath.Join(dir, "a"+submission.Suffix))
	l := someone(2, "Bob")
	log, _ := l.Seal()
	if !json.Valid(bytes.Split(log, []byte{'\n'})[0]) {
		t.Fatal("no log")
	}
	handIn(t, l, filepath.Join(dir, "b"+submission.Suffix))
	c, err := submission.Grade(t.Context(), dir, submission.Options{Exercises: known(), Tool: submissiontest.Tool, Class: "autumn"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Papers {
		if len(p.Flags) != 1 || p.Flags[0].Kind != submission.Copied || !strings.Contains(p.Flags[0].Seen, "autumn") {
			t.Errorf("%v", p.Flags)
		}
	}
}
