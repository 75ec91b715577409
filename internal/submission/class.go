// SPDX-License-Identifier: MIT

package submission

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
)

// Class is all that was handed in, graded.
type Class struct {
	Word    string // of the class
	Guessed bool   // it was not given: most logs say it
	Papers  []*Paper
	Others  []string // files in the folder that are no submissions, by their names
	Known   []exercise.Exercise
}

// Grade reads and grades every submission in a folder. One that can't be read has a
// paper with its error, and stops nobody else's.
func Grade(ctx context.Context, dir string, o Options, tell func(file string, at, all int)) (*Class, error) {
	names, others, err := files(dir)
	if err != nil {
		return nil, err
	}
	c := &Class{Word: o.Class, Others: others, Known: o.Exercises, Papers: make([]*Paper, len(names))}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	var telling sync.Mutex
	done := 0
	for i, name := range names {
		group.Go(func() error {
			p, err := gradeFile(ctx, i, filepath.Join(dir, name), o)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				p = &Paper{Err: err}
			}
			p.File, c.Papers[i] = name, p
			telling.Lock()
			defer telling.Unlock()
			if done++; tell != nil {
				tell(name, done, len(names))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	c.again()
	c.seeds()
	c.copied()
	return c, nil
}

// gradeFile grades one. Somebody else made it: whatever it makes fail, it stops nobody else's.
func gradeFile(ctx context.Context, number int, path string, o Options) (p *Paper, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, problem.Newf(problem.Internal, "look at the file by hand: it is a tar", "%s can't be graded: %v", path, r)
		}
	}()
	s, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	return grade(ctx, number, s, o)
}

// named as a submission is, also after a browser or a learning platform has told two of
// one name apart: ada.lab.tar, ada.lab (1).tar.
var named = regexp.MustCompile(`(?i)\.lab[^.]*\.tar$`)

// files of a folder that look like submissions, by name, and those that don't; what grading
// itself writes is neither.
func files(dir string) (out, others []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, problem.Wrap(err, problem.NotFound, "the folder can't be read", "lab grade DIR reads all files in DIR that end in "+Suffix)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case e.IsDir() || strings.HasPrefix(name, "."):
		case named.MatchString(name):
			out = append(out, name)
		case !slices.Contains([]string{".csv", ".html", ".htm"}, strings.ToLower(filepath.Ext(name))):
			others = append(others, name)
		}
	}
	if len(out) == 0 {
		return nil, nil, problem.Newf(problem.NotFound, "lab submit makes them", "there is no submission in %s: none of %d other files ends in %s", dir, len(others), Suffix)
	}
	slices.Sort(out)
	return out, others, nil
}

// Name of a paper for the class: with the file where two learners have the same one.
func (c *Class) Name(p *Paper) string {
	if p.Err != nil || p.Learner.Name == "" {
		return p.File
	}
	same := 0
	for _, other := range c.Papers {
		if other.Err == nil && other.Learner.Name == p.Learner.Name {
			same++
		}
	}
	if same > 1 {
		return p.Learner.Name + " (" + p.File + ")"
	}
	return p.Learner.Name
}

// again finds who handed in twice: the log of the later file goes on where that of the earlier
// one ended. Two files with one and the same log are no such thing, but a copy.
func (c *Class) again() {
	for _, early := range c.Papers {
		last := len(early.lines)
		for _, late := range c.Papers {
			if n := len(early.lines); n > 0 && len(late.lines) > last && late.lines[n-1] == early.lines[n-1] && late.Learner == early.Learner {
				early.Later, last = late.File, len(late.lines)
			}
		}
		if early.Later != "" {
			early.note("%s", early.superseded())
			early.Results = nil
		}
	}
}

// superseded says which file counts instead.
func (p *Paper) superseded() string {
	return "the same learner handed in more later: " + p.Later + " is what counts"
}

// seeds holds each check's seed against the learner's name and the class's word.
func (c *Class) seeds() {
	if c.Word == "" {
		c.Guessed, c.Word = true, c.majority()
	}
	for _, p := range c.Papers {
		if p.Err == nil && p.Learner.Class != c.Word {
			p.flag(Copied, "", "", "the class's word in its log is %q, not %q: its seeds are of another class", p.Learner.Class, c.Word)
			continue
		}
		for _, s := range p.seeds {
			if want := p.Learner.Seed(s.exercise); s.seed != want {
				p.flag(Copied, s.exercise, "", "its seed is %d, but %q of class %q has %d", s.seed, p.Learner.Name, p.Learner.Class, want)
			}
		}
	}
}

// majority is the word that most logs have; of as many the first by name.
func (c *Class) majority() string {
	n := map[string]int{}
	best := ""
	for _, p := range c.Papers {
		if p.Err == nil {
			n[p.Learner.Class]++
		}
	}
	for word, times := range n {
		if times > n[best] || times == n[best] && word < best {
			best = word
		}
	}
	return best
}

// copied flags both sides of what is the same in two submissions, and what is twice in one.
func (c *Class) copied() {
	var all []fingerprint
	for _, p := range c.Papers {
		all = append(all, p.prints...)
	}
	for who, s := range copies(all) {
		a, b := c.Papers[who.a], c.Papers[who.b]
		switch {
		case who.a == who.b:
			a.flag(Copied, who.exercise, "", "the run %s has the same windows or samples as %s of the same submission", fewOf(s.as), fewOf(s.bs))
		case a.Learner == b.Learner && (a.Later != "" || b.Later != ""): // their own, handed in twice
		default:
			a.flag(Copied, who.exercise, "", "%d runs (%s) are also in the submission of %s%s", len(s.as), fewOf(s.as), c.Name(b), otherNames(s.as, s.bs))
			b.flag(Copied, who.exercise, "", "%d runs (%s) are also in the submission of %s%s", len(s.bs), fewOf(s.bs), c.Name(a), otherNames(s.bs, s.as))
		}
	}
	for _, p := range c.Papers {
		slices.SortStableFunc(p.Flags, func(a, b Flag) int { return strings.Compare(a.String(), b.String()) })
	}
}

// otherNames says what runs are called there, where it is something else.
func otherNames(here, there []string) string {
	if slices.Equal(here, there) {
		return ""
	}
	return fmt.Sprintf(", as %s", fewOf(there))
}

// Exercises that anyone began: the known ones in their order, then others by name.
func (c *Class) Exercises() []string {
	var out, others []string
	began := func(name string) bool {
		return slices.ContainsFunc(c.Papers, func(p *Paper) bool {
			return slices.ContainsFunc(p.Results, func(r Result) bool { return r.Exercise == name })
		})
	}
	for _, e := range c.Known {
		if began(e.Name) {
			out = append(out, e.Name)
		}
	}
	for _, p := range c.Papers {
		for _, r := range p.Results {
			if !slices.Contains(out, r.Exercise) && !slices.Contains(others, r.Exercise) {
				others = append(others, r.Exercise)
			}
		}
	}
	slices.Sort(others)
	return append(out, others...)
}

// Of is a paper's result with an exercise; ok is false where it was not begun.
func (p *Paper) Of(exercise string) (Result, bool) {
	i := slices.IndexFunc(p.Results, func(r Result) bool { return r.Exercise == exercise })
	if i < 0 {
		return Result{Exercise: exercise}, false
	}
	return p.Results[i], true
}

// FlagsOf are a paper's flags of an exercise, and those of the submission as a whole.
func (p *Paper) FlagsOf(exercise string) (out []Flag) {
	for _, f := range p.Flags {
		if f.Exercise == "" || f.Exercise == exercise {
			out = append(out, f)
		}
	}
	return out
}
