// SPDX-License-Identifier: MIT

package tui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/record"
)

// What is kept: ten minutes of windows at one a second and of samples at four a
// second. A sample is about 80 bytes: 20 containers take 4 MB.
const (
	keptWindows = 600
	keptSamples = 2400
	keptEvents  = 500
	keptLines   = 500
)

// recent is how far back a figure "now" looks: one refresh of `docker stats`.
const recent = 1.0

// stale is how long after its last sample a container has no figures any more.
const stale = 3.0

// State is everything that came in, as the drawing needs it. It is changed by
// Apply alone, and the same events always make the same state.
type State struct {
	Clock   float64
	Stack   Stack
	Load    Load
	Status  string
	Trouble string

	boxes       map[string]*box // by container
	windows     ring[record.Window]
	happened    ring[record.Event]
	queue       ring[record.Queue]
	replication ring[record.Replication]
	log         ring[LogLine]
	pictures    map[[2]int]*picture // laid out, by the room they had
}

// box is one container with its history.
type box struct {
	Container
	removed bool // the engine does not list it any more
	samples ring[record.Sample]
}

// NewState is the state before the first event.
func NewState() *State {
	s := &State{}
	s.forget()
	return s
}

func (s *State) forget() {
	*s = State{
		boxes: map[string]*box{}, windows: newRing[record.Window](keptWindows), happened: newRing[record.Event](keptEvents),
		queue: newRing[record.Queue](keptWindows), replication: newRing[record.Replication](keptWindows),
		log: newRing[LogLine](keptLines),
	}
}

// Apply takes one event in.
func (s *State) Apply(e Event) {
	if e.Reset {
		s.forget()
	}
	s.Clock = max(s.Clock, e.At)
	switch {
	case e.Stack != nil:
		s.setStack(*e.Stack)
	case e.Load != nil:
		s.Load = *e.Load
	case e.Window != nil:
		w := *e.Window
		w.Histogram = "" // large, and never drawn
		s.windows.add(w)
	case e.Sample != nil:
		s.addSample(*e.Sample)
	case e.Happened != nil:
		s.happened.add(*e.Happened)
		s.hear(*e.Happened)
	case e.Queue != nil:
		s.queue.add(*e.Queue)
	case e.Replication != nil:
		s.replication.add(*e.Replication)
	case e.Log != nil:
		s.log.add(*e.Log)
	case e.Status != nil:
		s.Status = *e.Status
	case e.Trouble != nil:
		s.Trouble = *e.Trouble
	}
}

func (s *State) setStack(st Stack) {
	s.Stack, s.pictures = st, nil
	for _, b := range s.boxes {
		b.removed = true
	}
	for _, c := range st.Containers {
		b := s.box(c.Name)
		b.Container, b.removed = c, false
	}
	// Containers that went long ago must not pile up in a session of hours.
	for name, b := range s.boxes {
		if last := b.samples.last(); b.removed && (last == nil || s.Clock-last.AtSeconds > keptWindows) {
			delete(s.boxes, name)
		}
	}
}

func (s *State) box(name string) *box {
	b := s.boxes[name]
	if b == nil {
		b = &box{Container: Container{Name: name}, samples: newRing[record.Sample](keptSamples)}
		s.boxes[name] = b
	}
	return b
}

func (s *State) addSample(sample record.Sample) {
	if s.isGenerator(sample.Container) {
		return
	}
	b := s.boxes[sample.Container]
	if b == nil {
		b = s.meet(sample.Container, "running")
	}
	b.samples.add(sample)
}

// isGenerator tells the one-off container that makes the load: it measures, so
// it is not among what is measured. Its own word is in the windows.
func (s *State) isGenerator(name string) bool {
	return strings.HasPrefix(name, s.Stack.Project+"-load-run-")
}

// meet lists a container that is heard of before the engine's next list: its
// service and replica follow from its name, its limits from the picture.
func (s *State) meet(name, state string) *box {
	b := s.box(name)
	b.State, b.removed = state, false
	b.Service, b.Replica = parts(s.Stack.Project, name)
	for _, v := range s.Stack.Architecture.Services {
		if v.Name == b.Service {
			b.LimitCores, b.MemoryLimitBytes = v.LimitCores, v.MemoryLimitBytes
		}
	}
	return b
}

