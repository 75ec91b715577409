// SPDX-License-Identifier: MIT

package exercise

import "systemlab/internal/record"

// The parts that a run can have in a check.
const (
	SideA    = "a"      // predict: A; reach: the stage as it begins
	SideB    = "b"      // predict: B; reach: the learner's stack
	AsIs     = "as-is"  // attribute: limits as they are
	Raised   = "raised" // attribute: more for the service that was named
	Decoy    = "decoy"  // attribute: more for another one
	Drilled  = "trial"  // survive: a trial of the drill
	Broken   = "broken" // diagnose: with the fault
	Mended   = "mended" // diagnose: without it
	Unneeded = "search" // attribute, reach: looking for the ceiling; concludes nothing
)

// Evidence is what a check measured: the runs of each part, in the order of rounds.
type Evidence map[string][]*record.Run

// Mark is what an exercise came to. It follows from the exercise, what was given, the
// seed and the runs alone, so that grading can draw it again.
type Mark struct {
	Decided  bool    `json:"decided"` // false: the runs can't tell, or can't be trusted; no points, and no fault of the learner's
	Solved   bool    `json:"solved"`
	Points   float64 `json:"points"`   // 0 to 100
	Measured string  `json:"measured"` // in words, with the interval
	Asked    string  `json:"asked"`
	Why      string  `json:"why"` // it failed, or is not decided; "" when solved
}

// Mark concludes.
func (e Exercise) Mark(given Given, seed int64, runs Evidence) Mark {
	switch e.Kind {
	case Predict:
		return e.markPrediction(given, runs)
	case Attribute:
		return e.markAttribution(given, runs)
	case Reach:
		return e.markReach(runs)
	case Survive:
		return e.markSurvival(runs)
	default:
		return e.markDiagnosis(given, seed, runs)
	}
}
