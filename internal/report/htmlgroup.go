// SPDX-License-Identifier: MIT

package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report/chart"
)

// htmlGroup is a comparison, a ladder or searches for capacity as one section.
type htmlGroup struct {
	Anchor   string
	Heading  string
	Facts    []fact
	Refused  string
	Words    []string // what it comes to
	Notes    []string // what can't be concluded, and what should be known
	Kind     string   // comparison, ladder or capacity
	Figure   template.HTML
	Small    []template.HTML // small figures
	Table    *htmlTable
	Tails    template.HTML
	Boxes    []htmlSide
	Searches []htmlSearch
	Turns    []htmlTurn
	Commands []string
}

// htmlTable is a table as the terminal has it.
type htmlTable struct {
	Caption string
	Head    []string
	Left    int
	Fold    bool // figures with their ranges may be broken into two lines
	Rows    [][]string
}

// htmlSide is one side's architecture.
type htmlSide struct {
	Name    string
	Drawing template.HTML
}

// htmlSearch is one stage's search.
type htmlSearch struct {
	Anchor, Heading string
	Facts           []fact
	Figure, Curve   template.HTML
	Table           *htmlTable
	Notes           []string
}

// htmlTurn is one run of a group: enough to find it, and to see how far it can be trusted.
type htmlTurn struct {
	*record.Run
	Answers   int
	CPUPerReq float64
	Why       string
}

func groupOf(g analysis.Group, number int) htmlGroup {
	h := htmlGroup{Anchor: fmt.Sprintf("group-%d", number)}
	switch {
	case g.Comparison != nil:
		h.compared(g)
	case g.Ladder != nil:
		h.climbed(*g.Ladder)
	default:
		h.searched(g.Capacities)
	}
	h.Facts = append(h.Facts, groupFacts(g)...)
	h.Commands = []string{repeat(g)}
	for _, run := range g.Runs {
		t := htmlTurn{Run: run, Answers: analysis.Answered(run.Summary)}
		for _, u := range analysis.Services(run) {
			t.CPUPerReq += u.CPUSecondsPerRequest
		}
		if len(run.Verdict.Reasons) > 0 {
			t.Why = run.Verdict.Reasons[0].Seen
		}
		h.Turns = append(h.Turns, t)
	}
	return h
}

// compared fills a comparison of two sides.
func (h *htmlGroup) compared(g analysis.Group) {
	c := *g.Comparison
	h.Kind, h.Refused, h.Notes = "comparison", c.Refused, c.Notes
	h.Heading = fmt.Sprintf("Comparison of %s with %s", side(c.A), side(c.B))
	h.Words = withoutRefusal(analysis.Describe(c, g.Between[0], g.Between[1]))
	h.Facts = []fact{{"A", side(c.A)}, {"B", side(c.B)}, {"Rounds", fmt.Sprintf("%d that have both sides", c.Rounds)}}
	h.Figure = drawn(forestFigure(h.Anchor+"-forest", c))
	h.Table = tableOf("The same in figures", comparisonTable(c), 1)
	for i, q := range c.Quantities { // a row by itself must say what it is of
		h.Table.Rows[i][0] = q.Words()
	}
	h.Table.Head[0] = "quantity"
	pairs := map[string]*record.Run{}
	for _, run := range g.Runs {
		pairs[run.ID] = run
	}
	var tails []tail
	for i, s := range []analysis.Side{c.A, c.B} {
		t := tail{name: string("AB"[i]) + ", all rounds"}
		var histograms []string
		for n, id := range s.Runs {
			histograms = append(histograms, pairs[id].Histograms.All)
			if n == 0 {
				h.box(string("AB"[i]), pairs[id])
			}
		}
		t.of = merged(histograms)
		tails = append(tails, t)
	}
	h.Tails = drawn(tailFigure(h.Anchor+"-tails", "Latency distributions of both sides", tails))
}

func (h *htmlGroup) box(name string, run *record.Run) {
	if d := drawing(fmt.Sprintf("%s-%s-boxes", h.Anchor, name), run); d != "" {
		h.Boxes = append(h.Boxes, htmlSide{fmt.Sprintf("%s: stage %d, %s", name, run.Stage.Number, run.Stage.Title), template.HTML(d)})
	}
}

// climbed fills a ladder.
func (h *htmlGroup) climbed(l analysis.Ladder) {
	h.Kind, h.Notes = "ladder", l.Notes
	h.Heading = fmt.Sprintf("Ladder of %d stages", len(l.Rungs))
	h.Facts = []fact{{"Rounds", fmt.Sprintf("%d that have all stages", l.Rounds)}}
	h.Table = tableOf("The same in figures: the median, and the range of a stage's runs", ladderTable(l), 1)
	h.Table.Fold = true
	for _, f := range ladderFigures(h.Anchor, l) {
		h.Small = append(h.Small, template.HTML(f.SVG()))
	}
}

