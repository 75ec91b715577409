// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"systemlab/internal/exercise"
	"systemlab/internal/submission"
	"systemlab/internal/submission/submissiontest"
)

// marked is what `lab exercise check -o json` says.
type marked struct {
	Mark    exercise.Mark
	Explain string
	Runs    []exercise.Ref
}

// check an exercise; solved or not, and not decided either, is a result.
func (s *scenario) check(e exercise.Exercise, answer string) marked {
	s.t.Helper()
	c := s.command(append([]string{"exercise", "check", e.Name, "-o", "json"}, strings.Fields(answer)...)...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	err := c.Run()
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code, err = exit.ExitCode(), nil
	}
	var got marked
	err = errors.Join(err, json.Unmarshal(out.Bytes(), &got))
	want := 0
	switch {
	case !got.Mark.Decided:
		want = 13
	case !got.Mark.Solved:
		want = 16
	}
	if err != nil || code != want {
		s.t.Fatalf("lab exercise check %s %s: exit code %d, want %d, %v\n%s%s", e.Name, answer, code, want, err, out.String(), said.String())
	}
	s.t.Logf("%s %q: %+v", e.Name, answer, got.Mark)
	return got
}

// decide checks, and checks again what could not be decided, as a learner would.
func (s *scenario) decide(e exercise.Exercise, answer string) (got marked) {
	s.t.Helper()
	for range 3 {
		if got = s.check(e, answer); got.Mark.Decided {
			break
		}
	}
	return got
}

// try an exercise from its beginning, as an Attempt has it.
func (s *scenario) try(e exercise.Exercise, by exercise.Attempt) marked {
	s.t.Helper()
	s.lab("exercise", "start", e.Name, "--name", "Ada Lovelace", "--class", submissiontest.Word)
	switch e.Kind {
	case exercise.Predict:
		s.lab("exercise", "predict", e.Name, by.Answer)
		by.Answer = ""
	case exercise.Reach, exercise.Survive:
		s.change(e, by.Change)
	}
	return s.decide(e, by.Answer)
}

// change the exercise's stage, which stays as it begins but for that.
func (s *scenario) change(e exercise.Exercise, by exercise.Change) {
	s.t.Helper()
	up := []string{"up", strconv.Itoa(e.Stage)}
	for _, env := range by.Env {
		up = append(up, "--env", env)
	}
	for service, cores := range by.Limits {
		up = append(up, "--limit", service+"="+strconv.FormatFloat(cores, 'f', -1, 64))
	}
	s.lab(up...)
	for service, n := range by.Scale {
		s.lab("scale", service+"="+strconv.Itoa(n))
	}
}

func shipped(t *testing.T) (all []exercise.Exercise) {
	files, err := filepath.Glob(filepath.Join("..", "stages", "*", exercise.File))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		here, err := exercise.Load(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, here...)
	}
	return all
}

// Every exercise that ships with lab is solved by its reference, and not by its
// naive try. Of a riddle exactly one of the faults is the answer.
func TestExercisesSolved(t *testing.T) {
	for _, e := range shipped(t) {
		t.Run(e.Name, func(t *testing.T) {
			s := start(t, "an exercise must be solved by its reference, and not by its naive try")
			t.Setenv("LAB_HOME", t.TempDir())
			s.sides("compare-a", "compare-b", "compare-turns", "exercise-begin")
			if e.Kind == exercise.Diagnose {
				solved := 0
				for _, fault := range e.Diagnose.Faults {
					got := s.try(e, exercise.Attempt{Answer: fault.What + " " + fault.How})
					if !got.Mark.Decided {
						t.Errorf("%s %s: %+v", fault.What, fault.How, got.Mark)
					}
					if got.Mark.Solved {
						solved++
					}
				}
				if solved != 1 {
					t.Errorf("%d of %d faults were the answer", solved, len(e.Diagnose.Faults))
				}
				s.handsIn(e, 100)
				return
			}
			got := s.try(e, e.Reference)
			if !got.Mark.Solved {
				t.Errorf("the reference: %+v", got.Mark)
			}
			s.handsIn(e, got.Mark.Points)
			if e.Kind == exercise.Predict {
				s.lab("exercise", "reset", e.Name)
			}
			if got := s.try(e, e.Naive); !got.Mark.Decided || got.Mark.Solved {
				t.Errorf("the naive try: %+v", got.Mark)
			}
		})
	}
}

