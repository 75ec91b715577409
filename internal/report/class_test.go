// SPDX-License-Identifier: MIT

package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"systemlab/internal/exercise"
	"systemlab/internal/report"
	"systemlab/internal/submission"
)

// class is four who predicted, of whom one could not be read.
func class() *submission.Class {
	measured := &exercise.Ratio{Value: 5, Low: 4.8, High: 5.2}
	paper := func(name string, low, high, sure float64, solved bool) *submission.Paper {
		mark := exercise.Mark{Decided: true, Solved: solved}
		if solved {
			mark.Points = 80
		}
		return &submission.Paper{File: "f.lab.tar", Learner: exercise.Learner{Name: name, Class: "spring"}, Runs: 12, Results: []submission.Result{
			{Exercise: "cache-takes", Title: "What the cache takes", Kind: exercise.Predict, Known: true, Checks: 1, Mark: mark, First: &exercise.Given{Low: low, High: high, Sure: sure}, Ratio: measured},
			{Exercise: "who", Title: "Who binds", Kind: exercise.Attribute, Known: true, Checks: 2, Hints: 1, Mark: exercise.Mark{Decided: true, Solved: true, Points: 100}, Solved: 3 * time.Minute},
		}}
	}
	bad := paper("<script>alert(1)</script>\x1b[31m", 1, 2, 0.9, false)
	bad.Flags = []submission.Flag{{Kind: submission.Edited, Exercise: "cache-takes", Run: "r", Seen: "a sum <b>does not</b> follow"}}
	bad.Results[0].Later = &exercise.Given{Low: 4, High: 6, Sure: 0.8}
	return &submission.Class{Word: "spring", Known: []exercise.Exercise{{Name: "who", Kind: exercise.Attribute}, {Name: "cache-takes", Title: "What the cache takes", Kind: exercise.Predict}},
		Papers: []*submission.Paper{paper("Ada", 3, 8, 0.8, true), paper("Bob", 4, 6, 0.8, true), bad, {File: "none.lab.tar", Err: errors.New("is not a submission")}}}
}

func TestClassText(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.WriteClass(&b, class()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{`4 submissions, of which 1 can't be read of the class "spring"`, "Ada", "2 of 2", "1 edited", "a sum <b>does not</b> follow", "no verdict", "can't be read: none.lab.tar: is not a submission", "3 min"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("a name steers the terminal")
	}
	if hard, easy := strings.Index(text, "cache-takes  predict"), strings.Index(text, "who          attribute"); hard < 0 || easy < hard {
		t.Errorf("the hardest is not first:\n%s", text)
	}
}

func TestClassPage(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.WriteClassHTML(&b, class(), "lab grade in", time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"Exercises of the class spring", "What was hard", "Before: what was sealed", "After: sealed again", "Calibration of the class", "75% to 85%", "85% to 95%", "It is no verdict", "&lt;b&gt;does not", "none.lab.tar"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, bad := range []string{"<script", "http:", "https:", "NaN", "Inf", "\x1b"} {
		if strings.Contains(strings.ReplaceAll(page, "http://www.w3.org/2000/svg", ""), bad) {
			t.Errorf("%q on the page", bad)
		}
	}
	if _, err := html.Parse(strings.NewReader(page)); err != nil {
		t.Error(err)
	}
	if figures, tables := strings.Count(page, "<svg"), strings.Count(page, "<table"); figures != 3 || tables < figures+2 {
		t.Errorf("%d figures, %d tables", figures, tables)
	}
	b.Reset()
	if err := report.WriteClassHTML(&b, &submission.Class{}, "", time.Time{}); err != nil || !strings.Contains(b.String(), "Nothing was flagged") {
		t.Errorf("of nobody: %v", err)
	}
}

func TestClassJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, report.ClassJSON(class())); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Class       string
		Submissions []struct {
			File, Error string
			Flags       []submission.Flag
			Results     []struct {
				Exercise string
				Mark     exercise.Mark
				Attempts int
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Class != "spring" || len(got.Submissions) != 4 || got.Submissions[3].Error == "" || len(got.Submissions[2].Flags) != 1 || got.Submissions[0].Results[1].Attempts != 2 || got.Submissions[0].Results[0].Mark.Points != 80 {
		t.Errorf("%+v", got)
	}
}
