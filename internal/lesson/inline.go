// SPDX-License-Identifier: MIT

package lesson

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark/ast"
)

// look is how a piece of text is shown; several can be set.
type look int

const (
	bold look = 1 << iota
	italic
	underlined
	code
	title
)

// codes are those of every terminal's own palette.
var codes = []struct {
	look look
	code string
}{{bold, "1"}, {italic, "3"}, {underlined, "4"}, {code, "36"}, {title, "33"}}

// span is text of one look.
type span struct {
	text string
	look look
}

// word is what is not parted at the end of a line. None stands for a line's end.
type word []span

func (w word) width() int {
	n := 0
	for _, s := range w {
		n += ansi.StringWidth(s.text)
	}
	return n
}

// inline are the words of a block.
func (p *printer) inline(n ast.Node, l look) []word { return split(p.spans(n, l)) }

func (p *printer) spans(n ast.Node, l look) []span {
	var out []span
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			out = append(out, span{string(c.Segment.Value(p.source)), l})
			if c.HardLineBreak() {
				out = append(out, span{"\n", l})
			} else if c.SoftLineBreak() {
				out = append(out, span{" ", l})
			}
		case *ast.String:
			out = append(out, span{string(c.Value), l})
		case *ast.CodeSpan:
			out = append(out, p.codeSpan(c, l)...)
		case *ast.Emphasis:
			out = append(out, p.spans(c, l|[]look{italic, bold}[min(c.Level, 2)-1])...)
		case *ast.Link:
			out = append(out, p.spans(c, l|underlined)...)
			if to := string(c.Destination); strings.Contains(to, "://") { // one within the project leads nowhere from a terminal
				out = append(out, span{" (" + to + ")", l})
			}
		case *ast.AutoLink:
			out = append(out, span{string(c.URL(p.source)), l | underlined})
		case *ast.RawHTML: // a comment, or a mark that a terminal can't follow
		default:
			out = append(out, p.spans(c, l)...)
		}
	}
	return out
}

// codeSpan keeps its marks where no colour tells it from the rest.
func (p *printer) codeSpan(n ast.Node, l look) []span {
	inner := ""
	for _, s := range p.spans(n, l) {
		inner += s.text
	}
	if !p.color {
		inner = "`" + inner + "`"
	}
	return []span{{inner, l | code}}
}

// split parts spans where there are spaces.
func split(spans []span) []word {
	var out []word
	var now word
	end := func() {
		if len(now) > 0 {
			out, now = append(out, now), nil
		}
	}
	for _, s := range spans {
		if s.text == "\n" {
			end()
			out = append(out, nil)
			continue
		}
		for i, piece := range strings.FieldsFunc(" "+s.text+" ", isSpace) {
			if i > 0 || strings.HasPrefix(s.text, " ") {
				end()
			}
			now = append(now, span{piece, s.look})
		}
		if strings.HasSuffix(s.text, " ") {
			end()
		}
	}
	end()
	return out
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }

func plainText(words []word) string {
	var out []string
	for _, w := range words {
		t := ""
		for _, s := range w {
			t += s.text
		}
		out = append(out, t)
	}
	return strings.Join(out, " ")
}

// wrap fills lines with words. Every line begins and ends without a look, so
// that a pager may show it alone.
func (p *printer) wrap(words []word, width int) []string {
	var out []string
	line, used := "", 0
	for _, w := range words {
		n := w.width()
		if w == nil || used > 0 && used+1+n > width {
			out = append(out, line)
			line, used = "", 0
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		for _, s := range w {
			line += p.paint(s.text, s.look)
		}
		used += n
	}
	if used > 0 {
		out = append(out, line)
	}
	return out
}

func (p *printer) paint(s string, l look) string {
	var on []string
	for _, c := range codes {
		if l&c.look != 0 {
			on = append(on, c.code)
		}
	}
	if !p.color || len(on) == 0 || s == "" {
		return s
	}
	return "\x1b[" + strings.Join(on, ";") + "m" + s + "\x1b[0m"
}

func itoa(n int) string { return strconv.Itoa(n) }
