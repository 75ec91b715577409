// SPDX-License-Identifier: MIT

package report_test

import (
	"encoding/json"
	"strings"
	"testing"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/internal/report"
)

// takeovers are three trials, one of them spoilt.
func takeovers(t *testing.T) analysis.Drilled {
	t.Helper()
	c, err := analysis.ParseCondition("median gap < 500ms", nil)
	if err != nil {
		t.Fatal(err)
	}
	back := 0.4
	d := analysis.Drilled{
		Stage: record.Stage{Number: 6, Name: "06-vip", Title: "Virtual IP"}, Name: "lb-killed", Title: "the balancer dies", What: "lb:active", How: "kill",
		ForSeconds: 3, Workload: "mixed", Rate: 200, Hypothesis: analysis.Hypothesis{c}, Predicted: &analysis.Prediction{Low: 0.202, High: 0.312, Because: "3 adverts"},
		Trials: []analysis.Trial{
			{Run: "r1", Target: "lb-1", State: analysis.Held, Outage: analysis.Outage{Gap: 0.3, Lost: 25, LostHealed: 2, Errors: map[string]int{"reset": 3, "refused": 22}, Recovered: &back}},
			{Run: "r2", Target: "lb-2", State: analysis.NotDecided, Reason: "the machine was busy", Outage: analysis.Outage{Gap: 9, Lost: 999}},
			{Run: "r3", Target: "lb-2", State: analysis.Held, Outage: analysis.Outage{Gap: 0.25, Lost: 20}},
		},
	}
	d.Conclude()
	return d
}

func TestWriteDrill(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := report.WriteDrill(&b, takeovers(t), report.Options{}); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	for _, want := range []string{"Stage 6, Virtual IP", "kill lb:active for 3 s, under mixed at 200/s", "25 (2 after the heal)", "22 refused, 3 reset", "trial 2: the machine was busy",
		"a gap of 202 ms to 312 ms: 3 adverts", "a median of 275 ms: within", "HELD"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "999") || strings.Contains(out, "9 s") {
		t.Errorf("figures of a trial that was not decided are printed:\n%s", out)
	}
}

func TestWriteMatrix(t *testing.T) {
	t.Parallel()
	second := analysis.Drilled{Stage: record.Stage{Number: 3}, Name: "nginx-killed", State: analysis.NotDecided, Reason: "the stack did not come up"}
	var b strings.Builder
	if err := report.WriteMatrix(&b, []analysis.Drilled{second, takeovers(t)}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if !strings.Contains(lines[0], "stage 3") || !strings.Contains(lines[0], "stage 6") || !strings.HasPrefix(lines[1], "nginx-killed  not decided") ||
		!strings.Contains(lines[2], "held, 275 ms, 22.5 lost") || !strings.Contains(b.String(), "275 ms (250 ms to 300 ms)") || !strings.Contains(b.String(), "the stack did not come up") {
		t.Errorf("%s", b.String())
	}
}

// The fields that others rely on.
func TestDrillJSON(t *testing.T) {
	t.Parallel()
	b, err := json.Marshal(report.DrillJSON(takeovers(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"gap_seconds":0.3`, `"lost":25`, `"recovered_seconds":0.4`, `"recovered_seconds":null`, `"predicted_gap_seconds":{"low":0.202,"high":0.312}`,
		`"hypothesis":"median gap`, `"held":true`, `"median_within_predicted":true`, `"resolution_seconds":0.005`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, b)
		}
	}
	b, err = json.Marshal(report.DrillJSON(analysis.Drilled{State: analysis.NotDecided, Unforeseen: "nobody takes over"}))
	if err != nil || !strings.Contains(string(b), `"held":null`) || !strings.Contains(string(b), `"trials":[]`) || !strings.Contains(string(b), `"predicted_gap_seconds":null`) {
		t.Errorf("%s %v", b, err)
	}
}
