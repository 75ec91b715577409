// SPDX-License-Identifier: MIT

package lesson_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"systemlab/internal/lesson"
)

func TestRender(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, in, want string }{
		{"headings", "# One\n## Two\n### Three\n", "One\n═══\n\nTwo\n───\n\nThree\n"},
		{"a paragraph, with its looks", "Some *light* and **strong** `code`.\nOn it goes [here](a.md), and [there](https://b.example).\n",
			"Some light and strong `code`. On it goes here,\nand there (https://b.example).\n"},
		{"a hard end of a line", "one\\\ntwo\n", "one\ntwo\n"},
		{"lists", "- a\n- b\n  1. c\n  2. d and more than there is room for on a line\n", "  • a\n  • b\n      1. c\n      2. d and more than there is room for on a\n         line\n"},
		{"code is not wrapped", "```\nlab load --rate 200 --duration 30s --workload mixed --seed 7\n```\n", "    lab load --rate 200 --duration 30s --workload mixed --seed 7\n"},
		{"a table", "| | p99 |\n|---|---:|\n| a | 1 ms |\n| longer | 12 ms |\n", "          p99\n──────  ─────\na        1 ms\nlonger  12 ms\n"},
		{"a table that is too wide", "| what | how |\n|---|---|\n| a name | many words that must go below each other in here |\n",
			"what    how\n──────  ────────────────────────────────────────\na name  many words that must go below each other\n        in here\n"},
		{"one that can't be narrow enough", "| what | incomprehensibilities | counterrevolutionaries |\n|---|---|---|\n| a | 1 | incomprehensibilities |\n| b | 2 |\n",
			"a\n  incomprehensibilities 1\n  counterrevolutionaries incomprehensibilities\nb\n  incomprehensibilities 2\n  counterrevolutionaries\n"},
		{"comments are for programs", "a <!-- cell x|y|z -->5 ms<!-- . --> b\n\n<!-- table x -->\n\nc\n", "a 5 ms b\n\nc\n"},
		{"a quotation", "> said\n", "│ said\n"},
		{"a drawing", "```mermaid\nflowchart LR\n  client -->|\":80\"| nginx\n  nginx --> a1[api 1] & a2[\"api 2 (busy)\"]\n  a1 & a2 ==> db[(postgres)] -.-> copy\n  subgraph one\n  x1[lb, of two]\n  end\n  x1 & db <-.->|VRRP| copy\n```\n",
			"  client → nginx (:80)\n  nginx → api 1, api 2 (busy)\n  api 1, api 2 (busy) → postgres\n  postgres ⇢ copy\n  lb, of two and postgres ↔ copy (VRRP)\n"},
		// SAD PATH
		{"a drawing of another kind", "```mermaid\nsequenceDiagram\n  a->>b: hello\n```\n", "    sequenceDiagram\n      a->>b: hello\n"},
		{"no text", "", "\n"},
		{"what a terminal would obey", "a\x1b[31mb\x1b]0;title\x07c\x07\n", "abc\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, lesson.Render(c.in, lesson.Options{Width: 48})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestUntil(t *testing.T) {
	t.Parallel()
	const in = "# A\n## Predict\none\n### More\ntwo\n```\n# no heading\n```\n## Run it\nthree\n"
	for section, want := range map[string]string{
		"predict": "# A\n## Predict\none\n### More\ntwo\n```\n# no heading\n```\n",
		"More":    "# A\n## Predict\none\n### More\ntwo\n```\n# no heading\n```\n",
		"RUN IT":  in, "A": in, "no heading": "", "": "",
	} {
		got, ok := lesson.Until(in, section)
		if ok != (want != "") || ok && got != want {
			t.Errorf("Until %q: %v, %q", section, ok, got)
		}
	}
}

func TestTitle(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"# A *new* `one`\ntext\n# B\n": "A new `one`", "text\n": "", "": ""} {
		if got := lesson.Title(in); got != want {
			t.Errorf("Title(%q) = %q", in, got)
		}
	}
}

// Every line must stand alone, or a pager loses the looks; and colours change no word.
func TestColoursChangeNoWord(t *testing.T) {
	t.Parallel()
	in := "# A title that is longer than a line has room for\n- **strong words over more than one line** and *light*\n\n| **a** | b |\n|---|---|\n| c | d |\n"
	plain, coloured := lesson.Render(in, lesson.Options{Width: 30}), lesson.Render(in, lesson.Options{Width: 30, Color: true})
	if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[1") {
		t.Errorf("escape codes in %q, or none in %q", plain, coloured)
	}
	if diff := cmp.Diff(plain, ansi.Strip(coloured)); diff != "" {
		t.Errorf("(-plain +coloured):\n%s", diff)
	}
	for _, line := range strings.Split(coloured, "\n") {
		if strings.Count(line, "\x1b[0m")*2 != strings.Count(line, "\x1b[") {
			t.Errorf("not closed: %q", line)
		}
	}
}

// The lessons of this repository: nothing is left of the Markdown, and no line is too
// long but one of code.
func TestEveryLesson(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../stages/*/README.md")
	if err != nil || len(files) < 8 {
		t.Fatalf("%v, %v", files, err)
	}
	code := regexp.MustCompile("`[^`]*`")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{60, 80, 100} {
			text := lesson.Render(string(b), lesson.Options{Width: width})
			for _, line := range strings.Split(text, "\n") {
				if ansi.StringWidth(line) > width && !strings.HasPrefix(line, "    ") {
					t.Errorf("%s at %d: %s", file, width, line)
				}
			}
			for _, mark := range []string{"**", "<!--", "-->", "](", "mermaid", "|--"} {
				if strings.Contains(code.ReplaceAllString(text, ""), mark) {
					t.Errorf("%s: %q is left", file, mark)
				}
			}
			if !strings.Contains(text, "\n  client → ") {
				t.Errorf("%s: no drawing", file)
			}
		}
		// Each item of a list is there: an HTML comment at its start would hide it.
		if n, want := strings.Count(lesson.Render(string(b), lesson.Options{Width: 100}), "\n  3. "), strings.Count(string(b), "\n3. "); n != want {
			t.Errorf("%s: %d of %d third items", file, n, want)
		}
	}
}

// A lesson may be anybody's: whatever it holds is drawn.
func TestAnyTextIsDrawn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := []string{"# ", "- ", "1. ", "| a | b |\n|---|--:|\n", "| ", "```mermaid\n", "```\n", "\n", "\n\n", "**", "`", "<!-- ", " -->", "> ", "a --> b", "& ", "word ", "[x](y)", "\t", "\x1b[", "é", "漢字 "}
		in := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "pieces"), "")
		lesson.Title(in)
		lesson.Render(in, lesson.Options{Width: rapid.IntRange(-1, 120).Draw(t, "width"), Color: rapid.Bool().Draw(t, "color")})
	})
}
