// SPDX-License-Identifier: MIT

// Package report is the face of results on paper: tables for people, JSON for
// programs. It measures and judges nothing; what it prints stands in the run,
// and a number that can't be trusted is not printed.
package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// Options of all that is printed for people.
type Options struct {
	Color bool // ANSI colours; for a terminal whose owner hasn't set NO_COLOR
}

// The colours used, as ANSI codes.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (o Options) paint(code, text string) string {
	if !o.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// State paints a verdict's state.
func (o Options) state(s record.State, text string) string {
	switch s {
	case record.Valid:
		return o.paint(green, text)
	case record.Suspect:
		return o.paint(yellow, text)
	}
	return o.paint(red, text)
}

// WriteWindow prints one second of a running load in one line. A p99 of fewer
// answers than it needs has a ~ before it.
func WriteWindow(w io.Writer, win record.Window, o Options) error {
	n := win.OK + win.Failed
	for kind, count := range win.Errors {
		if kind != "status" && kind != "timeout" { // these have no latency
			n -= count
		}
	}
	p50, p99 := None, None
	if n > 0 {
		p50, p99 = Seconds(win.Latency.P50), Seconds(win.Latency.P99)
		if !analysis.Trusted(0.99, n) && p99 != None {
			p99 = "~" + p99
		}
	}
	rate := None
	if win.Seconds > 0 {
		rate = Rate(float64(win.Sent) / win.Seconds)
	}
	failed := fmt.Sprintf("%6s failed", Count(win.Failed))
	if win.Failed > 0 {
		failed = o.paint(red, failed)
	}
	mark := ""
	if win.Warmup {
		mark = o.paint(dim, "  warm-up")
	}
	end := win.StartSeconds + win.Seconds
	if !plausible(end) {
		end = 0
	}
	_, err := fmt.Fprintf(w, "%6.0f s  %7s/s   p50 %8s   p99 %9s  %s  %5s in flight%s\n",
		end, rate, p50, p99, failed, Count(win.InFlight), mark)
	return err
}

// WriteRuns prints a list of saved runs.
func WriteRuns(w io.Writer, headers []record.Header, o Options) error {
	t := Table{Head: []string{"run", "workload", "pace", "stage", "served/s", "p99", "verdict"}, Left: 3}
	var broken []string
	grouped := slices.ContainsFunc(headers, func(h record.Header) bool { return h.Comparison != "" })
	if grouped {
		t.Head = append(t.Head, "round of")
	}
	for _, h := range headers {
		if h.Problem != "" {
			broken = append(broken, h.Problem)
			continue
		}
		p99 := Seconds(h.P99Seconds)
		if n := int(h.ServedRate*h.DurationSeconds) + h.Failed; !analysis.Trusted(0.99, n) || h.P99Seconds <= 0 {
			p99 = None
		}
		row := []string{h.ID, h.Workload, shorten(h.Pace, 14), fmt.Sprint(h.Stage), Rate(h.ServedRate), p99, string(h.Verdict)}
		if grouped {
			row = append(row, cmp.Or(h.Comparison, None))
		}
		t.Row(row...)
	}
	var b strings.Builder
	if t.Len() > 0 {
		b.WriteString(t.text(o))
	}
	for _, line := range broken {
		fmt.Fprintln(&b, o.paint(red, line))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
