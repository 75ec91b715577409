// SPDX-License-Identifier: MIT

package submission

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"systemlab/internal/exercise"
)

// readLog takes what can be read, and flags what can't.
func (g *grader) readLog() []exercise.Entry {
	lines := bytes.Split(g.s.Log, []byte{'\n'})
	if torn := lines[len(lines)-1]; len(torn) > 0 {
		g.note("the log ends in the middle of a line, as after a crash; that act is not counted")
	}
	lines = lines[:len(lines)-1]
	if err := exercise.Verify(lines); err != nil {
		g.flag(Edited, "", "", "the log's chain is broken: %v", err)
	}
	var entries []exercise.Entry
	for i, line := range lines {
		var e exercise.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			g.flag(Edited, "", "", "line %d of the log can't be read", i+1)
			continue
		}
		entries = append(entries, e)
	}
	// Who handed in is who was named last, by the log and not by the manifest.
	if who, ok := (exercise.Logged{Entries: entries}).Learner(); ok {
		if who != g.s.Learner {
			g.flag(Edited, "", "", "the manifest names %q of class %q, the log %q of class %q", g.s.Learner.Name, g.s.Learner.Class, who.Name, who.Class)
		}
		g.Learner = who
	}
	var others []string
	for _, e := range entries {
		who := e.Learner.Name
		if who == g.Learner.Name {
			who = fmt.Sprintf("%s of class %q", who, e.Learner.Class)
		}
		if e.Learner != g.Learner && e.Learner.Name != "" && !slices.Contains(others, who) {
			others = append(others, who)
		}
	}
	if len(others) > 0 {
		g.note("the log also has acts of %s, which are not counted here", fewOf(others))
	}
	return entries
}

// hashes of a log's whole lines.
func hashes(log []byte) (out []string) {
	lines := bytes.Split(log, []byte{'\n'})
	for _, line := range lines[:len(lines)-1] {
		out = append(out, exercise.HashOf(line))
	}
	return out
}
