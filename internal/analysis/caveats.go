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

// unfit says why nothing may be concluded from these rounds, however many there are;
// "" where something may.
func unfit(rounds []Pair) string {
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
	return invalid(rounds)
}

func tooFew(n int) string {
	are := fmt.Sprintf("%d rounds are", n)
	if n == 1 {
		are = "1 round is"
	}
	return fmt.Sprintf("%s too few; it takes %d: with five, the same sign in all of them still comes by chance in 6 of 100 cases (sign-flip test)", are, LeastRounds)
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
	c.flagTurns(rounds)
	c.flagWrong()
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
func (c *Comparison) flagWrong() {
	for i, side := range []Side{c.A, c.B} {
		if side.Wrong > 0 {
			c.note("side %s answered %d reads wrong: with another row, or a version that no one wrote", sideNames[i], side.Wrong)
		}
	}
}

// failingMore of its requests is clearly more than the other side: a hundredth can be
// all of the p99, and what came in a few rounds alone no interval tells.
const failingMore = 0.01

// despite says what stands beside all that a side is faster or cheaper in: that it is
// so because it is wrong, or may be.
func (c Comparison) despite() []string {
	var lines []string
	a, b := c.A.failedShare(), c.B.failedShare()
	concluded := c.errors()
	switch {
	case concluded == ALower || b-a > failingMore:
		lines = append(lines, fastFailures("B", b, a))
	case concluded == BLower || a-b > failingMore:
		lines = append(lines, fastFailures("A", a, b))
	}
	for i, side := range []Side{c.A, c.B} {
		if side.Wrong > 0 {
			lines = append(lines, fmt.Sprintf("But %s answered %d reads wrong: what it is faster or cheaper in, it may be because it is wrong.", strings.ToUpper(sideNames[i]), side.Wrong))
		}
	}
	return lines
}

func fastFailures(side string, share, other float64) string {
	return fmt.Sprintf("But latency and CPU a request of %s include %.3g%% of requests that failed (the other side's %.3g%%): what it is faster or cheaper in, it may be because it is wrong.",
		side, 100*share, 100*other)
}

// errors is what was concluded of the error rate.
func (c Comparison) errors() string {
	i := slices.IndexFunc(c.Quantities, func(q Quantity) bool { return q.Name == QuantityErrors })
	if i < 0 {
		return ""
	}
	return c.Quantities[i].Conclusion
}

// turnsInOneStack is what a reader must know of stages that took turns in one stack.
const turnsInOneStack = "the stages took turns in one stack: a box that not all of them have (a cache) was begun anew for a turn, and is less warm than it would be side by side"

// inTurns tells whether runs of two stages were made in one and the same stack.
func inTurns(a, b *record.Run) bool {
	return a.Round != nil && b.Round != nil && a.Round.Comparison == b.Round.Comparison && a.Project != "" && a.Project == b.Project && a.Stage.Name != b.Stage.Name
}

func (c *Comparison) flagTurns(rounds []Pair) {
	if slices.ContainsFunc(rounds, func(p Pair) bool { return inTurns(p.A, p.B) }) {
		c.note(turnsInOneStack)
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
