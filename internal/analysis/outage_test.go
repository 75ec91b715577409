// SPDX-License-Identifier: MIT

package analysis_test

import (
	"math"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// quarter is a window of 0.25 s at 200 requests a second: so many failed, the
// others took so many ms.
func quarter(t *testing.T, at float64, failed int, ms int64) record.Window {
	t.Helper()
	h := hdrhistogram.New(1, 120_000_000, 3)
	if err := h.RecordValues(ms*1000, 50); err != nil {
		t.Fatal(err)
	}
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	w := record.Window{StartSeconds: at, Seconds: 0.25, Warmup: at < 2, Asked: 50, Sent: 50, OK: 50 - failed, Failed: failed, Histogram: string(b)}
	if failed > 0 {
		w.Errors = map[string]int{"reset": failed}
		w.Endpoints = map[string]record.EndpointWindow{"user-update": {Failed: failed}}
	}
	return w
}

// drilled is a run with 2 s of warm-up, a fault at 6 s and its heal at 9 s.
func drilled(t *testing.T, change func(i int, w *record.Window)) *record.Run {
	r := &record.Run{ID: "x", DurationSeconds: 10, WarmupSeconds: 2, Summary: record.Summary{Rate: record.Rate{Asked: 200}}, Events: []record.Event{
		{AtSeconds: 5.9, Kind: "fault", Service: "lb", Container: "lab-lb-1", Detail: "kill"},
		{AtSeconds: 6.0, Kind: "kill", Service: "lb", Container: "lab-lb-1"},
		{AtSeconds: 6.1, Kind: "die", Service: "lb", Container: "lab-lb-1"},
		{AtSeconds: 6.2, Kind: "fault done", Service: "lb", Container: "lab-lb-1"},
		{AtSeconds: 9, Kind: "heal", Service: "lb", Container: "lab-lb-1"},
	}}
	for i := range 48 {
		w := quarter(t, float64(i)/4, 0, 10)
		change(i, &w)
		r.Windows = append(r.Windows, w)
	}
	return r
}

func TestMeasureOutage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		change    func(i int, w *record.Window)
		gaps      []record.Gap
		gap       float64
		lost      int
		healed    int // lost after it
		recovered float64
		open      bool
	}{
		{"nothing noticed", func(int, *record.Window) {}, nil, 0, 0, 0, 0, false},
		{"a gap, and back", func(i int, w *record.Window) {
			if i == 24 { // from 6 s
				*w = quarter(t, 6, 5, 300)
			}
		}, []record.Gap{{StartSeconds: 3, Seconds: 0.15}, {StartSeconds: 5.99, Seconds: 0.31}}, 0.31, 5, 0, 0.5, false}, // the gap ends in the next window
		{"slow for 2 s", func(i int, w *record.Window) {
			if i >= 24 && i < 32 {
				*w = quarter(t, w.StartSeconds, 0, 13)
			}
		}, nil, 0, 0, 0, 2, false},
		{"a little slower is as before", func(i int, w *record.Window) {
			if i >= 24 {
				*w = quarter(t, w.StartSeconds, 0, 12)
			}
		}, nil, 0, 0, 0, 0, false},
		{"as slow as its worst second before", func(i int, w *record.Window) {
			if i >= 24 || i == 12 {
				*w = quarter(t, w.StartSeconds, 0, 20)
			}
		}, nil, 0, 0, 0, 0, false},
		{"a few fail until the heal", func(i int, w *record.Window) {
			if i >= 24 && i < 37 {
				*w = quarter(t, w.StartSeconds, 2, 10)
			}
		}, nil, 0, 26, 2, 3.25, false},
		{"survived, and the heal hurts", func(i int, w *record.Window) {
			if i == 40 {
				*w = quarter(t, w.StartSeconds, 3, 10)
			}
		}, nil, 0, 3, 3, 0, false},
		{"never back", func(i int, w *record.Window) {
			if i >= 24 {
				*w = quarter(t, w.StartSeconds, 50, 10)
			}
		}, []record.Gap{{StartSeconds: 6, Seconds: 6}}, 6, 1200, 600, -1, true},
	} {
		r := drilled(t, c.change)
		r.Summary.Gaps = c.gaps
		o, ok := analysis.MeasureOutage(r)
		recovered := -1.0
		if o.Recovered != nil {
			recovered = *o.Recovered
		}
		if !ok || o.At != 6 || o.Healed != 9 || o.Resolution != 0.005 || math.Abs(o.Gap-c.gap) > 1e-9 || o.Lost != c.lost || o.LostHealed != c.healed ||
			math.Abs(recovered-c.recovered) > 1e-9 || o.Open != c.open {
			t.Errorf("%s: recovered %g, %+v", c.name, recovered, o)
		}
		if o.Lost != o.Errors["reset"] || o.Lost != o.LostBy["user-update"] {
			t.Errorf("%s: lost %d, by kind %v, by endpoint %v", c.name, o.Lost, o.Errors, o.LostBy)
		}
	}
	if o, ok := analysis.MeasureOutage(good(t)); ok {
		t.Errorf("a run without a fault: %+v", o)
	}
}

func TestBeforeTheFault(t *testing.T) {
	t.Parallel()
	h := hypothesis(t, "gap < 500ms", "lost user-update = 0")
	for _, c := range []struct {
		name   string
		change func(i int, w *record.Window)
		state  string
	}{
		{"steady", func(int, *record.Window) {}, analysis.Held},
		{"a failure before", func(i int, w *record.Window) {
			if i == 12 {
				*w = quarter(t, w.StartSeconds, 1, 10)
			}
		}, analysis.NotDecided},
		{"a failure in the warm-up", func(i int, w *record.Window) {
			if i == 3 {
				*w = quarter(t, w.StartSeconds, 1, 10)
			}
		}, analysis.Held},
		{"requests left late", func(i int, w *record.Window) { w.Late = 6 }, analysis.NotDecided},
		{"overloaded", func(i int, w *record.Window) { w.OK = 40 }, analysis.NotDecided},
		{"a failure after", func(i int, w *record.Window) {
			if i == 30 {
				*w = quarter(t, w.StartSeconds, 1, 10)
			}
		}, analysis.NotHeld},
	} {
		if got := analysis.JudgeTrial(drilled(t, c.change), h); got.State != c.state || got.Target != "lab-lb-1" || (got.Reason == "") != (c.state == analysis.Held) {
			t.Errorf("%s: %s (%s), want %s", c.name, got.State, got.Reason, c.state)
		}
	}
	spoilt := drilled(t, func(int, *record.Window) {})
	spoilt.Verdict = record.Verdict{State: record.Invalid, Reasons: []record.Reason{{Check: analysis.CheckHost, State: record.Invalid, Seen: "something else used 1 of 2 cores"}}}
	if got := analysis.JudgeTrial(spoilt, h); got.State != analysis.NotDecided || got.Reason != "something else used 1 of 2 cores" {
		t.Errorf("%+v", got)
	}
	spoilt.Verdict.Reasons[0].Check = analysis.CheckLost // the fault itself
	if got := analysis.JudgeTrial(spoilt, h); got.State != analysis.Held {
		t.Errorf("%+v", got)
	}
	if got := analysis.JudgeTrial(good(t), h); got.State != analysis.NotDecided {
		t.Errorf("no fault: %+v", got)
	}
}
