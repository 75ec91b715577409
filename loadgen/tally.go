// SPDX-License-Identifier: MIT

package loadgen

import (
	"strconv"
	"strings"
	"time"

	"systemlab/internal/record"
)

// maxTiers bounds what a server can make the generator keep by inventing names.
const maxTiers = 16

// outcome is one finished request.
type outcome struct {
	*call
	intended time.Duration // when it was meant to leave, since the attack's zero
	slip     time.Duration // how much later it left
	latency  time.Duration // from the intended moment to the end of the answer
}

// tally adds up outcomes: of one window, or of the whole measured part. It is
// filled by one goroutine.
type tally struct {
	ok, failed, late int

	latency   histogram // answers and time-outs
	good, bad histogram // by outcome: a refused connection is quick, and would flatter the whole
	slip      histogram
	endpoints []endpointTally // as in Endpoints()
	tiers     map[string]*tierTally
	errors    map[string]int
	statuses  map[int]int
	servers   map[string]int
	cache     record.Cache
	reads     record.Reads
}

type endpointTally struct {
	ok, failed int
	latency    histogram
}

type tierTally struct {
	count int
	sum   time.Duration
	times histogram
}

func newTally() *tally {
	return &tally{
		endpoints: make([]endpointTally, len(Endpoints())),
		tiers:     map[string]*tierTally{}, errors: map[string]int{},
		statuses: map[int]int{}, servers: map[string]int{},
	}
}

func (t *tally) add(o outcome) {
	e := &t.endpoints[o.endpoint]
	if o.failure == "" {
		t.ok++
		e.ok++
		t.good.add(o.latency)
	} else {
		t.failed++
		e.failed++
		t.errors[o.failure]++
		t.bad.add(o.latency)
	}
	t.slip.add(o.slip)
	if o.slip.Seconds() > record.LateSeconds {
		t.late++
	}
	if o.status != 0 || o.failure == Timeout {
		t.latency.add(o.latency)
		e.latency.add(o.latency)
	}
	t.judge(o)
	if o.status == 0 {
		return
	}
	t.statuses[o.status]++
	if by := o.header["X-Served-By"]; len(by) > 0 {
		t.servers[by[0]]++
	}
	if x := o.header["X-Cache"]; len(x) > 0 {
		switch x[0] {
		case "hit":
			t.cache.Hits++
		case "miss":
			t.cache.Misses++
		}
	}
	for _, line := range o.header["Server-Timing"] {
		t.timing(line)
	}
}

func (t *tally) judge(o outcome) {
	switch o.verdict {
	case fresh:
		t.reads.Fresh++
	case stale:
		t.reads.Stale++
		t.reads.MaxStaleSeconds = max(t.reads.MaxStaleSeconds, o.age.Seconds())
	case wrong:
		t.reads.Wrong++
	case unjudged:
		t.reads.Unjudged++
	}
}

// timing adds a Server-Timing header: db;dur=1.234, cache;desc="x";dur=0.2. Times
// in it are milliseconds. An entry without a duration says nothing.
func (t *tally) timing(line string) {
	for entry := range strings.SplitSeq(line, ",") {
		name, parameters, _ := strings.Cut(entry, ";")
		name = strings.TrimSpace(name)
		for parameter := range strings.SplitSeq(parameters, ";") {
			value, found := strings.CutPrefix(strings.TrimSpace(parameter), "dur=")
			if !found {
				continue
			}
			millis, err := strconv.ParseFloat(value, 64)
			if err != nil || !(millis >= 0 && millis < 1e9) {
				continue
			}
			tier := t.tiers[name]
			if tier == nil {
				if len(t.tiers) == maxTiers {
					return
				}
				tier = &tierTally{}
				t.tiers[name] = tier
			}
			d := time.Duration(millis * float64(time.Millisecond))
			tier.count++
			tier.sum += d
			tier.times.add(d)
		}
	}
}

func (t *tierTally) mean() float64 { return t.sum.Seconds() / float64(t.count) }

// isEmpty is true if the endpoint was never asked.
func (e endpointTally) isEmpty() bool { return e.ok+e.failed == 0 }
