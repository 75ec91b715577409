// SPDX-License-Identifier: MIT

package lesson

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

var tableKind = east.KindTable

// gap stands between two columns.
const gap = 2

// table draws the columns side by side, with cells of several lines where it
// would be too wide, and row by row where even that does not fit.
func (p *printer) table(n ast.Node, width int) []string {
	rows, right := p.cells(n)
	if len(rows) == 0 {
		return nil
	}
	widths, fits := columns(rows, width)
	if !fits {
		return p.rowByRow(rows, width)
	}
	var out []string
	for i, row := range rows {
		out = append(out, p.row(row, widths, right)...)
		if i == 0 {
			var rule []string
			for _, w := range widths {
				rule = append(rule, strings.Repeat("─", w))
			}
			out = append(out, strings.Join(rule, strings.Repeat(" ", gap)))
		}
	}
	return out
}

// cells of a table, the first row those of its head, and which columns stand to
// the right.
func (p *printer) cells(n ast.Node) (rows [][][]word, right []bool) {
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		head := look(0)
		if r.Kind() == east.KindTableHeader {
			head = bold
		}
		var row [][]word
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			cell, ok := c.(*east.TableCell)
			if !ok {
				continue
			}
			row = append(row, p.inline(cell, head))
			if len(rows) == 0 {
				right = append(right, cell.Alignment == east.AlignRight)
			}
		}
		rows = append(rows, row)
	}
	return rows, right
}

// columns finds their widths: as wide as needed, then the widest gives way until
// all fit; none becomes narrower than its longest word.
func columns(rows [][][]word, width int) (widths []int, fits bool) {
	n := len(rows[0])
	widths, least := make([]int, n), make([]int, n)
	for _, row := range rows {
		for i, cell := range row[:min(len(row), n)] {
			all := len(cell) - 1
			for _, w := range cell {
				least[i] = max(least[i], w.width())
				all += w.width()
			}
			widths[i] = max(widths[i], all)
		}
	}
	total := (n - 1) * gap
	for _, w := range widths {
		total += w
	}
	for ; total > width; total-- {
		widest := -1
		for i, w := range widths {
			if w > least[i] && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return widths, false
		}
		widths[widest]--
	}
	return widths, true
}

func (p *printer) row(row [][]word, widths []int, right []bool) []string {
	cells := make([][]string, len(widths))
	height := 1
	for i := range min(len(row), len(widths)) {
		cells[i] = p.wrap(row[i], widths[i])
		height = max(height, len(cells[i]))
	}
	out := make([]string, height)
	for y := range height {
		var line strings.Builder
		for i, w := range widths {
			s := ""
			if y < len(cells[i]) {
				s = cells[i][y]
			}
			free := strings.Repeat(" ", w-ansi.StringWidth(s))
			if right[i] {
				s = free + s
			} else {
				s += free
			}
			line.WriteString(s + strings.Repeat(" ", gap))
		}
		out[y] = strings.TrimRight(line.String(), " ")
	}
	return out
}

// rowByRow writes each row as a list of what its columns are called and hold.
func (p *printer) rowByRow(rows [][][]word, width int) []string {
	var out []string
	for _, row := range rows[1:] {
		for i, cell := range row[:min(len(row), len(rows[0]))] {
			if i == 0 {
				out = append(out, p.wrap(cell, width)...)
				continue
			}
			words := append(append([]word{}, rows[0][i]...), cell...)
			out = append(out, indent(p.wrap(words, width-4), "  ", "    ")...)
		}
	}
	return out
}
