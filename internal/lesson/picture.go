// SPDX-License-Identifier: MIT

package lesson

import (
	"regexp"
	"slices"
	"strings"
)

var (
	aside = regexp.MustCompile(`^\s*(%%.*|(flowchart|graph|subgraph|direction|classDef|class|style|linkStyle)\b.*|end\s*;?)?$`)
	box   = regexp.MustCompile(`^\s*(\w+(?:-\w+)*)(\[\[.*?\]\]|\[\(.*?\)\]|\(\(.*?\)\)|\[.*?\]|\(.*?\)|\{.*?\})?\s*`)
	arrow = regexp.MustCompile(`^(<?)(--+>|==+>|-\.+->)\s*(?:\|([^|]*)\|)?\s*`)
)

// arrows says a mermaid drawing in lines: who calls whom, and what the arrow is
// called. It is not ok with what is no flow chart of boxes and arrows.
func arrows(lines []string) (out []string, ok bool) {
	names := map[string]string{}
	for _, l := range lines { // a box may get its name after it was used
		if !aside.MatchString(l) && !readLine(l, names, nil) {
			return nil, false
		}
	}
	for _, l := range lines {
		if !aside.MatchString(l) {
			readLine(l, names, &out)
		}
	}
	return out, len(out) > 0
}

// readLine reads a & b -->|label| c & d --> e: the names of the boxes, and, once
// all are known, the arrows.
func readLine(l string, names map[string]string, out *[]string) bool {
	from, l, ok := readBoxes(l, names)
	for ok && strings.Trim(l, " ;") != "" {
		m := arrow.FindStringSubmatch(l)
		if m == nil {
			return false
		}
		var to []string
		if to, l, ok = readBoxes(l[len(m[0]):], names); ok && out != nil {
			*out = append(*out, line(named(from, names), named(to, names), m))
		}
		from = to
	}
	return ok
}

func readBoxes(l string, names map[string]string) (boxes []string, rest string, ok bool) {
	for {
		m := box.FindStringSubmatch(l)
		if m == nil {
			return nil, l, false
		}
		if label := inside(m[2]); label != "" {
			names[m[1]] = label
		}
		boxes, l = append(boxes, m[1]), l[len(m[0]):]
		if l, ok = strings.CutPrefix(l, "&"); !ok {
			return boxes, l, true
		}
	}
}

// inside is what a box says, without the signs that give it its shape.
func inside(shape string) string {
	for len(shape) > 1 && slices.Contains([]string{"[]", "()", "{}"}, shape[:1]+shape[len(shape)-1:]) {
		shape = shape[1 : len(shape)-1]
	}
	return strings.Trim(shape, `"`)
}

func named(boxes []string, names map[string]string) string {
	out := make([]string, len(boxes))
	comma := ", "
	for i, b := range boxes {
		out[i] = b
		if names[b] != "" {
			out[i] = names[b]
		}
		if len(boxes) > 1 && strings.Contains(out[i], ",") {
			comma = " and "
		}
	}
	return strings.Join(out, comma)
}

// line is one arrow: drawn through as →, and ⇢ where it is dotted.
func line(from, to string, m []string) string {
	head := "→"
	switch {
	case m[1] != "":
		head = "↔"
	case strings.Contains(m[2], "."):
		head = "⇢"
	}
	out := from + " " + head + " " + to
	if label := strings.Trim(m[3], `" `); label != "" {
		out += "  (" + label + ")"
	}
	return out
}
