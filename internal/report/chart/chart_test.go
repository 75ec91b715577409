// SPDX-License-Identifier: MIT

package chart_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"systemlab/internal/report/chart"
)

func labels(ticks []chart.Tick) string {
	var out []string
	for _, t := range ticks {
		out = append(out, t.Label)
	}
	return strings.Join(out, " ")
}

func plain(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func TestTicks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		got  []chart.Tick
		want string
	}{
		{"linear", chart.LinearTicks(0, 23, 12, plain), "0 2 4 6 8 10 12 14 16 18 20 22"},
		{"linear, small", chart.LinearTicks(0, 0.03, 4, plain), "0 0.01 0.02 0.03"},
		{"linear, across zero", chart.LinearTicks(-1, 1, 4, plain), "-1 -0.5 0 0.5 1"},
		{"linear, of nothing", chart.LinearTicks(5, 5, 4, plain), ""},
		{"time, a minute", chart.TimeTicks(0, 59, 6, plain), "0 10 20 30 40 50"},
		{"time, two minutes", chart.TimeTicks(0, 120, 8, plain), "0 20 40 60 80 100 120"},
		{"time, an hour", chart.TimeTicks(0, 3600, 7, plain), "0 600 1200 1800 2400 3000 3600"},
		{"log, four decades", chart.LogTicks(0.001, 10, plain), "0.001   0.01   0.1   1   10"},
		{"log, one decade", chart.LogTicks(0.002, 0.02, plain), "0.002 0.005 0.01 0.02"},
		{"log, SAD PATH: from zero", chart.LogTicks(0, 10, plain), ""},
		{"log, SAD PATH: to infinity", chart.LogTicks(1, math.Inf(1), plain), ""},
		{"linear, SAD PATH: NaN", chart.LinearTicks(math.NaN(), 1, 4, plain), ""},
	} {
		if got := labels(c.got); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestStep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ least, want float64 }{{0.011, 0.02}, {0.05, 0.05}, {0.051, 0.1}, {1, 1}, {499, 500}, {0, 0}, {-1, 0}, {math.Inf(1), 0}, {math.NaN(), 0}} {
		if got := chart.Step(c.least, 1, 2, 5, 10); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("the step for %g is %g, want %g", c.least, got, c.want)
		}
	}
}

// Names keep their order and their distance, and stay inside where there is room.
func TestNamesAreSpread(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.SliceOfN(rapid.Float64Range(-50, 450), 0, 12).Draw(t, "places")
		slices.Sort(places)
		low, high := 0.0, rapid.Float64Range(20, 400).Draw(t, "high")
		got := chart.Spread(places, low, high)
		for i := range got {
			if i > 0 && got[i]-got[i-1] < chart.LineHeight-1e-6 {
				t.Fatalf("too near: %v", got)
			}
			if room := float64(len(got)-1) * chart.LineHeight; got[i] < low-1e-6 || got[i] > max(high, low+room)+1e-6 {
				t.Fatalf("outside of %g to %g: %v", low, high, got)
			}
		}
	})
	if got := fmt.Sprint(chart.Spread([]float64{10, 100}, 0, 200)); got != "[10 100]" {
		t.Errorf("moved without need: %s", got)
	}
}

var number = regexp.MustCompile(`NaN|Inf`)

// Whatever it is given, a figure is well-formed XML without what is no number.
func TestAnyFigureIsAnSVG(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Float64Range(-10, 1000), rapid.Float64(), rapid.SampledFrom([]float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, 5e-324}))
		axis := func(name string) chart.Axis {
			a := chart.Axis{Label: "<x & y>", Min: value.Draw(t, name+" min"), Max: value.Draw(t, name+" max"), Log: rapid.Bool().Draw(t, name+" log")}
			for range rapid.IntRange(0, 3).Draw(t, "ticks") {
				a.Ticks = append(a.Ticks, chart.Tick{At: value.Draw(t, "tick"), Label: rapid.SampledFrom([]string{"", "1", "<"}).Draw(t, "label")})
			}
			return a
		}
		p := chart.Panel{Heading: "a > b", Height: 200, X: axis("x"), Y: axis("y")}
		for i := range rapid.IntRange(0, 4).Draw(t, "lines") {
			l := chart.Line{Name: "line & co", Series: i, Mark: chart.Mark(i % 3), Bare: i == 2, Faint: i == 3}
			for range rapid.IntRange(0, 5).Draw(t, "points") {
				l.Points = append(l.Points, chart.Point{X: value.Draw(t, "x"), Y: value.Draw(t, "y")})
			}
			p.Lines = append(p.Lines, l)
		}
		p.Bands = []chart.Band{{From: value.Draw(t, "from"), To: value.Draw(t, "to"), Name: "band"}}
		p.Rules = []chart.Rule{{At: value.Draw(t, "at"), Name: "1"}}
		p.Intervals = []chart.Interval{{Row: value.Draw(t, "row"), Low: value.Draw(t, "low"), Mid: value.Draw(t, "mid"), High: value.Draw(t, "high"), Note: "so"}}
		svg := chart.Figure{ID: "f", Title: `<t> "&`, Desc: "d", Panels: []chart.Panel{p, p}}.SVG()
		if bad := number.FindString(svg); bad != "" {
			t.Fatalf("%s in %s", bad, svg)
		}
		wellFormed(t, svg)
	})
	wellFormed(t, chart.Figure{}.SVG())
}

func wellFormed(t interface{ Fatalf(string, ...any) }, svg string) {
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		switch _, err := d.Token(); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

// Panels of a figure share their left and right edges, whatever the width of
// their labels, and colours are the page's.
func TestPanelsAreAligned(t *testing.T) {
	t.Parallel()
	panel := func(tick, name string) chart.Panel {
		return chart.Panel{
			Height: 100, X: chart.Axis{Min: 0, Max: 10}, Y: chart.Axis{Min: 0, Max: 1, Ticks: []chart.Tick{{At: 0, Label: tick}}},
			Lines: []chart.Line{{Name: name, Points: []chart.Point{{X: 0, Y: 0.5}, {X: 10, Y: 0.5}}}},
		}
	}
	svg := chart.Figure{ID: "f", Panels: []chart.Panel{panel("0", "a"), panel("1,000,000 requests", "a long name")}}.SVG()
	lines := regexp.MustCompile(`d="M([\d.]+),[\d.]+L([\d.]+),[\d.]+" style="[^"]*stroke:var\(--s1\);stroke-width:1.8`).FindAllStringSubmatch(svg, -1)
	if len(lines) != 2 || lines[0][1] != lines[1][1] || lines[0][2] != lines[1][2] {
		t.Errorf("the lines of both panels run from and to: %v", lines)
	}
	if strings.Contains(svg, "#") || strings.Contains(svg, "font-family") {
		t.Errorf("colours or fonts of its own: %s", svg)
	}
	if !strings.Contains(svg, ">1,000,000 requests</text>") || !strings.HasPrefix(svg, `<svg role="img" viewBox="0 0 760 200" aria-labelledby="f-t f-d"><title id="f-t">`) {
		t.Errorf("text isn't text, or the frame is another: %.200s", svg)
	}
}
