// SPDX-License-Identifier: MIT

package fault

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// Labels of ours: on a marker the fault, on a helper the name of its target.
const (
	labelFault  = "systemlab.fault"
	labelHelper = "systemlab.fault.of"
)

// Marker is the service that markers and helpers are said to be of.
const Marker = "fault"

// Standing is a fault that stands.
type Standing struct {
	ID        string    `json:"id"` // of its marker; "" where nothing is left standing
	Kind      Kind      `json:"kind"`
	How       string    `json:"how"`       // as asked
	Container string    `json:"container"` // its name
	Service   string    `json:"service"`
	Replica   int       `json:"replica"`
	Means     string    `json:"means"` // by which it is done
	Since     time.Time `json:"since"`

	// Hidden names the exercise whose riddle it is. All that would give it away is
	// then empty here, and only healing knows it.
	Hidden string `json:"exercise,omitempty"`

	mark mark
}

// String says what stands where, as far as it may be said.
func (s Standing) String() string {
	if s.Hidden != "" {
		return "the fault of exercise " + s.Hidden
	}
	return s.Container + ", " + s.How
}

// mark is what a marker's label holds: the fault, and all that is needed to undo it.
type mark struct {
	Kind      Kind              `json:"kind"`
	How       string            `json:"how"`
	Target    string            `json:"target"` // id; one that was made anew has nothing left to heal
	Name      string            `json:"name"`
	Service   string            `json:"service"`
	Replica   int               `json:"replica"`
	Run       time.Time         `json:"run,omitzero"`     // when the run that it breaks began, by the engine's clock
	Cores     float64           `json:"cores,omitempty"`  // the limit before
	Memory    int64             `json:"memory,omitempty"` // the limit before, bytes
	Endpoints []engine.Endpoint `json:"endpoints,omitempty"`
	File      string            `json:"file,omitempty"` // that fills the disk
	Since     time.Time         `json:"since"`
	Hidden    string            `json:"hidden,omitempty"` // the exercise whose riddle it is
}

// InForce are the faults that stand, oldest first.
func InForce(o engine.Observed) []Standing {
	var out []Standing
	for _, c := range o.Containers {
		if s, ok := read(c); ok {
			if s.Hidden == "" {
				s.Means = means(s.mark, helperOf(o, s.mark.Target))
			}
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b Standing) int { return cmp.Compare(a.Since.UnixNano(), b.Since.UnixNano()) })
	return out
}

// Riddle is a fault that stands and is not told; of several on one stack the oldest.
func Riddle(o engine.Observed) (Standing, bool) {
	all := InForce(o)
	if i := slices.IndexFunc(all, func(s Standing) bool { return s.Hidden != "" }); i >= 0 {
		return all[i], true
	}
	return Standing{}, false
}

// Refuse is the problem of what can't be done while a riddle stands.
func (s Standing) Refuse(why string) error {
	return problem.Newf(problem.Unsupported, "lab exercise check "+s.Hidden+" WHAT HOW; lab heal gives up", "%s stands: %s", s, why)
}

func read(c engine.Container) (Standing, bool) {
	text, ok := c.Marked(labelFault)
	if !ok {
		return Standing{}, false
	}
	var m mark
	if json.Unmarshal([]byte(text), &m) != nil {
		m = mark{How: "unreadable", Since: c.Created} // of another lab's making; healing removes the marker
	}
	return m.standing(c.ID), true
}

func (m mark) standing(id string) Standing {
	if m.Hidden != "" {
		return Standing{ID: id, Kind: hidden, How: string(hidden), Hidden: m.Hidden, Since: m.Since, mark: m}
	}
	return Standing{ID: id, Kind: m.Kind, How: m.How, Container: m.Name, Service: m.Service, Replica: m.Replica, Since: m.Since, mark: m}
}

// hidden stands for the kind of a fault that is not told.
const hidden Kind = "hidden"

func (m mark) label() string {
	b, _ := json.Marshal(m) // plain data: can't fail
	return string(b)
}

// helperOf finds the helper beside a target that runs.
func helperOf(o engine.Observed, target string) bool {
	return slices.ContainsFunc(o.Containers, func(c engine.Container) bool {
		of, ok := c.Marked(labelHelper)
		return ok && of == target && c.State == running
	})
}

// means tells what does it.
func means(m mark, helper bool) string {
	switch m.Kind {
	case Disconnect:
		return "network disconnect"
	case CPU, Memory:
		return "limit"
	case FillDisk:
		return "file " + m.File
	case SlowQueries:
		return "queries beside"
	case Traffic:
		if helper {
			return relay
		}
		return netem
	}
	return string(m.Kind)
}

// The means of traffic faults, as the helper calls them.
const (
	netem = "netem"
	relay = "packet relay"
)

// on lists what stands on a container.
func on(o engine.Observed, c engine.Container) []Standing {
	var out []Standing
	for _, s := range InForce(o) {
		if s.mark.Target == c.ID {
			out = append(out, s)
		}
	}
	return out
}

// contradicts says why a fault can't be on a container: it must run, nothing of the
// kind may stand there, and a network that comes and goes forgets what was set on it.
func contradicts(f Fault, t Target, o engine.Observed) error {
	c := t.Container
	if s, ok := Riddle(o); ok { // what is refused, and what is not, would give it away
		return s.Refuse("nothing can be added to it")
	}
	for _, s := range on(o, c) {
		same := s.Kind == f.Kind
		network := f.Kind == Disconnect && s.Kind == Traffic || f.Kind == Traffic && s.Kind == Disconnect
		if same || network {
			return problem.Newf(problem.Unsupported, "lab heal "+c.Name+", then the same command again", "%s stands on %s already: %s can't be added", s.How, c.Name, f.How)
		}
	}
	if c.State != running {
		return problem.Newf(problem.Unsupported, "lab heal or lab up puts it right", "%s is %s: %s needs one that runs", c.Name, c.State, f.How)
	}
	return nil
}
