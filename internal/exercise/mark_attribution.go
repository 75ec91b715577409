// SPDX-License-Identifier: MIT

package exercise

import (
	"fmt"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/loadgen"
)

func (e Exercise) markAttribution(given Given, runs Evidence) Mark {
	m := Mark{Asked: "the service that binds; you said " + given.Answer}
	if m.Why = e.notRaised(given.Answer, runs); m.Why != "" {
		return m
	}
	proof := analysis.Prove(runs[AsIs], runs[Raised], runs[Decoy])
	if proof.Raised.Ratio > 0 {
		m.Measured = fmt.Sprintf("with half more for %s %s of what was served, with half more for another %s", given.Answer, moved(proof.Raised), moved(proof.Decoy))
	}
	switch proof.State {
	case analysis.Proven:
		m.Decided, m.Solved, m.Points = true, true, 100
	case analysis.Refuted:
		m.Decided, m.Why = true, proof.Reason
	default:
		m.Why = proof.Reason
	}
	return m
}

func moved(m analysis.Move) string { return Ratio{m.Ratio, m.Low, m.High}.String() }

// notRaised says why the runs are no test of an answer: of another stage or
// workload, or not with the limit of what was named raised. "" where they are.
func (e Exercise) notRaised(service string, runs Evidence) string {
	as, raised, decoy := runs[AsIs], runs[Raised], runs[Decoy]
	if len(as) == 0 || len(as) != len(raised) || len(as) != len(decoy) {
		return "not every round has a run of all sides"
	}
	for i := range as {
		for _, run := range []*record.Run{as[i], raised[i], decoy[i]} {
			if run == nil || e.Stage > 0 && run.Stage.Number != e.Stage || !asks(run, e.Attribute.Workload) || !strings.HasPrefix(run.Pace, "clients:") {
				return "a run is of another stage or load than the exercise's"
			}
		}
		before := limit(as[i], service)
		if before <= 0 || limit(raised[i], service) <= before || limit(decoy[i], service) > before {
			return "the limit of " + service + " was not what was raised"
		}
	}
	return ""
}

// asks tells whether a run was loaded with a workload.
func asks(run *record.Run, workload string) bool {
	w, err := loadgen.ParseWorkload(workload)
	return err == nil && run.Workload.Name == w.Name
}

// limit of a service in a run, in cores, all replicas together.
func limit(run *record.Run, service string) float64 {
	sum := 0.0
	for _, c := range run.Containers {
		if c.Service == service {
			sum += c.LimitCores
		}
	}
	return sum
}
