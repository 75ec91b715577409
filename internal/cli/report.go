// SPDX-License-Identifier: MIT

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/analysis"
	"systemlab/internal/problem"
	"systemlab/internal/report"
	"systemlab/internal/tui"
)

// pageName is where a page goes that is given no name.
const pageName = "report.html"

func (a *app) reportCmd() *cobra.Command {
	to := pageFlag{app: a, file: pageName}
	alone := false
	c := &cobra.Command{
		Use:   "report RUN | COMPARISON | SEARCH ...",
		Short: "Make one HTML page of saved runs: charts, tables, verdicts",
		Long: `Makes one self-contained page of saved runs: the architecture, latency and CPU over time, the
distribution of latency, containers, verdicts, and the commands that repeat them. It loads nothing and
needs no script; it can be mailed, printed and kept. Several runs stand side by side first.

A comparison (c-…) or a search for capacity (k-…) is one section, of all its saved runs; a run of it
stands for all of them, unless --alone is given. lab runs list names them.`,
		Example: "  lab report last\n  lab report last -o cache.html\n  lab report demo-4 demo-5 -o both.html\n  lab report c-20261121-101530",
		Args:    cobra.MinimumNArgs(1), ValidArgsFunction: completeShownRuns(a),
		RunE: func(_ *cobra.Command, args []string) error { return a.runReport(args, to.file, alone) },
	}
	// It takes the place of the global -o, and understands it: json is a format, not a file.
	c.Flags().VarP(&to, "output", "o", "the page's file, ending in .html, or - for stdout; json says as JSON what was written")
	c.Flags().BoolVar(&alone, "alone", false, "only the runs that are named, each in full, though they belong to a comparison or a search")
	_ = c.RegisterFlagCompletionFunc("output", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"html"}, cobra.ShellCompDirectiveFilterFileExt
	})
	return c
}

// pageFlag is -o of a command that makes a page: a file's name, or a format of
// what is said about it.
type pageFlag struct {
	app  *app
	file string
}

func (f *pageFlag) String() string { return f.file }
func (f *pageFlag) Type() string   { return "file" }

func (f *pageFlag) Set(v string) error {
	switch ext := strings.ToLower(filepath.Ext(v)); {
	case v == "json" || v == "text":
		f.app.output = v
	case v == "-" || ext == ".html" || ext == ".htm":
		f.file = v
	default: // a slip here would write over a run
		return fmt.Errorf("%q is no page: its name must end in .html", v)
	}
	return nil
}

// completeShownRuns offers saved runs and those that ship with lab.
func completeShownRuns(a *app) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		names, rest := a.completeRuns(c, args, word)
		if headers, err := store().List(); err == nil {
			for _, h := range headers {
				if h.Comparison != "" && !slices.Contains(names, h.Comparison) {
					names = append(names, h.Comparison)
				}
			}
		}
		for _, n := range tui.Demos() {
			names = append(names, "demo-"+strconv.Itoa(n))
		}
		return names, rest
	}
}

func (a *app) runReport(names []string, file string, alone bool) error {
	runs, err := collect(names, alone)
	if err != nil {
		return err
	}
	h := report.HTML{Runs: runs, Command: "lab report " + strings.Join(names, " "), Made: time.Now()}
	if alone {
		h.Command += " --alone"
	} else {
		h.Groups, h.Runs = analysis.Groups(runs)
	}
	var page bytes.Buffer
	err = report.WriteHTML(&page, h)
	if err != nil {
		return problem.Wrap(err, problem.Internal, "make the page", "")
	}
	if file == "-" {
		_, err := a.Out.Write(page.Bytes())
		return err
	}
	if err := writeWhole(file, page.Bytes()); err != nil {
		return problem.Wrap(err, problem.Storage, "can't write "+file, "name another file: -o FILE.html")
	}
	if a.asJSON() {
		ids := make([]string, len(runs))
		for i, r := range runs {
			ids[i] = r.ID
		}
		groups := make([]string, len(h.Groups))
		for i, g := range h.Groups {
			groups[i] = g.ID
		}
		return a.json(map[string]any{"file": file, "bytes": page.Len(), "runs": ids, "groups": groups})
	}
	fmt.Fprintf(a.Out, "wrote %s, %s; open it in a browser\n", file, report.Bytes(int64(page.Len())))
	return nil
}

// writeWhole writes a file whole or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644) // CreateTemp makes it private; a page is meant to be handed on
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
