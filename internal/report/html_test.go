// SPDX-License-Identifier: MIT

package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report"
)

// demos are read once: that takes longer than to draw them.
var demos sync.Map

// demo is a real run of a stage, the test's own but for what its slices hold.
func demo(t testing.TB, stage int) *record.Run {
	t.Helper()
	read, _ := demos.LoadOrStore(stage, sync.OnceValues(func() (*record.Run, error) {
		return record.ReadFile(filepath.Join("..", "tui", "demo", fmt.Sprintf("stage-%d.json.gz", stage)))
	}))
	run, err := read.(func() (*record.Run, error))()
	if err != nil {
		t.Fatal(err)
	}
	own := *run
	own.Windows, own.Samples, own.Events = slices.Clip(run.Windows), slices.Clip(run.Samples), slices.Clip(run.Events)
	return &own
}

func page(t testing.TB, h report.HTML) string {
	t.Helper()
	return text(t, func(b *bytes.Buffer) error { return report.WriteHTML(b, h) })
}

// elements of a page, by name.
func elements(t testing.TB, page string) map[string][]*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]*html.Node{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			out[n.Data] = append(out[n.Data], n)
		}
	}
	return out
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// holds checks what must be true of every page. What only a browser can tell is
// in e2e.
func holds(t testing.TB, page string) map[string][]*html.Node {
	t.Helper()
	all := elements(t, page)
	for _, name := range []string{"script", "iframe", "object", "embed", "img", "base", "form"} {
		if len(all[name]) > 0 {
			t.Errorf("it has a <%s>", name)
		}
	}
	if rest := strings.ReplaceAll(page, "data:", ""); regexp.MustCompile(`(?i)(src|href)\s*=\s*["']?[a-z]+:|url\(|@import`).MatchString(rest) {
		t.Error("it loads something")
	}
	if attribute(all["html"][0], "lang") == "" || len(all["h1"]) != 1 || words(all["title"][0]) == "" {
		t.Error("no language, no title, or not one h1")
	}
	ids := map[string]int{}
	for _, nodes := range all {
		for _, n := range nodes {
			if id := attribute(n, "id"); id != "" {
				ids[id]++
			}
		}
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%d elements with the id %q", n, id)
		}
	}
	for _, svg := range all["svg"] {
		for _, id := range strings.Fields(attribute(svg, "aria-labelledby")) {
			if ids[id] != 1 {
				t.Errorf("an SVG without %q", id)
			}
		}
	}
	for _, th := range all["th"] {
		if attribute(th, "scope") == "" {
			t.Errorf("no scope: %s", words(th))
		}
	}
	for _, bad := range []string{"NaN", "Inf", "#010", "#020", "<nil>", "ZgotmplZ", "%!"} {
		if i := strings.Index(page, bad); i >= 0 {
			t.Errorf("%s in …%s…", bad, page[max(0, i-80):min(len(page), i+40)])
		}
	}
	return all
}

func TestPageOfEightRuns(t *testing.T) {
	t.Parallel()
	var runs []*record.Run
	for stage := 1; stage <= 8; stage++ {
		runs = append(runs, demo(t, stage))
	}
	p := page(t, report.HTML{Runs: runs, Command: "lab report 1 2", Made: time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)})
	if len(p) > 3<<19 {
		t.Errorf("%d bytes, more than 1.5 MB", len(p))
	}
	all := holds(t, p)
	// One figure for all, and of each run its boxes, its time and its tail.
	if n := len(all["svg"]); n != 1+8*3 {
		t.Errorf("%d figures", n)
	}
	for _, run := range runs {
		for _, want := range []string{
			run.ID, run.Stage.Title, "lab up " + fmt.Sprint(run.Stage.Number), "--workload " + run.Workload.Name + " --pace " + run.Pace, "seed 1", run.Machine.Kernel,
		} {
			if !strings.Contains(p, html.EscapeString(want)) {
				t.Errorf("stage %d: no %q", run.Stage.Number, want)
			}
		}
		for _, r := range run.Verdict.Reasons {
			if !strings.Contains(p, html.EscapeString(r.Seen)) || !strings.Contains(p, html.EscapeString(r.Advice)) {
				t.Errorf("stage %d: not its reason %q", run.Stage.Number, r.Seen)
			}
		}
		for _, c := range run.Containers {
			if !strings.Contains(p, c.Service) {
				t.Errorf("stage %d: no %s", run.Stage.Number, c.Service)
			}
		}
	}
	figuresOf(t, all["svg"])
	if n := strings.Count(p, `class="wire copies"`); n != 1 {
		t.Errorf("%d replicas follow an original; stage 8 has one", n)
	}
	for _, want := range []string{"workload (ping; mixed; heavy)", "Made 2026-11-21 17:00 UTC by <code>lab report 1 2</code>", "prefers-color-scheme: dark", "@media print", "default-src 'none'"} {
		if !strings.Contains(p, want) {
			t.Errorf("no %q", want)
		}
	}
}

