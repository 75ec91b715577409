// SPDX-License-Identifier: MIT

package submission

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"systemlab/internal/exercise"
)

// Columns of grades.csv.
var columns = []string{"learner", "class", "exercise", "kind", "decided", "solved", "points", "first_low", "first_high", "first_sure",
	"measured", "attempts", "hints", "seconds", "flags", "file", "error"}

// WriteCSV writes a row per learner and exercise, in UTF-8: every exercise that anyone
// began. A file that can't be read has one row, with its error, and so has one that a later one of the
// same learner takes the place of.
func (c *Class) WriteCSV(to io.Writer) error {
	w := csv.NewWriter(to)
	if err := w.Write(columns); err != nil {
		return err
	}
	for _, p := range c.Papers {
		names := c.Exercises()
		if p.Err != nil || p.Later != "" || len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			if err := w.Write(c.row(p, name)); err != nil {
				return err
			}
		}
	}
	w.Flush()
	return w.Error()
}

func (c *Class) row(p *Paper, name string) []string {
	if p.Err != nil {
		row := make([]string, len(columns))
		row[len(row)-2], row[len(row)-1] = harmless(p.File), harmless(p.Err.Error())
		return row
	}
	if p.Later != "" {
		row := make([]string, len(columns))
		row[0], row[1], row[len(row)-3] = harmless(p.Learner.Name), harmless(p.Learner.Class), inCell(p.Flags)
		row[len(row)-2], row[len(row)-1] = harmless(p.File), harmless(p.superseded())
		return row
	}
	r, _ := p.Of(name)
	for _, e := range c.Known {
		if e.Name == name {
			r.Kind = e.Kind
		}
	}
	first, seconds := exercise.Given{}, ""
	if r.First != nil {
		first = *r.First
	}
	if r.Solved > 0 {
		seconds = strconv.FormatFloat(r.Solved.Seconds(), 'f', 0, 64)
	}
	return []string{harmless(p.Learner.Name), harmless(p.Learner.Class), harmless(name), harmless(string(r.Kind)),
		strconv.FormatBool(r.Mark.Decided), strconv.FormatBool(r.Mark.Solved), strconv.FormatFloat(r.Mark.Points, 'f', 1, 64),
		number(first.Low), number(first.High), number(first.Sure), harmless(r.Mark.Measured),
		strconv.Itoa(r.Checks), strconv.Itoa(r.Hints), seconds, inCell(p.FlagsOf(name)), harmless(p.File), ""}
}

// mostInCell is how many flags a cell of the table has; one edit breaks many sums.
const mostInCell = 6

func inCell(flags []Flag) string {
	var out []string
	for i, f := range flags {
		if i == mostInCell {
			out = append(out, fmt.Sprintf("and %d more", len(flags)-i))
			break
		}
		out = append(out, f.String())
	}
	return harmless(strings.Join(out, "; "))
}

// number is empty where there is none.
func number(v float64) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// harmless keeps a spreadsheet from taking a text for a formula: it must not begin
// with what begins one. Line ends become spaces.
func harmless(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if t := strings.TrimLeft(s, " "); t != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(t)[0]) {
		return "'" + s
	}
	return s
}
