// SPDX-License-Identifier: MIT

package record

// Summary is the load's result over the measured part. Its fields are the
// stable ones of `lab load -o json`.
type Summary struct {
	Rate        Rate            `json:"rate"`
	Requests    Requests        `json:"requests"`
	Latency     Percentiles     `json:"latency_seconds"` // of all answers and time-outs
	StatusCodes map[string]int  `json:"status_codes"`
	Errors      map[string]int  `json:"errors"` // kind: refused, reset, timeout, eof, dns, unreachable, status, generator, other
	Reads       Reads           `json:"reads"`
	Endpoints   []Endpoint      `json:"endpoints"`
	Tiers       map[string]Tier `json:"tiers"`
	Cache       Cache           `json:"cache"`
	Servers     map[string]int  `json:"servers"` // answers by X-Served-By
	Connections int             `json:"connections"`
	Generator   Generator       `json:"generator"`

	// Gaps are the stretches without one good answer though several were due:
	// each from the last good answer before to the first one after.
	Gaps []Gap `json:"gaps,omitempty"`

	// What the boxes say of themselves over the measured part; nil where there is no such box.
	Queue       *QueueSummary       `json:"queue,omitempty"`
	Replication *ReplicationSummary `json:"replication,omitempty"`
}

// Gap is a stretch without a good answer.
type Gap struct {
	StartSeconds float64 `json:"start_seconds"`
	Seconds      float64 `json:"seconds"`
}

// QueueSummary sums up the readings of the work queue.
type QueueSummary struct {
	Readings          int     `json:"readings"`
	DepthMean         float64 `json:"depth_mean"`
	DepthMax          int     `json:"depth_max"`
	UnacknowledgedMax int     `json:"unacknowledged_max"`
	ConsumersMin      int     `json:"consumers_min"`
	ConsumersMax      int     `json:"consumers_max"`
}

// ReplicationSummary sums up the readings of replication. Seconds are over the
// readings that know them.
type ReplicationSummary struct {
	Readings       int     `json:"readings"`
	ReplicasMin    int     `json:"replicas_min"`
	LagBytesMean   float64 `json:"lag_bytes_mean"`
	LagBytesMax    int64   `json:"lag_bytes_max"`
	LagSecondsMean float64 `json:"lag_seconds_mean"`
	LagSecondsMax  float64 `json:"lag_seconds_max"`
}

// Rate in requests a second: asked by the schedule, sent, and served (good
// answers that came before its end) over the schedule's length.
type Rate struct {
	Asked  float64 `json:"asked"`
	Sent   float64 `json:"sent"`
	Served float64 `json:"served"`
}

// Requests counts. Late ones left more than LateSeconds after their moment;
// dropped ones never left. Sent = OK + Failed.
type Requests struct {
	Asked   int `json:"asked"`
	Sent    int `json:"sent"`
	OK      int `json:"ok"`
	Failed  int `json:"failed"`
	Late    int `json:"late"`
	Dropped int `json:"dropped"`
}

// ErrorGenerator is the kind of a failed request that the generator's own machine
// stopped: no port or descriptor was left for its connection. It says nothing of the stage.
const ErrorGenerator = "generator"

// LateSeconds is the slip beyond which a request counts as late.
const LateSeconds = 0.010

// Reads as judged against the writes that the generator itself made and saw
// acknowledged. Stale: older than a version acknowledged before the read left.
// Wrong: another row, or a version that no one wrote. MaxStaleSeconds is the
// greatest age of a stale answer: from the acknowledgement of the newer version to the read.
type Reads struct {
	Fresh           int     `json:"fresh"`
	Stale           int     `json:"stale"`
	Wrong           int     `json:"wrong"`
	Unjudged        int     `json:"unjudged"`
	MaxStaleSeconds float64 `json:"max_stale_seconds"`
}

// Endpoint is one endpoint's result.
type Endpoint struct {
	Name     string      `json:"name"`
	Requests int         `json:"requests"`
	Failed   int         `json:"failed"`
	Latency  Percentiles `json:"latency_seconds"`
}

// Tier is the time that answers say they spent in one tier (Server-Timing),
// over the answers that name it.
type Tier struct {
	Count       int     `json:"count"`
	MeanSeconds float64 `json:"mean_seconds"`
	P99Seconds  float64 `json:"p99_seconds"`
}

// Cache outcomes as the answers state them.
type Cache struct {
	Hits   int `json:"hits"`
	Misses int `json:"misses"`
}

// Generator is what the load generator knows of itself.
type Generator struct {
	CoresMean      float64 `json:"cores_mean"`
	SlipP50Seconds float64 `json:"slip_p50_seconds"`
	SlipP99Seconds float64 `json:"slip_p99_seconds"`
	SlipMaxSeconds float64 `json:"slip_max_seconds"`
	WorkersMax     int     `json:"workers_max"`
	Bounded        bool    `json:"bounded"` // its own worker limit was reached

	// One and the same piece of work, done so often beside the load, took so many CPU seconds
	// on average: how slow the machine was. 0 is unknown.
	YardstickCount   int     `json:"yardstick_count,omitempty"`
	YardstickSeconds float64 `json:"yardstick_seconds,omitempty"`
}

// Histograms of the measured part, HDR V2 compressed, base64, in microseconds.
type Histograms struct {
	All       string            `json:"all"`
	OK        string            `json:"ok"`
	Failed    string            `json:"failed"`
	Endpoints map[string]string `json:"endpoints"`
	Tiers     map[string]string `json:"tiers"`
}