// What too few answers carry is not stated.
func TestPageWithholdsPercentiles(t *testing.T) {
	t.Parallel()
	all := holds(t, page(t, report.HTML{Runs: []*record.Run{short()}}))
	for _, tr := range all["tr"] {
		if w := words(tr); strings.HasPrefix(w, "all100") && (!strings.Contains(w, "400 µs1.00 ms---6.10 ms") || strings.Contains(w, "5.00 ms")) {
			t.Errorf("100 answers, and this is stated: %s", w)
		}
	}
}

func TestPageOfOddRuns(t *testing.T) {
	t.Parallel()
	nothing := &record.Run{}
	evil := cache()
	evil.Stage.Title, evil.Workload.Name, evil.ID = `<script>alert(1)</script>`, `a'b"; rm -rf $HOME`, `"><img src=x>`
	evil.Architecture = record.Architecture{Services: []record.Service{{Name: "<b>"}, {Name: "a&b"}}, Links: []record.Link{{From: "<b>", To: "a&b"}}, Entry: "<b>"}
	evil.Events[0].Detail, evil.Verdict.Reasons[0].Seen = "</svg>", "<i>&"
	long := cache()
	long.Containers[0].Service = strings.Repeat("very-long-", 30)
	for _, runs := range [][]*record.Run{nil, {nothing}, {nothing, nothing}, {evil}, {evil, evil, nothing}, {long}, {cache(), short()}} {
		p := page(t, report.HTML{Runs: runs})
		holds(t, p)
		if slices.Contains(runs, evil) && !strings.Contains(p, "&#39;a&#39;\\&#39;&#39;b") {
			t.Error("the command isn't quoted for a shell")
		}
	}
}

// However odd the numbers of a run, there is a page, and every number on it is one.
func TestPageOfAnyNumbers(t *testing.T) {
	t.Parallel()
	odd := rapid.OneOf(rapid.SampledFrom([]float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1e8, 1e-9}), rapid.Float64())
	small := demo(t, 1) // so that a hundred pages take a second or two
	small.Round = &record.Round{Comparison: "c", Side: "a", Number: 1}
	rapid.Check(t, func(rt *rapid.T) {
		r := *small
		r.Windows = slices.Clone(r.Windows[:5])
		r.Samples = slices.Clone(r.Samples[:24])
		r.Histograms.Endpoints = nil
		r.Events = []record.Event{{Kind: "kill", AtSeconds: 2}, {Kind: "start", AtSeconds: 3}}
		r.Containers = slices.Clone(r.Containers)
		for _, part := range []any{&r.Windows, &r.Samples, &r.Events, &r.Containers, &r.Summary.Latency, &r.Host, &r.WarmupSeconds, &r.DurationSeconds} {
			if rapid.Bool().Draw(rt, "scatter?") {
				scatter(rt, reflect.ValueOf(part).Elem(), odd)
			}
		}
		var groups []analysis.Group
		for range 2 {
			q := analysis.Quantity{Name: "p50", Ratio: odd.Draw(rt, "r"), Low: odd.Draw(rt, "l"), High: odd.Draw(rt, "h"), Conclusion: analysis.NoDifference, Difference: rapid.Bool().Draw(rt, "difference?")}
			groups = append(groups, analysis.Group{ID: "c", Runs: []*record.Run{small}, Comparison: &analysis.Comparison{Quantities: []analysis.Quantity{q}}})
		}
		step := func() analysis.Step {
			return analysis.Step{Rate: odd.Draw(rt, "rate"), Concurrency: odd.Draw(rt, "n"), Served: odd.Draw(rt, "x"), Latency: odd.Draw(rt, "p99"), Trusted: true, Meets: true}
		}
		e := func() analysis.Estimate { return analysis.Estimate{Value: odd.Draw(rt, "estimate")} }
		c := analysis.Capacity{Steps: []analysis.Step{step(), {Rate: 20, Concurrency: 2, Served: 20, Meets: true}}, Rate: odd.Draw(rt, "capacity"), High: odd.Draw(rt, "missed"),
			USL: analysis.USL{Steps: 6, Lambda: e(), Sigma: e(), Kappa: e(), Measured: [2]float64{odd.Draw(rt, "least"), odd.Draw(rt, "most")}}, Bounds: []analysis.Bound{{Service: "api", Rate: odd.Draw(rt, "limit")}}}
		groups = append(groups, analysis.Group{ID: "k", Runs: []*record.Run{small}, Capacities: []analysis.Capacity{c, c}})
		s := analysis.Spread{Low: odd.Draw(rt, "low"), Median: odd.Draw(rt, "median"), High: odd.Draw(rt, "high")}
		groups = append(groups, analysis.Group{ID: "l", Runs: []*record.Run{small}, Ladder: &analysis.Ladder{Rungs: []analysis.Rung{{P50: s, P99: s, Memory: s, Share: s}}}})
		of := rapid.IntRange(0, len(groups)-1).Draw(rt, "group") // one, so that it stays quick
		var b bytes.Buffer
		if err := report.WriteHTML(&b, report.HTML{Runs: []*record.Run{&r}, Groups: groups[of : of+1]}); err != nil {
			rt.Fatal(err)
		}
		for _, bad := range []string{"NaN", "Inf", "e+", "ZgotmplZ"} {
			if i := strings.Index(b.String(), bad); i >= 0 {
				rt.Fatalf("%s in …%s…", bad, b.String()[max(0, i-200):min(b.Len(), i+40)])
			}
		}
	})
}

