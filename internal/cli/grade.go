// SPDX-License-Identifier: MIT

package cli

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/internal/report"
	"systemlab/internal/submission"
)

type gradeOptions struct {
	csv       tableFlag
	page      string
	class     string
	exercises []string
}

func (a *app) gradeCmd() *cobra.Command {
	o := gradeOptions{csv: tableFlag{app: a}}
	c := &cobra.Command{
		Use:   "grade DIR",
		Short: "Grade the submissions in a folder from their raw runs, and flag what can't be",
		Long: `Reads every submission in a folder, draws each mark again from the raw runs, and flags what does not
follow from itself, what is in two submissions, and what can't have happened. A flag is for you to
look at: a damaged file or a clock that was set can look the same. No flag decides anything.`,
		Example: "  lab grade handed-in -o grades.csv --report class.html\n  lab grade handed-in --class spring --exercises stages/05-cache/exercises.yaml", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runGrade(c.Context(), args[0], o) },
	}
	// It takes the place of the global -o, and understands it: json is a format, not a file.
	c.Flags().VarP(&o.csv, "output", "o", "the table's file, ending in .csv; json prints all as JSON")
	c.Flags().Var(&o.csv, "csv", "the same as -o FILE.csv")
	c.Flags().StringVar(&o.page, "report", "", "a page about the class, ending in .html")
	c.Flags().StringVar(&o.class, "class", "", "the word that you gave out; by default what most logs say")
	c.Flags().StringArrayVar(&o.exercises, "exercises", nil, "a file of exercises of your own, in its stage's folder; several times for several")
	return c
}

// tableFlag is -o of a command that makes a table: a file's name, or a format of
// what is printed.
type tableFlag struct {
	app  *app
	file string
}

func (f *tableFlag) String() string { return f.file }
func (f *tableFlag) Type() string   { return "file" }

func (f *tableFlag) Set(v string) error {
	switch {
	case v == "json" || v == "text":
		f.app.output = v
	case strings.EqualFold(filepath.Ext(v), ".csv"):
		f.file = v
	default: // a slip here would write over a submission
		return fmt.Errorf("%q is no table: its name must end in .csv", v)
	}
	return nil
}

func (a *app) runGrade(ctx context.Context, dir string, o gradeOptions) error {
	if ext := strings.ToLower(filepath.Ext(o.page)); o.page != "" && ext != ".html" && ext != ".htm" {
		return problem.Newf(problem.Usage, "--report class.html", "%q is no page: its name must end in .html", o.page)
	}
	known, err := a.exercises()
	if err != nil {
		return err
	}
	for _, path := range o.exercises {
		own, findings, err := exercise.Lint(path)
		if err != nil {
			return err
		}
		if len(findings) > 0 {
			return problem.Wrap(findings[0], problem.Usage, path, "lab exercise lint "+path)
		}
		for _, e := range own {
			if e.Survive != nil && e.Survive.Script == nil {
				return problem.Newf(problem.Usage, "keep it in a folder named as the stage's, such as 03-replicas, with that stage's drills.yaml",
					"%s: %s can't be graded without its drill %s", path, e.Name, e.Survive.Drill)
			}
			known = slices.DeleteFunc(known, func(k exercise.Exercise) bool { return k.Name == e.Name })
			known = append(known, e)
		}
	}
	class, err := submission.Grade(ctx, dir, submission.Options{Exercises: known, Class: o.class, Tool: a.version},
		func(file string, at, all int) { a.note("%d of %d: %s", at, all, oneLine(file)) })
	if err != nil {
		return err
	}
	for _, other := range class.Others {
		a.note("not looked into: %s, whose name does not end in %s", oneLine(other), submission.Suffix)
	}
	if err := a.writeClass(class, dir, o); err != nil {
		return err
	}
	if a.asJSON() {
		return a.json(report.ClassJSON(class))
	}
	if err := report.WriteClass(a.Out, class); err != nil {
		return err
	}
	for _, file := range []string{o.csv.file, o.page} {
		if file != "" {
			fmt.Fprintf(a.Out, "wrote %s\n", file)
		}
	}
	return nil
}

// writeClass writes the files that were asked for.
func (a *app) writeClass(class *submission.Class, dir string, o gradeOptions) error {
	for _, f := range []struct {
		file, hint string
		make       func(*bytes.Buffer) error
	}{
		{o.csv.file, "-o FILE.csv", func(b *bytes.Buffer) error { return class.WriteCSV(b) }},
		{o.page, "--report FILE.html", func(b *bytes.Buffer) error {
			return report.WriteClassHTML(b, class, "lab grade "+dir, time.Now())
		}},
	} {
		if f.file == "" {
			continue
		}
		var b bytes.Buffer
		if err := f.make(&b); err != nil {
			return problem.Wrap(err, problem.Internal, "make "+f.file, "")
		}
		if err := writeWhole(f.file, b.Bytes()); err != nil {
			return problem.Wrap(err, problem.Storage, "can't write "+f.file, "name another file: "+f.hint)
		}
	}
	return nil
}
