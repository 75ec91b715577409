// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"strconv"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// WriteLadder prints a ladder: a row a stage.
func WriteLadder(w io.Writer, l analysis.Ladder, o Options) error {
	if _, err := fmt.Fprintf(w, "%s, %s at %s, %d rounds; the range of a stage's runs stands behind its median\n\n",
		o.paint(bold, fmt.Sprintf("%d stages", len(l.Rungs))), l.Workload, l.Pace, l.Rounds); err != nil {
		return err
	}
	if err := ladderTable(l).Write(w, o); err != nil {
		return err
	}
	for _, n := range l.Notes {
		if _, err := fmt.Fprintln(w, n); err != nil {
			return err
		}
	}
	return nil
}

// ladderTable has a row a stage.
func ladderTable(l analysis.Ladder) *Table {
	t := &Table{Head: []string{"STAGE", "VERDICT", "BUSIEST", "OF ITS LIMIT", "P50 ms", "P99 ms", "SERVED/s", "FAILED", "CPU-ms/REQ", "DATABASES", "MEMORY", "BOXES"}, Left: 3}
	for _, r := range l.Rungs {
		t.Row(r.Stage.Name, string(r.Verdict), r.Busiest, Percent(r.Share.Median),
			ranged(r.P50, Milliseconds), ranged(r.P99, Milliseconds), significant(r.Served.Median), Percent(r.Failed.Median),
			ranged(r.CPU, Milliseconds), Milliseconds(r.Databases.Median), Bytes(int64(r.Memory.Median)), strconv.Itoa(r.Boxes))
	}
	return t
}

// ranged prints the median with the lowest and the highest.
func ranged(s analysis.Spread, show func(float64) string) string {
	if s.Low == s.High {
		return show(s.Median)
	}
	return show(s.Median) + " (" + show(s.Low) + " to " + show(s.High) + ")"
}

// LadderJSON is a ladder for -o json, in base units.
func LadderJSON(l analysis.Ladder) any {
	type spread struct {
		Median float64 `json:"median"`
		Low    float64 `json:"low"`
		High   float64 `json:"high"`
	}
	type rung struct {
		Stage   record.Stage `json:"stage"`
		Runs    []string     `json:"runs"`
		Boxes   int          `json:"boxes"`
		Verdict record.State `json:"verdict"`
		P50     spread       `json:"p50_seconds"`
		P99     spread       `json:"p99_seconds"`
		Served  spread       `json:"served_per_second"`
		Failed  spread       `json:"error_rate"`
		CPU     spread       `json:"cpu_seconds_per_request"`
		DB      spread       `json:"database_cpu_seconds_per_request"`
		Memory  spread       `json:"memory_bytes"`
		Busiest string       `json:"busiest"`
		Share   spread       `json:"busiest_share_of_limit"`
	}
	rungs := []rung{}
	for _, r := range l.Rungs {
		rungs = append(rungs, rung{r.Stage, r.Runs, r.Boxes, r.Verdict, spread(r.P50), spread(r.P99), spread(r.Served), spread(r.Failed),
			spread(r.CPU), spread(r.Databases), spread(r.Memory), r.Busiest, spread(r.Share)})
	}
	return map[string]any{"workload": l.Workload, "pace": l.Pace, "rounds": l.Rounds, "stages": rungs, "notes": append([]string{}, l.Notes...)}
}
