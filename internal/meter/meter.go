// SPDX-License-Identifier: MIT

package meter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"systemlab/internal/engine"
	"systemlab/internal/record"
)

// DefaultInterval between readings (see the package comment, How fine).
const DefaultInterval = 250 * time.Millisecond

// Asking the engine for its containers costs more than a hundred readings, so
// it happens when someone says that something changed, when a container can no
// longer be read, and for safety's sake every listEvery; never oftener than listGap.
const (
	listGap   = time.Second
	listEvery = 30 * time.Second
)

// Options of a meter. Reader and List must be set.
type Options struct {
	Reader   Reader
	Interval time.Duration // 0 means DefaultInterval; the reader's floor holds
	// List gives the containers to read, those that don't run included.
	List func(context.Context) ([]engine.Container, error)
}

// Meter reads a changing set of containers. Run samples them; Mark reads all
// counters at a moment, whether Run is at work or not.
type Meter struct {
	opts Options
	poke chan struct{}

	mu       sync.Mutex
	tracked  map[string]*tracked // by container id
	order    []string            // ids in the order in which they came
	needList bool
	listed   time.Time
}

// New makes a meter. Close lets go of its files.
func New(opts Options) *Meter {
	if opts.Interval == 0 {
		opts.Interval = DefaultInterval
	}
	opts.Interval = max(opts.Interval, opts.Reader.Floor())
	return &Meter{opts: opts, poke: make(chan struct{}, 1), tracked: map[string]*tracked{}}
}

// Describe says by what it reads: "cgroup v1", "cgroup v2" or "engine API".
func (m *Meter) Describe() string { return m.opts.Reader.Name() }

// Interval is the time between readings.
func (m *Meter) Interval() time.Duration { return m.opts.Interval }

// Refresh says that containers came, went or started again. It returns at
// once; Run asks for the list soon, at most once a second.
func (m *Meter) Refresh() {
	select {
	case m.poke <- struct{}{}:
	default:
	}
}

// Run samples until the context ends, and then returns nil. Samples are emitted
// from this goroutine alone, their times counted from start. It fails only when
// the first list does; later the last known list stands.
func (m *Meter) Run(ctx context.Context, start time.Time, emit func(record.Sample)) error {
	if err := m.list(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	m.sample(ctx, start, emit) // baselines; emits nothing for new containers
	group, ctx := errgroup.WithContext(ctx)
	wanted := make(chan struct{}, 1)
	// Listing has its own goroutine: an engine under load answers in its own
	// time, and readings must not wait for it.
	group.Go(func() error {
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-wanted:
				_ = m.list(ctx) // the last known list stands; Mark reports
			}
		}
	})
	group.Go(func() error {
		ticker := time.NewTicker(m.opts.Interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-m.poke:
				m.mu.Lock()
				m.needList = true
				m.mu.Unlock()
			case <-ticker.C:
				m.sample(ctx, start, emit)
			}
			if m.listDue() {
				select {
				case wanted <- struct{}{}:
				default:
				}
			}
		}
	})
	return group.Wait()
}

// Close closes all files. A closed meter may be used again; it opens them anew.
func (m *Meter) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, t := range m.tracked {
		errs = append(errs, t.close())
	}
	if f, ok := m.opts.Reader.(interface{ Close() error }); ok {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// listDue says whether to ask for the list now; whoever is told so must ask.
func (m *Meter) listDue() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	age := time.Since(m.listed)
	if age < listEvery && (!m.needList || age < listGap) {
		return false
	}
	m.needList, m.listed = false, time.Now()
	return true
}

// list asks which containers there are now. Those that are gone are kept with
// their last counters, because what they used was used.
func (m *Meter) list(ctx context.Context) error {
	m.mu.Lock()
	m.needList, m.listed = false, time.Now() // before asking: a later poke asks again
	m.mu.Unlock()
	containers, err := m.opts.List(ctx)
	if err != nil {
		return fmt.Errorf("list containers to meter: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range containers {
		t := m.tracked[c.ID]
		if t == nil {
			t = &tracked{}
			m.tracked[c.ID] = t
			m.order = append(m.order, c.ID)
		}
		t.update(c)
	}
	return nil
}

// sample reads every container once and emits what grew since the last sample.
func (m *Meter) sample(ctx context.Context, start time.Time, emit func(record.Sample)) {
	for _, s := range m.readAll(ctx, time.Now(), true) {
		s.AtSeconds = s.at.Sub(start).Seconds()
		emit(s.Sample)
	}
}

type timedSample struct {
	record.Sample
	at time.Time
}

// readAll reads every container that was not read since then, one after the
// other from files, several at once from an engine that takes its time to answer.
func (m *Meter) readAll(ctx context.Context, since time.Time, sampling bool) []timedSample {
	m.mu.Lock()
	defer m.mu.Unlock()
	var group errgroup.Group
	group.SetLimit(remoteParallel)
	_, remote := m.opts.Reader.(*Remote)
	for _, id := range m.order {
		t := m.tracked[id]
		if t.last.at.After(since) {
			continue
		}
		if remote {
			group.Go(func() error { t.read(ctx, m.opts.Reader); return nil })
			continue
		}
		t.read(ctx, m.opts.Reader)
	}
	_ = group.Wait()
	var out []timedSample
	for _, id := range m.order {
		t := m.tracked[id]
		m.needList = m.needList || t.lost
		t.lost = false
		if !sampling {
			continue
		}
		if s, ok := t.sample(); ok {
			out = append(out, s)
		}
	}
	return out
}

// remoteParallel is how many questions the engine gets at once: engines before
// 25.0 answer each only after their collector's next round.
const remoteParallel = 8
