// SPDX-License-Identifier: MIT

package submission

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/exercise"
	"systemlab/internal/record"
)

// Options of grading.
type Options struct {
	Exercises []exercise.Exercise // those that are known
	Class     string              // the class's word; "" takes what most logs say
	Tool      string              // version of this lab
}

// Result is a learner's with one exercise.
type Result struct {
	Exercise, Title string
	Kind            exercise.Kind
	Known           bool // the exercise is one of those at hand
	Changed         bool // it is another now than it was for the learner
	Checks, Hints   int
	Mark            exercise.Mark   // concluded again; zero where nothing was checked
	First           *exercise.Given // the prediction that is graded
	Later           *exercise.Given // the last one that was sealed after a measurement
	Ratio           *exercise.Ratio // of a prediction, as this learner measured it
	Solved          time.Duration   // from start to the first check that solved it; 0 where none did
}

// Paper is a submission, graded.
type Paper struct {
	File     string // its name, without the folder
	Learner  exercise.Learner
	Machine  record.Machine
	Created  time.Time
	Runs     int
	Results  []Result
	Flags    []Flag
	Notes    []string // what should be known, and is no flag
	Err      error    // it could not be read: nothing else is set but File
	prints   []fingerprint
	seeds    []seeded
	standing exercise.Logged
	lines    []string // hashes of the log's lines
	// Later is the file of the same learner whose log goes on from this one's; "" where this is the last.
	Later string
}

// seeded is a check with its seed, to be held against the class's word.
type seeded struct {
	exercise string
	seed     int64
}

func (p *Paper) flag(kind Kind, exercise, run, format string, args ...any) {
	f := Flag{kind, exercise, run, fmt.Sprintf(format, args...)}
	if !slices.Contains(p.Flags, f) {
		p.Flags = append(p.Flags, f)
	}
}

func (p *Paper) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(p.Notes, n) {
		p.Notes = append(p.Notes, n)
	}
}

// grader reads one submission.
type grader struct {
	*Paper
	Options
	s     *Submission
	spans []span // of all runs
	seen  map[string]*looked
}

// looked is a run that was looked at.
type looked struct {
	run *record.Run // nil: it can't be used
	sum string
}

// span is when a run was made.
type span struct {
	run, exercise string
	from, to      time.Time
}

// grade concludes one submission again. What is between submissions is not its matter.
func grade(ctx context.Context, number int, s *Submission, o Options) (*Paper, error) {
	g := &grader{Paper: &Paper{Learner: s.Learner, Machine: s.Machine, Created: s.Created}, Options: o, s: s, seen: map[string]*looked{}}
	for _, name := range s.Altered {
		g.flag(Edited, "", "", "%s is not what was packed: its hash is another than in the manifest", name)
	}
	entries := g.readLog()
	for i := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// Others may have done their exercises on the same machine. What they did is in the log, and their runs are not in the file.
		if entries[i].Act == exercise.Checked && entries[i].Learner == g.Learner {
			g.check(number, entries, i)
		}
	}
	g.times(entries)
	g.overlaps()
	g.standing = exercise.Logged{Entries: entries}
	g.lines = hashes(s.Log)
	g.results()
	g.Runs = len(g.spans)
	return g.Paper, nil
}

// known finds an exercise; ok is false where it is not at hand.
func (g *grader) known(name string) (exercise.Exercise, bool) {
	i := slices.IndexFunc(g.Exercises, func(e exercise.Exercise) bool { return e.Name == name })
	if i < 0 {
		return exercise.Exercise{Name: name}, false
	}
	return g.Exercises[i], true
}

// pointSlack is what rounding may take of points.
const pointSlack = 0.5

