// SPDX-License-Identifier: MIT

// Package tui is the live view: a program for the terminal over plain data. It
// knows no engine and no generator. What it shows comes in through a Feed, what
// keys do goes out through Hands; a replay of a saved run is a Feed without
// Hands. In between stand a pure reducer (State) and a pure drawing (Draw); the
// program around them only turns messages into calls.
package tui

import (
	"sync"
	"time"

	"systemlab/internal/record"
)

// Event is one thing that came in. At is when, in seconds since the feed's
// zero; of the other fields one is set.
type Event struct {
	At          float64
	Reset       bool // forget everything: what follows begins at zero again
	Stack       *Stack
	Load        *Load
	Window      *record.Window
	Sample      *record.Sample
	Happened    *record.Event
	Queue       *record.Queue
	Replication *record.Replication
	Log         *LogLine
	Status      *string // one line of progress or of a result; "" takes it away
	Trouble     *string // what is wrong with the feed itself, such as an engine that does not answer; "" is over
}

// reading tells what comes again and again from what happens.
func (e Event) reading() bool {
	return e.Sample != nil || e.Window != nil || e.Queue != nil || e.Replication != nil
}

// Stack is what is up: the stage, its picture and all containers there are. A
// later one replaces it; the history of a container is kept under its name.
type Stack struct {
	Project      string
	Stage        record.Stage
	Architecture record.Architecture
	Containers   []Container
}

// Container is one container as the engine lists it. State is the engine's word:
// created, running, paused, restarting, exited, dead.
type Container struct {
	Service          string
	Replica          int
	Name             string
	State            string
	Health           string // "", starting, healthy or unhealthy
	LimitCores       float64
	MemoryLimitBytes int64
	Roles            []string
	Faults           []string // that stand on it, as they were asked for
}

// Load is what is asked of the stack at the moment.
type Load struct {
	Running  bool
	Workload string
	Pace     string
	Rate     float64 // asked for, a second; 0 where only the pace knows
}

// LogLine is one line that a container wrote, for the log that is followed.
type LogLine struct {
	Container string
	Text      string
}

// Feed is where events come from. Poll returns those that came since the last
// call, in order, and the clock of the feed; it never waits. All calls come
// from one goroutine.
type Feed interface {
	Poll(now time.Time) (events []Event, clock float64)
}

// Inbox is the Feed of a live source: any goroutine may put events in. It keeps
// no more than a few seconds of a large stack: were the terminal stopped, the
// oldest readings would be dropped, never the words about the stack itself.
type Inbox struct {
	Start time.Time // the clock's zero

	mu     sync.Mutex
	events []Event
}

const inboxRoom = 20_000

// Put adds an event.
func (b *Inbox) Put(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.events) >= inboxRoom {
		b.events = withoutReadings(b.events)
	}
	b.events = append(b.events, e)
}

// Poll takes all events out.
func (b *Inbox) Poll(now time.Time) ([]Event, float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.events
	b.events = nil
	return out, now.Sub(b.Start).Seconds()
}

// withoutReadings drops what the next second repeats anyway.
func withoutReadings(events []Event) []Event {
	kept := events[:0]
	for _, e := range events {
		if !e.reading() && e.Log == nil || e.Window != nil {
			kept = append(kept, e)
		}
	}
	if len(kept) > inboxRoom/2 { // nobody has looked for hours
		kept = kept[len(kept)-inboxRoom/2:]
	}
	return kept
}
