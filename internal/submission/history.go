// SPDX-License-Identifier: MIT

package submission

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/loadgen"
)

// clockSet is by how much a laptop's clock may be set back when it finds the time
// on a network, and nobody has done anything.
const clockSet = time.Minute

// times looks at the order of acts: it is what a sealed prediction rests on.
func (g *grader) times(entries []exercise.Entry) {
	var last time.Time
	sealed := map[string]*exercise.Entry{}
	measured := map[string]*exercise.Entry{} // what was sealed when the measuring began, whatever is reset or sealed meanwhile
	began := map[string]time.Time{}
	for i := range entries {
		e := &entries[i]
		if e.Time.Before(last.Add(-clockSet)) {
			g.flag(Impossible, e.Exercise, "", "the act %q of %s comes after one of %s", e.Act, stamp(e.Time), stamp(last))
		}
		if e.Time.After(last) {
			last = e.Time
		}
		if e.Learner != g.Learner {
			continue
		}
		if _, ok := began[e.Exercise]; !ok {
			began[e.Exercise] = e.Time
		}
		switch e.Act {
		case exercise.Predicted:
			sealed[e.Exercise] = e
		case exercise.Reset:
			delete(sealed, e.Exercise)
		case exercise.Measuring:
			measured[e.Exercise] = sealed[e.Exercise]
		case exercise.Checked:
			held, ok := measured[e.Exercise]
			if !ok {
				held = sealed[e.Exercise]
			}
			g.after(*e, held, began[e.Exercise])
		}
	}
}

// after holds a check against the prediction before it, and its runs against both.
func (g *grader) after(e exercise.Entry, sealed *exercise.Entry, began time.Time) {
	known, _ := g.known(e.Exercise)
	since, what := began, "the exercise was begun"
	if known.Kind == exercise.Predict {
		switch {
		case sealed == nil:
			g.flag(Impossible, e.Exercise, "", "checked at %s, and no prediction was sealed before", stamp(e.Time))
		case sealed.Given != e.Given:
			g.flag(Edited, e.Exercise, "", "checked was %g to %g, sealed was %g to %g", e.Given.Low, e.Given.High, sealed.Given.Low, sealed.Given.High)
		}
		if sealed != nil {
			since, what = sealed.Time, "the prediction was sealed"
		}
	}
	for _, ref := range e.Runs {
		l := g.seen[ref.Run]
		if l == nil || l.run == nil {
			continue
		}
		run := l.run
		if run.Started.Before(since.Add(-time.Second)) {
			g.flag(Impossible, e.Exercise, "", "%s at %s, and its run %s began before, at %s", what, stamp(since), ref.Run, stamp(run.Started))
			return
		}
		if run.Started.After(e.Time.Add(clockSet)) {
			g.flag(Impossible, e.Exercise, "", "checked at %s, and its run %s began after, at %s", stamp(e.Time), ref.Run, stamp(run.Started))
			return
		}
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// overlaps finds runs that were made at the same time: a check never does that.
func (g *grader) overlaps() {
	slices.SortStableFunc(g.spans, func(a, b span) int { return cmp.Compare(a.from.UnixNano(), b.from.UnixNano()) })
	for i := 1; i < len(g.spans); i++ {
		if a, b := g.spans[i-1], g.spans[i]; b.from.Before(a.to.Add(-time.Second)) {
			g.flag(Impossible, b.exercise, b.run, "it began at %s, before the run %s was over at %s", stamp(b.from), a.run, stamp(a.to))
		}
	}
}

// otherSequence tells whether a run's requests are not those of its seed: the same seed
// gives the same requests, so that how many went to each endpoint is known beforehand.
// "" where they are, or where that can't be told.
func otherSequence(run *record.Run) string {
	pace, err := loadgen.ParsePace(run.Pace)
	if err != nil || pace.Clients() > 0 || len(run.Workload.Mix) < 2 {
		return ""
	}
	s, err := loadgen.NewSequence(loadgen.Order{Mix: run.Workload.Mix, Seed: run.Seed, Users: 1})
	if err != nil {
		return ""
	}
	from, all := 0, 0
	for _, w := range run.Windows {
		if all += w.Asked; w.Warmup {
			from += w.Asked
		}
	}
	if all > mostSequence || all != sum(run.Windows, ended) { // some never left, and which is not known
		return ""
	}
	want := map[string]int{}
	for n := from; n < all; n++ {
		want[s.At(n).Endpoint]++
	}
	asked := map[string]int{}
	for _, e := range run.Summary.Endpoints {
		asked[e.Name] = e.Requests
	}
	// A deletion for which no user has been made yet makes one instead.
	if made := want[loadgen.UserDelete] - asked[loadgen.UserDelete]; made > 0 {
		want[loadgen.UserDelete] -= made
		want[loadgen.UserCreate] += made
	}
	for _, e := range loadgen.Endpoints() {
		if asked[e.Name] != want[e.Name] {
			return fmt.Sprintf("its requests are not those of its seed %d: %d to %s, the seed has %d", run.Seed, asked[e.Name], e.Name, want[e.Name])
		}
	}
	return ""
}

// mostSequence bounds what is computed for one run.
const mostSequence = 1_000_000
