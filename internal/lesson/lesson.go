// SPDX-License-Identifier: MIT

// Package lesson shows a lesson, which is Markdown, as text for a terminal:
// headings, paragraphs, lists, tables and code, and a mermaid drawing as the
// list of its arrows. It reads no file and asks no terminal.
package lesson

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// Options say for whom a lesson is drawn.
type Options struct {
	Width int  // columns; code, and a word longer than that, are not cut
	Color bool // else there is no escape code in it
}

// narrowest is the width below which nothing can be read.
const narrowest = 20

// Title is the text of the first heading; "" without one.
func Title(markdown string) string {
	source := clean(markdown)
	title := ""
	_ = ast.Walk(parse(source), func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok {
			p := printer{source: source}
			title = plainText(p.inline(h, 0))
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return title
}

// Until is a lesson as far as the end of a section, by its heading, in large letters
// or small; false where it has none of that name.
func Until(markdown, section string) (string, bool) {
	source := clean(markdown)
	p := &printer{source: source}
	level := 0
	for n := parse(source).FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		switch {
		case !ok || h.Lines().Len() == 0:
		case level == 0 && strings.EqualFold(plainText(p.inline(h, 0)), section):
			level = h.Level
		case level > 0 && h.Level <= level:
			begins := bytes.LastIndexByte(source[:h.Lines().At(0).Start], '\n') + 1
			return string(source[:begins]), true
		}
	}
	return string(source), level > 0
}

// Render draws a lesson.
func Render(markdown string, o Options) string {
	source := clean(markdown)
	p := &printer{source: source, color: o.Color}
	return strings.Join(p.children(parse(source), max(o.Width, narrowest)), "\n") + "\n"
}

func parse(source []byte) ast.Node {
	return goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(source))
}

// clean takes out what a terminal would obey: a lesson may be anybody's.
func clean(markdown string) []byte {
	return []byte(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, ansi.Strip(markdown)))
}

// printer turns the nodes of one lesson into lines.
type printer struct {
	source []byte
	color  bool
}

// children are the blocks below a node, with an empty line between two.
func (p *printer) children(n ast.Node, width int) []string {
	var out []string
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		lines := p.block(c, width)
		if len(lines) == 0 {
			continue
		}
		if len(out) > 0 && c.PreviousSibling().Kind() != ast.KindTextBlock { // that is an item of a list without gaps
			out = append(out, "")
		}
		out = append(out, lines...)
	}
	return out
}

func (p *printer) block(n ast.Node, width int) []string {
	switch n := n.(type) {
	case *ast.Heading:
		return p.heading(n, width)
	case *ast.Paragraph, *ast.TextBlock:
		return p.wrap(p.inline(n, 0), width)
	case *ast.List:
		return p.list(n, width)
	case *ast.Blockquote:
		return indent(p.children(n, width-2), "│ ", "│ ")
	case *ast.FencedCodeBlock:
		return p.code(string(n.Language(p.source)), p.raw(n), width)
	case *ast.CodeBlock:
		return p.code("", p.raw(n), width)
	case *ast.ThematicBreak:
		return []string{strings.Repeat("─", min(width, 20))}
	case *ast.HTMLBlock:
		return p.html(n)
	}
	if n.Kind() == tableKind {
		return p.table(n, width)
	}
	return p.children(n, width)
}

// heading is underlined, so that it is one without colours too.
func (p *printer) heading(n *ast.Heading, width int) []string {
	words := p.inline(n, bold|title)
	lines := p.wrap(words, width)
	longest := 0
	for _, l := range lines {
		longest = max(longest, ansi.StringWidth(l))
	}
	switch n.Level {
	case 1:
		return append(lines, p.paint(strings.Repeat("═", longest), title))
	case 2:
		return append(lines, p.paint(strings.Repeat("─", longest), title))
	}
	return lines
}

func (p *printer) list(n *ast.List, width int) []string {
	var out []string
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "• "
		if n.IsOrdered() {
			mark = itoa(number) + ". "
			number++
		}
		if !n.IsTight && len(out) > 0 {
			out = append(out, "")
		}
		blank := strings.Repeat(" ", 2+len([]rune(mark)))
		out = append(out, indent(p.children(item, width-len(blank)), "  "+mark, blank)...)
	}
	return out
}

// code is not wrapped: it is to be typed as it stands.
func (p *printer) code(language string, lines []string, width int) []string {
	if language == "mermaid" {
		if arrows, ok := arrows(lines); ok {
			var out []string
			for _, a := range arrows {
				out = append(out, indent(p.wrap(split([]span{{a, 0}}), width-6), "  ", "      ")...)
			}
			return out
		}
	}
	var out []string
	for _, l := range lines {
		out = append(out, strings.TrimRight("    "+p.paint(strings.ReplaceAll(l, "\t", "    "), code), " "))
	}
	return out
}

// html is shown as it is, but for comments, which are for programs.
func (p *printer) html(n *ast.HTMLBlock) []string {
	if n.HTMLBlockType == ast.HTMLBlockType2 {
		return nil
	}
	return p.raw(n)
}

func (p *printer) raw(n ast.Node) []string {
	var out []string
	for _, s := range n.Lines().Sliced(0, n.Lines().Len()) {
		out = append(out, strings.TrimRight(string(s.Value(p.source)), "\n"))
	}
	return out
}

func indent(lines []string, first, rest string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		mark := rest
		if i == 0 {
			mark = first
		}
		out[i] = strings.TrimRight(mark+l, " ")
	}
	return out
}
