// SPDX-License-Identifier: MIT

package exercise

import (
	"embed"
	"slices"
)

//go:embed templates
var templates embed.FS

// Template is a file with one exercise of a kind, with comments, to write one's own from.
func Template(kind Kind) (string, bool) {
	if !slices.Contains(Kinds(), kind) {
		return "", false
	}
	head, err := templates.ReadFile("templates/head.yaml")
	if err != nil {
		return "", false
	}
	body, err := templates.ReadFile("templates/" + string(kind) + ".yaml")
	return string(head) + string(body), err == nil
}
