// SPDX-License-Identifier: MIT

package submissiontest

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/internal/submission"
)

// Handed is a file that a class hands in, and what is to be seen in it.
type Handed struct {
	File string          // without its suffix; the first two digits are its place
	Want submission.Kind // "" nothing
	Make func(path string) error
	Of   string // of a copy: the file that must be there before
}

// Known are the exercises that the class did.
func Known() []exercise.Exercise { return []exercise.Exercise{Predict(), Attribute()} }

// Class of thirty, the first eleven of them honest, whose runs are made as by a version of lab.
func Class(tool string) []Handed {
	begin := func(number int, name string) *Learner {
		l := New(number, name)
		l.Tool = tool
		return l
	}
	someone := func(number int, name string) *Learner { // who predicted well
		l := begin(number, name)
		l.Predicts(3, 8, 0.8)
		return l
	}
	honest := func(number int, name string, do func(l *Learner)) Handed {
		return Handed{fmt.Sprintf("%02d", number), "", func(path string) error {
			l := begin(number, name)
			do(l)
			return l.HandIn(path)
		}, ""}
	}
	good := func(l *Learner) { l.Predicts(3, 8, 0.8); l.Attributes("postgres") }
	bad := func(l *Learner) { l.Predicts(1, 1.5, 0.9); l.Attributes("api") }
	all := []Handed{
		honest(0, "Ada", good), honest(1, "Béla", good), honest(2, "=cmd()", good), honest(3, "Dag", bad), honest(4, "Eve", bad),
		honest(5, "Fay", func(l *Learner) { l.Slow = 10; l.Predicts(3, 8, 0.6) }),
		honest(6, "Gus", func(l *Learner) { l.Others = 0.9; l.Predicts(3, 8, 0.6) }),
		// Interrupted: a measurement was begun, nothing came of it, and it was checked again.
		honest(7, "Hal", func(l *Learner) {
			given := exercise.Given{Low: 3, High: 8, Sure: 0.8}
			l.Add(Predict(), exercise.Started, exercise.Given{})
			l.Add(Predict(), exercise.Predicted, given)
			l.Add(Predict(), exercise.Measuring, given)
			l.Add(Predict(), exercise.Measuring, given)
			l.Checks(given)
		}),
		honest(8, "Ida", func(l *Learner) { // checked twice, predicted again, with a hint
			l.Add(Predict(), exercise.Hinted, exercise.Given{})
			l.Predicts(1, 2, 0.8)
			l.Add(Predict(), exercise.Reset, exercise.Given{})
			l.Predicts(4, 6, 0.9)
		}),
		{"09", "", func(path string) error { // the log ends in the middle of a line
			l := someone(9, "Jan")
			log, files := l.Seal()
			return l.Pack(path, append(log, `{"time":"2026`...), files)
		}, ""},
		honest(10, "Ada", good), // of the same name as another
	}
	for _, cheat := range Cheats() {
		number := len(all)
		if cheat.Want != submission.Copied { // a copy needs its original
			all = append(all, Handed{fmt.Sprintf("%02d-%s", number, cheat.Name), cheat.Want, func(path string) error {
				return cheat.HandIn(someone(number, "Cheat "+cheat.Name), path)
			}, ""})
		}
	}
	return append(all,
		Handed{"26-verdict", submission.Edited, func(path string) error { // something else used the machine: struck out
			l := begin(26, "Verdict")
			l.Others = 1.2
			l.Predicts(3, 8, 0.8)
			for _, r := range l.Runs {
				r.Verdict = record.Verdict{State: record.Valid}
			}
			return l.HandIn(path)
		}, ""},
		// The same file under another name; both are flagged.
		Handed{"27-original", submission.Copied, func(path string) error { return someone(27, "Zoe").HandIn(path) }, ""},
		Handed{"27-same", submission.Copied, func(path string) error {
			b, err := os.ReadFile(strings.Replace(path, "same", "original", 1))
			if err != nil {
				return err
			}
			return os.WriteFile(path, b, 0o600)
		}, "27-original"},
		Handed{"28-renamed", submission.Copied, func(path string) error {
			l := someone(27, "Zoe")
			l.Steal(exercise.Learner{Name: "Xan", Class: Word})
			return l.HandIn(path)
		}, ""},
		// One run of another's in the place of one's own.
		Handed{"29-borrowed", submission.Copied, func(path string) error {
			l, other := someone(29, "Yan"), someone(27, "Zoe")
			mine, theirs := l.Order[4], other.Order[4]
			l.Runs[theirs], l.Order[4] = other.Runs[theirs], theirs
			delete(l.Runs, mine)
			last := l.Entries[len(l.Entries)-1].Runs
			last[slices.IndexFunc(last, func(r exercise.Ref) bool { return r.Run == mine })].Run = theirs
			l.Remark()
			return l.HandIn(path)
		}, ""},
	)
}
