// SPDX-License-Identifier: MIT

// Package record is the run: plain data in a documented, versioned format, and
// the store that keeps it. It measures nothing, judges nothing and draws
// nothing; every other room that speaks of results speaks in these types.
//
// Units are base units and stand in the name: _seconds, _bytes, _cores. Times
// inside a run are seconds since the run's Started, on the host's clock.
package record

import "time"

// Format is the version of the file format that this program writes. A reader
// accepts its own and older versions and refuses newer ones.
const Format = 1

// Run is one measured run, self-contained: what was up, what was asked, what
// happened, and how far it can be trusted.
type Run struct {
	Format          int               `json:"format"`
	ID              string            `json:"id"`
	Started         time.Time         `json:"started"`
	Tool            string            `json:"tool"` // version of lab that made it
	Project         string            `json:"project"`
	Stage           Stage             `json:"stage"`
	Architecture    Architecture      `json:"architecture"`
	Images          map[string]string `json:"images"` // service to image id
	Machine         Machine           `json:"machine"`
	Workload        Workload          `json:"workload"`
	Pace            string            `json:"pace"` // as typed: const:200, ramp:50-500
	Seed            int64             `json:"seed"`
	DurationSeconds float64           `json:"duration_seconds"` // measured part, without warm-up
	WarmupSeconds   float64           `json:"warmup_seconds"`
	Windows         []Window          `json:"windows"`
	Samples         []Sample          `json:"samples"`
	Queue           []Queue           `json:"queue,omitempty"`       // where the stage has a work queue: a reading about once a second
	Replication     []Replication     `json:"replication,omitempty"` // where it has a replica: likewise
	Events          []Event           `json:"events"`
	Summary         Summary           `json:"summary"`
	Histograms      Histograms        `json:"histograms"`
	Containers      []Container       `json:"containers"`
	Host            Host              `json:"host"`
	Meter           string            `json:"meter"` // "cgroup v1", "cgroup v2" or "engine API"
	Verdict         Verdict           `json:"verdict"`
	Round           *Round            `json:"round,omitempty"` // of a comparison; nil for a run by itself
}

// Round says that a run is one side of one round of a comparison. The runs of a
// comparison share its name, those of a round its number as well.
type Round struct {
	Comparison string `json:"comparison"`
	Side       string `json:"side"`   // "a" or "b"
	Number     int    `json:"number"` // from 1
}

// Stage names the architecture that a run was made on. Hash covers its whole
// resolved project, so that two runs of an edited stage are told apart.
type Stage struct {
	Number int    `json:"number"`
	Name   string `json:"name"` // the folder's: 05-cache
	Title  string `json:"title"`
	Hash   string `json:"hash"`
}

// Architecture is what was up, as a drawing needs it: from the stage's own
// Compose file, with the replicas that were there.
type Architecture struct {
	Services []Service `json:"services"` // sorted by name
	Links    []Link    `json:"links"`    // who talks to whom; sorted
	Entry    string    `json:"entry"`    // the service that the load enters by
}

// Service is one box of the architecture.
type Service struct {
	Name             string  `json:"name"`
	Replicas         int     `json:"replicas"`
	LimitCores       float64 `json:"limit_cores"` // of each replica; 0 is none
	MemoryLimitBytes int64   `json:"memory_limit_bytes"`
}

// Link says that one service calls another.
type Link struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Machine is where a run was made.
type Machine struct {
	OS            string `json:"os"`
	Arch          string `json:"arch"`
	Kernel        string `json:"kernel"`
	Cores         int    `json:"cores"`
	MemoryBytes   int64  `json:"memory_bytes"`
	Engine        string `json:"engine"` // the engine's version
	EngineAPI     string `json:"engine_api"`
	Cgroup        string `json:"cgroup"` // "1" or "2"
	StorageDriver string `json:"storage_driver"`
}

// Workload is what is asked, of whom. Mix maps an endpoint's name to its
// weight. Zipf is the exponent by which users are drawn; Users how many there are.
type Workload struct {
	Name  string             `json:"name"`
	Mix   map[string]float64 `json:"mix"`
	Zipf  float64            `json:"zipf"`
	Users int                `json:"users"`
}

// Percentiles of latency, counted from the moment a request was meant to leave.
type Percentiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Window is one second of results. A request belongs to the window in which it
// ended; Sent counts those that left in it, Asked those that were meant to.
type Window struct {
	StartSeconds float64 `json:"start_seconds"` // since Started; the warm-up's come first
	Seconds      float64 `json:"seconds"`       // its length; the last may be shorter
	Warmup       bool    `json:"warmup,omitempty"`
	Asked        int     `json:"asked"`
	Sent         int     `json:"sent"`
	OK           int     `json:"ok"`
	Failed       int     `json:"failed"`
	Late         int     `json:"late"`
	InFlight     int     `json:"in_flight"` // at the window's end

	Latency   Percentiles               `json:"latency_seconds"` // of answers, ok or not
	Histogram string                    `json:"histogram"`       // HDR, V2 compressed, base64, in microseconds
	Endpoints map[string]EndpointWindow `json:"endpoints,omitempty"`
	TierMean  map[string]float64        `json:"tier_mean_seconds,omitempty"`
	Errors    map[string]int            `json:"errors,omitempty"`
	CacheHits int                       `json:"cache_hits,omitempty"`
	CacheMiss int                       `json:"cache_misses,omitempty"`
	Generator GeneratorWindow           `json:"generator"`
}

