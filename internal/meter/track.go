// SPDX-License-Identifier: MIT

package meter

import (
	"context"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/record"
)

// counters are a container's totals over all its incarnations.
type counters struct {
	at                 time.Time
	cpuNanos           uint64
	periods, throttled uint64
	rx, tx             int64 // -1 where unknown
	memory             int64
}

// plus adds what an earlier incarnation counted.
func (c counters) plus(base counters) counters {
	if c.at.IsZero() { // not read yet
		c.at, c.memory = base.at, base.memory
	}
	c.cpuNanos += base.cpuNanos
	c.periods += base.periods
	c.throttled += base.throttled
	if c.rx >= 0 && c.tx >= 0 {
		c.rx += max(0, base.rx)
		c.tx += max(0, base.tx)
	}
	return c
}

// tracked is one container and what is known of it. A container that starts
// again has the same id, another PID, and counters that begin at 0: what its
// earlier incarnations counted is kept in base.
type tracked struct {
	container    engine.Container
	src          Source
	opened       incarnation // of last
	tried        time.Time   // when it was last opened or failed to
	base, last   counters    // last: of the incarnation opened last
	first        counters    // total at the very first reading
	sampled      counters    // total at the last sample
	known        bool        // first is set
	fresh        bool        // read since the last sample
	baseline     bool        // sampled is set
	incarnations int
	lost         bool   // became unreadable since the list was made
	why          string // why a running container can't be read
}

// incarnation tells one life of a container from the next.
type incarnation struct {
	pid     int
	started int64 // Unix nanoseconds, on the engine's clock
}

func life(c engine.Container) incarnation { return incarnation{c.PID, c.Started.UnixNano()} }

// reopenGap is how long a container that can't be read is left alone.
const reopenGap = time.Second

func running(c engine.Container) bool { return c.State == "running" || c.State == "paused" }

// update takes what the engine says.
func (t *tracked) update(c engine.Container) {
	if life(c) != life(t.container) {
		t.tried = time.Time{}
	}
	t.container = c
	if life(c) != t.opened || !running(c) {
		_ = t.close()
	}
	if !running(c) {
		t.why = ""
	}
}

func (t *tracked) close() error {
	if t.src == nil {
		return nil
	}
	err := t.src.Close()
	t.src = nil
	return err
}

// total is what all incarnations counted.
func (t *tracked) total() counters { return t.last.plus(t.base) }

// read brings the counters up to now.
func (t *tracked) read(ctx context.Context, reader Reader) {
	if t.src == nil && !t.open(reader) {
		return
	}
	st, err := t.src.Read(ctx)
	if err != nil {
		if ctx.Err() == nil {
			_ = t.close()
			t.lost, t.why, t.tried = true, err.Error(), time.Now()
		}
		return
	}
	now := counters{at: st.Read, cpuNanos: st.CPUNanos, periods: st.Periods, throttled: st.ThrottledPeriods,
		rx: st.RxBytes, tx: st.TxBytes, memory: st.MemoryBytes}
	// cpuacct.usage sums per-core counters without a lock and can step back by
	// a hair; an incarnation's counters never shrink otherwise.
	now.cpuNanos = max(now.cpuNanos, t.last.cpuNanos)
	now.periods, now.throttled = max(now.periods, t.last.periods), max(now.throttled, t.last.throttled)
	t.last, t.fresh, t.why = now, true, ""
	if !t.known {
		t.known, t.first = true, t.total()
	}
}

// open opens the present incarnation, at most once a second.
func (t *tracked) open(reader Reader) bool {
	if !running(t.container) || time.Since(t.tried) < reopenGap {
		return false
	}
	t.tried = time.Now()
	src, err := reader.Open(t.container)
	if err != nil {
		t.why, t.lost = err.Error(), true
		return false
	}
	t.src = src
	if now := life(t.container); now != t.opened {
		t.base, t.last, t.opened = t.total(), counters{}, now
		t.incarnations++
	}
	return true
}

// sample is what grew since the sample before; there is none for a container
// that wasn't read or whose growth has no beginning yet.
func (t *tracked) sample() (timedSample, bool) {
	if !t.fresh {
		return timedSample{}, false
	}
	now, before := t.total(), t.sampled
	had := t.baseline
	t.fresh, t.baseline, t.sampled = false, true, now
	seconds := now.at.Sub(before.at).Seconds()
	if !had || seconds <= 0 {
		return timedSample{}, false
	}
	s := record.Sample{
		Seconds:        seconds,
		Container:      t.container.Name,
		Cores:          float64(now.cpuNanos-before.cpuNanos) / 1e9 / seconds,
		ThrottledRatio: ratio(now.throttled-before.throttled, now.periods-before.periods),
		MemoryBytes:    now.memory,
		RxBytes:        -1,
		TxBytes:        -1,
	}
	if now.rx >= 0 && before.rx >= 0 {
		s.RxBytes, s.TxBytes = max(0, now.rx-before.rx), max(0, now.tx-before.tx)
	}
	return timedSample{s, now.at}, true
}

// ratio is throttled periods by periods: 0 where none passed, at most 1.
func ratio(throttled, periods uint64) float64 {
	if periods == 0 {
		return 0
	}
	return min(1, float64(throttled)/float64(periods))
}
