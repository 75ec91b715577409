// SPDX-License-Identifier: MIT

package exercise

import "time"

// The acts of a learner that are kept.
const (
	Started   = "started"
	Predicted = "predicted" // sealed: before anything of it is measured
	Hinted    = "hinted"
	Measuring = "measuring" // a check began: from here on the prediction can't be sealed anew
	Checked   = "checked"
	Reset     = "reset" // the learner begins again; nothing before it is forgotten
)

// Learner is who does the exercises, as they name themselves; Class is the word that
// the teacher gave out. Both decide the seed of each exercise.
type Learner struct {
	Name  string `json:"name"`
	Class string `json:"class"`
}

// Entry of the log: one act. The log is appended to and never rewritten, and each
// entry holds the hash of the one before.
type Entry struct {
	Time     time.Time `json:"time"`
	Act      string    `json:"act"`
	Exercise string    `json:"exercise"`
	Hash     string    `json:"hash"` // of the exercise as its file had it
	Learner  Learner   `json:"learner"`
	Seed     int64     `json:"seed"`           // of the exercise, for this learner
	Given    Given     `json:"given,omitzero"` // of a prediction and of a check
	Runs     []Ref     `json:"runs,omitempty"` // of a check, in the order in which they were made
	Mark     *Mark     `json:"mark,omitempty"` // of a check: what was concluded then; grading concludes again
	Before   string    `json:"before"`         // hash of the entry before; "" of the first
}

// Given is what the learner gave: an interval for the ratio with how sure they are of it
// (0 < Sure < 1), or an answer in words.
type Given struct {
	Low    float64 `json:"low,omitempty"`
	High   float64 `json:"high,omitempty"`
	Sure   float64 `json:"sure,omitempty"`
	Answer string  `json:"answer,omitempty"`
}

// Ref names a run of a check: its part in it, and the SHA-256 of its file.
type Ref struct {
	Run    string `json:"run"`
	Part   string `json:"part"` // see Evidence
	SHA256 string `json:"sha256"`
}
