// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// The matrix of docs/resilience.md is made by its name alone: it takes half an hour, a
// quarter of it for each stage.
const resilience = "resilience"

var drills = []string{"drill all --stages 3", "drill all --stages 6", "drill all --stages 7", "drill all --stages 8"}

type drilled struct {
	Stage      int
	Name       string
	Title      string
	State      string
	Reason     string
	Hypothesis string
	Trials     []struct{ State string }
	Predicted  *struct{ Low, High float64 } `json:"predicted_gap_seconds"`
	Gap        *spread                      `json:"gap_seconds"`
	Lost       *spread                      `json:"lost"`
	Recovered  *spread                      `json:"recovered_seconds"`
}

type spread struct{ Min, Median, Max float64 }

func makeResilience() error {
	var all []drilled
	for _, command := range drills {
		c := exec.Command(lab, append([]string{"-p", project, "-o", "json"}, strings.Fields(command)...)...)
		c.Stderr = os.Stderr
		out, err := c.Output()
		if err != nil {
			return fmt.Errorf("lab %s: %w\n%s", command, err, out)
		}
		var got struct{ Drills []drilled }
		if err := json.Unmarshal(out, &got); err != nil {
			return err
		}
		all = append(all, got.Drills...)
	}
	text := matrix(all) + "\n" + figures(all) +
		fmt.Sprintf("\nMeasured %s on %s by `go run ./docs/measure %s`:\n`lab %s`\n", time.Now().Format("2006-01-02"), machine(), resilience, strings.Join(drills, "`, `lab "))
	return table{name: resilience, file: "docs/resilience.md"}.write(text)
}

// matrix has a row for each drill and a column for each stage.
func matrix(all []drilled) string {
	var stages []int
	var names []string
	for _, d := range all {
		if !slices.Contains(stages, d.Stage) {
			stages = append(stages, d.Stage)
		}
		if !slices.Contains(names, d.Name) {
			names = append(names, d.Name)
		}
	}
	var b strings.Builder
	b.WriteString("| |")
	for _, s := range stages {
		fmt.Fprintf(&b, " stage %d |", s)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(stages)) + "\n")
	for _, name := range names {
		fmt.Fprintf(&b, "| `%s` |", name)
		for _, s := range stages {
			i := slices.IndexFunc(all, func(d drilled) bool { return d.Stage == s && d.Name == name })
			if i < 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(&b, " %s |", all[i].words())
		}
		b.WriteString("\n")
	}
	return b.String()
}

// words of a cell: what it came to, and what it cost.
func (d drilled) words() string {
	if d.Gap == nil {
		return d.State
	}
	cost := "nothing lost"
	if d.Lost.Median > 0 {
		cost = fmt.Sprintf("%.0f lost", d.Lost.Median)
	}
	if d.Gap.Median > 0 {
		cost = "gap " + milliseconds(d.Gap.Median) + ", " + cost
	}
	return "**" + d.State + "**: " + cost
}

// figures has a row for each drill of each stage: medians, with the range of the trials.
func figures(all []drilled) string {
	var b strings.Builder
	b.WriteString("| stage | drill | expected | trials decided | gap | predicted | lost | recovered |\n|---|---|---|---:|---:|---:|---:|---:|\n")
	for _, d := range all {
		decided := 0
		for _, t := range d.Trials {
			if t.State != "not decided" {
				decided++
			}
		}
		predicted := "-"
		if d.Predicted != nil {
			predicted = milliseconds(d.Predicted.Low) + " to " + milliseconds(d.Predicted.High)
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %d of %d | %s | %s | %s | %s |\n", d.Stage, d.Title, strings.ReplaceAll(d.Hypothesis, "<", "&lt;"), decided, len(d.Trials),
			d.Gap.words(func(v float64) string {
				if v == 0 {
					return "none"
				}
				return milliseconds(v)
			}), predicted, d.Lost.words(func(v float64) string { return fmt.Sprintf("%.0f", v) }), d.Recovered.words(milliseconds))
	}
	return b.String()
}

func (s *spread) words(show func(float64) string) string {
	switch {
	case s == nil:
		return "-"
	case show(s.Min) == show(s.Max):
		return show(s.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", show(s.Median), show(s.Min), show(s.Max))
}
