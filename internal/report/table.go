// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table lines words up to the left and numbers to the right. The standard
// tabwriter can do only one of the two in a table.
type Table struct {
	Head   []string
	Left   int    // how many columns, from the first, hold words
	Indent string // before each row
	rows   [][]string
}

// Row adds one row. What is missing at its end is empty.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Write prints the head, where there is one, and the rows, two spaces between columns.
func (t *Table) Write(w io.Writer, o Options) error {
	_, err := io.WriteString(w, t.text(o))
	return err
}

func (t *Table) text(o Options) string {
	var width []int
	all := append([][]string{t.Head}, t.rows...)
	for _, row := range all {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, row := range all {
		if len(row) == 0 {
			continue
		}
		var line strings.Builder
		line.WriteString(t.Indent)
		for i, cell := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			gap := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i < t.Left {
				line.WriteString(cell + gap)
			} else {
				line.WriteString(gap + cell)
			}
		}
		text := strings.TrimRight(line.String(), " ")
		if n == 0 {
			text = o.paint(dim, text)
		}
		fmt.Fprintln(&b, text)
	}
	return b.String()
}
