// SPDX-License-Identifier: MIT

package tui

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/record"
)

// Runs of real stages that ship with the program, one a stage, so that it can be
// seen where nothing is installed. scripts/record-demo makes them anew.
//
//go:embed demo/*.json.gz
var demo embed.FS

// Demos are the stages that there is a run of, in order.
func Demos() []int {
	entries, err := demo.ReadDir("demo")
	if err != nil {
		return nil
	}
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(e.Name(), "stage-"), ".json.gz")); err == nil {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// Demo reads the run of a stage.
func Demo(stage int) (*record.Run, error) {
	b, err := demo.ReadFile(path.Join("demo", fmt.Sprintf("stage-%d.json.gz", stage)))
	if err != nil {
		return nil, err
	}
	return record.Read(bytes.NewReader(b))
}
