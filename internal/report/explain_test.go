// SPDX-License-Identifier: MIT

package report_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report"
)

// explained is an explanation with all that one can hold.
func explained() (analysis.Explanation, *analysis.Proof) {
	return analysis.Explanation{
			Boxes: []analysis.Box{
				{Service: "postgres", Replicas: 1, DemandSeconds: 0.00159, LimitCores: 0.5, Utilisation: 0.991, Busiest: 0.991, ThrottledRatio: 0.97, SaturatesAt: 313.8, Saturated: true,
					Waiting: []analysis.Waiting{{What: "sessions at work", Mean: 18.3, Max: 29, Unit: "sessions"}}},
				{Service: "api", Replicas: 3, DemandSeconds: 0.0012, LimitCores: 0.75, Utilisation: 0.5, Busiest: 0.53, ThrottledRatio: 0.2, SaturatesAt: 587.2,
					Waiting: []analysis.Waiting{{What: "for a database connection", Mean: 0.0921, Max: 1.99, Unit: "seconds"}}},
				{Service: "free", Replicas: 1, DemandSeconds: 0.0001},
			},
			Binding:   &analysis.Binding{Service: "postgres", Resource: "cpu", Utilisation: 0.991, SaturatesAt: 313.8, Saturated: true},
			Certainty: analysis.Unsure, Notes: []string{"the run is suspect: something else used 0.30 of 2 cores, and that is a line long enough to be broken into two"},
		}, &analysis.Proof{State: analysis.Proven, Before: 303, After: 394.2, DecoyService: "api", DecoyAfter: 301, Raised: analysis.Move{Ratio: 1.3, Low: 1.21, High: 1.396}, Decoy: analysis.Move{Ratio: 0.994, Low: 0.95, High: 1.04},
			Reason: "the ceiling moves with this limit and not with the decoy's"}
}

func TestWriteExplanation(t *testing.T) {
	e, proof := explained()
	got := text(t, func(b *bytes.Buffer) error {
		return report.WriteExplanation(b, cache(), e, proof, report.Options{})
	})
	golden(t, "explain.txt", got)
	proof.Decoy.AtOneSpeed = true
	got = text(t, func(b *bytes.Buffer) error {
		return report.WriteExplanation(b, cache(), e, proof, report.Options{})
	})
	if said := strings.Join(strings.Fields(got), " "); !strings.Contains(said, "times before with more for api: for a machine as fast in all turns") {
		t.Errorf("it does not say that the machine's speed was taken out:\n%s", got)
	}
	for name, change := range map[string]struct {
		do   func(*analysis.Explanation)
		says string
	}{
		"not yet":     {func(e *analysis.Explanation) { e.Binding.Saturated = false }, "nothing at this rate; the first to saturate would be the CPU limit of postgres (now at 99.1%), at about 314 a second"},
		"the machine": {func(e *analysis.Explanation) { e.Binding.Service, e.Binding.Resource = "", analysis.ResourceMachine }, "the machine itself"},
		"the pool": {func(e *analysis.Explanation) {
			*e.Binding = analysis.Binding{Service: "api", Resource: analysis.ResourceConnections, SaturatesAt: 200, Saturated: true}
		}, "the connections of api's pool; the ceiling is about 200 a second"},
		"the queue": {func(e *analysis.Explanation) { e.Binding.Resource = analysis.ResourceQueue }, "the work queue"},
		"unknown":   {func(e *analysis.Explanation) { e.Binding = nil }, "Binding   unknown"},
	} {
		e, _ := explained()
		change.do(&e)
		got := text(t, func(b *bytes.Buffer) error {
			return report.WriteExplanation(b, cache(), e, nil, report.Options{})
		})
		if !strings.Contains(strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(change.says), " ")) || strings.Contains(got, "Proof") {
			t.Errorf("%s: no %q in\n%s", name, change.says, got)
		}
	}
}

// The fields that others rely on.
func TestExplainJSON(t *testing.T) {
	e, proof := explained()
	got := map[string]any{}
	decode := func(p *analysis.Proof) {
		t.Helper()
		data := text(t, func(b *bytes.Buffer) error { return report.WriteJSON(b, report.ExplainJSON(cache(), e, p)) })
		clear(got)
		if err := json.Unmarshal([]byte(data), &got); err != nil {
			t.Fatal(err)
		}
	}
	decode(proof)
	for of, want := range map[string]map[string]any{
		"binding": {"service": "postgres", "resource": "cpu", "utilisation": 0.991, "saturates_at_per_second": 313.8, "saturated": true},
		"proof":   {"state": "proven", "before": 303.0, "after": 394.2, "decoy_service": "api", "decoy_after": 301.0},
	} {
		have, _ := got[of].(map[string]any)
		for field, value := range want {
			if have[field] != value {
				t.Errorf("%s.%s is %v, want %v", of, field, have[field], value)
			}
		}
	}
	if raised := got["proof"].(map[string]any)["raised"]; !reflect.DeepEqual(raised, map[string]any{"ratio": 1.3, "low": 1.21, "high": 1.396, "at_one_speed": false}) {
		t.Errorf("raised is %v", raised)
	}
	decode(nil)
	if v, there := got["proof"]; !there || v != nil {
		t.Errorf("without a proof: %v, %v", v, there)
	}
}

func TestExplanationStaysInItsPlace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		odd := rapid.Float64()
		e, proof := explained()
		for i := range e.Boxes {
			b := &e.Boxes[i]
			b.DemandSeconds, b.LimitCores, b.Busiest, b.SaturatesAt = odd.Draw(rt, "demand"), odd.Draw(rt, "limit"), odd.Draw(rt, "busiest"), odd.Draw(rt, "at")
		}
		e.Binding.Utilisation, e.Binding.SaturatesAt = odd.Draw(rt, "utilisation"), odd.Draw(rt, "at")
		proof.Before, proof.After, proof.Raised.Ratio, proof.Raised.High = odd.Draw(rt, "before"), odd.Draw(rt, "after"), odd.Draw(rt, "ratio"), odd.Draw(rt, "high")
		got := text(t, func(b *bytes.Buffer) error {
			return report.WriteExplanation(b, &record.Run{}, e, proof, report.Options{})
		})
		for line := range strings.Lines(got) {
			if utf8.RuneCountInString(line) > 110 {
				rt.Fatalf("too wide: %s", line)
			}
		}
		if strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
			rt.Fatalf("not a number:\n%s", got)
		}
	})
}
