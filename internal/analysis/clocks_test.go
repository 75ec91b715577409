// SPDX-License-Identifier: MIT

package analysis_test

import (
	"strings"
	"testing"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// A clock that was set or slept leaves the load's own figures, but not the places of
// events; two machines' clocks may differ.
func TestJudgeClocks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		clock record.Clock
		state record.State
		says  string // "" for no reason at all
	}{
		"as it should be":        {record.Clock{}, record.Valid, ""},
		"a hair":                 {record.Clock{StepSeconds: -0.05}, record.Valid, ""},
		"set back":               {record.Clock{StepSeconds: -0.051}, record.Suspect, "set by -0.05 s during the run"},
		"slept":                  {record.Clock{StepSeconds: 600}, record.Suspect, "set by +600.00 s during the run, or the machine slept"},
		"a word from the past":   {record.Clock{AheadSeconds: -3}, record.Suspect, "began at -3.00 s"},
		"a word from the future": {record.Clock{AheadSeconds: 0.2}, record.Suspect, "began at +0.20 s"},
		"two machines":           {record.Clock{Remote: true}, record.Valid, ""},
		"set, of two machines":   {record.Clock{Remote: true, StepSeconds: 5}, record.Valid, "the engine is on another"},
		"two machines' times":    {record.Clock{Remote: true, AheadSeconds: 3600}, record.Valid, "the engine's clock is +3600.00 s off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good(t)
			r.Clock = test.clock
			oneReason(t, analysis.Judge(r), test.state, analysis.CheckClock, test.says)
		})
	}
}

// Windows are cut by a clock that no one can set: nobody is sent to look for one who did.
func TestDisorderIsNoSetClock(t *testing.T) {
	t.Parallel()
	r := good(t)
	r.Windows[5].StartSeconds = 2
	if v := analysis.Judge(r); v.State != record.Invalid || strings.Contains(v.Reasons[0].Advice, "was set") || !strings.Contains(v.Reasons[0].Advice, "fault of lab") {
		t.Errorf("%+v", v)
	}
}

// A request that the generator could not send for want of a port is no failure of the
// stage: it counts as a dropped one does.
func TestJudgeOwnLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stopped int
		state   record.State
		says    string
	}{
		"none":              {0, record.Valid, ""},
		"one":               {1, record.Suspect, "1 of 12000 requests failed by the generator's own limits"},
		"one in a thousand": {12, record.Suspect, "12 of 12000"},
		"more than that":    {13, record.Invalid, "13 of 12000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good(t)
			r.Summary.Requests.OK, r.Summary.Requests.Failed = 12000-test.stopped, test.stopped
			r.Summary.StatusCodes = map[string]int{"200": 12000}
			r.Summary.Errors = map[string]int{"generator": test.stopped}
			oneReason(t, analysis.Judge(r), test.state, analysis.CheckLimits, test.says)
		})
	}
}

// oneReason wants a verdict for one reason; none at all where it is to say nothing.
func oneReason(t *testing.T, v record.Verdict, state record.State, check, says string) {
	t.Helper()
	if v.State != state {
		t.Errorf("%s, want %s: %+v", v.State, state, v.Reasons)
	}
	if says == "" {
		if len(v.Reasons) > 0 {
			t.Errorf("%+v", v.Reasons)
		}
		return
	}
	if len(v.Reasons) != 1 || v.Reasons[0].Check != check || v.Reasons[0].State != state ||
		!strings.Contains(v.Reasons[0].Seen, says) || v.Reasons[0].Advice == "" {
		t.Errorf("%+v, want %s saying %q", v.Reasons, check, says)
	}
}
