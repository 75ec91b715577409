// SPDX-License-Identifier: MIT

package analysis

import (
	"cmp"
	"fmt"
	"slices"

	"systemlab/internal/record"
)

// The resources that can bind.
const (
	ResourceCPU         = "cpu"         // a service's CPU limit
	ResourceConnections = "connections" // the api's pool of connections to its database
	ResourceQueue       = "work queue"  // workers that don't take tasks as fast as they come, for another reason than CPU
	ResourceMachine     = "machine"     // the machine's cores, whatever the limits
)

// How sure an explanation is.
const (
	Sure   = "sure"
	Likely = "likely"
	Unsure = "unsure"
)

// Explanation says where a run's stage meets its limits.
type Explanation struct {
	Boxes     []Box    // the one nearest its limit first
	Binding   *Binding // what binds, or would bind first at a higher rate; nil where the run tells nothing
	Certainty string   // sure, likely or unsure
	Notes     []string // why it isn't surer, and what else should be known
}

// Box is one service, all its replicas together. A demand is CPU-seconds for
// each good answer of the whole stage, whichever boxes it went through.
type Box struct {
	Service        string
	Replicas       int
	DemandSeconds  float64 // D = U/X, replicas summed; 0 where unknown
	LimitCores     float64 // replicas summed; 0 where one has none
	Utilisation    float64 // cores used by the limit; 0 without a limit
	Busiest        float64 // utilisation of the busiest replica
	ThrottledRatio float64 // of the replica that was throttled most
	SaturatesAt    float64 // good answers a second at which the busiest replica is full; 0 where unknown
	Saturated      bool    // a replica's limit is used up
	Waiting        []Waiting
}

// Waiting is something that requests or sessions wait for at a box.
type Waiting struct {
	What      string
	Mean, Max float64
	Unit      string // seconds, tasks or sessions
}

// Binding is the resource that limits the rate.
type Binding struct {
	Service     string  // "" for the machine
	Resource    string  // one of the Resource constants
	Utilisation float64 // of the busiest replica; 0 where it isn't known
	SaturatesAt float64 // good answers a second; 0 where unknown
	Saturated   bool    // it binds in this run; false: it would be the first to bind
}

// Bounds of the explanation.
const (
	// CPU share alone is no saturation: with a quota, bursts are held back at
	// 60% of it already, and still more can be served. A limit is used up
	// when the quota ran out in most periods and little of it was left over.
	// Replicas at their ceiling showed 0.95 to 1.02 of their limit.
	saturatedShare     = 0.90
	saturatedThrottled = 0.50

	// Two figures closer than this are not told apart: replicas of one service
	// differ by up to 10% under round robin.
	closeShare = 0.10

	// Demand falls as the rate rises, since wake-ups are shared by more
	// requests: a trivial server's from 0.17 ms at 200 a second to 0.10 at
	// 1,000. Below half of the ceiling a prediction should be made anew nearer to it.
	nearShare = 0.50
	farShare  = 0.25

	// Waiting for a connection is what a request does most of the time that
	// the database tier takes, and more than a hiccup; and what most requests do: of a
	// stall in a run that was far from full some waited for 100 ms, and most not at all.
	poolShare        = 0.50
	poolFloorSeconds = 0.001

	// Tasks that wait, for each worker that listens; fewer come and go.
	queuePerWorker = 2
)

// Explain names the resource that binds in a run.
//
// By the utilisation law (Denning & Buzen 1978) a box with demand D is busy
// U = X·D at X answers a second, and full at limit/D; the smallest of these
// bounds the stage. Where replicas share the load unevenly, the busiest is full
// first: the rate is then X divided by its utilisation, which is the same as
// limit/D where they share it evenly.
func Explain(run *record.Run) Explanation {
	e := Explanation{Boxes: boxes(run)}
	e.Binding = binding(run, e.Boxes)
	if e.Binding == nil {
		e.Certainty, e.Notes = Unsure, []string{"the run has no good answers, or no container's counters: nothing can be said"}
		return e
	}
	d := doubt{certainty: Sure}
	d.verdict(run)
	d.distance(*e.Binding)
	d.rivals(*e.Binding, e.Boxes)
	d.machine(run, *e.Binding)
	e.Certainty, e.Notes = d.certainty, d.notes
	return e
}

// Throughput is good answers a second while the load was on: those of the
// measured windows in which requests were asked for. So it is the same for runs that
// were saved when the summary's served rate still counted what was answered only
// after the last request had left, which hides a queue that grows.
func Throughput(run *record.Run) float64 {
	ok, seconds := 0, 0.0
	for _, w := range measured(run) {
		if w.Asked > 0 && w.Seconds > 0 {
			ok, seconds = ok+w.OK, seconds+w.Seconds
		}
	}
	if seconds <= 0 {
		return run.Summary.Rate.Served
	}
	return float64(ok) / seconds
}

func boxes(run *record.Run) []Box {
	x := Throughput(run)
	var out []Box
	for _, u := range Services(run) {
		b := Box{Service: u.Service, Replicas: u.Replicas, LimitCores: u.LimitCores, Utilisation: u.Utilisation(), ThrottledRatio: u.ThrottledRatio}
		if x > 0 {
			b.DemandSeconds = u.Cores / x
		}
		for _, c := range run.Containers {
			if c.Service != u.Service || c.LimitCores <= 0 || u.LimitCores <= 0 {
				continue
			}
			share := c.CoresMean / c.LimitCores
			b.Busiest = max(b.Busiest, share)
			b.Saturated = b.Saturated || share >= saturatedShare && c.ThrottledRatio >= saturatedThrottled
		}
		if b.Busiest > 0 {
			b.SaturatesAt = x / b.Busiest
		}
		b.Waiting = waiting(run, u.Service)
		out = append(out, b)
	}
	slices.SortStableFunc(out, func(a, b Box) int { return cmp.Compare(b.Busiest, a.Busiest) })
	return out
}

