// SPDX-License-Identifier: MIT

package loadgen

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"time"

	"systemlab/internal/record"
)

// What a field of an order stands for when it is zero.
const (
	DefaultPace         = "const:200"
	DefaultWorkload     = "mixed"
	DefaultZipf         = 1.5
	DefaultUsers        = 50_000
	DefaultTimeout      = 10 * time.Second
	DefaultLoadN        = 34
	DefaultReadyTimeout = 5 * time.Second
	DefaultWindow       = time.Second

	// DefaultMaxWorkers is twice what 1,000 a second need when nothing answers
	// for a whole time-out of 10 s, and below the 28,232 local ports that Linux has
	// towards one server. One request in flight costs 30 kB (10,000 measured).
	DefaultMaxWorkers = 20_000
)

// The bounds of an order.
const (
	maxDuration   = time.Hour
	maxWarmup     = 10 * time.Minute
	maxTimeout    = 2 * time.Minute // the histograms' upper end
	maxUsers      = 5_000_000       // the table of the distribution costs 8 bytes a user
	maxLoadN      = 40
	maxMaxWorkers = 1_000_000
	maxScheduled  = 50_000_000 // requests in one order
)

// How connections are used: kept alive for as long as the server keeps them, or
// a new one for each request.
const (
	KeepAlive  = "keep-alive"
	NewForEach = "new"
)

// Order is one attack: what is asked, of whom, how fast and for how long. The
// zero value of every field means its default; Target and DurationSeconds have none.
type Order struct {
	Target   string             `json:"target"`             // base URL: http://nginx
	Workload string             `json:"workload,omitempty"` // a name, or an own mix: ping=98,loadq=2
	Mix      map[string]float64 `json:"mix,omitempty"`      // endpoint to weight; overrides what Workload's name says
	Pace     string             `json:"pace,omitempty"`     // see ParsePace

	DurationSeconds float64 `json:"duration_seconds"`         // the measured part
	WarmupSeconds   float64 `json:"warmup_seconds,omitempty"` // before it, at the pace's first rate

	Seed  int64   `json:"seed"`            // same seed, same sequence of requests
	Zipf  float64 `json:"zipf,omitempty"`  // exponent of the users' popularity, above 1
	Users int     `json:"users,omitempty"` // ids 1 to Users; user 1 is the most popular
	LoadN int     `json:"load_n,omitempty"`

	MaxWorkers     int     `json:"max_workers,omitempty"` // requests in flight at most
	TimeoutSeconds float64 `json:"timeout_seconds,omitempty"`
	Connections    string  `json:"connections,omitempty"` // KeepAlive or NewForEach

	// WindowSeconds is the length of a window, 0.1 to 1: short ones show when a
	// short disturbance was over.
	WindowSeconds float64 `json:"window_seconds,omitempty"`

	// ReadySeconds is how long the target may take to answer GET /healthz
	// before the attack; negative skips the question.
	ReadySeconds float64 `json:"ready_seconds,omitempty"`
}

// withDefaults fills in what is zero. The mix is not among it: see workload.
func (o Order) withDefaults() Order {
	or(&o.Workload, DefaultWorkload)
	or(&o.Pace, DefaultPace)
	or(&o.Zipf, DefaultZipf)
	or(&o.Users, DefaultUsers)
	or(&o.LoadN, DefaultLoadN)
	or(&o.MaxWorkers, DefaultMaxWorkers)
	or(&o.TimeoutSeconds, DefaultTimeout.Seconds())
	or(&o.Connections, KeepAlive)
	or(&o.ReadySeconds, DefaultReadyTimeout.Seconds())
	or(&o.WindowSeconds, DefaultWindow.Seconds())
	return o
}

func or[T comparable](field *T, fallback T) {
	var zero T
	if *field == zero {
		*field = fallback
	}
}

// Validate says in one line what is wrong with an order, or nil. A pace's rates
// and a workload's endpoints are part of it.
func (o Order) Validate() error {
	o = o.withDefaults()
	if err := o.validateTarget(); err != nil {
		return err
	}
	if _, err := o.workload(); err != nil {
		return err
	}
	pace, err := ParsePace(o.Pace)
	if err != nil {
		return err
	}
	if err := between("duration", o.DurationSeconds, 0, maxDuration.Seconds(), "s"); err != nil {
		return err
	}
	if err := pace.Fits(seconds(o.DurationSeconds)); err != nil {
		return err
	}
	if n := pace.Over(seconds(o.DurationSeconds)).Count(seconds(o.DurationSeconds)); n > maxScheduled && pace.Clients() == 0 {
		return fmt.Errorf("pace %s over %gs is %d requests: at most %d in one run", o.Pace, o.DurationSeconds, n, maxScheduled)
	}
	return o.validateLimits()
}

func (o Order) validateTarget() error {
	if o.Target == "" {
		return errors.New("no target: an order needs a base URL such as http://nginx")
	}
	u, err := url.Parse(o.Target)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("target %q is not a base URL such as http://nginx", o.Target)
	}
	return nil
}

func (o Order) validateLimits() error {
	if o.WarmupSeconds != 0 {
		if err := between("warm-up", o.WarmupSeconds, 0, maxWarmup.Seconds(), "s"); err != nil {
			return err
		}
	}
	if err := between("timeout", o.TimeoutSeconds, 0, maxTimeout.Seconds(), "s"); err != nil {
		return err
	}
	if !(o.Zipf > 1) || o.Zipf > 10 {
		return fmt.Errorf("zipf exponent %g is out of range: above 1, at most 10", o.Zipf)
	}
	if o.Users < 1 || o.Users > maxUsers {
		return fmt.Errorf("users %d is out of range: 1 to %d", o.Users, maxUsers)
	}
	if o.LoadN < 1 || o.LoadN > maxLoadN {
		return fmt.Errorf("load_n %d is out of range: 1 to %d", o.LoadN, maxLoadN)
	}
	if o.MaxWorkers < 1 || o.MaxWorkers > maxMaxWorkers {
		return fmt.Errorf("max workers %d is out of range: 1 to %d", o.MaxWorkers, maxMaxWorkers)
	}
	if o.WindowSeconds < shortestWindow.Seconds() || !(o.WindowSeconds <= DefaultWindow.Seconds()) {
		return fmt.Errorf("windows of %gs are out of range: %g to %gs", o.WindowSeconds, shortestWindow.Seconds(), DefaultWindow.Seconds())
	}
	if o.Connections != KeepAlive && o.Connections != NewForEach {
		return fmt.Errorf("connections %q is not one of %q, %q", o.Connections, KeepAlive, NewForEach)
	}
	return nil
}

// between refuses what is not in (low, high], NaN included.
func between(what string, got, low, high float64, unit string) error {
	if !(got > low) || got > high || math.IsInf(got, 0) {
		return fmt.Errorf("%s %g%s is out of range: above %g, at most %g%s", what, got, unit, low, high, unit)
	}
	return nil
}

// workload resolves the mix: the order's own, or what the workload's name says.
func (o Order) workload() (record.Workload, error) {
	w := Workload{Name: o.Workload, Mix: o.Mix}
	if len(o.Mix) == 0 {
		var err error
		if w, err = ParseWorkload(o.Workload); err != nil {
			return record.Workload{}, err
		}
	}
	if err := w.validate(); err != nil {
		return record.Workload{}, err
	}
	return record.Workload{Name: w.Name, Mix: w.Mix, Zipf: o.Zipf, Users: o.Users}, nil
}

// seconds turns a length in seconds, as orders carry it, into a duration.
func seconds(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }
