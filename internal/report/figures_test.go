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
