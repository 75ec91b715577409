// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"systemlab/internal/exercise"
	"systemlab/internal/submission"
)

// NoVerdict stands wherever flags do.
const NoVerdict = "A flag says what was seen, for you to look at. It is no verdict: a damaged file or a clock that was set can look the same."

// WriteClass prints what was handed in, what was hard, and what is to be looked at.
func WriteClass(w io.Writer, c *submission.Class) error {
	var b strings.Builder
	b.WriteString(classWords(c) + "\n\n")
	t := Table{Head: []string{"learner", "file", "solved", "points", "runs", "flags"}, Left: 2}
	for _, p := range c.Papers {
		if p.Err != nil {
			t.Row("-", clipped(p.File), "-", "-", "-", "can't be read")
			continue
		}
		solved, points := paperSums(p)
		t.Row(clipped(p.Learner.Name), clipped(p.File), solved, points, fmt.Sprint(p.Runs), kindsOf(p.Flags))
	}
	b.WriteString(t.text(Options{}))
	if all := hardness(c); len(all) > 0 {
		b.WriteString("\nthe hardest first\n" + hardTable(all).text(Options{}))
	}
	flagged := false
	for _, p := range c.Papers {
		for i, f := range p.Flags {
			if !flagged {
				b.WriteString("\nto look at\n")
				flagged = true
			}
			if i == shownFlags {
				fmt.Fprintf(&b, "  %s: and %d more\n", clipped(c.Name(p)), len(p.Flags)-i)
				break
			}
			fmt.Fprintf(&b, "  %s: %s\n", clipped(c.Name(p)), printable(f.String()))
		}
	}
	if flagged {
		b.WriteString("  " + NoVerdict + "\n")
	}
	for _, p := range c.Papers {
		if p.Err != nil {
			fmt.Fprintf(&b, "can't be read: %s: %s\n", clipped(p.File), printable(p.Err.Error()))
		}
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "note: %s: %s\n", clipped(c.Name(p)), printable(n))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shownFlags of a submission on a terminal: one edit breaks many sums. The table's file and JSON have all.
const shownFlags = 6

// classWords is the class in a line.
func classWords(c *submission.Class) string {
	bad := 0
	for _, p := range c.Papers {
		if p.Err != nil {
			bad++
		}
	}
	s := fmt.Sprintf("%d submissions", len(c.Papers))
	if bad > 0 {
		s += fmt.Sprintf(", of which %d can't be read", bad)
	}
	if c.Guessed {
		return s + fmt.Sprintf("; the class's word is taken to be %q, which most logs say (--class WORD)", clipped(c.Word))
	}
	return s + fmt.Sprintf(" of the class %q", clipped(c.Word))
}

// paperSums are the solved exercises and the points of a paper, in words; None where a later one counts.
func paperSums(p *submission.Paper) (solved, points string) {
	if p.Later != "" {
		return None, None
	}
	n, sum := 0, 0.0
	for _, r := range p.Results {
		sum += r.Mark.Points
		if r.Mark.Solved {
			n++
		}
	}
	return fmt.Sprintf("%d of %d", n, len(p.Results)), fmt.Sprintf("%.0f", sum)
}

func kindsOf(flags []submission.Flag) string {
	var out []string
	for _, kind := range []submission.Kind{submission.Edited, submission.Copied, submission.Impossible} {
		n := 0
		for _, f := range flags {
			if f.Kind == kind {
				n++
			}
		}
		if n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, kind))
		}
	}
	if len(out) == 0 {
		return None
	}
	return strings.Join(out, ", ")
}

// printable keeps what somebody else wrote from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

func clipped(s string) string { return shorten(printable(s), 40) }

// hard is how a class fared with an exercise.
type hard struct {
	Name, Title   string
	Kind          exercise.Kind
	Began, Solved int
	Checks, Hints int
	Points        float64 // mean of those who began
	MedianSeconds float64 // from start to solved, of those who solved; 0 for none
	Share         float64 // of those who began, that solved it
}

