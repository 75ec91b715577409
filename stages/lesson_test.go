// SPDX-License-Identifier: MIT

package stages_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shape is the order in which every lesson leads through its stage.
var shape = []string{"The problem", "The idea", "The picture", "Predict", "Run", "Look", "Explain", "What it cost", "What a real system does further", "Sources"}

// sections are the second headings of a lesson, in their order, and what stands below
// each, without comments.
func sections(lesson string) (headings []string, below map[string]string) {
	below = map[string]string{}
	inCode := false
	for line := range strings.Lines(regexp.MustCompile(`(?s)<!--.*?-->`).ReplaceAllString(lesson, "")) {
		if strings.HasPrefix(line, "```") {
			inCode = !inCode
		}
		if h, ok := strings.CutPrefix(line, "## "); ok && !inCode {
			headings = append(headings, strings.TrimSpace(h))
		} else if len(headings) > 0 {
			below[headings[len(headings)-1]] += line
		}
	}
	return headings, below
}

func TestEveryLessonHasTheShape(t *testing.T) {
	t.Parallel()
	question := regexp.MustCompile(`(?ms)^\d\. .*?\?`)
	source := regexp.MustCompile(`(?m)^- `)
	for _, s := range all(t) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join(filepath.Dir(s.File), "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			headings, below := sections(string(b))
			if diff := cmp.Diff(shape, headings); diff != "" {
				t.Errorf("headings (-want +got):\n%s", diff)
			}
			for _, h := range shape {
				if len(strings.Fields(below[h])) < 5 {
					t.Errorf("nothing below %q", h)
				}
			}
			if !strings.Contains(below["The picture"], "```mermaid\n") {
				t.Error("no picture")
			}
			if n := len(question.FindAllString(below["Predict"], -1)); n < 2 || n > 3 {
				t.Errorf("%d questions to predict", n)
			}
			for n := range strings.Count(below["Predict"], "\n") {
				if mark := "\n" + string(rune('1'+n)) + ". "; strings.Contains("\n"+below["Predict"], mark) && !strings.Contains("\n"+below["Explain"], mark) {
					t.Errorf("question %d has no answer", n+1)
				}
			}
			if !strings.Contains(below["Run"], "\nlab up ") || !strings.Contains(below["Run"], "\nlab load ") {
				t.Error("nothing to run")
			}
			if _, problem, _ := strings.Cut(string(b), "## The problem"); !strings.Contains(problem[:strings.Index(problem, "\n## ")], "<!-- cell ") {
				t.Error("the problem quotes no measured number")
			}
			if !strings.Contains(string(b), "<!-- table ") {
				t.Error("no measured table")
			}
			if n := len(source.FindAllString(below["Sources"], -1)); n < 3 {
				t.Errorf("%d sources", n)
			}
		})
	}
}
