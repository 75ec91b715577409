// SPDX-License-Identifier: MIT

package submissiontest

import (
	"bytes"
	"slices"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/internal/submission"
)

// Cheat hands in what a learner measured for a prediction, after something was done to
// it that must be flagged. It is for made runs and for real ones.
type Cheat struct {
	Name   string
	Want   submission.Kind
	HandIn func(l *Learner, path string) error
}

// Cheats with what one learner has.
func Cheats() []Cheat {
	// What was edited gets its mark anew and is sealed anew, as by someone who knows how.
	sealed := func(name string, want submission.Kind, edit func(l *Learner)) Cheat {
		return Cheat{name, want, func(l *Learner, path string) error {
			edit(l)
			l.Remark()
			return l.HandIn(path)
		}}
	}
	return []Cheat{
		sealed("summary", submission.Edited, func(l *Learner) {
			for i := 1; i < len(l.Order); i += 2 {
				postgres(l.run(i)).CPUSecondsPerRequest /= 2
			}
		}),
		sealed("counter", submission.Edited, func(l *Learner) { // and all that is concluded from it
			for i := 1; i < len(l.Order); i += 2 {
				c := postgres(l.run(i))
				l.run(i).Host.StackCores -= c.CoresMean / 2
				c.CPUSecondsPerRequest, c.CPUSeconds, c.CoresMean = c.CPUSecondsPerRequest/2, c.CPUSeconds/2, c.CoresMean/2
			}
		}),
		sealed("histogram", submission.Edited, func(l *Learner) {
			a, b := l.run(0), l.run(2)
			a.Histograms.All, a.Summary.Latency = b.Histograms.All, b.Summary.Latency
		}),
		sealed("window", submission.Edited, func(l *Learner) { l.run(0).Windows[2].OK -= 40 }),
		sealed("dropped", submission.Edited, func(l *Learner) {
			r := l.run(0)
			r.Windows = slices.Delete(r.Windows, 2, 3)
		}),
		sealed("sample", submission.Edited, func(l *Learner) {
			r := l.run(0)
			for i := range r.Samples {
				r.Samples[i].Cores /= 2
			}
		}),
		sealed("cores", submission.Impossible, func(l *Learner) { // more than the machine has
			for i := 0; i < len(l.Order); i += 2 {
				r := l.run(i)
				c, more := postgres(r), float64(r.Machine.Cores)+2
				r.Host.StackCores += more
				c.CPUSeconds, c.CoresMean = c.CPUSeconds+more*r.DurationSeconds, c.CoresMean+more
				c.CPUSecondsPerRequest = c.CPUSeconds / float64(r.Summary.Requests.Sent)
				for j := range r.Samples {
					if r.Samples[j].Container == c.Name {
						r.Samples[j].Cores += more
					}
				}
			}
		}),
		sealed("order", submission.Impossible, func(l *Learner) { l.run(0).Windows[2].StartSeconds -= 0.5 }),
		sealed("machine", submission.Impossible, func(l *Learner) { l.run(5).Machine.Kernel += ".1" }),
		sealed("falls", submission.Impossible, func(l *Learner) { l.run(5).Samples[9].Cores = -0.1 }),
		{"late", submission.Impossible, func(l *Learner, path string) error { // predicted when it was known
			at := slices.IndexFunc(l.Entries, func(e exercise.Entry) bool { return e.Act == exercise.Predicted })
			known := l.run(len(l.Order) - 1).Started.Add(5 * time.Second)
			l.Entries[at].Time, l.Entries[at+1].Time = known, known
			return l.HandIn(path)
		}},
		{"back", submission.Impossible, func(l *Learner, path string) error {
			l.Entries[0].Time = l.Entries[0].Time.Add(time.Hour)
			return l.HandIn(path)
		}},
		{"mark", submission.Edited, func(l *Learner, path string) error {
			l.Entries[len(l.Entries)-1].Mark = &exercise.Mark{Decided: true, Solved: true, Points: 99}
			return l.HandIn(path)
		}},
		{"line", submission.Edited, func(l *Learner, path string) error { // the log, by hand, with nothing sealed anew
			log, files := l.Seal()
			return l.Pack(path, bytes.Replace(log, []byte(`"name":"`), []byte(`"name":"O`), 1), files)
		}},
		{"file", submission.Edited, func(l *Learner, path string) error { // a run, by hand, with nothing sealed anew
			log, files := l.Seal()
			postgres(l.run(3)).CPUSecondsPerRequest /= 3
			files[l.Order[3]] = File(l.run(3))
			return l.Pack(path, log, files)
		}},
		// Runs with other ids, under a name of one's own, and with the seeds that belong to it.
		{"renamed", submission.Copied, func(l *Learner, path string) error {
			l.Steal(exercise.Learner{Name: "Xan", Class: l.Class})
			return l.HandIn(path)
		}},
	}
}

// Steal makes what somebody measured for a prediction the work of another.
func (l *Learner) Steal(thief exercise.Learner) {
	last := &l.Entries[len(l.Entries)-1]
	seed := thief.Seed(last.Exercise)
	for n, id := range slices.Clone(l.Order) {
		r := l.Runs[id]
		r.Seed += seed - last.Seed
		r.ID = id[:len(id)-4] + "ffff"
		delete(l.Runs, id)
		l.Runs[r.ID], l.Order[n] = r, r.ID
		for i := range last.Runs {
			if last.Runs[i].Run == id {
				last.Runs[i].Run = r.ID
			}
		}
	}
	l.Learner = thief
	for i := range l.Entries {
		l.Entries[i].Learner, l.Entries[i].Seed = thief, seed
	}
}

// Remark draws the verdicts and the mark in the log again from the edited runs.
func (l *Learner) Remark() {
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
		for _, known := range l.Known {
			if known.Name == e.Exercise {
				mark := known.Mark(e.Given, e.Seed, evidence)
				e.Mark = &mark
			}
		}
	}
}

// run is the n-th that a learner made.
func (l *Learner) run(n int) *record.Run { return l.Runs[l.Order[n]] }

func postgres(r *record.Run) *record.Container {
	i := slices.IndexFunc(r.Containers, func(c record.Container) bool { return c.Service == "postgres" })
	return &r.Containers[i]
}