// hardness of all exercises that were begun, the hardest first: by the share that solved it, then by points.
func hardness(c *submission.Class) []hard {
	var out []hard
	for _, name := range c.Exercises() {
		h := hard{Name: name}
		var took []float64
		for _, p := range c.Papers {
			r, ok := p.Of(name)
			if !ok {
				continue
			}
			if r.Title != "" {
				h.Title, h.Kind = r.Title, r.Kind
			}
			h.Began, h.Checks, h.Hints, h.Points = h.Began+1, h.Checks+r.Checks, h.Hints+r.Hints, h.Points+r.Mark.Points
			if r.Mark.Solved {
				h.Solved++
			}
			if r.Solved > 0 {
				took = append(took, r.Solved.Seconds())
			}
		}
		if len(took) > 0 {
			slices.Sort(took)
			h.MedianSeconds = took[len(took)/2]
		}
		h.Points /= float64(h.Began)
		h.Share = float64(h.Solved) / float64(h.Began)
		out = append(out, h)
	}
	slices.SortStableFunc(out, func(a, b hard) int {
		switch {
		case a.Share != b.Share && a.Share < b.Share, a.Share == b.Share && a.Points < b.Points:
			return -1
		case a.Share == b.Share && a.Points == b.Points:
			return 0
		}
		return 1
	})
	return out
}

func hardTable(all []hard) *Table {
	t := &Table{Head: []string{"exercise", "kind", "begun by", "solved by", "attempts", "hints", "mean points", "median time"}, Left: 2}
	for _, h := range all {
		took := None
		if h.MedianSeconds > 0 {
			took = minutes(h.MedianSeconds)
		}
		t.Row(clipped(h.Name), string(h.Kind), fmt.Sprint(h.Began), fmt.Sprint(h.Solved), fmt.Sprint(h.Checks), fmt.Sprint(h.Hints), fmt.Sprintf("%.0f", h.Points), took)
	}
	return t
}

// minutes are how a lesson counts.
func minutes(seconds float64) string {
	if seconds < 60 {
		return fmt.Sprintf("%.0f s", seconds)
	}
	return fmt.Sprintf("%.0f min", seconds/60)
}

// Class results as JSON.
type (
	classJSON struct {
		Class       string      `json:"class"`
		Guessed     bool        `json:"class_guessed"`
		Submissions []paperJSON `json:"submissions"`
		NoVerdict   string      `json:"about_flags"`
	}
	paperJSON struct {
		File    string            `json:"file"`
		Error   string            `json:"error,omitempty"`
		Later   string            `json:"superseded_by,omitempty"` // the same learner's later file, which counts instead
		Learner exercise.Learner  `json:"learner"`
		Runs    int               `json:"runs"`
		Results []resultJSON      `json:"results"`
		Flags   []submission.Flag `json:"flags"`
		Notes   []string          `json:"notes"`
	}
	resultJSON struct {
		Exercise string          `json:"exercise"`
		Kind     exercise.Kind   `json:"kind"`
		Mark     exercise.Mark   `json:"mark"`
		First    *exercise.Given `json:"first_prediction,omitempty"`
		Later    *exercise.Given `json:"later_prediction,omitempty"`
		Attempts int             `json:"attempts"`
		Hints    int             `json:"hints"`
		Seconds  float64         `json:"seconds_to_solved,omitempty"`
		Changed  bool            `json:"exercise_changed"`
	}
)

// ClassJSON is all that grading found.
func ClassJSON(c *submission.Class) any {
	out := classJSON{Class: c.Word, Guessed: c.Guessed, NoVerdict: NoVerdict, Submissions: []paperJSON{}}
	for _, p := range c.Papers {
		one := paperJSON{File: p.File, Later: p.Later, Learner: p.Learner, Runs: p.Runs, Results: []resultJSON{}, Flags: slices.Concat([]submission.Flag{}, p.Flags), Notes: slices.Concat([]string{}, p.Notes)}
		if p.Err != nil {
			one.Error = p.Err.Error()
		}
		for _, r := range p.Results {
			one.Results = append(one.Results, resultJSON{r.Exercise, r.Kind, r.Mark, r.First, r.Later, r.Checks, r.Hints, r.Solved.Seconds(), r.Changed})
		}
		out.Submissions = append(out.Submissions, one)
	}
	return out
}