// binding asks in turn: is a CPU limit used up, is the machine full, do requests
// wait for what is no CPU? Waiting comes last, for it follows from the others:
// where a database is short of CPU, its pool and the queue before it fill too.
func binding(run *record.Run, boxes []Box) *Binding {
	x := Throughput(run)
	if x <= 0 || len(boxes) == 0 {
		return nil
	}
	first := boxes[0]
	if i := slices.IndexFunc(boxes, func(b Box) bool { return b.Saturated }); i >= 0 {
		first = boxes[i]
		return &Binding{first.Service, ResourceCPU, first.Busiest, first.SaturatesAt, true}
	}
	if machineFull(run) {
		return &Binding{"", ResourceMachine, machineShare(run), x, true}
	}
	if waitsForWorkers(run) {
		return &Binding{queueBox(boxes), ResourceQueue, 0, x, true}
	}
	if waitsForConnections(run) {
		return &Binding{poolOwner, ResourceConnections, 0, x, true}
	}
	if at := machineAt(run, x); at > 0 && (at < first.SaturatesAt || first.SaturatesAt <= 0) {
		return &Binding{"", ResourceMachine, x / at, at, false} // not what is busy: some kernels count that too low
	}
	if first.Busiest <= 0 {
		return nil
	}
	return &Binding{first.Service, ResourceCPU, first.Busiest, first.SaturatesAt, false}
}

// machineShare of the machine's cores that were busy; 0 where unknown.
func machineShare(run *record.Run) float64 {
	if !run.Host.Known || run.Machine.Cores <= 0 {
		return 0
	}
	return (run.Host.Cores + run.Host.StealCores) / float64(run.Machine.Cores)
}

// machineAt is the rate at which the stage and its generator use up what others
// leave of the machine, from their use at x answers a second; 0 where unknown.
// What others use does not grow with the rate.
func machineAt(run *record.Run, x float64) float64 {
	others := max(0, run.Host.Cores+run.Host.StealCores-run.Host.StackCores)
	if left := float64(run.Machine.Cores) - others; run.Host.Known && run.Host.StackCores > 0 && left > 0 {
		return x * left / run.Host.StackCores
	}
	return 0
}

func machineFull(run *record.Run) bool { return machineShare(run) > fullSuspect }

func waitsForWorkers(run *record.Run) bool {
	q := run.Summary.Queue
	return q != nil && q.DepthMean > queuePerWorker*float64(max(1, q.ConsumersMax))
}

func waitsForConnections(run *record.Run) bool {
	pool, db := run.Summary.Tiers[tierPool], run.Summary.Tiers[tierDB]
	if h := run.Histograms.Tiers[tierPool]; h != "" && quantileIn(h, 0.5) <= poolFloorSeconds {
		return false
	}
	return pool.MeanSeconds > poolFloorSeconds && pool.MeanSeconds > poolShare*db.MeanSeconds
}

// doubt collects what makes an explanation less sure.
type doubt struct {
	certainty string
	notes     []string
}

func (d *doubt) add(certainty, format string, args ...any) {
	if certainty == Unsure || d.certainty == Sure {
		d.certainty = certainty
	}
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// verdict: what is wrong with the run is wrong with what follows from it. That a
// queue grows is no fault here: above the ceiling it must.
func (d *doubt) verdict(run *record.Run) {
	for _, r := range run.Verdict.Reasons {
		switch {
		case r.Check == CheckSettled || r.Check == CheckBound || r.Check == CheckFull:
		case r.State == record.Invalid:
			d.add(Unsure, "the run is invalid: %s", r.Seen)
		case r.State == record.Suspect:
			d.add(Likely, "the run is suspect: %s", r.Seen)
		}
	}
}

// distance from the ceiling at which the prediction was made.
func (d *doubt) distance(b Binding) {
	const why = "of it was used, and demand falls as the rate rises: the true ceiling is likely higher"
	switch {
	case b.Saturated:
	case b.Utilisation < farShare:
		d.add(Unsure, "only %.0f%% %s; load it at half of the predicted rate or more", 100*b.Utilisation, why)
	case b.Utilisation < nearShare:
		d.add(Likely, "%.0f%% %s", 100*b.Utilisation, why)
	default:
		d.add(Likely, "it is a prediction from %.0f%% of what there is", 100*b.Utilisation)
	}
}

func (d *doubt) rivals(b Binding, boxes []Box) {
	for _, o := range boxes {
		if o.Service != b.Service && (o.Saturated || isClose(o.SaturatesAt, b.SaturatesAt)) {
			d.add(Unsure, "%s is as near: it is full at %.0f a second, against %.0f", o.Service, o.SaturatesAt, b.SaturatesAt)
		}
	}
}

// isClose says whether a rate is known and not told apart from one below it.
func isClose(at, first float64) bool { return at > 0 && (1-closeShare)*at < first }

func (d *doubt) machine(run *record.Run, b Binding) {
	if at := machineAt(run, Throughput(run)); b.Resource == ResourceCPU && !b.Saturated && isClose(at, b.SaturatesAt) {
		d.add(Unsure, "the machine itself is as near: it is full at %.0f a second, against %.0f", at, b.SaturatesAt)
	}
	if b.Resource != ResourceMachine && machineFull(run) {
		d.add(Unsure, "the machine was full too (%.2f of %d cores busy): a higher limit may find no core", run.Host.Cores+run.Host.StealCores, run.Machine.Cores)
	}
	if !run.Host.Known {
		d.add(Likely, "how busy the machine was is not known")
	}
}