// EndpointWindow is one endpoint in one window.
type EndpointWindow struct {
	OK     int     `json:"ok"`
	Failed int     `json:"failed"`
	P50    float64 `json:"p50_seconds"`
	P99    float64 `json:"p99_seconds"`
}

// GeneratorWindow is the generator's word about itself in one window.
type GeneratorWindow struct {
	Cores          float64 `json:"cores"`
	SlipP99Seconds float64 `json:"slip_p99_seconds"`
}

// Sample is one reading of one container: growth since the reading before it.
type Sample struct {
	AtSeconds      float64 `json:"at_seconds"`
	Seconds        float64 `json:"seconds"` // length of the interval that it covers
	Container      string  `json:"container"`
	Cores          float64 `json:"cores"`
	ThrottledRatio float64 `json:"throttled_ratio"` // throttled periods by periods, 0 to 1
	MemoryBytes    int64   `json:"memory_bytes"`
	RxBytes        int64   `json:"rx_bytes"` // in the interval; -1 where unknown
	TxBytes        int64   `json:"tx_bytes"`
}

// Queue is one reading of the work queue, by the broker's own count.
type Queue struct {
	AtSeconds      float64 `json:"at_seconds"`
	Depth          int     `json:"depth"`          // tasks that wait for a worker
	Unacknowledged int     `json:"unacknowledged"` // tasks in the hands of workers
	Consumers      int     `json:"consumers"`      // workers that listen
}

// Replication is one reading of the replica furthest behind, by the primary's
// own count. Without one that streams, LagSeconds is -1: unknown.
type Replication struct {
	AtSeconds  float64 `json:"at_seconds"`
	Replicas   int     `json:"replicas"` // that stream at this moment
	LagBytes   int64   `json:"lag_bytes"`
	LagSeconds float64 `json:"lag_seconds"`
}

// Event is something that happened to the stack during a run.
type Event struct {
	AtSeconds float64 `json:"at_seconds"`
	Kind      string  `json:"kind"` // die, start, pause, unpause, oom, health, rate, ...
	Service   string  `json:"service,omitempty"`
	Container string  `json:"container,omitempty"`
	Detail    string  `json:"detail,omitempty"`
}

// Host is what the whole machine did during the measured part.
type Host struct {
	Cores      float64 `json:"cores"`       // cores busy, mean; 0 where it can't be read
	StackCores float64 `json:"stack_cores"` // of them, our containers', the generator's included
	StealCores float64 `json:"steal_cores"` // taken by the hypervisor
	Known      bool    `json:"known"`
}

// Container is one container's part of a run, over the measured part.
type Container struct {
	Service              string  `json:"service"`
	Replica              int     `json:"replica"`
	Name                 string  `json:"name"`
	ID                   string  `json:"id"`
	CoresMean            float64 `json:"cores_mean"`
	LimitCores           float64 `json:"limit_cores"` // 0 means unlimited
	ThrottledRatio       float64 `json:"throttled_ratio"`
	MemoryBytes          int64   `json:"memory_bytes"` // the last reading
	MemoryLimitBytes     int64   `json:"memory_limit_bytes"`
	CPUSeconds           float64 `json:"cpu_seconds"`
	CPUSecondsPerRequest float64 `json:"cpu_seconds_per_request"`
	Restarts             int     `json:"restarts"`
	// Roles that it says it had at the end: vip, primary, replica.
	Roles []string `json:"roles,omitempty"`
}

// Summary is the load's result over the measured part. Its fields are the
// stable ones of `lab load -o json`.
type Summary struct {
	Rate        Rate            `json:"rate"`
	Requests    Requests        `json:"requests"`
	Latency     Percentiles     `json:"latency_seconds"` // of all answers and time-outs
	StatusCodes map[string]int  `json:"status_codes"`
	Errors      map[string]int  `json:"errors"` // kind: refused, reset, timeout, eof, dns, status, other
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

// Rate in requests a second: asked by the schedule, sent, and served (answered
// ok) over the schedule's length.
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
}

// Histograms of the measured part, HDR V2 compressed, base64, in microseconds.
type Histograms struct {
	All       string            `json:"all"`
	OK        string            `json:"ok"`
	Failed    string            `json:"failed"`
	Endpoints map[string]string `json:"endpoints"`
	Tiers     map[string]string `json:"tiers"`
}

// Verdict says how far a run can be trusted, and why.
type Verdict struct {
	State   State    `json:"state"`
	Reasons []Reason `json:"reasons"`
}

// State of a verdict.
type State string

// The three states. Only a valid run may be concluded from without care.
const (
	Valid   State = "valid"
	Suspect State = "suspect"
	Invalid State = "invalid"
)

// Reason is one finding: what was seen, against what bound, and what to do.
type Reason struct {
	Check  string `json:"check"`
	State  State  `json:"state"` // how bad this one is
	Seen   string `json:"seen"`
	Advice string `json:"advice"`
}
