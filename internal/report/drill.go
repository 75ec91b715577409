// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"systemlab/internal/analysis"
)

// WriteDrill prints what a drill came to: each trial, the distribution, the
// prediction beside it, and the verdict.
func WriteDrill(w io.Writer, d analysis.Drilled, o Options) error {
	p := &page{o: o}
	p.line("%s %s", o.paint(bold, fmt.Sprintf("Stage %d, %s", d.Stage.Number, d.Stage.Title)), o.paint(dim, "· drill "+d.Name+": "+d.Title))
	p.line("%s %s for %s, under %s at %s/s", d.How, d.What, Seconds(d.ForSeconds), d.Workload, Rate(d.Rate))
	p.line("")
	p.trials(d)
	p.line("")
	p.spreads(d)
	p.predicted(d)
	p.labelled("Expected", d.Hypothesis.String())
	p.line("%s%s", p.label("Verdict"), o.drillState(d.State, strings.ToUpper(d.State)))
	if d.Reason != "" {
		p.labelled("", d.Reason)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

func (o Options) drillState(state, text string) string {
	switch state {
	case analysis.Held:
		return o.paint(green, text)
	case analysis.NotHeld:
		return o.paint(red, text)
	}
	return o.paint(yellow, text)
}

func (p *page) trials(d analysis.Drilled) {
	t := Table{Head: []string{"trial", "broken", "", "gap", "lost", "recovered", "errors"}, Left: 3}
	for i, trial := range d.Trials {
		gap, lost, back, errs := None, None, None, ""
		if out := trial.Outage; trial.State != analysis.NotDecided {
			gap, lost, back, errs = Gap(out), lostWords(out), None, errorWords(out.Errors)
			if out.Recovered != nil {
				back = Seconds(*out.Recovered)
			}
		}
		t.Row(fmt.Sprint(i+1), trial.Target, trial.State, gap, lost, back, errs)
	}
	p.table(&t)
	for i, trial := range d.Trials {
		if trial.State == analysis.NotDecided {
			p.line("%s", p.o.paint(dim, fmt.Sprintf("trial %d: %s", i+1, trial.Reason)))
		}
	}
}

// Gap prints a trial's gap; a run that ended in it knows its beginning alone.
func Gap(o analysis.Outage) string {
	switch {
	case o.Gap == 0:
		return "none"
	case o.Open:
		return "over " + Seconds(o.Gap)
	}
	return Seconds(o.Gap)
}

func lostWords(o analysis.Outage) string {
	if o.LostHealed > 0 {
		return fmt.Sprintf("%s (%s after the heal)", Count(o.Lost), Count(o.LostHealed))
	}
	return Count(o.Lost)
}

func errorWords(errors map[string]int) string {
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(errors)) {
		out = append(out, fmt.Sprintf("%s %s", Count(errors[kind]), kind))
	}
	return strings.Join(out, ", ")
}

// DrillTrialLine tells of a trial when it has been made.
func DrillTrialLine(t analysis.Trial) string {
	if t.State == analysis.NotDecided {
		return "not decided: " + t.Reason
	}
	back := "not back within the trial"
	if t.Outage.Recovered != nil {
		back = "as before after " + Seconds(*t.Outage.Recovered)
	}
	return fmt.Sprintf("%s broken: gap %s, %s lost, %s: %s", t.Target, Gap(t.Outage), Count(t.Outage.Lost), back, t.State)
}

func (p *page) spreads(d analysis.Drilled) {
	t := Table{Head: []string{"", "least", "median", "most"}, Left: 1, Indent: strings.Repeat(" ", 10)}
	row := func(name string, s analysis.Spread, ok bool, show func(float64) string) {
		if ok {
			t.Row(name, show(s.Low), show(s.Median), show(s.High))
		}
	}
	gap, ok := d.Gap()
	row("gap", gap, ok, gapWords)
	lost, ok := d.Lost()
	row("lost", lost, ok, func(v float64) string { return trim(fmt.Sprintf("%.1f", v)) })
	back, ok := d.Recovered()
	row("recovered", back, ok, Seconds)
	if t.Len() > 0 {
		p.table(&t)
	}
}

func gapWords(v float64) string {
	if v == 0 {
		return "none"
	}
	return Seconds(v)
}

func (p *page) predicted(d analysis.Drilled) {
	if d.Predicted == nil {
		p.labelled("Predicted", "nothing: "+d.Unforeseen)
		return
	}
	text := fmt.Sprintf("a gap of %s to %s: %s", Seconds(d.Predicted.Low), Seconds(d.Predicted.High), d.Predicted.Because)
	p.labelled("Predicted", text)
	if gap, ok := d.Gap(); ok && d.Inside != nil {
		words := map[bool]string{true: "within", false: "outside"}[*d.Inside]
		p.labelled("Measured", fmt.Sprintf("a median of %s: %s", gapWords(gap.Median), words))
	}
}

// WriteMatrix prints which stage survives what, and below it a row for each drill
// of each stage.
func WriteMatrix(w io.Writer, all []analysis.Drilled, o Options) error {
	var b strings.Builder
	stages, names := axes(all)
	m := Table{Head: []string{""}, Left: 1 + len(stages)}
	for _, s := range stages {
		m.Head = append(m.Head, "stage "+fmt.Sprint(s))
	}
	for _, name := range names {
		row := []string{name}
		for _, s := range stages {
			row = append(row, Cell(find(all, s, name)))
		}
		m.Row(row...)
	}
	b.WriteString(m.text(o))
	b.WriteString("\n")
	t := Table{Head: []string{"stage", "drill", "verdict", "trials", "gap", "predicted", "lost", "recovered"}, Left: 3}
	for _, d := range all {
		predicted := None
		if d.Predicted != nil {
			predicted = Seconds(d.Predicted.Low) + " to " + Seconds(d.Predicted.High)
		}
		gap, okGap := d.Gap()
		lost, okLost := d.Lost()
		back, okBack := d.Recovered()
		t.Row(fmt.Sprint(d.Stage.Number), d.Name, d.State, fmt.Sprint(len(d.Trials)), middle(gap, okGap, gapWords), predicted,
			middle(lost, okLost, func(v float64) string { return trim(fmt.Sprintf("%.1f", v)) }), middle(back, okBack, Seconds))
	}
	b.WriteString(t.text(o))
	for _, d := range all {
		if d.State != analysis.Held {
			fmt.Fprintf(&b, "%s\n", o.paint(dim, fmt.Sprintf("stage %d, %s: %s: %s", d.Stage.Number, d.Name, d.State, d.Reason)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func middle(s analysis.Spread, ok bool, show func(float64) string) string {
	if !ok {
		return None
	}
	return ranged(s, show)
}

// axes of the matrix: stages in order, drills as they come first.
func axes(all []analysis.Drilled) (stages []int, names []string) {
	for _, d := range all {
		if !slices.Contains(stages, d.Stage.Number) {
			stages = append(stages, d.Stage.Number)
		}
		if !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	slices.Sort(stages)
	return stages, names
}

func find(all []analysis.Drilled, stage int, name string) *analysis.Drilled {
	for i, d := range all {
		if d.Stage.Number == stage && d.Name == name {
			return &all[i]
		}
	}
	return nil
}

// Cell of the matrix in a few words: held, 302 ms, 3 lost. A stage without that
// drill has none.
func Cell(d *analysis.Drilled) string {
	if d == nil {
		return ""
	}
	gap, ok := d.Gap()
	lost, _ := d.Lost()
	if !ok {
		return d.State
	}
	words := []string{d.State}
	if gap.Median > 0 {
		words = append(words, gapWords(gap.Median))
	}
	if lost.Median > 0 {
		words = append(words, trim(fmt.Sprintf("%.1f", lost.Median))+" lost")
	}
	return strings.Join(words, ", ")
}

// DrillPlan is a line of `lab drill list`.
type DrillPlan struct {
	Stage      int     `json:"stage"`
	StageName  string  `json:"stage_name"`
	Name       string  `json:"name"`
	Title      string  `json:"title"`
	Break      string  `json:"break"`
	How        string  `json:"how"`
	ForSeconds float64 `json:"for_seconds"`
	Workload   string  `json:"workload"`
	Rate       float64 `json:"rate_per_second"`
	Hypothesis string  `json:"hypothesis"`
	PredictBy  string  `json:"predict_by"` // "" where nothing predicts the gap
}

// WriteDrillPlans prints the drills that there are.
func WriteDrillPlans(w io.Writer, plans []DrillPlan, o Options) error {
	t := Table{Head: []string{"stage", "drill", "what goes wrong", "break", "expected"}, Left: 5}
	for _, d := range plans {
		t.Row(path.Base(d.StageName), d.Name, d.Title, d.Break+" "+d.How, d.Hypothesis)
	}
	return t.Write(w, o)
}
