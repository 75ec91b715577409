// SPDX-License-Identifier: MIT

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
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

func (a *app) submitCmd() *cobra.Command {
	to := ""
	c := &cobra.Command{
		Use:   "submit",
		Short: "Pack the log of your exercises and its runs into one file, to hand in",
		Long: `Packs the log of exercises as it is, and the runs that it names, into one file for your teacher, who
grades it with lab grade. Nothing leaves this machine.`,
		Example: "  lab submit\n  lab submit --to ada" + submission.Suffix, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.runSubmit(to) },
	}
	c.Flags().StringVar(&to, "to", "", "the file, ending in "+submission.Suffix+"; by default it has your name")
	_ = c.MarkFlagFilename("to", "tar")
	return c
}

func (a *app) runSubmit(to string) error {
	if to != "" && !strings.HasSuffix(to, submission.Suffix) { // a slip here would write over something else
		return problem.Newf(problem.Usage, "lab submit --to mine"+submission.Suffix, "%q is no submission: its name must end in %s", to, submission.Suffix)
	}
	path := exercise.LogIn(home()).Path
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return problem.New(problem.NotFound, "there is no log of exercises yet: nothing to hand in", "lab exercise list")
	}
	if err != nil {
		return problem.Wrap(err, problem.Storage, "the log of exercises can't be read", "check that "+path+" may be read")
	}
	l, err := exercise.ReadLog(text)
	if err != nil {
		return problem.Wrap(err, problem.Storage, path, "show it to your teacher as it is")
	}
	who, ok := l.Learner()
	if !ok {
		return problem.New(problem.Usage, "the log names no learner", "lab exercise start NAME --name \"YOUR NAME\" --class WORD")
	}
	if to == "" {
		to = submission.FileName(who)
	}
	file := func(id string) ([]byte, error) { return os.ReadFile(filepath.Join(store().Dir, id+".json.gz")) }
	runs, err := submission.Gather(l, who, file)
	if err != nil {
		return err
	}
	m, err := submission.Pack(to, submission.Contents{Learner: who, Tool: a.version, Created: time.Now(), Log: text, Runs: runs, File: file})
	if err != nil {
		return err
	}
	return a.printSubmitted(to, m, l, runs)
}

// handedIn is an exercise as the log has it.
type handedIn struct {
	Exercise string  `json:"exercise"`
	State    string  `json:"state"`
	Points   float64 `json:"points"`
}

func (a *app) printSubmitted(to string, m submission.Manifest, l exercise.Logged, runs []string) error {
	info, err := os.Stat(to)
	if err != nil {
		return err
	}
	all := []handedIn{}
	seen := map[string]bool{}
	for _, e := range l.Entries {
		if e.Learner != m.Learner || e.Exercise == "" || seen[e.Exercise] {
			continue
		}
		seen[e.Exercise] = true
		stand := l.Stand(e.Exercise, m.Learner)
		h := handedIn{Exercise: e.Exercise, State: stand.Word()}
		if stand.Mark != nil {
			h.Points = stand.Mark.Points
		}
		all = append(all, h)
	}
	if a.asJSON() {
		return a.json(map[string]any{"file": to, "bytes": info.Size(), "learner": m.Learner, "runs": len(runs), "exercises": all})
	}
	fmt.Fprintf(a.Out, "wrote %s, %s: the log of %s and %d runs\n", to, report.Bytes(info.Size()), oneLine(m.Learner.Name), len(runs))
	var others []string
	for _, e := range l.Entries {
		name := oneLine(e.Learner.Name)
		if name == oneLine(m.Learner.Name) {
			name += " of class " + oneLine(e.Learner.Class)
		}
		if e.Learner != m.Learner && e.Learner.Name != "" && !slices.Contains(others, name) {
			others = append(others, name)
		}
	}
	if len(others) > 0 {
		a.note("this log also has acts of %s; to hand in as somebody else: lab exercise start EXERCISE --name NAME --class WORD, then lab submit", strings.Join(others, ", "))
	}
	t := report.Table{Head: []string{"exercise", "state", "points"}, Left: 2}
	for _, h := range all {
		t.Row(h.Exercise, h.State, fmt.Sprintf("%.0f", h.Points))
	}
	return t.Write(a.Out, report.Options{})
}
