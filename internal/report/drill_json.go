// SPDX-License-Identifier: MIT

package report

import "systemlab/internal/analysis"

// DrillResult is a drill as `lab drill -o json` prints it. Trials, the prediction,
// the hypothesis and held are the stable fields. Held is null where nothing was decided.
type DrillResult struct {
	Trials     []DrillTrial `json:"trials"`
	Predicted  *DrillRange  `json:"predicted_gap_seconds"` // null where nothing predicts it
	Hypothesis string       `json:"hypothesis"`
	Held       *bool        `json:"held"`

	Stage       int     `json:"stage"`
	StageName   string  `json:"stage_name"`
	Name        string  `json:"name"`
	Title       string  `json:"title"`
	Break       string  `json:"break"`
	How         string  `json:"how"`
	ForSeconds  float64 `json:"for_seconds"`
	Workload    string  `json:"workload"`
	Rate        float64 `json:"rate_per_second"`
	Resolution  float64 `json:"resolution_seconds"` // of a gap's ends
	State       string  `json:"state"`              // held, not held, not decided
	Reason      string  `json:"reason"`
	PredictedBy string  `json:"predicted_by"`            // the formula; or why there is none
	Inside      *bool   `json:"median_within_predicted"` // null where there is nothing to compare

	// Over the trials that were decided; null without any.
	Gap       *DrillSpread `json:"gap_seconds"`
	Lost      *DrillSpread `json:"lost"`
	Recovered *DrillSpread `json:"recovered_seconds"`
}

// DrillTrial is one fault. A trial that is not decided has figures too, which say
// more of the machine than of the stage.
type DrillTrial struct {
	GapSeconds       float64  `json:"gap_seconds"` // 0: no gap
	GapOpen          bool     `json:"gap_open"`    // the run ended in it
	Lost             int      `json:"lost"`
	RecoveredSeconds *float64 `json:"recovered_seconds"` // null: not within the trial

	Run             string         `json:"run"`
	Target          string         `json:"target"`
	State           string         `json:"state"`
	Reason          string         `json:"reason"`
	Asked           int            `json:"asked"`           // from the fault on
	LostAfterHeal   int            `json:"lost_after_heal"` // of lost: they ended then
	Errors          map[string]int `json:"errors"`
	LostByEndpoint  map[string]int `json:"lost_by_endpoint"`
	AtSeconds       float64        `json:"at_seconds"`
	HealedAtSeconds float64        `json:"healed_at_seconds"`
	P99Before       float64        `json:"p99_before_seconds"`
	Verdict         string         `json:"verdict"` // of the whole run
}

// DrillRange is a prediction.
type DrillRange struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// DrillSpread is a figure over trials.
type DrillSpread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// DrillJSON gives the fields of a drill that others rely on, ready to be encoded.
func DrillJSON(d analysis.Drilled) DrillResult {
	r := DrillResult{
		Hypothesis: d.Hypothesis.String(), Stage: d.Stage.Number, StageName: d.Stage.Name, Name: d.Name, Title: d.Title, Break: d.What, How: d.How,
		ForSeconds: d.ForSeconds, Workload: d.Workload, Rate: d.Rate, State: d.State, Reason: d.Reason, Inside: d.Inside, PredictedBy: d.Unforeseen,
		Gap: drillSpread(d.Gap()), Lost: drillSpread(d.Lost()), Recovered: drillSpread(d.Recovered()), Trials: []DrillTrial{},
	}
	if d.Rate > 0 {
		r.Resolution = 1 / d.Rate
	}
	if p := d.Predicted; p != nil {
		r.Predicted, r.PredictedBy = &DrillRange{p.Low, p.High}, p.Because
	}
	if d.State != analysis.NotDecided {
		held := d.State == analysis.Held
		r.Held = &held
	}
	for _, t := range d.Trials {
		o := t.Outage
		r.Trials = append(r.Trials, DrillTrial{
			GapSeconds: o.Gap, GapOpen: o.Open, Lost: o.Lost, RecoveredSeconds: o.Recovered, Run: t.Run, Target: t.Target, State: t.State, Reason: t.Reason,
			Asked: o.Asked, LostAfterHeal: o.LostHealed, Errors: o.Errors, LostByEndpoint: o.LostBy, AtSeconds: o.At, HealedAtSeconds: o.Healed,
			P99Before: o.Before.P99, Verdict: string(t.Verdict.State),
		})
	}
	return clean(r)
}

func drillSpread(s analysis.Spread, ok bool) *DrillSpread {
	if !ok {
		return nil
	}
	return &DrillSpread{Min: s.Low, Median: s.Median, Max: s.High}
}
