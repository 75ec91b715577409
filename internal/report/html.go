// SPDX-License-Identifier: MIT

package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// HTML is what a page shows. Each part may be missing.
type HTML struct {
	Title   string           // "" for one made from the runs
	Groups  []analysis.Group // comparisons and searches, a section each
	Runs    []*record.Run    // by themselves, likewise
	Command string           // the one that made the page
	Made    time.Time        // when; zero is not said
}

//go:embed html.tmpl
var htmlTemplate string

//go:embed html.css
var htmlStyle string

// pageTemplate is parsed once, when it is first used.
var pageTemplate = sync.OnceValues(func() (*template.Template, error) {
	t, err := template.New("report").Funcs(template.FuncMap{
		"seconds": Seconds, "percent": Percent, "rate": Rate, "count": Count, "bytes": Bytes, "cores": Cores, "ms": Milliseconds,
		"limit": limit, "share": share, "at": at, "quantile": quantile,
		"next": func(i int) int { return i + 1 },
		"pair": func(p record.Percentiles, n int) percentilesOf { return percentilesOf{p, n} },
	}).Parse(htmlTemplate)
	if err == nil {
		_, err = t.New("class").Parse(classTemplate)
	}
	return t, err
})

// WriteHTML writes one self-contained page: it loads nothing and has no script.
func WriteHTML(w io.Writer, h HTML) error {
	t, err := pageTemplate()
	if err != nil {
		return fmt.Errorf("the report's template: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, pageOf(h)); err != nil {
		return fmt.Errorf("make the report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// Number prints a number with three digits.
func Number(v float64) string {
	if !plausible(v) {
		return None
	}
	return significant(v)
}

// quantile prints a percentile, or None where n answers don't carry it.
func quantile(v, q float64, n int) string {
	if n <= 0 || !(v > 0) || !analysis.Trusted(q, n) {
		return None
	}
	return Seconds(v)
}

// percentilesOf are percentiles and how many answers they rest on.
type percentilesOf struct {
	P record.Percentiles
	N int
}

// htmlPage is a page, ready for the template.
type htmlPage struct {
	HTML
	Style       template.CSS
	Groups      []htmlGroup
	Runs        []htmlRun
	Contents    bool          // there is more than one section
	Differences []string      // in what the runs differ besides their stage
	Tails       template.HTML // all runs' distributions in one figure
	MadeAt      string
}

func pageOf(h HTML) htmlPage {
	p := htmlPage{HTML: h, Style: template.CSS(htmlStyle), Contents: len(h.Groups)+len(h.Runs) > 1}
	for i, g := range h.Groups {
		p.Groups = append(p.Groups, groupOf(g, i+1))
	}
	if p.Title == "" && len(p.Groups) > 0 {
		p.Title = groupTitle(p.Groups, len(h.Runs))
	}
	if len(p.Groups) > 0 && !p.Contents {
		p.Groups[0].Heading = "What was measured" // the page's own title says the rest
	}
	for i, run := range h.Runs {
		p.Runs = append(p.Runs, runOf(run, i+1))
		if !p.Contents {
			p.Runs[i].Heading = "The run" // the page's own title says the rest
		} else if repeated(run, h.Runs) {
			p.Runs[i].Heading += ", run " + run.ID
		}
	}
	if p.Title == "" {
		p.Title = title(h.Runs)
	}
	if !h.Made.IsZero() {
		p.MadeAt = h.Made.UTC().Format("2006-01-02 15:04 UTC")
	}
	if len(h.Runs) > 1 {
		p.Differences = differences(h.Runs)
		var tails []tail
		for _, run := range h.Runs {
			tails = append(tails, tail{name: runName(run, h.Runs), of: decode(run.Histograms.All)})
		}
		if f, ok := tailFigure("tails", "Latency distributions of all runs", tails); ok {
			p.Tails = template.HTML(f.SVG())
		}
	}
	return p
}

func title(runs []*record.Run) string {
	switch len(runs) {
	case 0:
		return "Report of lab"
	case 1:
		return fmt.Sprintf("Stage %d, %s", runs[0].Stage.Number, runs[0].Stage.Title)
	}
	var stages []int
	for _, r := range runs {
		stages = append(stages, r.Stage.Number)
	}
	slices.Sort(stages)
	if stages = slices.Compact(stages); len(stages) == 1 {
		return fmt.Sprintf("%d runs of stage %d", len(runs), stages[0])
	}
	return fmt.Sprintf("%d runs of stages %d to %d", len(runs), stages[0], stages[len(stages)-1])
}

func groupTitle(groups []htmlGroup, runs int) string {
	switch {
	case len(groups) == 1 && runs == 0:
		return groups[0].Heading
	case runs == 0:
		return fmt.Sprintf("%d comparisons and searches", len(groups))
	}
	return fmt.Sprintf("Report of lab: %d sections", len(groups)+runs)
}

// runName is a run's name in a chart: its stage, and its id where another run
// has the same one.
func runName(run *record.Run, all []*record.Run) string {
	if repeated(run, all) {
		return fmt.Sprintf("%d, %s", run.Stage.Number, run.ID[strings.LastIndex(run.ID, "-")+1:])
	}
	return fmt.Sprintf("%d %s", run.Stage.Number, run.Stage.Title)
}

// repeated tells whether another run is of the same stage.
func repeated(run *record.Run, all []*record.Run) bool {
	return slices.ContainsFunc(all, func(r *record.Run) bool { return r != run && r.Stage.Number == run.Stage.Number })
}

// differences names what keeps runs from being compared by their figures alone.
func differences(runs []*record.Run) []string {
	var out []string
	for _, part := range []struct {
		what string
		of   func(*record.Run) string
	}{
		{"workload", func(r *record.Run) string { return r.Workload.Name }},
		{"pace", func(r *record.Run) string { return r.Pace }},
		{"seed", func(r *record.Run) string { return fmt.Sprint(r.Seed) }},
		{"duration", func(r *record.Run) string { return Seconds(r.DurationSeconds) }},
		{"machine", func(r *record.Run) string { return machineWords(r.Machine) }},
		{"meter", func(r *record.Run) string { return r.Meter }},
	} {
		var values []string
		for _, r := range runs {
			if v := part.of(r); !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		if len(values) > 1 {
			out = append(out, part.what+" ("+strings.Join(values, "; ")+")")
		}
	}
	return out
}

func machineWords(m record.Machine) string {
	return fmt.Sprintf("%d cores, %s, %s/%s, kernel %s", m.Cores, Bytes(m.MemoryBytes), m.OS, m.Arch, m.Kernel)
}