// parts takes PROJECT-SERVICE-N apart.
func parts(project, name string) (service string, replica int) {
	rest := strings.TrimPrefix(name, project+"-")
	if i := strings.LastIndexByte(rest, '-'); i > 0 {
		if n, err := strconv.Atoi(rest[i+1:]); err == nil {
			return rest[:i], n
		}
	}
	return rest, 0
}

// hear changes a container's state by what happened to it.
func (s *State) hear(e record.Event) {
	if e.Kind == "rate" {
		s.hearRate(e.Detail)
	}
	if e.Container == "" || s.isGenerator(e.Container) {
		return
	}
	b := s.boxes[e.Container]
	if b == nil {
		if e.Kind != "create" && e.Kind != "start" {
			return
		}
		b = s.meet(e.Container, "created")
	}
	switch e.Kind {
	case "start", "unpause", "restart":
		b.State, b.removed = "running", false
	case "die":
		b.State, b.Health, b.Roles = "exited", "", nil
	case "pause":
		b.State = "paused"
	case "destroy":
		b.removed = true
	case "health":
		b.Health = e.Detail
	case "takes role":
		if !slices.Contains(b.Roles, e.Detail) {
			b.Roles = append(slices.Clone(b.Roles), e.Detail)
		}
	case "gives up role":
		b.Roles = slices.DeleteFunc(slices.Clone(b.Roles), func(r string) bool { return r == e.Detail })
	}
}

// hearRate follows a change of pace, which the generator words as const:200.
func (s *State) hearRate(pace string) {
	s.Load.Pace = pace
	if v, err := strconv.ParseFloat(strings.TrimPrefix(pace, "const:"), 64); err == nil {
		s.Load.Rate = v
	}
}

// list returns the containers that there are, by service and replica.
func (s *State) list() []*box {
	out := make([]*box, 0, len(s.boxes))
	for _, b := range s.boxes {
		if !b.removed {
			out = append(out, b)
		}
	}
	slices.SortFunc(out, byName)
	return out
}

func byName(a, b *box) int {
	return cmp.Or(strings.Compare(a.Service, b.Service), cmp.Compare(a.Replica, b.Replica), strings.Compare(a.Name, b.Name))
}

// title is how a person calls it: the replica only where there may be others.
func (b *box) title() string {
	if b.Replica > 0 {
		return b.Service + " " + strconv.Itoa(b.Replica)
	}
	return b.Service
}

// use is what a container does now: the mean over the last second of samples.
type use struct {
	known     bool
	cores     float64
	throttled float64
	memory    int64
	in, out   float64 // bytes a second; negative where unknown
}

func (b *box) now(clock float64) use {
	var u use
	last := b.samples.last()
	if last == nil || clock-last.AtSeconds > stale || b.State != "running" && b.State != "paused" {
		return u
	}
	var span float64
	for i := b.samples.len() - 1; i >= 0; i-- {
		sample := b.samples.at(i)
		if sample.AtSeconds <= last.AtSeconds-recent {
			break
		}
		span += sample.Seconds
		u.cores += sample.Cores * sample.Seconds
		u.throttled += sample.ThrottledRatio * sample.Seconds
		u.in += float64(sample.RxBytes)
		u.out += float64(sample.TxBytes)
	}
	if span <= 0 {
		return use{}
	}
	u.known, u.memory = true, last.MemoryBytes
	u.cores, u.throttled, u.in, u.out = u.cores/span, u.throttled/span, u.in/span, u.out/span
	if last.RxBytes < 0 {
		u.in, u.out = -1, -1
	}
	return u
}

// share of the limit; negative where there is none.
func share(cores, limit float64) float64 {
	if limit <= 0 {
		return -1
	}
	return cores / limit
}

// window returns the newest window, or nil once the load has been over for a while.
func (s *State) window() *record.Window {
	w := s.windows.last()
	if w == nil || s.Clock-(w.StartSeconds+w.Seconds) > stale {
		return nil
	}
	return w
}

func end(w *record.Window) float64 { return w.StartSeconds + w.Seconds }
