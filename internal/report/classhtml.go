// SPDX-License-Identifier: MIT

package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"systemlab/internal/exercise"
	"systemlab/internal/submission"
)

//go:embed class.tmpl
var classTemplate string

// classPage is a page about a class, ready for the template.
type classPage struct {
	Title, Command, MadeAt, Words string
	Style                         template.CSS
	Learners, HardTable, Said     *htmlTable
	Hard, Calibration             template.HTML
	Predictions                   []classPrediction
	Flags                         []classFlag
	Notes                         []classNote
	NoVerdict                     string
}

// classPrediction is one exercise that asks for a number.
type classPrediction struct {
	Anchor, Heading string
	Figure          template.HTML
	Table           *htmlTable
}

type classFlag struct{ Who, Kind, Exercise, Run, Seen string }

type classNote struct{ Who, Words string }

// WriteClassHTML writes one self-contained page about a class.
func WriteClassHTML(w io.Writer, c *submission.Class, command string, made time.Time) error {
	t, err := pageTemplate()
	if err != nil {
		return fmt.Errorf("the report's template: %w", err)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "class", classPageOf(c, command, made)); err != nil {
		return fmt.Errorf("make the report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

func classPageOf(c *submission.Class, command string, made time.Time) classPage {
	p := classPage{Title: "Exercises of the class " + clipped(c.Word), Command: command, Words: classWords(c), Style: template.CSS(htmlStyle), NoVerdict: NoVerdict}
	if c.Word == "" {
		p.Title = "Exercises of the class"
	}
	if !made.IsZero() {
		p.MadeAt = made.UTC().Format("2006-01-02 15:04 UTC")
	}
	all := hardness(c)
	if len(all) > 0 {
		p.Hard = template.HTML(hardFigure("hard", all).SVG())
		p.HardTable = tableOf("Each exercise in figures", hardTable(all), 2)
	}
	for _, e := range c.Known {
		if e.Kind != exercise.Predict {
			continue
		}
		if believed := beliefs(c, e.Name); len(believed) > 0 {
			anchor := fmt.Sprintf("predict-%d", len(p.Predictions)+1)
			p.Predictions = append(p.Predictions, classPrediction{anchor, e.Title, template.HTML(beliefFigure(anchor+"-figure", e.Title, believed).SVG()), tableOf("The same in figures", beliefTable(believed), 1)})
		}
	}
	if bins := calibration(c); len(bins) > 0 {
		p.Calibration = template.HTML(calibrationFigure("calibration-figure", bins).SVG())
		p.Said = tableOf("The same in figures", calibrationTable(bins), 1)
	}
	learners := &Table{Head: []string{"learner", "file", "machine", "solved", "points", "runs", "flags"}, Left: 3}
	for _, one := range c.Papers {
		who := clipped(c.Name(one))
		if one.Err != nil {
			learners.Row(None, clipped(one.File), None, None, None, None, "can’t be read")
			p.Notes = append(p.Notes, classNote{clipped(one.File), printable(one.Err.Error())})
			continue
		}
		solved, points := paperSums(one)
		learners.Row(clipped(one.Learner.Name), clipped(one.File), fmt.Sprintf("%d cores, %s", one.Machine.Cores, clipped(one.Machine.OS)), solved, points, fmt.Sprint(one.Runs), kindsOf(one.Flags))
		for _, f := range one.Flags {
			p.Flags = append(p.Flags, classFlag{who, string(f.Kind), printable(f.Exercise), printable(f.Run), printable(f.Seen)})
		}
		for _, n := range one.Notes {
			p.Notes = append(p.Notes, classNote{who, printable(n)})
		}
	}
	p.Learners = tableOf("All submissions", learners, 3)
	p.Learners.Fold = true
	return p
}