// handsIn submits what was done, and grades it: with the same points, and nothing to look at.
func (s *scenario) handsIn(e exercise.Exercise, points float64) {
	s.t.Helper()
	dir := s.t.TempDir()
	s.lab("submit", "--to", filepath.Join(dir, "ada"+submission.Suffix))
	var class struct {
		Submissions []struct {
			Flags   []submission.Flag
			Results []struct {
				Exercise string
				Mark     exercise.Mark
			}
		}
	}
	s.json(&class, "grade", dir, "--class", submissiontest.Word)
	if len(class.Submissions) != 1 || len(class.Submissions[0].Flags) > 0 {
		s.t.Fatalf("%s, handed in: %+v", e.Name, class)
	}
	for _, r := range class.Submissions[0].Results {
		if r.Exercise != e.Name {
			continue
		}
		if math.Abs(r.Mark.Points-points) > 0.5 {
			s.t.Errorf("%s has %.1f points by its log, and %.1f when it is graded", e.Name, points, r.Mark.Points)
		}
		return
	}
	s.t.Errorf("%s, handed in, is not among what is graded: %+v", e.Name, class)
}

// One of them, the quickest to bring up, for every day.
func TestExerciseSolved(t *testing.T) {
	s := start(t, "a prediction must be measured once it is sealed, with the learner's seed, and be kept with its runs")
	t.Setenv("LAB_HOME", t.TempDir())
	s.sides("compare-a", "compare-b")
	all := shipped(t)
	e := all[slices.IndexFunc(all, func(e exercise.Exercise) bool { return e.Name == "pool-worth" })]
	got := s.try(e, e.Reference)
	if !got.Mark.Solved || got.Mark.Points < 50 || got.Explain == "" || len(got.Runs) != 12 {
		t.Errorf("%+v, %d runs", got.Mark, len(got.Runs))
	}
	var run struct{ Seed int64 }
	s.json(&run, "runs", "show", got.Runs[0].Run)
	if first := (exercise.Learner{Name: "Ada Lovelace", Class: submissiontest.Word}).Seed(e.Name); run.Seed != first {
		t.Errorf("the first round has the seed %d, the learner's is %d", run.Seed, first)
	}
	if said := s.fails(11, "exercise", "predict", e.Name, "1..2"); !strings.Contains(said, "measuring it has begun") {
		t.Error(said)
	}
	t.Run("in a class", func(t *testing.T) { s.inAClass(t, e) })
	t.Run("after a cheat", func(t *testing.T) { s.afterACheat(t, e) })
}

// inAClass hands in what was measured, among thirty whose runs are made: each cheat of
// theirs is flagged, and nobody honest is.
func (s *scenario) inAClass(t *testing.T, e exercise.Exercise) {
	real, err := submissiontest.Real(os.Getenv("LAB_HOME"), e)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	want := map[string]submission.Kind{"real" + submission.Suffix: ""}
	s.lab("submit", "--to", filepath.Join(dir, "real"+submission.Suffix))
	for _, copies := range []bool{false, true} { // a copy needs its original
		for _, h := range submissiontest.Class(real.Tool) {
			if copies == (h.Of != "") {
				want[h.File+submission.Suffix] = h.Want
				if err := h.Make(filepath.Join(dir, h.File+submission.Suffix)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	class, err := submission.Grade(t.Context(), dir, submission.Options{Exercises: append(submissiontest.Known(), e), Tool: real.Tool}, nil)
	if err != nil || len(class.Papers) != len(want) {
		t.Fatalf("%d papers of %d: %v", len(class.Papers), len(want), err)
	}
	for _, p := range class.Papers {
		kind := want[p.File]
		if p.Err != nil || kind == "" && len(p.Flags) > 0 || kind != "" && !flagged(p, kind) {
			t.Errorf("%s, to be flagged as %q: %v %v", p.File, kind, p.Err, p.Flags)
		}
	}
	mine := class.Papers[slices.IndexFunc(class.Papers, func(p *submission.Paper) bool { return p.File == "real"+submission.Suffix })]
	if r, _ := mine.Of(e.Name); !r.Mark.Solved {
		t.Errorf("%+v", r)
	}
}

// afterACheat hands in what was measured with something done to it, a cheat at a time.
func (s *scenario) afterACheat(t *testing.T, e exercise.Exercise) {
	for _, cheat := range submissiontest.Cheats() {
		t.Run(cheat.Name, func(t *testing.T) {
			l, err := submissiontest.Real(os.Getenv("LAB_HOME"), e)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if cheat.Want == submission.Copied {
				s.lab("submit", "--to", filepath.Join(dir, "real"+submission.Suffix))
			}
			if err := cheat.HandIn(l, filepath.Join(dir, "cheat"+submission.Suffix)); err != nil {
				t.Fatal(err)
			}
			class, err := submission.Grade(t.Context(), dir, submission.Options{Exercises: []exercise.Exercise{e}, Tool: l.Tool}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range class.Papers {
				if p.Err != nil || !flagged(p, cheat.Want) {
					t.Errorf("%s, to be flagged as %q: %v %v", p.File, cheat.Want, p.Err, p.Flags)
				}
			}
		})
	}
}

func flagged(p *submission.Paper, kind submission.Kind) bool {
	return slices.ContainsFunc(p.Flags, func(f submission.Flag) bool { return f.Kind == kind })
}