// check concludes one entry again, in place, from the raw runs.
func (g *grader) check(number int, entries []exercise.Entry, i int) {
	entry := &entries[i]
	g.seeds = append(g.seeds, seeded{entry.Exercise, entry.Seed})
	evidence, whole := g.evidence(number, entries[i:])
	stated := entry.Mark
	entry.Mark = &exercise.Mark{Why: "its runs are not all there, or can't be used"}
	e, ok := g.known(entry.Exercise)
	if !ok {
		entry.Mark.Why = "the exercise is not at hand"
		g.note("the exercise %s is not at hand: --exercises FILE names a file of it", entry.Exercise)
		return
	}
	if !whole {
		if e.Kind == exercise.Predict && stated != nil && stated.Decided {
			// Who could take it out of the way might measure until the points are right.
			entry.Mark = &exercise.Mark{Decided: true, Why: "the runs of the first measurement are not all there, and it is what counts"}
			g.note("runs of a measurement of %s are not all there; it counts, with no points", entry.Exercise)
			return
		}
		later := slices.ContainsFunc(entries[i+1:], func(l exercise.Entry) bool {
			return l.Act == exercise.Checked && l.Exercise == entry.Exercise && l.Learner == entry.Learner
		})
		if later {
			g.note("runs of an earlier check of %s are gone; it is not counted", entry.Exercise)
		}
		return
	}
	mark := e.Mark(entry.Given, entry.Seed, evidence)
	entry.Mark = &mark
	changed := e.Hash() != entry.Hash
	if changed {
		g.note("the exercise %s is another now than it was for this learner", entry.Exercise)
	}
	switch {
	case stated == nil:
		g.flag(Edited, entry.Exercise, "", "the log has a check without a mark")
	case changed || g.otherTool(evidence):
	case stated.Decided != mark.Decided || stated.Solved != mark.Solved || !(math.Abs(stated.Points-mark.Points) <= pointSlack):
		g.flag(Edited, entry.Exercise, "", "the log says %s, the runs say %s", inWords(*stated), inWords(mark))
	}
}

// otherTool tells whether a run was made by another version of lab, which may conclude otherwise.
func (g *grader) otherTool(runs exercise.Evidence) bool {
	for _, part := range runs {
		for _, run := range part {
			if run.Tool != g.Tool {
				g.note("some runs were made by lab %s, this one is %s: marks that differ are not flagged", run.Tool, g.Tool)
				return true
			}
		}
	}
	return false
}

func inWords(m exercise.Mark) string {
	switch {
	case !m.Decided:
		return "not decided"
	case m.Solved:
		return fmt.Sprintf("solved, %.1f points", m.Points)
	}
	return fmt.Sprintf("not solved, %.1f points", m.Points)
}

// evidence reads and looks at the runs of a check, with which the entries begin; whole is false
// where one is missing or of no use.
func (g *grader) evidence(number int, entries []exercise.Entry) (out exercise.Evidence, whole bool) {
	entry := entries[0]
	out, whole = exercise.Evidence{}, len(entry.Runs) > 0
	var machine *record.Machine
	var first *record.Run
	for _, ref := range entry.Runs {
		if !g.s.Has(ref.Run) {
			g.missing(entry, entries[1:], ref.Run)
			whole = false
			continue
		}
		l := g.look(number, entry, ref)
		if l.sum != ref.SHA256 {
			g.flag(Edited, entry.Exercise, ref.Run, "the file is not the one that was measured: its hash is another than in the log")
		}
		if l.run == nil {
			whole = false
			continue
		}
		g.ofCheck(entry, ref.Part, l.run)
		if machine != nil && *machine != l.run.Machine {
			g.flag(Impossible, entry.Exercise, ref.Run, "the machine changed within a check: %d cores, kernel %s, then %d cores, kernel %s", machine.Cores, machine.Kernel, l.run.Machine.Cores, l.run.Machine.Kernel)
		}
		machine = &l.run.Machine
		if first == nil {
			first = l.run
		}
		if why := otherWorkload(l.run, first); why != "" {
			g.flag(Edited, entry.Exercise, ref.Run, "%s", why)
		}
		out[ref.Part] = append(out[ref.Part], l.run)
	}
	return out, whole
}

// missing flags a run that the log names, unless a later check has all of its own.
func (g *grader) missing(entry exercise.Entry, later []exercise.Entry, run string) {
	again := slices.ContainsFunc(later, func(l exercise.Entry) bool {
		return l.Act == exercise.Checked && l.Exercise == entry.Exercise && l.Learner == entry.Learner &&
			!slices.ContainsFunc(l.Runs, func(r exercise.Ref) bool { return !g.s.Has(r.Run) })
	})
	if !again {
		g.flag(Edited, entry.Exercise, run, "the log names this run, and it is not in the file")
	}
}

