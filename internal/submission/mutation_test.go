// SPDX-License-Identifier: MIT

package submission_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"systemlab/internal/analysis"
	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/internal/submission"
	"systemlab/internal/submission/submissiontest"
)

// countedOnce tells of a number that no other one of a run depends on: what the rest of
// the machine did, and how long the last window stayed open.
func countedOnce(where string) bool {
	return where == "host.cores" || where == "host.steal_cores" || where == "windows[3].seconds"
}

// Edits of one number of one run, each sealed anew as by someone who knows how: at
// least 99 of 100 of those that change a mark by more than a rounding are flagged, of
// numbers that are told more than once.
func TestSingleEdits(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	changed, flagged, once, missed := 0, 0, 0, map[string]int{}
	for number, do := range []func(l *submissiontest.Learner){
		func(l *submissiontest.Learner) { l.Predicts(4.5, 4.8, 0.8) }, // an interval whose points move with the ratio
		func(l *submissiontest.Learner) { l.Attributes("postgres") },
	} {
		l := submissiontest.New(number+40, "Ada")
		do(l)
		check := l.Entries[len(l.Entries)-1]
		for n := range edits() {
			ref := check.Runs[draw.IntN(len(check.Runs))]
			edited, where := mutate(t, draw, l.Runs[ref.Run], n%3)
			if edited == nil {
				continue
			}
			edited.Verdict = analysis.Judge(edited)
			if mark := markWith(l, check, edited); mark.Decided == check.Mark.Decided && mark.Solved == check.Mark.Solved && math.Abs(mark.Points-check.Mark.Points) <= 0.5 {
				continue
			}
			wrong, cannot := submission.Seen(edited, submissiontest.Tool, ref.Part)
			other := submission.OtherWorkload(edited, l.Runs[check.Runs[0].Run]) + submission.OtherWorkload(edited, l.Runs[check.Runs[1].Run])
			switch seen := len(wrong)+len(cannot) > 0 || other != ""; {
			case !seen && countedOnce(where):
				once++
			case !seen:
				missed[where]++
				changed++
			default:
				flagged++
				changed++
			}
		}
	}
	t.Logf("%d edits changed a mark, %d of them flagged; %d more were of numbers that are told once, and not flagged; missed: %v", changed, flagged, once, missed)
	if changed < 20 || float64(flagged) < 0.99*float64(changed) {
		t.Errorf("%d edits changed a mark, %d of them flagged; missed: %v", changed, flagged, missed)
	}
}

// edits of each kind of exercise; LAB_EDITS=N makes more.
func edits() int {
	if n, err := strconv.Atoi(os.Getenv("LAB_EDITS")); err == nil {
		return n
	}
	return 400
}

// markWith is a check's mark with one of its runs edited.
func markWith(l *submissiontest.Learner, check exercise.Entry, edited *record.Run) exercise.Mark {
	evidence := exercise.Evidence{}
	for _, ref := range check.Runs {
		run := l.Runs[ref.Run]
		if edited.ID == run.ID {
			run = edited
		}
		evidence[ref.Part] = append(evidence[ref.Part], run)
	}
	i := slices.IndexFunc(submissiontest.Known(), func(e exercise.Exercise) bool { return e.Name == check.Exercise })
	return submissiontest.Known()[i].Mark(check.Given, check.Seed, evidence)
}

// leaf is one number of a run.
type leaf struct {
	where string
	set   func(v float64)
	was   float64
}

// mutate changes one number: of the summary and the containers, of the windows, or
// of anything. nil where the change is no run any more.
func mutate(t *testing.T, draw *rand.Rand, run *record.Run, kind int) (*record.Run, string) {
	t.Helper()
	text, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	parts := [][]string{{"containers", "host", "summary", "duration_seconds", "architecture"}, {"windows"}, nil}[kind]
	if parts == nil {
		for name := range tree {
			parts = append(parts, name)
		}
		slices.Sort(parts)
	}
	var all []leaf
	for _, name := range parts {
		leaves(name, tree[name], func(v any) { tree[name] = v }, &all)
	}
	one := all[draw.IntN(len(all))]
	by := []float64{0.3, 0.5, 0.8, 0.9, 1.1, 1.25, 2, 3}[draw.IntN(8)]
	v := one.was * by
	if one.was == 0 {
		v = 1
	}
	if one.was == math.Trunc(one.was) {
		v = math.Round(v)
	}
	one.set(v)
	if text, err = json.Marshal(tree); err != nil {
		t.Fatal(err)
	}
	edited, err := record.Read(bytes.NewReader(text))
	if err != nil || v == one.was {
		return nil, ""
	}
	return edited, one.where
}

func leaves(where string, v any, set func(any), all *[]leaf) {
	switch v := v.(type) {
	case float64:
		*all = append(*all, leaf{strings.TrimSpace(where), func(to float64) { set(to) }, v})
	case map[string]any:
		for _, k := range sorted(v) {
			leaves(where+"."+k, v[k], func(to any) { v[k] = to }, all)
		}
	case []any:
		for i := range v {
			leaves(fmt.Sprintf("%s[%d]", where, i), v[i], func(to any) { v[i] = to }, all)
		}
	}
}

func sorted(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
