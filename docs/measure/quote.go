// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A number in a lesson's text is a quotation of a cell of a measured table, in
// whichever file that stands: <!-- cell TABLE|ROW|COLUMN -->55 ms<!-- . -->.
var (
	quotation = regexp.MustCompile(`(<!-- cell ([^|]+)\|([^|]+)\|([^|]+) -->)[^<]*(<!-- \. -->)`)
	written   = regexp.MustCompile(`(?s)<!-- table (\S+) -->\n(.*?)<!-- end -->`)
	verdict   = regexp.MustCompile(` \((suspect|invalid)\)$`)
)

// lessons are the files in which tables and quotations stand, below a folder.
func lessons(root string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "stages", "*", "README.md"))
	return append(files, filepath.Join(root, "README.md")), err
}

// quote gives each quotation the value that its table has now, and returns the
// files that change, with their new text.
func quote(root string) (map[string]string, error) {
	files, err := lessons(root)
	if err != nil {
		return nil, err
	}
	texts, cells := map[string]string{}, map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		texts[file] = string(b)
		for _, m := range written.FindAllStringSubmatch(string(b), -1) {
			readCells(m[1], m[2], cells)
		}
	}
	changed := map[string]string{}
	for file, was := range texts {
		var missing error
		now := quotation.ReplaceAllStringFunc(was, func(q string) string {
			m := quotation.FindStringSubmatch(q)
			value, ok := cells[strings.Join(m[2:5], "|")]
			if !ok || value == "-" {
				missing = fmt.Errorf("%s quotes %s, which no table has", file, strings.Join(m[2:5], " | "))
			}
			return m[1] + value + m[5]
		})
		if missing != nil {
			return nil, missing
		}
		if now != was {
			changed[file] = now
		}
	}
	return changed, nil
}

// readCells reads one table; a row's name is its label, whatever its verdict.
func readCells(name, table string, into map[string]string) {
	var columns []string
	for _, line := range strings.Split(table, "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") {
			continue
		}
		row := strings.Split(strings.Trim(line, "|"), "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if columns == nil {
			columns = row
			continue
		}
		for i := 1; i < min(len(row), len(columns)); i++ {
			into[name+"|"+verdict.ReplaceAllString(row[0], "")+"|"+columns[i]] = row[i]
		}
	}
}

// requote writes the quotations anew, after tables have changed.
func requote() error {
	changed, err := quote(".")
	if err != nil {
		return err
	}
	for file, now := range changed {
		if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
			return err
		}
	}
	return nil
}
