// SPDX-License-Identifier: MIT

package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// WriteRun prints a run as one wants to see it after the load.
func WriteRun(w io.Writer, run *record.Run, o Options) error {
	p := &page{run: run, o: o}
	for _, part := range []func(){
		p.title, p.requests, p.latency, p.endpoints, p.tiers, p.answers, p.containers, p.machine, p.events, p.verdict,
	} {
		part()
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// page collects the text, so that one write prints it.
type page struct {
	run      *record.Run
	o        Options
	b        strings.Builder
	withheld bool // a percentile was left out
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

// label begins a line; all labels have one width.
func (p *page) label(name string) string { return p.o.paint(bold, fmt.Sprintf("%-10s", name)) }

func (p *page) table(t *Table) { p.b.WriteString(t.text(p.o)) }

// quantile prints a percentile, or None where n answers don't carry it.
func (p *page) quantile(v, q float64, n int) string {
	if n == 0 || v <= 0 { // no answer takes no time at all
		return None
	}
	if !analysis.Trusted(q, n) {
		p.withheld = true
		return None
	}
	return Seconds(v)
}

func (p *page) title() {
	r := p.run
	p.line("%s %s", p.o.paint(bold, fmt.Sprintf("Stage %d, %s", r.Stage.Number, r.Stage.Title)), p.o.paint(dim, "· run "+r.ID))
	warm := ""
	if r.WarmupSeconds > 0 {
		warm = " after " + Seconds(r.WarmupSeconds) + " of warm-up"
	}
	p.line("%s, %s for %s%s, seed %d", r.Workload.Name, r.Pace, Seconds(r.DurationSeconds), warm, r.Seed)
	for _, s := range r.Architecture.Services {
		if s.Replaced != "" {
			p.line("%s ran in the place of %s", s.Replaced, s.Name)
		}
	}
	p.line("")
}

func (p *page) requests() {
	s := p.run.Summary
	p.line("%sasked %s/s   sent %s/s   served %s/s", p.label("Rate"), Rate(s.Rate.Asked), Rate(s.Rate.Sent), Rate(s.Rate.Served))
	q := s.Requests
	p.line("%s%s sent: %s ok, %s failed; %s late, %s dropped", p.label("Requests"),
		Count(q.Sent), Count(q.OK), Count(q.Failed), Count(q.Late), Count(q.Dropped))
}

func (p *page) latency() {
	n, l := analysis.Answered(p.run.Summary), p.run.Summary.Latency
	p.line("")
	t := Table{Head: []string{"latency", "p50", "p90", "p95", "p99", "p99.9", "max"}, Left: 1}
	t.Row("all", p.quantile(l.P50, 0.5, n), p.quantile(l.P90, 0.9, n), p.quantile(l.P95, 0.95, n),
		p.quantile(l.P99, 0.99, n), p.quantile(l.P999, 0.999, n), p.quantile(l.Max, 1, n))
	p.table(&t)
}

func (p *page) endpoints() {
	if len(p.run.Summary.Endpoints) == 0 {
		return
	}
	p.line("")
	t := Table{Head: []string{"endpoint", "requests", "failed", "p50", "p90", "p99", "max"}, Left: 1}
	for _, e := range p.run.Summary.Endpoints {
		t.Row(e.Name, Count(e.Requests), Count(e.Failed), p.quantile(e.Latency.P50, 0.5, e.Requests),
			p.quantile(e.Latency.P90, 0.9, e.Requests), p.quantile(e.Latency.P99, 0.99, e.Requests), p.quantile(e.Latency.Max, 1, e.Requests))
	}
	p.table(&t)
}

func (p *page) tiers() {
	tiers := p.run.Summary.Tiers
	if len(tiers) > 0 {
		p.line("")
		t := Table{Head: []string{"time spent in", "answers", "mean", "p99"}, Left: 1}
		for _, name := range slices.Sorted(maps.Keys(tiers)) {
			tier := tiers[name]
			t.Row(name, Count(tier.Count), Seconds(tier.MeanSeconds), p.quantile(tier.P99Seconds, 0.99, tier.Count))
		}
		p.table(&t)
	}
	if p.withheld {
		p.line("%s", p.o.paint(dim, None+" stands where there are too few answers for that percentile"))
	}
}

func (p *page) answers() {
	s := p.run.Summary
	p.line("")
	if len(s.StatusCodes) > 0 {
		p.line("%s%s", p.label("Status"), counts(s.StatusCodes))
	}
	if len(s.Errors) > 0 {
		p.line("%s%s", p.label("Errors"), p.o.paint(red, counts(s.Errors)))
	}
	if len(s.Gaps) > 0 {
		longest := slices.MaxFunc(s.Gaps, func(a, b record.Gap) int { return cmp.Compare(a.Seconds, b.Seconds) })
		p.line("%s%d without one good answer, the longest %s from %s on", p.label("Gaps"), len(s.Gaps), Seconds(longest.Seconds), at(longest.StartSeconds))
	}
	if r := s.Reads; r.Fresh+r.Stale+r.Wrong+r.Unjudged > 0 {
		stale := Count(r.Stale) + " stale"
		if r.Stale > 0 {
			stale += " (by up to " + Seconds(r.MaxStaleSeconds) + ")"
		}
		p.line("%s%s fresh, %s, %s wrong, %s not judged", p.label("Reads"), Count(r.Fresh), stale, Count(r.Wrong), Count(r.Unjudged))
	}
	if all := s.Cache.Hits + s.Cache.Misses; all > 0 {
		p.line("%s%s hits (%s of %s)", p.label("Cache"), Percent(float64(s.Cache.Hits)/float64(all)), Count(s.Cache.Hits), Count(all))
	}
	if q := s.Queue; q != nil {
		p.line("%s%.1f tasks waiting on average, %s at most; up to %s in hand; %s workers", p.label("Queue"), q.DepthMean, Count(q.DepthMax),
			Count(q.UnacknowledgedMax), span(q.ConsumersMin, q.ConsumersMax))
	}
	if r := s.Replication; r != nil {
		lost := ""
		if r.ReplicasMin == 0 {
			lost = "; at times no replica streamed"
		}
		p.line("%sreplica behind by %s on average, %s at most (%s)%s", p.label("Lag"), Seconds(r.LagSecondsMean), Seconds(r.LagSecondsMax), Bytes(r.LagBytesMax), lost)
	}
	g := s.Generator
	p.line("%s%s cores, at most %s requests in flight", p.label("Generator"), Cores(g.CoresMean), Count(g.WorkersMax))
	p.line("%srequests left late by %s at p99, by %s at most", p.label(""), Seconds(g.SlipP99Seconds), Seconds(g.SlipMaxSeconds))
}

// span prints "3", or "1 to 3".
func span(low, high int) string {
	if low == high {
		return Count(low)
	}
	return Count(low) + " to " + Count(high)
}

// counts prints "200: 3,996, 503: 4", the most frequent first.
func counts(m map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k + ": " + Count(m[k])
	}
	return strings.Join(parts, ", ")
}

func (p *page) verdict() {
	v := p.run.Verdict
	p.line("")
	p.line("%s%s", p.label("Verdict"), p.o.state(v.State, cmp.Or(strings.ToUpper(string(v.State)), "none")))
	for _, r := range v.Reasons {
		state := string(r.State)
		if r.State == record.Valid {
			state = "note"
		}
		for i, part := range wrap(r.Seen, 70) {
			head := ""
			if i == 0 {
				head = state
			}
			p.line("  %s %s", p.o.state(r.State, fmt.Sprintf("%-7s", head)), part)
		}
		for _, part := range wrap("→ "+r.Advice, 70) {
			p.line("          %s", p.o.paint(dim, part))
		}
	}
}

// wrap breaks text into lines of at most width characters, at spaces.
func wrap(text string, width int) []string {
	var lines []string
	var line string
	for word := range strings.FieldsSeq(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
