// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"systemlab/internal/record"
)

// What stands beside a comparison: why nothing is concluded, and what a reader must
// know of its runs.

// refusal says why nothing may be concluded from these rounds; "" where something may.
func refusal(rounds []Pair) string {
	if len(rounds) == 0 {
		return "there is no round with both sides"
	}
	if why := twice(rounds); why != "" {
		return why
	}
	for _, p := range rounds {
		if why, _ := Comparable(p.A, p.B); why != "" {
			return why
		}
		for side, run := range p.sides() {
			first := rounds[0].sides()[side]
			if x, y := first.Stage.Name, run.Stage.Name; x != y {
				return fmt.Sprintf("side %s has runs of more than one stage: %s and %s", sideNames[side], x, y)
			}
			if why, _ := Comparable(first, run); why != "" {
				return why
			}
		}
	}
	if why := invalid(rounds); why != "" {
		return why
	}
	if n := len(rounds); n < LeastRounds {
		return fmt.Sprintf("%s; it takes %d: with five, the same sign in all of them still comes by chance in 6 of 100 cases (sign-flip test)", roundsOf(n), LeastRounds)
	}
	return ""
}

func roundsOf(n int) string {
	if n == 1 {
		return "1 round is too few"
	}
	return fmt.Sprintf("%d rounds are too few", n)
}

// twice finds a run that stands in two places: it would be compared with itself,
// or count as two.
func twice(rounds []Pair) string {
	seen := map[string]bool{}
	for _, p := range rounds {
		for _, run := range p.sides() {
			if run.ID != "" && seen[run.ID] {
				return fmt.Sprintf("run %s stands in more than one place", run.ID)
			}
			seen[run.ID] = true
		}
	}
	return ""
}

// invalid names the runs that can't be concluded from, with the reason of the first.
func invalid(rounds []Pair) string {
	var first string
	more := 0
	for i, p := range rounds {
		for side, run := range p.sides() {
			if badness(run.Verdict.State) < badness(record.Invalid) {
				continue
			}
			if first != "" {
				more++
				continue
			}
			first = fmt.Sprintf("run %s (side %s, round %d) is invalid%s", run.ID, sideNames[side], i+1, worst(run))
		}
	}
	if more > 0 {
		first += fmt.Sprintf("; so are %d more", more)
	}
	return first
}

func worst(run *record.Run) string {
	if len(run.Verdict.Reasons) == 0 {
		return ""
	}
	return ": " + run.Verdict.Reasons[0].Seen
}

// flag notes what a reader must know of the runs.
func (c *Comparison) flag(rounds []Pair) {
	told := map[string]bool{}
	for _, p := range rounds {
		_, flags := Comparable(p.A, p.B)
		for _, f := range flags {
			// Each kind once, with the values of the first round that has it.
			if kind, _, _ := strings.Cut(f, ":"); !told[kind] {
				told[kind] = true
				c.note("%s", f)
			}
		}
		for side, run := range p.sides() {
			if first := rounds[0].sides()[side]; first.Stage.Name == run.Stage.Name && first.Stage.Hash != run.Stage.Hash {
				c.note("side %s is of two versions of %s: it was edited between rounds", sideNames[side], run.Stage.Name)
			}
		}
	}
	c.flagSuspects(rounds)
	c.flagWrong(rounds)
}

func (c *Comparison) flagSuspects(rounds []Pair) {
	runs := map[string]int{}
	var checks []string
	for _, p := range rounds {
		for _, run := range p.sides() {
			for _, check := range suspected(run) {
				if runs[check] == 0 {
					checks = append(checks, check)
				}
				runs[check]++
			}
		}
	}
	for _, check := range checks {
		c.note("suspect in %d of %d runs: %s", runs[check], 2*len(rounds), strings.ReplaceAll(check, "-", " "))
	}
}

// suspected lists the checks by which a run is suspect, each once.
func suspected(run *record.Run) []string {
	var out []string
	for _, reason := range run.Verdict.Reasons {
		if reason.State == record.Suspect && !slices.Contains(out, reason.Check) {
			out = append(out, reason.Check)
		}
	}
	return out
}

// flagWrong: fast because wrong is wrong.
func (c *Comparison) flagWrong(rounds []Pair) {
	var wrong [2]int
	for _, p := range rounds {
		for side, run := range p.sides() {
			wrong[side] += run.Summary.Reads.Wrong
		}
	}
	for side, n := range wrong {
		if n > 0 {
			c.note("side %s answered %d reads wrong: with another row, or a version that no one wrote", sideNames[side], n)
		}
	}
}

// sharedFiles bounds what a stack's memory may differ by when it is as large as
// another's. The kernel charges a page of a file to the container that reads it first
// (cgroup-v1/memory.txt, 2.3), and two stacks of the same images share those pages: the
// same stage took 1 to 3% less as B, in each comparison.
const sharedFiles = 0.05

func (c *Comparison) flagMemory() {
	for _, q := range c.Quantities {
		if q.Name == QuantityMemory && (q.Conclusion == ALower || q.Conclusion == BLower) && q.Ratio > 0 && math.Abs(math.Log(q.Ratio)) < sharedFiles {
			c.note("memory: a file that both stacks read is counted for the one that read it first: a few percent may be no more than that")
		}
	}
}
