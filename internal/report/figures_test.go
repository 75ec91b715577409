// SPDX-License-Identifier: MIT

package report_test

import (
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/net/html"

	"systemlab/internal/record"
	"systemlab/internal/report"
)

// figure is the SVG under a heading or in a section, by the start of its id.
func figure(t testing.TB, page, id string) *html.Node {
	t.Helper()
	return named(t, elements(t, page)["svg"], id)
}

func named(t testing.TB, figures []*html.Node, id string) *html.Node {
	t.Helper()
	for _, svg := range figures {
		if strings.HasPrefix(attribute(svg, "aria-labelledby"), id) {
			return svg
		}
	}
	t.Fatalf("no figure %s", id)
	return nil
}

func texts(svg *html.Node) []string {
	var out []string
	for n := range svg.Descendants() {
		if n.Type == html.ElementNode && n.Data == "text" {
			out = append(out, words(n))
		}
	}
	return out
}

func has(t testing.TB, svg *html.Node, want ...string) {
	t.Helper()
	all := "\n" + strings.Join(texts(svg), "\n") + "\n"
	for _, w := range want {
		if !strings.Contains(all, "\n"+w+"\n") {
			t.Errorf("no text %q among:%s", w, all)
		}
	}
}

// figuresOf checks what the figures of the eight stages' page say.
func figuresOf(t *testing.T, all []*html.Node) {
	t.Helper()
	for id, want := range map[string][]string{
		"tails-t": {"2 Postgres", "8 Read replicas", "p50", "p90", "p99", "100 ms", "1 s"},
		// Redis was killed (1, 2) and started again (3).
		"run-5-time-t":  {"p50", "p95", "p99", "warm-up", "1–2", "3", "load generator", "api", "postgres", "redis", "0 s", "20 s", "10 ms", "Latency, logarithmic"},
		"run-5-boxes-t": {"clients", "nginx", "api ×3", "postgres", "redis", "0.089 of 0.75 cores"},
		"run-5-tail-t":  {"all requests", "user", "messages"},
		// Stage 8 has ten services: the busiest six, with the generator, have lines of their own.
		"run-8-time-t":  {"5 others"},
		"run-8-boxes-t": {"worker ×3", "postgres-replica", "dblb", "lb ×2"},
	} {
		has(t, named(t, all, id), want...)
	}
}

func TestForest(t *testing.T) {
	t.Parallel()
	f := &report.Forest{A: "stage 4", B: "stage 5", Notes: []string{"eight rounds"}, Rows: []report.ForestRow{
		{Label: "p50", A: "1.10 ms", B: "0.90 ms", Ratio: 0.82, Low: 0.78, High: 0.87, Conclusion: "b lower"},
		{Label: "p99", A: "4.0 ms", B: "3.9 ms", Ratio: 0.97, Low: 0.7, High: 1.4, Conclusion: "no detectable difference"},
		{Label: "error rate", Ratio: 2, Low: 0.1, High: 4000, Conclusion: "beyond the axis"},
		{Label: "stale reads", A: "0", B: "31", Interval: "+12 to +40", Conclusion: "a lower"},
	}}
	p := page(t, report.HTML{Comparison: f})
	all := holds(t, p)
	svg := figure(t, p, "forest-t")
	has(t, svg, "Ratio of stage 5 to stage 4, with 95% interval", "p50", "b lower", "p99", "no detectable difference", "stale reads", "a lower", "1", "0.1", "100")
	if d := words(all["desc"][0]); !strings.Contains(d, "4 quantities, of which 1 have") {
		t.Error(d)
	}
	table := words(all["tbody"][0])
	for _, want := range []string{"p501.10 ms0.90 ms0.820.78 to 0.87b lower", "stale reads031-+12 to +40a lower"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in %s", want, table)
		}
	}
	if !strings.Contains(p, "<li>eight rounds</li>") {
		t.Error("no notes")
	}
	// Nothing that could be drawn: the table alone.
	p = page(t, report.HTML{Comparison: &report.Forest{Rows: f.Rows[3:]}})
	if all := holds(t, p); len(all["svg"]) != 0 || len(all["table"]) != 1 {
		t.Errorf("%d figures, %d tables", len(all["svg"]), len(all["table"]))
	}
}

func TestCapacityCurve(t *testing.T) {
	t.Parallel()
	c := report.CapacityCurve{
		Name: "stage 5", Objective: "p99<100ms", Result: "940/s.", Notes: []string{"no peak is said"},
		Points: []report.CapacityPoint{{Rate: 100, Concurrency: 1, Served: 100, P99: 0.01, Meets: true}, {Rate: 900, Concurrency: 12, Served: 800, P99: 0.2}},
		Fit:    []report.CurvePoint{{Concurrency: 0, Served: 0}, {Concurrency: 1, Served: 99}, {Concurrency: 12, Served: 805}},
		Bounds: []report.CapacityLine{
			{Name: "limit of api", Points: []report.CurvePoint{{Concurrency: 0, Served: 1000}, {Concurrency: 12, Served: 1000}}},
			{Name: "no waiting", Points: []report.CurvePoint{{Concurrency: 0, Served: 0}, {Concurrency: 5, Served: 500}, {Concurrency: 50, Served: 5000}}},
		},
	}
	p := page(t, report.HTML{Capacity: []report.CapacityCurve{c, {Name: "refused"}}})
	all := holds(t, p)
	if len(all["svg"]) != 1 {
		t.Errorf("%d figures", len(all["svg"]))
	}
	has(t, figure(t, p, "capacity-1-t"), "met", "missed", "fit (USL)", "limit of api", "no waiting", "1,000", "requests in flight, mean")
	c.Bounds[0].Points = []report.CurvePoint{{Concurrency: 0, Served: 5000}, {Concurrency: 12, Served: 5000}}
	has(t, figure(t, page(t, report.HTML{Capacity: []report.CapacityCurve{c}}), "capacity-1-t"), "Served, requests a second; limit of api lies above, at 5,000")
	if body := words(all["tbody"][0]); !strings.Contains(body, "90080012.0200 msmissed") || !strings.Contains(p, "no peak is said") {
		t.Error(body)
	}
}

// The dotted rest reaches the one slowest answer of all.
func TestTailEndsAtTheSlowest(t *testing.T) {
	t.Parallel()
	h := hdrhistogram.New(1, 10_000_000, 3)
	_ = h.RecordValues(1000, 1499)
	_ = h.RecordValue(900_000)
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	run := short()
	run.Histograms.All = string(b)
	has(t, figure(t, page(t, report.HTML{Runs: []*record.Run{run}}), "run-1-tail-t"), "1 ms", "10 ms", "100 ms", "1 s")
}

// A run that says nothing of its architecture, or has no windows, has a page
// without those figures.
func TestNoFigureOfNothing(t *testing.T) {
	t.Parallel()
	run := short()
	if n := len(holds(t, page(t, report.HTML{Runs: []*record.Run{run}}))["svg"]); n != 0 {
		t.Errorf("%d figures of nothing", n)
	}
	run.Architecture = record.Architecture{Services: []record.Service{{Name: "api", Replicas: 1}}, Entry: "api"}
	run.Windows = []record.Window{{Seconds: 1}}
	if n := len(holds(t, page(t, report.HTML{Runs: []*record.Run{run}}))["svg"]); n != 2 {
		t.Errorf("%d figures, want the boxes and the time", n)
	}
}
