// SPDX-License-Identifier: MIT

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"systemlab/internal/lesson"
	"systemlab/internal/problem"
	"systemlab/stages"
)

// widest is how wide a lesson is drawn at most: longer lines are hard to read.
const widest = 100

func (a *app) lessonCmd() *cobra.Command {
	raw, until := false, ""
	c := &cobra.Command{
		Use:   "lesson [STAGE]",
		Short: "Read a stage's lesson, or list the lessons",
		Long: `Show the lesson of a stage: the problem, the idea, what to predict, to run and to look at,
and what explains it. Without a stage the lessons are listed. On a terminal the lesson goes through
the program that PAGER names, if it is set; less -R keeps the colours. With --until predict it ends
with its questions, before anything that answers them.`,
		Example: "  lab lesson\n  lab lesson 5\n  lab lesson 5 --until predict\n  lab lesson 5 --raw",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: a.completeStages,
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 1:
				return a.showLesson(args[0], until, raw)
			case raw || until != "":
				return problem.New(problem.Usage, "--raw and --until need a stage", "lab lesson 5 --until predict")
			}
			return a.listLessons()
		},
	}
	c.Flags().BoolVar(&raw, "raw", false, "print the Markdown as it is")
	c.Flags().StringVar(&until, "until", "", "end with this section, such as predict")
	return c
}

// lessonOf is a stage's lesson as it is printed with -o json.
type lessonOf struct {
	Number   int    `json:"number"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	Markdown string `json:"markdown,omitempty"`
}

func readLesson(s stages.Stage) (lessonOf, error) {
	b, err := os.ReadFile(filepath.Join(filepath.Dir(s.File), "README.md"))
	if errors.Is(err, fs.ErrNotExist) {
		return lessonOf{}, problem.Newf(problem.NotFound, "write it in stages/"+s.Name+"/README.md", "stage %s has no lesson", s.Name)
	}
	if err != nil {
		return lessonOf{}, problem.Wrap(err, problem.Storage, "read the lesson of "+s.Name, "lab lesson lists those that there are")
	}
	title := lesson.Title(string(b))
	if title == "" {
		title = s.Name
	}
	return lessonOf{s.Number, s.Name, title, string(b)}, nil
}

// listLessons leaves out stages without one: a lesson is no duty.
func (a *app) listLessons() error {
	src, err := a.findSource()
	if err != nil {
		return err
	}
	all, err := stages.List(src.Dir)
	if err != nil {
		return err
	}
	list := []lessonOf{}
	for _, s := range all {
		l, err := readLesson(s)
		if err != nil {
			if problem.Of(err).Kind == problem.NotFound {
				continue
			}
			return err
		}
		l.Markdown = ""
		list = append(list, l)
	}
	if a.asJSON() {
		return a.json(list)
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	for _, l := range list {
		fmt.Fprintf(w, "%d\t%s\t%s\n", l.Number, l.Name, l.Title)
	}
	return w.Flush()
}

func (a *app) showLesson(stage, until string, raw bool) error {
	src, err := a.findSource()
	if err != nil {
		return err
	}
	s, err := stages.Find(src.Dir, stage)
	if err != nil {
		return err
	}
	l, err := readLesson(s)
	if err == nil && until != "" {
		part, ok := lesson.Until(l.Markdown, until)
		if !ok {
			err = problem.Newf(problem.NotFound, "lab lesson "+stage, "this lesson has no section %q", until)
		}
		l.Markdown = part
	}
	switch {
	case err != nil:
		return err
	case a.asJSON():
		return a.json(l)
	case raw:
		_, err := fmt.Fprint(a.Out, l.Markdown)
		return err
	}
	width := widest
	out, ok := a.Out.(*os.File)
	ok = ok && term.IsTerminal(int(out.Fd()))
	if ok {
		if w, _, err := term.GetSize(int(out.Fd())); err == nil && w > 0 {
			width = min(w, widest)
		}
	}
	text := lesson.Render(l.Markdown, lesson.Options{Width: width, Color: a.colour(a.Out)})
	if pager := strings.Fields(os.Getenv("PAGER")); ok && len(pager) > 0 {
		return a.page(out, pager, text)
	}
	_, err = fmt.Fprint(a.Out, text)
	return err
}

// page shows a text through a pager. Ctrl-C is the pager's own: it may have the
// terminal in a state that only it can leave.
func (a *app) page(out *os.File, pager []string, text string) error {
	c := exec.Command(pager[0], pager[1:]...)
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(text), out, a.Err
	if err := c.Run(); err != nil {
		return problem.Wrap(err, problem.Unsupported, "show it through PAGER="+strings.Join(pager, " "), "PAGER='less -R', or unset PAGER")
	}
	return nil
}
