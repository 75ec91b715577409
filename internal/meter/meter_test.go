// SPDX-License-Identifier: MIT

package meter_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/meter"
	"systemlab/internal/record"
)

// bench runs a meter over a fake tree, on fake time.
type bench struct {
	*meter.Meter
	list    *list
	samples []record.Sample
	stop    func() error
}

func run(t *testing.T, reader meter.Reader, l *list) *bench {
	b := &bench{Meter: meter.New(meter.Options{Reader: reader, List: l.ask}), list: l}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- b.Run(ctx, time.Now(), func(s record.Sample) { b.samples = append(b.samples, s) })
	}()
	b.stop = sync.OnceValue(func() error {
		cancel()
		err := <-done
		return errors.Join(err, b.Close())
	})
	t.Cleanup(func() { b.stop() })
	synctest.Wait()
	return b
}

func (b *bench) mark(t *testing.T) meter.Snapshot {
	t.Helper()
	s, err := b.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

func TestSamplesAndMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree(t, "v1")
		l := &list{}
		l.set(box(1, 41), box(2, 0))
		tr.set(1, 41, reading{cpu: 100 * time.Second, periods: 5, throttled: 5, rx: 100})
		b := run(t, tr.files(), l)
		begin := b.mark(t)
		for i := 1; i <= 8; i++ { // 0.2 cores for 2 s, throttled in every fourth period
			tr.set(1, 41, reading{cpu: 100*time.Second + time.Duration(i)*50*time.Millisecond, periods: 5 + 4*i, throttled: 5 + i, rx: 100 + 10*i, memory: 70})
			tr.host(1000+i*25, 500+i*25, 10+i)
			time.Sleep(250 * time.Millisecond)
			synctest.Wait()
		}
		end := b.mark(t)
		if err := b.stop(); err != nil {
			t.Fatal(err)
		}
		if len(b.samples) != 8 {
			t.Fatalf("%d samples, want 8: a round every 250 ms, none for what doesn't run", len(b.samples))
		}
		for i, s := range b.samples {
			want := record.Sample{AtSeconds: 0.25 * float64(i+1), Seconds: 0.25, Container: "lab-api-1", Cores: 0.2, ThrottledRatio: 0.25, MemoryBytes: 70, RxBytes: 10}
			if !near(s.Cores, want.Cores) || !near(s.AtSeconds, want.AtSeconds) {
				t.Errorf("sample %d: %+v", i, s)
			}
			s.Cores, s.AtSeconds = want.Cores, want.AtSeconds
			if s != want {
				t.Errorf("sample %d: %+v, want %+v", i, s, want)
			}
		}
		g := end.Since(begin)
		g.PerRequest(100)
		if len(g.Containers) != 1 {
			t.Fatalf("%+v", g.Containers)
		}
		c := g.Containers[0]
		if !near(c.CoresMean, 0.2) || !near(c.CPUSeconds, 0.4) || !near(c.ThrottledRatio, 0.25) || !near(c.CPUSecondsPerRequest, 0.004) || c.Restarts != 0 || c.LimitCores != 0.25 {
			t.Errorf("%+v", c)
		}
		if h := g.Host; !h.Known || !near(h.Cores, 1) || !near(h.StealCores, 0.04) || !near(h.StackCores, 0.2) {
			t.Errorf("host %+v", h)
		}
		if l.asked != 3 { // Run's first and the two marks
			t.Errorf("the engine was asked %d times", l.asked)
		}
	})
}

// An engine that takes its time to list the containers moves no reading: the
// counters at a mark are those of its moment.
func TestMarkOfABusyEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree(t, "v1")
		l := &list{}
		l.set(box(1, 41))
		tr.set(1, 41, reading{cpu: 0})
		tr.host(1000, 0, 0)
		b := run(t, tr.files(), l)
		used := func(at time.Duration) {
			tr.set(1, 41, reading{cpu: at / 2})
			tr.host(1000+int(at.Milliseconds()/10), 0, 0)
		}
		begin := b.mark(t)
		time.Sleep(5100 * time.Millisecond) // between two rounds of Run
		used(5100 * time.Millisecond)
		second := box(2, 42)
		second.Started = time.Now()
		l.slow(func() {
			used(7100 * time.Millisecond)
			tr.set(2, 42, reading{cpu: time.Second})
			l.set(box(1, 41), second)
		})
		g := b.mark(t).Since(begin)
		b.stop()
		if c := g.Containers[0]; !near(g.Seconds, 5.1) || !near(c.CPUSeconds, 2.55) || !near(c.CoresMean, 0.5) || !near(g.Host.Cores, 1) {
			t.Errorf("%g s: %+v, %+v; want what was used in 5.1 s", g.Seconds, c, g.Host)
		}
		if len(g.Containers) != 2 || !near(g.Containers[1].CPUSeconds, 1) {
			t.Errorf("the one that came: %+v", g.Containers)
		}
	})
}

func TestRestartedContainer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree(t, "v2")
		l := &list{}
		l.set(box(1, 41))
		tr.set(1, 41, reading{cpu: 50 * time.Second, periods: 1000, throttled: 1000, rx: 1e6, tx: 1e6})
		b := run(t, tr.files(), l)
		begin := b.mark(t)
		tr.set(1, 41, reading{cpu: 51 * time.Second, periods: 1010, throttled: 1005, rx: 1e6, tx: 1e6})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		// It dies: its counters go, the same id comes back with another PID.
		tr.set(1, 55, reading{cpu: time.Second / 2, periods: 10, rx: 5, tx: 5})
		l.set(box(1, 55))
		b.Refresh()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		end := b.mark(t)
		b.stop()
		total := 0.0
		for _, s := range b.samples {
			if s.Cores < 0 || s.Cores > 4.1 || s.RxBytes < 0 || s.RxBytes > 10 || s.ThrottledRatio > 1 {
				t.Errorf("absurd growth: %+v", s)
			}
			total += s.Cores * s.Seconds
		}
		c := end.Since(begin).Containers[0]
		if !near(c.CPUSeconds, 1.5) || !near(total, 1.5) || c.Restarts != 1 || !near(c.ThrottledRatio, 0.25) {
			t.Errorf("samples sum to %.3f; %+v; want 1.5 CPU-seconds and a restart", total, c)
		}
	})
}

func TestContainersComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTree(t, "v1split")
		l := &list{}
		gone, late, hidden := box(1, 41), box(2, 0), box(3, 99)
		l.set(gone, late, hidden)
		tr.set(1, 41, reading{cpu: 10 * time.Second})
		b := run(t, tr.files(), l)
		begin := b.mark(t)
		tr.set(1, 41, reading{cpu: 11 * time.Second})
		time.Sleep(time.Second)
		synctest.Wait()
		os.Remove(filepath.Join(tr.root, "proc/41/cgroup"))
		tr.write("cgroup/cpuacct/docker/"+id(1)+"/cpuacct.usage", "") // what a dying cgroup gives
		late = box(2, 42)
		late.OneOff, late.Started = true, time.Now()
		tr.set(2, 42, reading{cpu: 300 * time.Millisecond})
		gone.PID, gone.State = 0, "exited"
		l.set(gone, late, hidden) // no one says so: the meter asks when it can't read
		time.Sleep(3 * time.Second)
		synctest.Wait()
		g := b.mark(t).Since(begin)
		b.stop()
		if len(g.Containers) != 1 || !near(g.Containers[0].CPUSeconds, 1) || !near(g.Containers[0].CoresMean, 0.25) {
			t.Errorf("the one that died: %+v", g.Containers)
		}
		if len(g.OneOff) != 1 || !near(g.OneOff[0].CPUSeconds, 0.3) {
			t.Errorf("the one that came counts from its start: %+v", g.OneOff)
		}
		if why := g.Unread["lab-api-3"]; !strings.Contains(why, "find the cgroup") || len(g.Unread) != 1 {
			t.Errorf("unread: %v", g.Unread)
		}
		for _, s := range b.samples {
			if s.Container == "lab-api-2" && s.Cores > 0.01 {
				t.Errorf("growth without a beginning: %+v", s)
			}
		}
	})
}

func TestListErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &list{err: errors.New("engine away")}
		m := meter.New(meter.Options{Reader: newTree(t, "v2").files(), List: l.ask})
		if err := m.Run(t.Context(), time.Now(), nil); err == nil || !strings.Contains(err.Error(), "engine away") {
			t.Errorf("Run: %v", err)
		}
		if _, err := m.Mark(t.Context()); err == nil {
			t.Error("Mark hides that the engine is away")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := m.Run(ctx, time.Now(), nil); err != nil {
			t.Errorf("a cancelled Run: %v", err)
		}
	})
}

func TestRefreshAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &list{}
		b := run(t, newTree(t, "v2").files(), l)
		for range 400 {
			b.Refresh()
			time.Sleep(10 * time.Millisecond)
		}
		b.stop()
		if l.asked < 3 || l.asked > 5 {
			t.Errorf("asked %d times in 4 s of pokes", l.asked)
		}
	})
}

func TestRemote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		stats := engine.Stats{CPUNanos: 1e9, RxBytes: -1, TxBytes: -1, Read: time.Now().Add(-time.Hour)} // its clock is wrong
		api := fakeAPI(func(string) (engine.Stats, error) {
			mu.Lock()
			defer mu.Unlock()
			return stats, nil
		})
		set := func(s engine.Stats) { mu.Lock(); defer mu.Unlock(); s.Read = time.Now(); stats = s }
		l := &list{}
		l.set(box(1, 41))
		b := run(t, &meter.Remote{API: api}, l)
		begin := b.mark(t)
		if b.Interval() != time.Second {
			t.Errorf("interval %v, want the engine's own rhythm", b.Interval())
		}
		set(engine.Stats{CPUNanos: 2e9, RxBytes: -1, TxBytes: -1})
		time.Sleep(1500 * time.Millisecond)
		set(engine.Stats{CPUNanos: 1e8, RxBytes: -1, TxBytes: -1}) // started again
		time.Sleep(1500 * time.Millisecond)
		l.set(box(1, 55))
		b.Refresh()
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		mu.Lock()
		stats = engine.Stats{} // what an engine says of a container that has stopped
		mu.Unlock()
		time.Sleep(2 * time.Second)
		g := b.mark(t).Since(begin)
		b.stop()
		if c := g.Containers[0]; !near(c.CPUSeconds, 1.1) || c.Restarts != 1 || g.Host.Known {
			t.Errorf("%+v, host %+v; want 1 s and 0.1 s of two lives", c, g.Host)
		}
		for _, s := range b.samples {
			if s.Cores < 0 || s.Cores > 1.01 || s.RxBytes != -1 {
				t.Errorf("%+v", s)
			}
		}
	})
}

// BenchmarkRead is one round over fake files: what the reading costs apart
// from the kernel's own work, which BenchmarkReal (tag engine) includes.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{8, 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tr, l := newTree(b, "v1split"), &list{}
			for i := range n {
				tr.set(i, 100+i, reading{cpu: time.Second, periods: 5, memory: 1000, cache: 7})
				l.boxes = append(l.boxes, box(i, 100+i))
			}
			m := meter.New(meter.Options{Reader: tr.files(), List: l.ask})
			defer m.Close()
			if err := m.Listed(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				m.ReadOnce(b.Context())
			}
		})
	}
}
