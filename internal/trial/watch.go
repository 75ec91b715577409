// SPDX-License-Identifier: MIT

package trial

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/meter"
	"systemlab/internal/record"
)

// patience with the engine, and with containers that have something to tell.
const (
	listTime      = 2 * time.Second
	firstWordTime = 4 * time.Second
)

// list is what the meter reads. An engine that does not answer has not lost its
// containers: those known at the beginning are read instead.
func (t *trial) list(ctx context.Context) ([]engine.Container, error) {
	limited, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	now, err := t.Engine.Containers(limited, t.Project)
	if err != nil && ctx.Err() == nil && len(t.here) > 0 {
		return t.here, nil
	}
	return now, err
}

// firstWords starts the watches and waits until all have spoken. The engine tells
// nothing of a container while a command is being started in it, which under load
// and a tight CPU limit takes seconds (3 s at 0.02 cores, idle): the meter would be blind meanwhile.
func (t *trial) firstWords(ctx, watch context.Context) {
	mute := map[string]bool{}
	for _, c := range t.here {
		if len(c.Watch()) > 0 && c.State == "running" {
			mute[c.Name] = true
		}
	}
	t.spoke = make(chan string, len(mute))
	t.watch.Add(watch, t.here...)
	limit := time.NewTimer(firstWordTime)
	defer limit.Stop()
	for len(mute) > 0 {
		select {
		case name := <-t.spoke:
			delete(mute, name)
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// mark reads all counters at both ends of the measured part. The means of a run
// come from these two readings, not from samples.
func (t *trial) mark(ctx context.Context) {
	warmup := time.Duration(t.Order.WarmupSeconds * float64(time.Second))
	if !until(ctx, t.start.Add(warmup)) {
		return
	}
	var err error
	if t.began, err = t.meter.Mark(ctx); err != nil {
		t.unread = err // the load goes on: its own figures stand without the meter's
		return
	}
	// A load that ends before its schedule is read at its end.
	_ = until(ctx, t.start.Add(warmup+time.Duration(t.Order.DurationSeconds*float64(time.Second))))
	if t.ended, err = t.meter.Mark(context.WithoutCancel(ctx)); err != nil {
		t.ended, t.unread = meter.Snapshot{}, err
	}
}

// follow notes what happens to the stack, and tells the meter.
func (t *trial) follow(ctx context.Context) {
	for e := range t.Engine.Events(ctx, t.Project) {
		switch e.Kind {
		case "create", "start", "die", "destroy", "pause", "unpause", "update":
			t.meter.Refresh()
		case "oom", "kill", "stop", "restart", "health":
		default:
			continue
		}
		if e.OneOff {
			continue
		}
		if e.Kind == "start" {
			if c, err := t.Engine.Container(ctx, e.ID); err == nil {
				t.watch.Add(ctx, c)
			}
		}
		if e.Kind == "health" && e.Detail == "healthy" {
			continue // checks that go well are no news
		}
		t.note(record.Event{AtSeconds: t.at(e.At).Seconds(), Kind: e.Kind, Service: e.Service, Container: e.Container, Detail: e.Detail})
	}
}

// at places what the engine tells. The generator runs on the engine's machine, and
// said when it began by the same time of day: whatever ours is, the two fit.
func (t *trial) at(told time.Time) time.Duration { return told.Sub(t.zero) }

func (t *trial) note(e record.Event) {
	t.noting.Lock()
	defer t.noting.Unlock()
	t.run.Events = append(t.run.Events, e)
	if t.OnEvent != nil {
		t.OnEvent(e)
	}
}

// heard keeps what a container says of itself. A role that changes hands is an event.
func (t *trial) heard(s meter.Said) {
	select {
	case <-t.begun:
	default: // before the load: it can speak, and has these roles
		t.roles[s.Container.Name] = s.Roles
		select {
		case t.spoke <- s.Container.Name:
		default: // it has said so before
		}
		return
	}
	at := time.Since(t.start).Seconds()
	if s.Queue != nil {
		s.Queue.AtSeconds = at
		t.run.Queue = append(t.run.Queue, *s.Queue)
	}
	if s.Replication != nil {
		s.Replication.AtSeconds = at
		t.run.Replication = append(t.run.Replication, *s.Replication)
	}
	if s.Waits != nil {
		s.Waits.AtSeconds, s.Waits.Container = at, s.Container.Name
		t.run.Waits = append(t.run.Waits, *s.Waits)
	}
	before, known := t.roles[s.Container.Name]
	t.roles[s.Container.Name] = s.Roles
	if !known {
		return
	}
	taken, given := meter.RoleChanges(before, s.Roles)
	for _, role := range taken {
		t.note(record.Event{AtSeconds: at, Kind: "takes role", Service: s.Container.Service, Container: s.Container.Name, Detail: role})
	}
	for _, role := range given {
		t.note(record.Event{AtSeconds: at, Kind: "gives up role", Service: s.Container.Service, Container: s.Container.Name, Detail: role})
	}
}

// finish puts the parts together.
func (t *trial) finish() {
	r, i := t.run, t.Engine.Info()
	r.Machine = record.Machine{
		OS: i.OS, Arch: i.Arch, Kernel: i.Kernel, Cores: i.Cores, MemoryBytes: i.MemoryBytes,
		Engine: i.Version, EngineAPI: i.API, Cgroup: i.Cgroup, StorageDriver: i.StorageDriver,
	}
	r.Workload, r.Pace, r.Seed = t.result.Workload, t.result.Order.Pace, t.result.Order.Seed
	r.DurationSeconds, r.WarmupSeconds = t.result.DurationSeconds, t.result.Order.WarmupSeconds
	r.Summary, r.Histograms = t.result.Summary, t.result.Histograms
	r.Events = append(r.Events, t.result.Events...)
	if t.unread != nil {
		r.Events = append(r.Events, record.Event{AtSeconds: r.WarmupSeconds, Kind: "unread", Detail: t.unread.Error()})
	}
	end := r.WarmupSeconds + r.DurationSeconds
	r.Summary.Queue = record.SumQueue(r.Queue, r.WarmupSeconds, end)
	r.Summary.Replication = record.SumReplication(r.Replication, r.WarmupSeconds, end)
	slices.SortStableFunc(r.Events, func(a, b record.Event) int { return cmp.Compare(a.AtSeconds, b.AtSeconds) })
	r.Meter, r.Clock = t.meter.Describe(), t.clocks()
	if !t.began.At.IsZero() && !t.ended.At.IsZero() {
		growth := t.ended.Since(t.began)
		growth.PerRequest(r.Summary.Requests.Sent)
		r.Containers, r.Host = growth.Containers, growth.Host
		for i, c := range r.Containers {
			r.Containers[i].Roles = t.roles[c.Name]
		}
		for _, name := range slices.Sorted(maps.Keys(growth.Unread)) {
			r.Events = append(r.Events, record.Event{AtSeconds: r.WarmupSeconds + r.DurationSeconds, Kind: "unread", Container: name, Detail: growth.Unread[name]})
		}
	}
}

// until waits for a moment; false means that the context ended first.
func until(ctx context.Context, at time.Time) bool {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
