// SPDX-License-Identifier: MIT

// Package submission is what a learner hands in, and what a teacher makes of it:
// the hand-in file, whether what is in it follows from itself and can have
// happened, what two of them share, and the grades of a class. It believes none of
// the conclusions in a file: it draws them again from the raw runs. It asks no
// engine; the one file that it writes is the hand-in.
package submission

import "fmt"

// Kind of a flag.
type Kind string

// The three kinds.
const (
	Edited     Kind = "edited"     // something does not follow from what it was made of
	Copied     Kind = "copied"     // the same measurement is in two submissions, or it is another's
	Impossible Kind = "impossible" // it can't have happened
)

// Flag is something for a teacher to look at: what was seen, and where. It is no
// verdict: a damaged file, or a clock that was set, can look the same.
type Flag struct {
	Kind     Kind   `json:"kind"`
	Exercise string `json:"exercise,omitempty"`
	Run      string `json:"run,omitempty"`
	Seen     string `json:"seen"` // with the evidence, in a line
}

// String is the flag in a line.
func (f Flag) String() string {
	where := f.Exercise
	if f.Run != "" {
		if where != "" {
			where += ", "
		}
		where += "run " + f.Run
	}
	if where == "" {
		return fmt.Sprintf("%s: %s", f.Kind, f.Seen)
	}
	return fmt.Sprintf("%s: %s: %s", f.Kind, where, f.Seen)
}

// mostOfARun is how many flags of a kind one run gives: one edit breaks many sums.
const mostOfARun = 3

// findings collects what is wrong with one run.
type findings struct {
	kind Kind
	seen []string
	more int
}

func (f *findings) add(format string, args ...any) {
	if len(f.seen) == mostOfARun {
		f.more++
		return
	}
	f.seen = append(f.seen, fmt.Sprintf(format, args...))
}

// flags are the findings of a run.
func (f *findings) flags(exercise, run string) []Flag {
	var out []Flag
	for i, seen := range f.seen {
		if i == len(f.seen)-1 && f.more > 0 {
			seen += fmt.Sprintf(" (and %d more of the kind)", f.more)
		}
		out = append(out, Flag{f.kind, exercise, run, seen})
	}
	return out
}
