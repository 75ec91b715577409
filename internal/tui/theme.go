// SPDX-License-Identifier: MIT

package tui

import (
	"image/color"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"
)

// style is how a cell looks, by what it means.
type style uint8

const (
	plain  style = iota
	dim          // words beside the figures
	faint        // axes, tracks, rules
	strong       // names and titles
	accent       // what a person can do, and the place that is looked at
	good         // as it should be
	heat0        // a bar's ends: calm …
	heat1
	heat2
	heat3
	heat4 // … to hot
	bad   // failed, gone
	line1 // curves, the lowest first
	line2
	line3
	role   // the virtual IP and its like
	badge  // the name of the program
	styles // how many there are
)

// heat is the style of a share of a limit.
func heat(share float64) style {
	switch {
	case share < 0.40:
		return heat0
	case share < 0.60:
		return heat1
	case share < 0.75:
		return heat2
	case share < 0.90:
		return heat3
	}
	return heat4
}

// shade is one style's colour for each kind of terminal, on dark and on light.
// 16 colours are named by number; "" is the terminal's own colour.
type shade struct {
	dark, light     string // true colour
	dark8, light8   string // of 256
	dark4, light4   string // of 16
	bold, underline bool
	reverse         bool
}

var shades = [styles]shade{
	plain:  {},
	dim:    {dark: "#8b95a7", light: "#5b6472", dark8: "246", light8: "241", dark4: "7", light4: "8"},
	faint:  {dark: "#4a5264", light: "#b4bac4", dark8: "240", light8: "249", dark4: "8", light4: "7"},
	strong: {bold: true},
	accent: {dark: "#7cb7ff", light: "#1a5fb4", dark8: "111", light8: "25", dark4: "12", light4: "4", bold: true},
	good:   {dark: "#7fcf8f", light: "#26803b", dark8: "114", light8: "28", dark4: "10", light4: "2"},
	heat0:  {dark: "#5fb8a5", light: "#1f8a78", dark8: "73", light8: "30", dark4: "6", light4: "6"},
	heat1:  {dark: "#9cc46b", light: "#5c8a1c", dark8: "149", light8: "64", dark4: "2", light4: "2"},
	heat2:  {dark: "#e3c25a", light: "#a87b00", dark8: "179", light8: "136", dark4: "3", light4: "3"},
	heat3:  {dark: "#ee9a4d", light: "#c75c00", dark8: "209", light8: "166", dark4: "11", light4: "1"},
	heat4:  {dark: "#f2636b", light: "#c01c28", dark8: "203", light8: "160", dark4: "9", light4: "9", bold: true},
	bad:    {dark: "#f2636b", light: "#c01c28", dark8: "203", light8: "160", dark4: "9", light4: "1", bold: true},
	line1:  {dark: "#66b8d9", light: "#1f78a4", dark8: "74", light8: "31", dark4: "14", light4: "6"},
	line2:  {dark: "#b49af0", light: "#6f4bc4", dark8: "141", light8: "61", dark4: "13", light4: "5"},
	line3:  {dark: "#ee9a4d", light: "#c75c00", dark8: "209", light8: "166", dark4: "11", light4: "3"},
	role:   {dark: "#e9a6d8", light: "#a3338b", dark8: "182", light8: "127", dark4: "13", light4: "5", bold: true},
	badge:  {dark: "#7cb7ff", light: "#1a5fb4", dark8: "111", light8: "25", dark4: "12", light4: "4", bold: true, reverse: true},
}

// look is what stands before and after a stretch of cells.
type look struct{ open, close string }

// Theme is how every style looks on one kind of terminal.
type Theme struct{ looks [2][styles]look }

// NewTheme chooses the looks. Without colours, bold and reverse still tell
// things apart.
func NewTheme(p colorprofile.Profile, dark bool) *Theme {
	t := &Theme{}
	for s := range styles {
		l := lipgloss.NewStyle().Bold(shades[s].bold).Underline(shades[s].underline).Reverse(shades[s].reverse)
		if c := shades[s].pick(p, dark); c != nil {
			l = l.Foreground(c)
		}
		t.looks[0][s] = cut(l)
		if bg := chosenBackground(p, dark); bg != nil {
			l = l.Background(bg)
		} else {
			l = l.Reverse(true)
		}
		t.looks[1][s] = cut(l)
	}
	return t
}

func (t *Theme) look(s style, chosen bool) look {
	if chosen {
		return t.looks[1][s]
	}
	return t.looks[0][s]
}

func (s shade) pick(p colorprofile.Profile, dark bool) color.Color {
	full, half, quarter := s.light, s.light8, s.light4
	if dark {
		full, half, quarter = s.dark, s.dark8, s.dark4
	}
	switch {
	case full == "" || p <= colorprofile.ASCII:
		return nil
	case p == colorprofile.TrueColor:
		return lipgloss.Color(full)
	case p == colorprofile.ANSI256:
		return lipgloss.Color(half)
	}
	return lipgloss.Color(quarter)
}

// chosenBackground lies under the selected row; 16 colours have none that is
// calm on every terminal, so there the row is reversed.
func chosenBackground(p colorprofile.Profile, dark bool) color.Color {
	return shade{dark: "#2b3347", light: "#dde6f5", dark8: "237", light8: "254"}.pickRich(p, dark)
}

func (s shade) pickRich(p colorprofile.Profile, dark bool) color.Color {
	if p < colorprofile.ANSI256 {
		return nil
	}
	return s.pick(p, dark)
}

// cut lets lipgloss make the escapes once, instead of for every stretch.
func cut(l lipgloss.Style) look {
	open, end, _ := strings.Cut(l.Render("x"), "x")
	return look{open, end}
}
