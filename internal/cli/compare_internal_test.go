// SPDX-License-Identifier: MIT

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/record"
	"systemlab/loadgen"
	"systemlab/stages"
)

// saved keeps a run of a comparison, or with "" one of none.
func saved(t *testing.T, stage int, comparison, side string, number int) string {
	t.Helper()
	run := &record.Run{
		Format: record.Format, ID: fmt.Sprintf("20261129-1010%02d-s%d-%s", number, stage, strings.Repeat(side+"0", 2)), Started: time.Date(2026, 11, 29, 10, 10, number, stage, time.UTC),
		Stage: record.Stage{Number: stage, Name: fmt.Sprintf("%02d-stage", stage)}, Workload: record.Workload{Name: "mixed"}, Pace: "const:200", Seed: int64(number), DurationSeconds: 8, Windows: []record.Window{{Seconds: 8, Sent: 1600, OK: 1600}},
		Summary: record.Summary{Requests: record.Requests{Sent: 1600, OK: 1600}, Latency: record.Percentiles{P50: 0.001, P95: 0.002, P99: 0.003}},
		Verdict: record.Verdict{State: record.Valid},
	}
	if comparison != "" {
		run.Round = &record.Round{Comparison: comparison, Side: side, Number: number}
	}
	if _, err := store().Save(run); err != nil {
		t.Fatal(err)
	}
	return run.ID
}

// What differs between two saved runs is noted once; not at all where all rounds of their
// comparison are taken. Where nothing is concluded the exit code says so.
func TestCompareRuns(t *testing.T) {
	t.Setenv("LAB_HOME", t.TempDir())
	loneA, loneB := saved(t, 4, "", "a", 1), saved(t, 5, "", "b", 2)
	few := [2]string{saved(t, 4, "c-1", "a", 3), saved(t, 5, "c-1", "b", 3)}
	var whole [2][]string
	for n := 10; n < 16; n++ {
		whole[0], whole[1] = append(whole[0], saved(t, 4, "c-2", "a", n)), append(whole[1], saved(t, 5, "c-2", "b", n))
	}
	for name, test := range map[string]struct {
		runs  []string
		code  int
		seeds int // how often different seeds are noted
	}{
		"two lone ones":               {[]string{loneA, loneB}, 13, 1},
		"a round, and no more":        {few[:], 13, 0},
		"of one round":                {[]string{whole[0][2], whole[1][2]}, 0, 0},
		"of two rounds, all are seen": {[]string{whole[0][0], whole[1][5]}, 0, 0},
		"of one side":                 {[]string{whole[0][0], whole[0][1]}, 13, 1},
	} {
		var out bytes.Buffer
		a := &app{Streams: Streams{Out: &out, Err: io.Discard}, output: "text"}
		code, err := exitCode(0), a.compareRuns(test.runs)
		if err != nil && !errors.As(err, &code) || int(code) != test.code {
			t.Errorf("%s: %v, want exit code %d", name, err, test.code)
		}
		if n := strings.Count(out.String(), "different seeds"); n != test.seeds {
			t.Errorf("%s: notes different seeds %d times, want %d:\n%s", name, n, test.seeds, out.String())
		}
	}
}

// More rounds are played where they would tell more: up to the six that it takes, too.
func TestWanting(t *testing.T) {
	loose := []analysis.Quantity{{Name: analysis.QuantityP50, Ratio: 1, Low: 0.9, High: 1.1, Conclusion: analysis.NoDifference}}
	for name, test := range map[string]struct {
		told   analysis.Comparison
		wanted float64
		says   string
	}{
		"too few rounds":            {analysis.Comparison{Rounds: 3, Few: true, Refused: "3 rounds are too few"}, 0.05, "3 rounds conclude nothing, it takes 6"},
		"too few, and no more":      {analysis.Comparison{Rounds: 3, Few: true, Refused: "3 rounds are too few"}, 0, ""},
		"refused":                   {analysis.Comparison{Rounds: 3, Refused: "a run is invalid"}, 0.05, ""},
		"not known well enough":     {analysis.Comparison{Rounds: 8, Quantities: loose}, 0.05, "known to 10.0%, wanted 5.0%"},
		"known well enough":         {analysis.Comparison{Rounds: 8, Quantities: loose}, 0.2, ""},
		"no more are wanted":        {analysis.Comparison{Rounds: 8, Quantities: loose}, 0, ""},
		"nothing can be waited for": {analysis.Comparison{Rounds: 8, Quantities: []analysis.Quantity{{Name: analysis.QuantityCPU, Conclusion: analysis.NotComparable}}}, 0.05, ""},
	} {
		if got := wanting(test.told, test.wanted); got != test.says {
			t.Errorf("%s: %q, want %q", name, got, test.says)
		}
	}
}

// Where one stack changes its stage each turn comes after a load as long as itself, with a
// seed that is no round's; side by side none does.
func TestTurnsInOneStackAreWarm(t *testing.T) {
	for sequential, want := range map[bool]string{true: "3s seed 6; 2s after 1s seed 7", false: "2s after 1s seed 7"} {
		l := newLaboratory(t, "1")
		var orders []string
		l.engine.Set(func(f *enginetest.Engine) {
			f.Services["load"] = enginetest.Behaviour{Program: func(stdin io.Reader, stdout, _ io.Writer) int { return noting(stdin, stdout, &orders) }}
		})
		st, err := stages.Find("../..", "1")
		if err != nil {
			t.Fatal(err)
		}
		order, err := loadOptions{rate: 10, duration: 2 * time.Second, warmup: time.Second, timeout: time.Second, seed: 7, workload: "ping"}.order()
		if err != nil {
			t.Fatal(err)
		}
		c := &contest{app: l.app, order: order, id: "c-1", changes: sequential, sides: []*side{{app: l.app, name: "a", st: st, s: l.session()}}}
		if c.sides[0].load, err = c.sides[0].s.ready(t.Context(), order); err != nil {
			t.Fatal(err)
		}
		run, err := c.try(t.Context(), 0, 0, 7)
		if err != nil || run.Round == nil {
			t.Errorf("%v, %v", run, err)
		}
		if got := strings.Join(orders, "; "); got != want {
			t.Errorf("sequential %v: loads %q, want %q", sequential, got, want)
		}
		if runs, err := store().List(); err != nil || len(runs) != 1 {
			t.Errorf("sequential %v: %d runs kept, %v", sequential, len(runs), err)
		}
	}
}

// noting is a generator that writes down what is ordered, and says at once that it was done.
func noting(stdin io.Reader, stdout io.Writer, orders *[]string) int {
	var o loadgen.Order
	if err := json.NewDecoder(stdin).Decode(&o); err != nil {
		return 1
	}
	what := fmt.Sprintf("%gs", o.DurationSeconds)
	if o.WarmupSeconds > 0 {
		what += fmt.Sprintf(" after %gs", o.WarmupSeconds)
	}
	*orders = append(*orders, fmt.Sprintf("%s seed %d", what, o.Seed))
	out := json.NewEncoder(stdout)
	for _, m := range []loadgen.Message{{Hello: &loadgen.Hello{Now: time.Now(), PID: 1}}, {Result: &loadgen.Result{Order: o, DurationSeconds: o.DurationSeconds}}} {
		if out.Encode(m) != nil {
			return 1
		}
	}
	return 0
}