// look reads a run once: whether it follows from itself and can be, and what it is known by.
func (g *grader) look(number int, entry exercise.Entry, ref exercise.Ref) *looked {
	if l, ok := g.seen[ref.Run]; ok {
		if l.run != nil {
			g.flag(Impossible, entry.Exercise, ref.Run, "the run is evidence of two checks")
		}
		return l
	}
	run, sum, err := g.s.Run(ref.Run)
	l := &looked{run, sum}
	g.seen[ref.Run] = l
	if err == nil && run.ID != ref.Run {
		g.flag(Edited, entry.Exercise, ref.Run, "the file is of the run %s", run.ID)
	}
	if err != nil {
		g.flag(Edited, entry.Exercise, ref.Run, "the run can't be read: %v", err)
		l.run = nil
		return l
	}
	wrong, cannot := edited(run, g.Tool), impossible(run)
	g.Flags = append(g.Flags, wrong.flags(entry.Exercise, ref.Run)...)
	g.Flags = append(g.Flags, cannot.flags(entry.Exercise, ref.Run)...)
	if why := otherSequence(run); why != "" && len(wrong.seen) == 0 { // else the counts themselves are in doubt
		g.flag(Copied, entry.Exercise, ref.Run, "%s", why)
	}
	g.prints = append(g.prints, printOf(number, entry.Exercise, run))
	end := run.Started.Add(time.Duration((run.WarmupSeconds + run.DurationSeconds) * float64(time.Second)))
	g.spans = append(g.spans, span{ref.Run, entry.Exercise, run.Started, end})
	run.Verdict = analysis.Judge(run) // what it says itself is not believed
	return l
}

// mostRounds is how many seeds from the exercise's own on a check may use: each round has the next one.
const mostRounds = 1000

// ofCheck holds a run against the check that it is evidence of.
func (g *grader) ofCheck(entry exercise.Entry, part string, run *record.Run) {
	if why := otherLimits(run, part); why != "" {
		g.flag(Edited, entry.Exercise, run.ID, "%s", why)
	}
	if d := run.Seed - entry.Seed; d < 0 || d >= mostRounds {
		g.flag(Copied, entry.Exercise, run.ID, "its seed is %d, the learner's for this exercise are from %d on", run.Seed, entry.Seed)
	}
}

// results sums up each exercise that was begun.
func (g *grader) results() {
	var names []string
	for _, e := range g.standing.Entries {
		if e.Learner == g.Learner && e.Exercise != "" && !slices.Contains(names, e.Exercise) {
			names = append(names, e.Exercise)
		}
	}
	for _, name := range names {
		g.Results = append(g.Results, g.result(name))
	}
}

func (g *grader) result(name string) Result {
	e, ok := g.known(name)
	stand := g.standing.Stand(name, g.Learner)
	r := Result{Exercise: name, Title: e.Title, Kind: e.Kind, Known: ok, Checks: stand.Checks, Hints: stand.Hints}
	if stand.Mark != nil {
		r.Mark = *stand.Mark
	}
	first := stand.Graded
	if first == nil {
		first = stand.Sealed
	}
	if first != nil {
		r.First = &first.Given
	}
	var began time.Time
	for _, entry := range g.standing.Entries {
		if entry.Exercise != name || entry.Learner != g.Learner {
			continue
		}
		r.Changed = r.Changed || ok && entry.Hash != e.Hash()
		if began.IsZero() {
			began = entry.Time
		}
		switch {
		case entry.Act == exercise.Predicted && first != nil && entry.Time.After(first.Time) && stand.Graded != nil && entry.Given != first.Given:
			r.Later = &entry.Given
		case entry.Act == exercise.Checked && entry.Mark.Solved && r.Solved == 0:
			r.Solved = max(time.Second, entry.Time.Sub(began))
		}
		if entry.Act == exercise.Checked && e.Kind == exercise.Predict && r.Ratio == nil {
			r.Ratio = g.ratio(e, entry)
		}
	}
	return r
}

// ratio is what a check measured of a prediction's ratio; nil where it can't tell.
func (g *grader) ratio(e exercise.Exercise, entry exercise.Entry) *exercise.Ratio {
	runs := exercise.Evidence{}
	for _, ref := range entry.Runs {
		if l := g.seen[ref.Run]; l != nil && l.run != nil {
			runs[ref.Part] = append(runs[ref.Part], l.run)
		}
	}
	if ratio, why := e.Measured(runs); why == "" {
		return &ratio
	}
	return nil
}
