// SPDX-License-Identifier: MIT

package engine

import (
	"fmt"
	"strings"

	"systemlab/internal/compose"
)

// Kind of a step. The numbers are explicit so that a new kind shifts no other.
type Kind int

// The kinds of steps.
const (
	CreateNetwork   Kind = 1
	CreateVolume    Kind = 2
	CreateContainer Kind = 3
	StartContainer  Kind = 4
	WaitHealthy     Kind = 5
	RemoveContainer Kind = 6
	RemoveNetwork   Kind = 7
	RemoveVolume    Kind = 8
	Unpause         Kind = 9
	SetLimits       Kind = 10
)

func (k Kind) String() string {
	switch k {
	case CreateNetwork:
		return "create network"
	case CreateVolume:
		return "create volume"
	case CreateContainer:
		return "create"
	case StartContainer:
		return "start"
	case WaitHealthy:
		return "wait for"
	case RemoveContainer:
		return "remove"
	case RemoveNetwork:
		return "remove network"
	case RemoveVolume:
		return "remove volume"
	case Unpause:
		return "unpause"
	case SetLimits:
		return "set limits of"
	}
	return fmt.Sprintf("kind %d", int(k))
}

// Step is one thing to do, why, and what must be done before.
type Step struct {
	Kind   Kind
	Target string // name of the network, volume or container
	Cause  string
	After  []int // indexes of steps in the same plan, always smaller

	id      string           // of what exists already
	service *compose.Service // of a container to create, limit or wait for
	replica int
	network *compose.Network
	volume  *compose.Volume
	grace   int // seconds a container gets to stop; -1 is the engine's own
}

// Plan is what would be done, in an order in which it could be done one by one.
type Plan struct {
	Project *compose.Project // nil when everything goes
	Stack   Stack
	Steps   []Step
}

// Changes counts the steps that change something: waiting is none.
func (p *Plan) Changes() int {
	n := 0
	for _, s := range p.Steps {
		if s.Kind != WaitHealthy {
			n++
		}
	}
	return n
}

// String renders the plan, a step a line: number, step, cause, and the steps
// that it waits for.
func (p *Plan) String() string {
	if len(p.Steps) == 0 {
		return "nothing to do\n"
	}
	var b strings.Builder
	for i, s := range p.Steps {
		fmt.Fprintf(&b, "%2d  %s %s: %s", i+1, s.Kind, s.Target, s.Cause)
		if len(s.After) > 0 {
			after := make([]string, len(s.After))
			for j, a := range s.After {
				after[j] = fmt.Sprint(a + 1)
			}
			fmt.Fprintf(&b, " (after %s)", strings.Join(after, ", "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (p *Plan) add(s Step) int {
	p.Steps = append(p.Steps, s)
	return len(p.Steps) - 1
}
