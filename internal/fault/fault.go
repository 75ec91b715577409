// SPDX-License-Identifier: MIT

// Package fault breaks a thing on a running stack, and always heals it. What
// stands is kept in the engine's labels alone, so that whoever comes next knows
// it, however its maker died. It prints nothing.
package fault

import (
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"

	"systemlab/internal/problem"
)

// Kind is a class of faults. One of a kind at a time may stand on a container.
type Kind string

// The kinds.
const (
	Kill        Kind = "kill"
	Stop        Kind = "stop"
	Pause       Kind = "pause"
	Restart     Kind = "restart"
	Disconnect  Kind = "disconnect"
	CPU         Kind = "cpu"
	Memory      Kind = "memory"
	Traffic     Kind = "traffic" // latency, jitter, loss, rate
	FillDisk    Kind = "fill-disk"
	SlowQueries Kind = "slow-queries"
)

// Fault is what is to go wrong.
type Fault struct {
	Kind    Kind
	How     string  // as it was asked for
	Network string  // of Disconnect; "" is all
	Share   float64 // of CPU: of its limit
	Bytes   int64   // of Memory
	Queries int     // of SlowQueries: how many at once

	// Hidden names the exercise whose riddle this fault is; "" is none. Its marker
	// says so, and what stands there is told to nobody (Standing.Hidden).
	Hidden string

	// Of Traffic, on what the container sends.
	Latency, Jitter time.Duration
	Loss            float64 // 0 to 1
	Rate            int64   // bits a second
}

// Momentary tells a fault that leaves nothing standing.
func (f Fault) Momentary() bool { return f.Kind == Restart }

// Ways to say what is to go wrong, for help and completion.
func Ways() []string {
	return []string{"kill", "stop", "pause", "restart", "disconnect", "disconnect=NETWORK", "cpu=10%", "memory=64m",
		"latency=100ms", "latency=100ms,jitter=20ms", "loss=1%", "rate=1mbit", "fill-disk", "slow-queries"}
}

const (
	defaultQueries = 4
	maxQueries     = 64
	maxLatency     = 10 * time.Second // more, and no client waits for the answer
)

// Parse reads what is to go wrong, such as `kill` or `latency=100ms,loss=1%`.
func Parse(how string) (Fault, error) {
	f := Fault{How: how}
	name, value, given := strings.Cut(how, "=")
	switch name {
	case "kill", "stop", "pause", "restart", "fill-disk":
		f.Kind = Kind(name)
		return f, onlyIf(!given, how, name+" takes no value", name)
	case "freeze":
		f.Kind = Pause
		return f, onlyIf(!given, how, name+" takes no value", name)
	case "disconnect":
		f.Kind, f.Network = Disconnect, value
		return f, onlyIf(!given || value != "", how, "the network's name is missing", "disconnect=db")
	case "cpu":
		var ok bool
		f.Kind = CPU
		f.Share, ok = percent(value)
		return f, onlyIf(ok && f.Share < 1, how, "a share of its limit, above 0% and below 100%, is needed", "cpu=10%")
	case "memory":
		f.Kind = Memory
		n, err := units.RAMInBytes(value)
		f.Bytes = n
		return f, onlyIf(err == nil && n > 0, how, "a size is needed", "memory=64m")
	case "slow-queries":
		f.Kind, f.Queries = SlowQueries, defaultQueries
		var err error
		if given {
			f.Queries, err = strconv.Atoi(value)
		}
		return f, onlyIf(err == nil && f.Queries > 0 && f.Queries <= maxQueries, how, "how many at once, 1 to "+strconv.Itoa(maxQueries), "slow-queries=4")
	case "clock":
		return f, problem.New(problem.Unsupported, "a container has no clock of its own: all share the machine's, and the kernel's time namespaces leave the time of day out", "lab break --help shows what can be broken")
	case "latency", "jitter", "loss", "rate":
		f.Kind = Traffic
		return f, f.traffic(how)
	}
	return f, problem.Newf(problem.Usage, "one of: "+strings.Join(Ways(), ", "), "there is no way %q to break a thing", how)
}

func onlyIf(ok bool, how, why, instead string) error {
	if ok {
		return nil
	}
	return problem.Newf(problem.Usage, instead, "%q: %s", how, why)
}

// traffic reads NAME=VALUE,NAME=VALUE.
func (f *Fault) traffic(how string) error {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(how, ",") {
		name, value, _ := strings.Cut(part, "=")
		ok, instead := false, "latency=100ms,jitter=20ms,loss=1%,rate=1mbit"
		switch name {
		case "latency":
			f.Latency, ok = duration(value)
			instead = "latency=100ms, up to " + maxLatency.String()
		case "jitter":
			f.Jitter, ok = duration(value)
			instead = "latency=100ms,jitter=20ms"
		case "loss":
			f.Loss, ok = percent(value)
			instead = "loss=1%"
		case "rate":
			f.Rate, ok = bitrate(value)
			instead = "rate=1mbit, with bit, kbit, mbit or gbit, from 8kbit to 100gbit"
		}
		if !ok || seen[name] {
			return problem.Newf(problem.Usage, instead, "%q is not understood in %q", part, how)
		}
		seen[name] = true
	}
	return onlyIf(f.Jitter <= f.Latency, how, "jitter is how far the latency goes up and down: it can't be the larger", "latency=100ms,jitter=20ms")
}

func duration(s string) (time.Duration, bool) {
	d, err := time.ParseDuration(s)
	return d, err == nil && d > 0 && d <= maxLatency
}

// percent reads 10% as 0.1; the sign must be there, since 0.1 could mean either.
func percent(s string) (float64, bool) {
	number, ok := strings.CutSuffix(s, "%")
	p, err := strconv.ParseFloat(number, 64)
	return p / 100, ok && err == nil && p > 0 && p <= 100
}

// bitrate reads 1mbit as a million bits a second, as tc does.
func bitrate(s string) (int64, bool) {
	for _, u := range []struct {
		suffix string
		bits   float64
	}{{"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {"bit", 1}} {
		if number, ok := strings.CutSuffix(s, u.suffix); ok {
			n, err := strconv.ParseFloat(number, 64)
			r := n * u.bits
			return int64(r), err == nil && r >= 8e3 && r <= 100e9
		}
	}
	return 0, false
}
