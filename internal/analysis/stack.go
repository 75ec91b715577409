// SPDX-License-Identifier: MIT

package analysis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"systemlab/internal/record"
)

// deliberateSeconds is how long before a container's end someone may have asked
// for it: docker stop waits 10 s before it kills.
const deliberateSeconds = 15

// within the load, warm-up included: what happens afterwards changed nothing.
func (j *judge) events() []record.Event {
	var out []record.Event
	for _, e := range j.Events {
		if e.AtSeconds >= 0 && e.AtSeconds <= j.WarmupSeconds+j.DurationSeconds {
			out = append(out, e)
		}
	}
	return out
}

// unread: without counters there is no CPU to speak of, and what is printed of
// the others is not the whole stage.
func (j *judge) unread() {
	for _, e := range j.Events {
		if e.Kind == "unread" {
			j.add(CheckUnread, record.Suspect, "lab doctor", "the counters of %s could not be read: %s", cmp.Or(e.Container, "the stack"), e.Detail)
		}
	}
}

// readSuspect is by how much of the measured part the time between the two readings
// of a container's counters may be longer or shorter. From files they were within
// 27 ms of 5 s with every core busy (docs/decisions/grading.md); an engine's own
// figures can come seconds late.
const readSuspect = 0.05

// late: what was used between two readings is put down to the requests of the
// measured part, so the two must be equally long. A container's mean says how long
// its were apart; one that uses next to nothing can't.
func (j *judge) late() {
	worst, apart := 0.0, 0.0
	for _, c := range j.Containers {
		if c.CoresMean < 0.001 || c.CPUSeconds == 0 || c.Restarts > 0 {
			continue
		}
		seconds := c.CPUSeconds / c.CoresMean
		if off := math.Abs(seconds - j.DurationSeconds); off > worst {
			worst, apart = off, seconds
		}
	}
	if worst > readSuspect*j.DurationSeconds {
		j.add(CheckUnread, record.Suspect, "stop what else runs here, or measure for longer",
			"the counters were read %.2f s apart, for a measured part of %.2f s: CPU is off by as much", apart, j.DurationSeconds)
	}
}

// lost: a container that ends by itself makes the run invalid, because what was
// measured is a crash. One that someone killed, stopped or paused was meant to:
// the figures are of a fault, and suspect as figures of the stage.
func (j *judge) lost() {
	asked := map[string]float64{} // container to when someone laid hand on it
	told := map[string]bool{}
	for _, e := range j.events() {
		switch e.Kind {
		case "kill", "stop", "restart", "pause":
			asked[e.Container] = e.AtSeconds
			if e.Kind == "pause" {
				j.lose(told, e, record.Suspect, "was paused", "for figures of the stage itself, repeat without the fault")
			}
		case "oom":
			j.lose(told, e, record.Invalid, "ran out of memory", "raise its memory limit: lab status shows them")
		case "die":
			at, deliberate := asked[e.Container]
			if deliberate && e.AtSeconds-at <= deliberateSeconds {
				j.lose(told, e, record.Suspect, "was stopped by hand", "for figures of the stage itself, repeat without the fault")
			} else {
				j.lose(told, e, record.Invalid, "died by itself", "lab logs "+e.Service)
			}
		case "health":
			if strings.HasPrefix(e.Detail, "unhealthy") {
				j.lose(told, e, record.Suspect, "became unhealthy", "lab logs "+e.Service)
			}
		}
	}
	for _, c := range j.Containers {
		if c.Restarts > 0 && !told[c.Name] {
			j.add(CheckLost, record.Invalid, "lab logs "+c.Service, "%s restarted %s", c.Name, times(c.Restarts))
		}
	}
}

// lose tells of each container once, as it was lost first.
func (j *judge) lose(told map[string]bool, e record.Event, state record.State, how, advice string) {
	if told[e.Container] {
		return
	}
	told[e.Container] = true
	j.add(CheckLost, state, advice, "%s %s at %.1f s", e.Container, how, e.AtSeconds)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// changed: containers came, went for good, or got other limits, so that the
// figures are of two architectures.
func (j *judge) changed() {
	died := map[string]bool{}
	var names []string
	at := -1.0
	for _, e := range j.events() {
		switch e.Kind {
		case "die":
			died[e.Container] = true
			continue
		case "start":
			if died[e.Container] {
				continue // it came back: container-lost has told of it
			}
		case "create", "destroy", "update":
		default:
			continue
		}
		if at < 0 {
			at = e.AtSeconds
		}
		if !slices.Contains(names, e.Container) {
			names = append(names, e.Container)
		}
	}
	if len(names) == 0 {
		return
	}
	shown := strings.Join(names[:min(3, len(names))], ", ")
	if len(names) > 3 {
		shown += fmt.Sprintf(" and %d more", len(names)-3)
	}
	j.add(CheckChanged, record.Suspect, "for one architecture's figures, change it before the run or after",
		"the stage changed in the run, first at %.1f s: %s", at, shown)
}