// A quarter of an hour is hardly larger than a minute, and what is drawn of it
// are percentiles of merged histograms, not means of percentiles.
func TestPageOfALongRun(t *testing.T) {
	t.Parallel()
	run := cache()
	run.Windows, run.Samples = nil, nil
	window := func(micros int64, answers int) record.Window {
		h := hdrhistogram.New(1, 10_000_000, 3)
		_ = h.RecordValues(micros, int64(answers))
		b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		s := float64(micros) / 1e6
		return record.Window{Seconds: 1, OK: answers, Histogram: string(b), Latency: record.Percentiles{P50: s, P95: s, P99: s}}
	}
	fast, slow := window(1000, 100), window(100_000, 10)
	for i := range 900 {
		w := fast
		if i%6 == 0 { // one window of each six that are one point
			w = slow
		}
		w.StartSeconds = float64(i)
		run.Windows = append(run.Windows, w)
	}
	p := page(t, report.HTML{Runs: []*record.Run{run}})
	all := holds(t, p)
	if len(p) > 200_000 {
		t.Errorf("%d bytes", len(p))
	}
	rows := 0
	for _, tr := range all["tr"] {
		if w := words(tr); strings.HasSuffix(w, "5101.00 ms1.00 ms~100 ms") {
			rows++
		}
	}
	if rows != 150 {
		t.Errorf("%d rows are of 510 answers of which 2%% took 100 ms", rows)
	}
}

// Eight runs of the largest stage, with as many points as there can be: 150 windows.
func TestLargestPageIsSmallEnough(t *testing.T) {
	t.Parallel()
	run := demo(t, 8)
	windows, samples := run.Windows, run.Samples
	for i := 1; len(run.Windows) < 150; i++ {
		for _, w := range windows {
			w.StartSeconds += float64(i * len(windows))
			run.Windows = append(run.Windows, w)
		}
		for _, s := range samples {
			s.AtSeconds += float64(i * len(windows))
			run.Samples = append(run.Samples, s)
		}
	}
	run.Windows = run.Windows[:150]
	p := page(t, report.HTML{Runs: []*record.Run{run}})
	if size := 8 * len(p); size > 3<<19 {
		t.Errorf("eight of them would be %d bytes, more than 1.5 MB", size)
	}
}

// A page that can't be written says so.
func TestPageThatCantBeWritten(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	r.CloseWithError(io.ErrShortWrite)
	if err := report.WriteHTML(w, report.HTML{}); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}
