// SPDX-License-Identifier: MIT

package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"systemlab/internal/cli"
)

// Every command that the README, the docs and the lessons tell a person to type
// must be one: its words, flags and number of arguments are checked, nothing is run.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../stages/*/README.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	line := regexp.MustCompile("(?m)(?:^|`)(?:bin/)?lab ([a-z-][^`#\n]*)")
	word := regexp.MustCompile(`(?:[^\s"]|"[^"]*")+`) // as a shell takes it
	seen := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range line.FindAllStringSubmatch(string(b), -1) {
			var words []string
			for _, w := range word.FindAllString(m[1], -1) {
				words = append(words, strings.ReplaceAll(w, `"`, ""))
			}
			if strings.ContainsAny(m[1], "[|") || words[0] != strings.ToLower(words[0]) || strings.ToUpper(words[len(words)-1]) == words[len(words)-1] && strings.ContainsAny(words[len(words)-1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
				continue // a pattern such as `lab up STAGE`, not a command to type
			}
			seen++
			if err := cli.Parse(words); err != nil {
				t.Errorf("%s: lab %s: %v", file, m[1], err)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d commands found in %v", seen, files)
	}
}
