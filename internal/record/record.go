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
	Waits           []Waits           `json:"waits,omitempty"`       // of a database that tells: likewise
	Events          []Event           `json:"events"`
	Summary         Summary           `json:"summary"`
	Histograms      Histograms        `json:"histograms"`
	Containers      []Container       `json:"containers"`
	Host            Host              `json:"host"`
	Meter           string            `json:"meter"` // "cgroup v1", "cgroup v2" or EngineAPI
	Clock           Clock             `json:"clock,omitzero"`
	Verdict         Verdict           `json:"verdict"`
	Round           *Round            `json:"round,omitempty"` // of a comparison or a search; nil for a run by itself
}

// EngineAPI is the meter that asks the engine, and not the kernel's files.
const EngineAPI = "engine API"

// Round says that a run is one side of one round of a comparison. The runs of a
// comparison share its name, those of a round its number as well. A run of a
// search for capacity is a round too: its side is the stage, its number the step's.
type Round struct {
	Comparison string  `json:"comparison"`       // c-… of a comparison, k-… of a search
	Side       string  `json:"side"`             // "a" or "b"; of a ladder or a search the stage's name
	Number     int     `json:"number"`           // from 1; a round that was played again keeps its own
	Search     *Search `json:"search,omitempty"` // nil for a comparison
}

// Search is what a search for capacity was after with a run: enough to draw its
// conclusions again from the runs alone.
type Search struct {
	Objective string  `json:"objective"` // as typed: p99<100ms,errors<0.1%
	Start     float64 `json:"start_per_second"`
	Max       float64 `json:"max_per_second"`
	Precision float64 `json:"precision_ratio"`
	Rate      float64 `json:"rate_per_second"` // of this step
	Purpose   string  `json:"purpose"`         // of this step: doubling, bisection, ...
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
	Replaced         string  `json:"replaced,omitempty"` // the program of the user's own that ran here, as it was named
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

	YardstickCount   int     `json:"yardstick_count,omitempty"` // see Generator
	YardstickSeconds float64 `json:"yardstick_seconds,omitempty"`
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

// Waits is one reading of what a database's sessions do that are at work, by its
// own word (pg_stat_activity). Active ones that wait for nothing named here are
// on a core, or want one.
type Waits struct {
	AtSeconds float64 `json:"at_seconds"`
	Container string  `json:"container"`
	Active    int     `json:"active"` // sessions with a query under way
	Lock      int     `json:"lock"`   // of them, waiting for another one's row or table
	LWLock    int     `json:"lwlock"` // for a latch inside the server
	IO        int     `json:"io"`     // for the disk
	Client    int     `json:"client"` // for whoever asked
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

// Clock is what was wrong with the clocks of a run, to the millisecond. Load and
// samples count on clocks that no one can set; events are told in the engine's time of day.
type Clock struct {
	StepSeconds  float64 `json:"step_seconds,omitempty"`  // by so much the time of day was set forward on lab's machine during the run, sleep included; the furthest it ever was off
	AheadSeconds float64 `json:"ahead_seconds,omitempty"` // so far the generator's clock was ahead of lab's when its first word came; 0 where that can be the word's own way
	Remote       bool    `json:"remote,omitempty"`        // the engine's containers are not processes of lab's machine: two clocks
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
