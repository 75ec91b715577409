// SPDX-License-Identifier: MIT

// Package loadgen turns a workload and a pace into an open-loop attack, and the
// attack into windows of results and a summary. Open-loop: requests leave on
// schedule whatever the answers do, and latency counts from the moment a
// request was meant to leave, so a stalled server can't hide behind a stalled
// generator. It knows nothing of containers; what it needs is a base URL.
//
// It never repairs a number: a request that left late is counted late, one that
// never left is counted dropped, and both stand in the result.
package loadgen

import (
	"time"

	"systemlab/internal/record"
)

// Message is one line of the generator's output. Exactly one field is set. The
// order is: hello, windows, result; or an error at any point, as the last.
type Message struct {
	Hello  *Hello         `json:"hello,omitempty"`
	Window *record.Window `json:"window,omitempty"`
	Result *Result        `json:"result,omitempty"`
	Error  string         `json:"error,omitempty"`
}

// Hello says that the target answers and that the first request leaves now.
type Hello struct {
	Now      time.Time `json:"now"` // the attack's zero: windows and events count their seconds from it
	PID      int       `json:"pid"`
	MaxProcs int       `json:"max_procs"`
}

// Control is one line of the generator's input after the order. A rate turns
// the pace into a constant one from now on, to the end of the schedule.
type Control struct {
	Rate float64 `json:"rate,omitempty"`
	Stop bool    `json:"stop,omitempty"`
}

// Result is what came of an order, over its measured part: the requests whose
// intended moment lies after the warm-up.
type Result struct {
	Summary    record.Summary    `json:"summary"`
	Histograms record.Histograms `json:"histograms"`

	// Order is what was done, defaults filled in.
	Order    Order           `json:"order"`
	Workload record.Workload `json:"workload"`

	// DurationSeconds is how much of the measured part's schedule was played:
	// the order's duration, or less when StoppedEarly.
	DurationSeconds float64 `json:"duration_seconds"`
	StoppedEarly    bool    `json:"stopped_early,omitempty"`

	// Canceled counts requests that a stop cut off in flight. They are in no
	// other figure of the summary: neither asked nor sent, ok or failed.
	Canceled int `json:"canceled,omitempty"`

	// Events are changes of rate and stops, in seconds since Hello.Now.
	Events []record.Event `json:"events,omitempty"`
}
