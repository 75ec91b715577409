// SPDX-License-Identifier: MIT

package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"systemlab/internal/cli"
)

// Every command's help shows an example, and each example is of that command.
func TestEveryHelpShowsAnExample(t *testing.T) {
	t.Parallel()
	seen := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if strings.HasPrefix(c.CommandPath(), "lab completion") { // cobra's own, with its own words
			return
		}
		seen++
		var out bytes.Buffer
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		if code := cli.Run(t.Context(), cli.Streams{Out: &out, Err: &out}, "test", args); code != 0 {
			t.Errorf("lab %v: exit code %d", args, code)
		}
		text := out.String()
		if !strings.Contains(text, "Examples:\n  "+c.CommandPath()) || !strings.Contains(text, "Usage:") {
			t.Errorf("lab %v:\n%s", args, text)
		}
		for line := range strings.Lines(c.Example) {
			if !strings.HasPrefix(strings.TrimSpace(line), c.CommandPath()) && c.HasParent() {
				t.Errorf("%s: the example %q is of another command", c.CommandPath(), line)
			}
		}
	}
	walk(cli.Root())
	if seen < 16 {
		t.Errorf("%d commands", seen)
	}
}

func TestAsksJSON(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]bool{
		"load --rate x -o json": true, "-ojson load": true, "-o=json": true, "--output json": true, "--output=json": true,
		"": false, "-o": false, "-o text": false, "load json": false, "runs show only json": false, "-- -o json": false,
	} {
		if got := cli.AsksJSON(strings.Fields(args)); got != want {
			t.Errorf("%q: %v", args, got)
		}
	}
}
