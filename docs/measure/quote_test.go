// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the lessons say of a measurement must be what was measured last.
func TestQuotationsAreWhatTheTablesSay(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	changed, err := quote(root)
	if err != nil {
		t.Fatal(err)
	}
	for file := range changed {
		t.Errorf("%s quotes what its table does not say: go run ./docs/measure quotes", file)
	}
	files, _ := lessons(root)
	seen := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := len(quotation.FindAll(b, -1))
		if all := strings.Count(string(b), "<!-- cell"); n != all {
			t.Errorf("%s: %d of %d quotations can be read", file, n, all)
		}
		for _, line := range strings.Split(string(b), "\n") {
			if strings.HasPrefix(strings.TrimLeft(line, " -.0123456789"), "<!-- cell") {
				t.Errorf("%s: a line or an item must not begin with a quotation, or Markdown hides all of it: %s", file, line)
			}
		}
		seen += n
	}
	if seen < 30 {
		t.Errorf("only %d quotations found", seen)
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	const table = "<!-- table heavy -->\n| | failed | p99 user |\n|---|---:|---:|\n| stage 4 (suspect) | 0 | 55 ms |\n\nMeasured.\n<!-- end -->\n"
	cases := []struct{ name, text, want, says string }{
		{"a value of before", "from <!-- cell heavy|stage 4|p99 user -->7 ms<!-- . --> on", "from <!-- cell heavy|stage 4|p99 user -->55 ms<!-- . --> on", ""},
		{"one that is right", "a <!-- cell heavy|stage 4|failed -->0<!-- . -->", "", ""},
		// SAD PATH
		{"no such row", "a <!-- cell heavy|stage 5|failed -->0<!-- . -->", "", "stage 5"},
		{"no such column", "a <!-- cell heavy|stage 4|p50 -->0<!-- . -->", "", "p50"},
		{"no such table", "a <!-- cell light|stage 4|failed -->0<!-- . -->", "", "light"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			lesson := filepath.Join(root, "stages", "01-base", "README.md")
			if err := os.MkdirAll(filepath.Dir(lesson), 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range map[string]string{lesson: c.text, filepath.Join(root, "README.md"): table} {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			changed, err := quote(root)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Fatalf("error %v, want one that says %q", err, c.says)
			}
			if changed[lesson] != c.want {
				t.Errorf("%q, want %q", changed[lesson], c.want)
			}
		})
	}
}
