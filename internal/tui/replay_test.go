// SPDX-License-Identifier: MIT

package tui

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"systemlab/internal/record"
)

func play(p *Player) *State {
	s := NewState()
	events, _ := p.Poll(time.Unix(0, 0))
	for _, e := range events {
		s.Apply(e)
	}
	return s
}

// Wherever one comes from, a moment looks the same.
func TestSeekIsTheSameAsPlaying(t *testing.T) {
	t.Parallel()
	run := bigRun()
	for _, at := range []float64{0, 3, 12.3, 30, 60} {
		straight := NewPlayer(run)
		straight.Seek(at)
		want := play(straight)
		p := NewPlayer(run)
		s := NewState()
		for _, to := range []float64{40, 10, 55, at} {
			p.Seek(to)
			events, clock := p.Poll(time.Unix(0, 0))
			for _, e := range events {
				s.Apply(e)
			}
			if clock != to {
				t.Fatalf("seek to %g: at %g", to, clock)
			}
		}
		if !reflect.DeepEqual(s, want) {
			t.Errorf("at %g: another state after seeking to and fro", at)
		}
	}
}

func TestPlayerClock(t *testing.T) {
	t.Parallel()
	p := NewPlayer(bigRun())
	now := time.Unix(100, 0)
	at := func(after time.Duration) float64 {
		now = now.Add(after)
		_, clock := p.Poll(now)
		return clock
	}
	check := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: at %g, wanted %g", what, got, want)
		}
	}
	check("first look", at(0), 0)
	check("real time", at(2*time.Second), 2)
	p.SetSpeed(20)
	check("20 times", at(time.Second), 22)
	p.Pause()
	check("paused", at(time.Hour), 22)
	p.Pause()
	p.SetSpeed(1000)
	check("no faster than 20", at(time.Second), 42)
	check("the clock went back", at(-time.Minute), 42)
	check("the end", at(time.Hour), p.End())
	if !p.Ended() {
		t.Error("not at its end")
	}
	p.Pause()
	check("again from the start", at(0), 0)
	p.Seek(math.NaN())
	p.Seek(-5)
	check("before the start", at(0), 0)
}

func TestSpeeds(t *testing.T) {
	t.Parallel()
	p := NewPlayer(bigRun())
	var seen []float64
	for range 8 {
		seen = append(seen, p.Speed())
		p.Faster(true)
	}
	if !slices.Equal(slices.Compact(seen), Speeds) {
		t.Errorf("up: %v", seen)
	}
	for range 8 {
		p.Faster(false)
	}
	if p.Speed() != 1 {
		t.Errorf("down: %g", p.Speed())
	}
}

// A run says how its containers ended; the replay begins with how they began.
func TestReplayBeginsAtTheBeginning(t *testing.T) {
	t.Parallel()
	run := bigRun()
	run.Events = append(run.Events, record.Event{AtSeconds: 59, Kind: "unpause", Container: "lab-door-1"})
	s := play(NewPlayer(run))
	for name, want := range map[string]string{"lab-lb-1": "running", "lab-worker-2": "running", "lab-door-1": "paused", "lab-redis-1": "running"} {
		if b := s.boxes[name]; b == nil || b.State != want {
			t.Errorf("%s: %+v, wanted %s", name, b, want)
		}
	}
	if s.boxes["lab-api-4"] != nil {
		t.Error("a container is there before it was made")
	}
	if roles := s.boxes["lab-lb-2"].Roles; len(roles) != 0 {
		t.Errorf("lb 2 has %v before it took it", roles)
	}
}

// Runs that were edited or that older programs wrote.
func TestOddRuns(t *testing.T) {
	t.Parallel()
	run := bigRun()
	run.Architecture = record.Architecture{}
	run.Windows = append(run.Windows, record.Window{}, record.Window{StartSeconds: math.NaN()}, record.Window{StartSeconds: 1e300})
	run.Samples = append(run.Samples, record.Sample{Container: "elsewhere", Cores: math.Inf(1), AtSeconds: 3}, record.Sample{AtSeconds: -5, Seconds: -1})
	run.Events = append(run.Events, record.Event{Kind: "health", Container: "nobody"}, record.Event{Kind: "start", Container: "-"})
	for _, at := range []float64{0, 3, 30, 60} {
		exact(t, screenOf(t, run, at, 120, 40, nil), 120, 40)
	}
	if p := NewPlayer(run); p.End() > 100 {
		t.Errorf("it ends at %g", p.End())
	}
	empty := NewPlayer(&record.Run{})
	empty.Poll(time.Unix(0, 0))
	exact(t, screenOf(t, &record.Run{}, 0, 80, 24, nil), 80, 24)
}
