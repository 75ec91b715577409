// SPDX-License-Identifier: MIT

package analysis

import (
	"slices"

	"systemlab/internal/record"
)

// Ladder is every stage at one load.
type Ladder struct {
	Workload string
	Pace     string
	Rounds   int
	Rungs    []Rung
	Notes    []string
}

// Rung is one stage: of each figure the median over its runs, with the lowest
// and the highest.
type Rung struct {
	Stage   record.Stage
	Runs    []string
	Boxes   int          // containers of the stage
	Verdict record.State // the worst of its runs

	P50, P99  Spread // seconds
	Served    Spread // requests a second
	Failed    Spread // share of what was sent
	CPU       Spread // CPU-seconds a request, all boxes
	Databases Spread // of it, the databases'
	Memory    Spread // bytes, all boxes
	Busiest   string // service with the highest share of its limit
	Share     Spread // of its limit, 0 to 1
}

// Spread is a figure over the runs of a rung.
type Spread struct{ Median, Low, High float64 }

// Climb sums up the runs of each stage of a ladder; every stage has at least one.
func Climb(stages [][]*record.Run) Ladder {
	first := stages[0][0]
	l := Ladder{Workload: first.Workload.Name, Pace: first.Pace, Rounds: len(stages[0])}
	for _, runs := range stages {
		l.Rungs = append(l.Rungs, rung(runs))
	}
	for i, r := range l.Rungs {
		if r.Verdict != record.Valid {
			bad := slices.IndexFunc(stages[i], func(run *record.Run) bool { return badness(run.Verdict.State) == badness(r.Verdict) })
			l.Notes = append(l.Notes, "a run of "+r.Stage.Name+" is "+string(r.Verdict)+": lab runs show "+r.Runs[bad]+" says why")
		}
	}
	if len(stages) > 1 && inTurns(first, stages[1][0]) {
		l.Notes = append(l.Notes, turnsInOneStack)
	}
	return l
}

// Invalid tells whether some run of the ladder can't be believed.
func (l Ladder) Invalid() bool {
	return slices.ContainsFunc(l.Rungs, func(r Rung) bool { return badness(r.Verdict) >= badness(record.Invalid) })
}

func rung(runs []*record.Run) Rung {
	r := Rung{Stage: runs[0].Stage, Verdict: record.Valid, Boxes: len(runs[0].Containers)}
	over := func(of func(*record.Run) float64) Spread {
		var all []float64
		for _, run := range runs {
			all = append(all, of(run))
		}
		return spread(all)
	}
	for _, run := range runs {
		r.Runs = append(r.Runs, run.ID)
		if badness(run.Verdict.State) > badness(r.Verdict) {
			r.Verdict = run.Verdict.State
		}
	}
	r.P50 = over(func(run *record.Run) float64 { return run.Summary.Latency.P50 })
	r.P99 = over(func(run *record.Run) float64 { return run.Summary.Latency.P99 })
	r.Served = over(func(run *record.Run) float64 { return run.Summary.Rate.Served })
	r.Failed = over(func(run *record.Run) float64 {
		return float64(run.Summary.Requests.Failed) / float64(max(1, run.Summary.Requests.Sent))
	})
	r.CPU = over(func(run *record.Run) float64 { return demandOf(run, func(string) bool { return true }) })
	r.Databases = over(func(run *record.Run) float64 {
		return demandOf(run, func(service string) bool { return service == "postgres" || service == "postgres-replica" })
	})
	r.Memory = over(func(run *record.Run) float64 {
		sum := 0.0
		for _, c := range run.Containers {
			sum += float64(c.MemoryBytes)
		}
		return sum
	})
	r.Busiest = busiest(runs[0])
	r.Share = over(func(run *record.Run) float64 { return shareOf(run, r.Busiest) })
	return r
}

// demandOf is the CPU-seconds a request of the services that count.
func demandOf(run *record.Run, counts func(service string) bool) float64 {
	sum := 0.0
	for _, c := range run.Containers {
		if counts(c.Service) {
			sum += c.CPUSecondsPerRequest
		}
	}
	return sum
}

// shareOf is how much of its limits a service used; 0 without a limit.
func shareOf(run *record.Run, service string) float64 {
	used, limit := 0.0, 0.0
	for _, c := range run.Containers {
		if c.Service == service {
			used, limit = used+c.CoresMean, limit+c.LimitCores
		}
	}
	if limit <= 0 {
		return 0
	}
	return used / limit
}

func busiest(run *record.Run) string {
	best := ""
	for _, c := range run.Containers {
		if best == "" || shareOf(run, c.Service) > shareOf(run, best) {
			best = c.Service
		}
	}
	return best
}

func spread(all []float64) Spread {
	slices.Sort(all)
	n := len(all)
	return Spread{Median: (all[(n-1)/2] + all[n/2]) / 2, Low: all[0], High: all[n-1]}
}