// searched fills searches for capacity, of one stage or several.
func (h *htmlGroup) searched(all []analysis.Capacity) {
	h.Kind = "capacity"
	h.Heading = fmt.Sprintf("Capacity of %d stages", len(all))
	if len(all) == 1 {
		h.Heading = "Capacity of " + strings.ToLower(searchHeading(all[0])[:1]) + searchHeading(all[0])[1:]
	} else {
		h.Figure = template.HTML(capacitiesFigure(h.Anchor+"-all", all).SVG())
		h.Table = tableOf("The same in figures", capacitiesTable(all), 1)
		h.Table.Head[1] = "name"
	}
	h.Facts = []fact{{"Objective", all[0].Objective.String() + ", and 99% of what is asked served"}}
	for i, c := range all {
		id := fmt.Sprintf("%s-search-%d", h.Anchor, i+1)
		s := htmlSearch{Anchor: id, Heading: searchHeading(c), Notes: c.Notes, Facts: []fact{{"Capacity", Capacity(c)}}}
		if words := boundWords(c); len(words) > 0 {
			s.Facts = append(s.Facts, fact{"CPU bounds", strings.Join(words, "; ")})
		}
		if words := scalingWords(c.USL); len(words) > 0 {
			s.Facts = append(s.Facts, fact{"Scaling", strings.Join(words, "; ")})
		}
		s.Figure = drawn(searchFigure(id+"-steps", c))
		s.Curve = drawn(curveFigure(id+"-curve", c))
		t, _, _ := stepsTable(c)
		s.Table = tableOf("Steps, in the order in which they ran", t, 3)
		h.Searches = append(h.Searches, s)
	}
}

func searchHeading(c analysis.Capacity) string {
	return fmt.Sprintf("Stage %d, %s", c.Stage.Number, c.Stage.Title)
}

// drawn is a figure where there is one.
func drawn(f chart.Figure, ok bool) template.HTML {
	if !ok {
		return ""
	}
	return template.HTML(f.SVG())
}

// tableOf is a terminal's table for the page; so many columns, from the first, hold words.
func tableOf(caption string, t *Table, left int) *htmlTable {
	return &htmlTable{Caption: caption, Head: slices.Clone(t.Head), Left: max(left, t.Left), Rows: t.rows}
}

// groupFacts are what all runs of a group have in common.
func groupFacts(g analysis.Group) []fact {
	first := g.Runs[0]
	var out []fact
	for _, f := range facts(first) {
		switch f.Name {
		case "Run":
			f = fact{"Name", g.ID}
		case "Pace":
			if g.Capacities != nil {
				continue
			}
			f.Value = fmt.Sprintf("%s for %s after %s of warm-up, seeds from %d on", first.Pace, Seconds(first.DurationSeconds), Seconds(first.WarmupSeconds), first.Seed)
		}
		out = append(out, f)
	}
	return append(out, fact{"Verdicts", verdicts(g.Runs)})
}

func verdicts(runs []*record.Run) string {
	n := map[record.State]int{}
	for _, run := range runs {
		n[run.Verdict.State]++
	}
	var parts []string
	for _, s := range []record.State{record.Valid, record.Suspect, record.Invalid} {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], s))
		}
	}
	return fmt.Sprintf("of %d runs %s", len(runs), strings.Join(parts, ", "))
}

// repeat is the command that measures the same again.
func repeat(g analysis.Group) string {
	first, last := g.Runs[0], g.Runs[0]
	duration, low, high := first.DurationSeconds, first.Stage.Number, first.Stage.Number
	for _, run := range g.Runs {
		duration, low, high = min(duration, run.DurationSeconds), min(low, run.Stage.Number), max(high, run.Stage.Number)
		if run.Round.Number > last.Round.Number {
			last = run
		}
	}
	load := []string{"--workload " + shellWord(first.Workload.Name), "--duration " + goSeconds(duration), "--warmup " + goSeconds(first.WarmupSeconds), fmt.Sprintf("--seed %d", first.Seed)}
	what := fmt.Sprint(low)
	if low != high {
		what = fmt.Sprintf("%d..%d", low, high)
	}
	if of := first.Round.Search; of != nil {
		return strings.Join(append([]string{"lab capacity", what, "--slo " + shellWord(of.Objective), fmt.Sprintf("--start %g --max %g --precision %g%%", of.Start, of.Max, 100*of.Precision)}, load...), " ")
	}
	if c := g.Comparison; c != nil {
		what = fmt.Sprintf("%d %d", cmp.Or(c.A.Stage.Number, low), cmp.Or(c.B.Stage.Number, high))
	}
	rate := strings.TrimPrefix(first.Pace, "const:")
	return strings.Join(append([]string{"lab compare", what, "--rate " + shellWord(rate), fmt.Sprintf("--rounds %d", last.Round.Number)}, load...), " ")
}
