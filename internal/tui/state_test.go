// SPDX-License-Identifier: MIT

package tui

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"systemlab/internal/record"
)

func stackFor(names ...string) *Stack {
	st := &Stack{Project: "lab", Stage: record.Stage{Number: 3}, Architecture: record.Architecture{
		Entry: "api", Services: []record.Service{{Name: "api", Replicas: 2, LimitCores: 0.25, MemoryLimitBytes: 1 << 27}}}}
	for i, name := range names {
		st.Containers = append(st.Containers, Container{Service: "api", Replica: i + 1, Name: name, State: "running", LimitCores: 0.25})
	}
	return st
}

func happened(at float64, kind, container, detail string) Event {
	return Event{At: at, Happened: &record.Event{AtSeconds: at, Kind: kind, Container: container, Detail: detail}}
}

func TestContainersFollowEvents(t *testing.T) {
	t.Parallel()
	s := NewState()
	s.Apply(Event{Stack: stackFor("lab-api-1", "lab-api-2")})
	expect := func(name, state string) {
		t.Helper()
		if b := s.boxes[name]; b == nil || b.removed || b.State != state {
			t.Errorf("%s is %+v, wanted %s", name, b, state)
		}
	}
	s.Apply(happened(1, "die", "lab-api-1", "exit 137"))
	expect("lab-api-1", "exited")
	s.Apply(happened(2, "start", "lab-api-1", ""))
	expect("lab-api-1", "running")
	s.Apply(happened(3, "pause", "lab-api-2", ""))
	expect("lab-api-2", "paused")
	s.Apply(happened(4, "unpause", "lab-api-2", ""))
	expect("lab-api-2", "running")
	s.Apply(happened(5, "health", "lab-api-2", "unhealthy"))
	if v := s.service("api"); v.unwell != 1 || v.running != 2 {
		t.Errorf("%+v", v)
	}
	s.Apply(happened(5, "pause", "lab-api-2", ""))
	if v := s.service("api"); v.unwell != 0 || v.paused != 1 {
		t.Errorf("paused, and unhealthy besides: %+v", v)
	}
	s.Apply(happened(5, "unpause", "lab-api-2", ""))
	s.Apply(happened(6, "create", "lab-api-3", ""))
	expect("lab-api-3", "created")
	s.Apply(happened(7, "start", "lab-api-3", ""))
	if b := s.boxes["lab-api-3"]; b.Service != "api" || b.Replica != 3 || b.LimitCores != 0.25 {
		t.Errorf("a new one is %+v", b.Container)
	}
	s.Apply(happened(8, "destroy", "lab-api-3", ""))
	if len(s.list()) != 2 {
		t.Errorf("%d are left", len(s.list()))
	}
	s.Apply(happened(9, "takes role", "lab-api-1", "vip"))
	s.Apply(happened(9, "takes role", "lab-api-1", "vip"))
	if !slices.Equal(s.boxes["lab-api-1"].Roles, []string{"vip"}) {
		t.Errorf("roles: %v", s.boxes["lab-api-1"].Roles)
	}
	s.Apply(happened(10, "gives up role", "lab-api-1", "vip"))
	if len(s.boxes["lab-api-1"].Roles) != 0 {
		t.Errorf("roles: %v", s.boxes["lab-api-1"].Roles)
	}
}

// The figure of "now" is the mean over the last second of samples, weighted by
// their lengths, as `docker stats` would show it.
func TestUseIsTheMeanOfTheLastSecond(t *testing.T) {
	t.Parallel()
	s := NewState()
	s.Apply(Event{Stack: stackFor("lab-api-1")})
	for i, cores := range []float64{9, 0.1, 0.2, 0.3, 0.4} {
		at := float64(i+1) * 0.25
		s.Apply(Event{At: at, Sample: &record.Sample{AtSeconds: at, Seconds: 0.25, Container: "lab-api-1", Cores: cores, MemoryBytes: 7, RxBytes: 100, TxBytes: 50}})
	}
	u := s.boxes["lab-api-1"].now(s.Clock)
	if u.cores < 0.2499 || u.cores > 0.2501 || u.in != 400 || u.out != 200 || u.memory != 7 {
		t.Errorf("%+v", u)
	}
	s.Clock += stale + 1
	if s.boxes["lab-api-1"].now(s.Clock).known {
		t.Error("a figure of long ago is shown as one of now")
	}
}

// Ten minutes or ten days: the memory does not grow.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := NewState()
	for i := range 20_000 {
		at := float64(i)
		name := fmt.Sprintf("lab-api-%d", i/100)
		if i%100 == 0 {
			s.Apply(Event{At: at, Stack: stackFor(name)})
		}
		s.Apply(Event{At: at, Window: &record.Window{StartSeconds: at, Seconds: 1, Histogram: "long"}})
		s.Apply(Event{At: at, Sample: &record.Sample{AtSeconds: at, Seconds: 1, Container: name}})
		s.Apply(Event{At: at, Queue: &record.Queue{}})
		s.Apply(Event{At: at, Log: &LogLine{}})
		s.Apply(happened(at, "die", name, ""))
	}
	if len(s.boxes) > 10 || s.windows.len() != keptWindows || s.log.len() != keptLines || s.happened.len() != keptEvents {
		t.Errorf("%d containers, %d windows, %d lines, %d events", len(s.boxes), s.windows.len(), s.log.len(), s.happened.len())
	}
	if s.windows.at(0).StartSeconds != 20_000-keptWindows || s.windows.last().StartSeconds != 19_999 || s.windows.last().Histogram != "" {
		t.Errorf("the ring holds %g to %g", s.windows.at(0).StartSeconds, s.windows.last().StartSeconds)
	}
}

func TestInboxDropsReadingsAlone(t *testing.T) {
	t.Parallel()
	b := &Inbox{Start: time.Unix(100, 0)}
	for i := range inboxRoom + 10 {
		b.Put(Event{At: float64(i), Sample: &record.Sample{}})
		if i%1000 == 0 {
			b.Put(happened(float64(i), "die", "lab-api-1", ""))
		}
	}
	events, clock := b.Poll(time.Unix(103, 0))
	deaths := 0
	for _, e := range events {
		if e.Happened != nil {
			deaths++
		}
	}
	if clock != 3 || deaths != 21 || len(events) > inboxRoom {
		t.Errorf("at %g, %d events, %d deaths", clock, len(events), deaths)
	}
	if again, _ := b.Poll(time.Unix(104, 0)); len(again) != 0 {
		t.Error("events came twice")
	}
}
