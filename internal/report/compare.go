// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// WriteComparison prints a comparison: its table, what it comes to in words
// (analysis.Describe), and what should be known.
func WriteComparison(w io.Writer, c analysis.Comparison, words []string, o Options) error {
	p := &page{o: o}
	p.line("%s", o.paint(bold, fmt.Sprintf("A: %s   B: %s", side(c.A), side(c.B))))
	rounds := fmt.Sprintf("%d rounds", c.Rounds)
	if c.Rounds == 1 {
		rounds = "1 round"
	}
	if c.Refused == "" {
		rounds += "; the intervals hold for all rows together, at 95%"
	}
	p.line("%s", rounds)
	p.comparison(c)
	if c.Refused != "" {
		p.line("")
		p.paragraph(red, "Nothing is concluded: "+c.Refused+".")
		words = withoutRefusal(words)
	}
	if len(words) > 0 {
		p.line("")
	}
	for _, line := range words {
		p.paragraph("", line)
	}
	if len(c.Notes) > 0 {
		p.line("")
	}
	for _, n := range c.Notes {
		p.paragraph(yellow, "note: "+n)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// withoutRefusal takes out what the face itself says, in red.
func withoutRefusal(words []string) []string {
	var out []string
	for _, line := range words {
		if !strings.HasPrefix(line, "Nothing is concluded: ") {
			out = append(out, line)
		}
	}
	return out
}

func side(s analysis.Side) string {
	if s.Stage == (record.Stage{}) {
		return None
	}
	return fmt.Sprintf("stage %d, %s", s.Stage.Number, s.Stage.Title)
}

// paragraph prints text in lines of 80, those after the first one indented.
func (p *page) paragraph(code, text string) {
	for i, line := range wrap(text, 78) {
		if i > 0 {
			line = "  " + line
		}
		p.line("%s", p.o.paint(code, line))
	}
}

func (p *page) comparison(c analysis.Comparison) {
	if len(c.Quantities) == 0 {
		return
	}
	p.line("")
	p.table(comparisonTable(c))
	if c.Refused == "" {
		p.line("%s", p.o.paint(dim, "sees: the least ratio or difference that so many rounds tell in 80 of 100 cases"))
	}
}

// comparisonTable has a row a quantity.
func comparisonTable(c analysis.Comparison) *Table {
	t := &Table{Head: []string{"", "A", "B", "B/A", "interval", "difference", "sees"}, Left: 1}
	for _, q := range c.Quantities {
		a, b := amount(q.A, q.Unit), amount(q.B, q.Unit)
		switch q.Conclusion {
		case analysis.OnlyA:
			b = None
		case analysis.OnlyB:
			a = None
		}
		ratio := None
		if q.Ratio > 0 {
			ratio = analysis.Factor(q.Ratio)
		}
		name := q.What()
		if q.Service != "" { // the stage's own row stands above
			name = "  " + q.Service
		}
		t.Row(name, a, b, ratio, interval(q), short(q.Conclusion), sees(q))
	}
	return t
}

// short is a conclusion as a table has it.
func short(conclusion string) string {
	switch conclusion {
	case analysis.ALower:
		return "A lower"
	case analysis.BLower:
		return "B lower"
	case analysis.OnlyA:
		return "only A"
	case analysis.OnlyB:
		return "only B"
	case analysis.NoDifference:
		return "none detectable"
	}
	return conclusion
}

func interval(q analysis.Quantity) string {
	switch {
	case q.Low == 0 && q.High == 0:
		return None
	case q.Difference && q.Unit == analysis.UnitRatio: // percentage points, lest it reads as a change by so much
		return points(q.Low, "+") + " to " + points(q.High, "+") + " pt"
	case q.Difference:
		return change(q.Low, q.Unit) + " to " + change(q.High, q.Unit)
	}
	return analysis.Factor(q.Low) + "–" + analysis.Factor(q.High)
}

func sees(q analysis.Quantity) string {
	switch {
	case q.Detectable == 0:
		return None
	case q.Difference && q.Unit == analysis.UnitRatio:
		return points(q.Detectable, "") + " pt"
	case q.Difference:
		return amount(q.Detectable, q.Unit)
	}
	return "×" + analysis.Factor(q.Detectable)
}

// points prints a difference of shares in percentage points.
func points(v float64, plus string) string {
	if !plausible(v) {
		return None
	}
	if v < 0 {
		plus = ""
	}
	return plus + trim(significant(100*v))
}

// amount prints a quantity's figure in its unit.
func amount(v float64, unit string) string {
	if !finite(v) {
		return None
	}
	switch unit {
	case analysis.UnitSeconds:
		return Seconds(v)
	case analysis.UnitMilliseconds:
		return Seconds(v / 1e3)
	case analysis.UnitPerSecond:
		return Rate(v) + "/s"
	case analysis.UnitBytes:
		return Bytes(int64(v))
	case analysis.UnitRatio:
		return Percent(v)
	case analysis.UnitCount:
		return Count(int(v))
	}
	return significant(v)
}

// change prints a difference with its sign.
func change(v float64, unit string) string {
	switch {
	case !plausible(v):
		return None
	case v < 0:
		return "-" + amount(-v, unit)
	}
	return "+" + amount(v, unit)
}

// Comparison is what `lab compare -o json` prints. A, B, Rounds and the fields of
// Quantities up to Conclusion are the stable ones.
type Comparison struct {
	A          ComparedSide       `json:"a"`
	B          ComparedSide       `json:"b"`
	Rounds     int                `json:"rounds"`
	Quantities []ComparedQuantity `json:"quantities"`
	Refused    string             `json:"refused"` // why nothing is concluded; "" where something may be
	Notes      []string           `json:"notes"`
}

// ComparedSide is one side of a comparison.
type ComparedSide struct {
	Stage     int      `json:"stage"`
	StageName string   `json:"stage_name"`
	Runs      []string `json:"runs"`
}

// ComparedQuantity is one row. A figure that there isn't is 0; see analysis.Quantity.
type ComparedQuantity struct {
	Name       string  `json:"name"`
	Service    string  `json:"service"`
	A          float64 `json:"a"`
	B          float64 `json:"b"`
	Ratio      float64 `json:"ratio"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Detectable float64 `json:"detectable"`
	Conclusion string  `json:"conclusion"`

	Unit       string `json:"unit"`         // of a and b: s, ms, 1/s, bytes, ratio, count
	Difference bool   `json:"difference"`   // low, high and detectable are of b-a, in that unit
	AtOneSpeed bool   `json:"at_one_speed"` // ratio, low and high are for a machine as fast on both sides
}

// ComparisonJSON gives the fields of a comparison that others rely on, ready to
// be encoded.
func ComparisonJSON(c analysis.Comparison) Comparison {
	out := Comparison{A: comparedSide(c.A), B: comparedSide(c.B), Rounds: c.Rounds, Refused: c.Refused, Notes: c.Notes}
	for _, q := range c.Quantities {
		out.Quantities = append(out.Quantities, ComparedQuantity{Name: q.Name, Service: q.Service, A: q.A, B: q.B, Ratio: q.Ratio,
			Low: q.Low, High: q.High, Detectable: q.Detectable, Conclusion: q.Conclusion, Unit: q.Unit, Difference: q.Difference, AtOneSpeed: q.AtOneSpeed})
	}
	return clean(out)
}

func comparedSide(s analysis.Side) ComparedSide {
	return ComparedSide{Stage: s.Stage.Number, StageName: s.Stage.Name, Runs: s.Runs}
}
