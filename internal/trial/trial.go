// SPDX-License-Identifier: MIT

// Package trial is one measured run: the generator and the meter together, on
// one clock, with what happened to the stack meanwhile. It judges nothing and
// prints nothing; what it returns is plain data.
package trial

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"systemlab/internal/engine"
	"systemlab/internal/meter"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/loadgen"
)

// Options of a trial. Everything is needed but Interval, Control and the callbacks.
type Options struct {
	Engine    *engine.Engine
	Project   string
	Network   string // name of the network where the generator joins
	Generator string // image of the generator
	Order     loadgen.Order
	Interval  time.Duration // between readings of the meter; 0 is its default

	Control  <-chan loadgen.Control // changes while it runs
	Acts     []Act                  // what is done to the stack meanwhile, in order
	OnHello  func()
	OnWindow func(record.Window)
	OnSample func(record.Sample)
	OnEvent  func(record.Event)
}

// generatorShares is the generator's CPU weight against 1,024 of a service: it
// must get its turn on a busy machine, or it would measure its own waiting. A
// generator at a better priority cut its own p99 under full load from 2.9 to
// 0.4 ms (measured with nice -10).
const generatorShares = 8192

// drain is how long after the schedule's end and the last request's time-out
// the generator may take to say its result.
const drain = 15 * time.Second

// Run makes one run. A cancelled context stops the load early: what was
// measured until then is returned with an error of kind interrupted.
func Run(ctx context.Context, o Options) (*record.Run, error) {
	t := &trial{Options: o, begun: make(chan struct{}), run: &record.Run{Format: record.Format, Project: o.Project, Images: map[string]string{}}}
	containers, err := o.Engine.Containers(ctx, o.Project)
	if err != nil {
		return nil, err
	}
	t.here = containers
	for _, c := range containers {
		if !c.OneOff {
			t.run.Images[c.Service] = c.Image
		}
	}
	files := &meter.Files{}
	reader, _ := meter.Pick(ctx, o.Engine.Info().Local, files, o.Engine, containers)
	t.meter = meter.New(meter.Options{Reader: reader, Interval: o.Interval, List: t.list})
	defer t.meter.Close()
	t.roles = map[string][]string{}
	t.watch = meter.NewWatch(o.Engine, t.heard)

	gen, err := o.Engine.RunOneOff(ctx, engine.OneOff{Project: o.Project, Service: "load", Image: o.Generator, Network: o.Network, Shares: generatorShares})
	if err != nil {
		return nil, err
	}
	t.generator = gen
	err = t.play(ctx)
	if closing := gen.Close(ctx); err == nil {
		err = closing
	}
	if err == nil && ctx.Err() != nil {
		err = problem.New(problem.Interrupted, "stopped early", "the same command again makes a whole run")
	}
	if t.result == nil {
		return nil, err
	}
	t.finish()
	return t.run, err
}

type trial struct {
	Options
	generator *engine.Attached
	meter     *meter.Meter
	noting    sync.Mutex // of events, which two tell
	run       *record.Run
	result    *loadgen.Result
	here      []engine.Container // at the beginning
	start     time.Time          // the attack's zero, on this process's clock; read by others once begun is closed
	zero      time.Time          // the attack's zero by the generator's time of day, which is the engine's
	ahead     time.Duration      // by how much the generator's clock is ahead of ours, where it is not the same
	steps     steps              // of this machine's time of day since start
	begun     chan struct{}
	spoke     chan string // names of containers that tell something before the load
	began     meter.Snapshot
	ended     meter.Snapshot
	watch     *meter.Watch
	roles     map[string][]string // of containers, by name, as they last said
	unread    error               // why the counters could not be read, if so; set by mark alone
}

// play feeds the generator and listens to it until its result.
func (t *trial) play(ctx context.Context) error {
	// What runs beside the load outlives an interrupt until the result is in.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	messages, listening := t.listen(inner)
	defer listening()
	watch, stopWatching := context.WithCancel(inner)
	defer func() { stopWatching(); t.watch.Wait() }()
	t.firstWords(ctx, watch)
	if err := t.send(t.Order); err != nil {
		return err
	}
	hello, err := t.awaitHello(ctx, messages)
	if err != nil {
		return err
	}
	t.begin(hello.Now, time.Now())
	close(t.begun)
	t.run.Started = t.start.Round(0)
	if t.OnHello != nil {
		t.OnHello()
	}
	g, inner := errgroup.WithContext(inner)
	defer context.AfterFunc(inner, stopWatching)()
	g.Go(func() error {
		return t.meter.Run(watch, t.start, func(s record.Sample) {
			t.run.Samples = append(t.run.Samples, s)
			if t.OnSample != nil {
				t.OnSample(s)
			}
		})
	})
	g.Go(func() error { t.follow(watch); return nil })
	g.Go(func() error { <-watch.Done(); t.watch.Wait(); return nil })
	g.Go(func() error { return t.steer(ctx, watch) })
	g.Go(func() error { t.mark(watch); return nil })
	g.Go(func() error { return t.act(ctx, watch) })
	g.Go(func() error {
		defer stopWatching()
		return t.collect(inner, messages)
	})
	return g.Wait()
}

// listen decodes the generator's messages into a channel that closes at its end.
// The function returned ends it and waits for it.
func (t *trial) listen(ctx context.Context) (<-chan loadgen.Message, func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan loadgen.Message)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(out)
		d := json.NewDecoder(bufio.NewReaderSize(t.generator.Stdout, 1<<20))
		for {
			var m loadgen.Message
			if err := d.Decode(&m); err != nil {
				if !errors.Is(err, io.EOF) && ctx.Err() == nil {
					m = loadgen.Message{Error: "its output broke off: " + err.Error()}
				} else {
					return
				}
			}
			select {
			case out <- m:
			case <-ctx.Done():
				return
			}
			if m.Error != "" {
				return
			}
		}
	}()
	return out, func() {
		cancel()
		if c, ok := t.generator.Stdout.(io.Closer); ok {
			_ = c.Close() // unblocks the decoder
		}
		<-done
	}
}

func (t *trial) awaitHello(ctx context.Context, messages <-chan loadgen.Message) (*loadgen.Hello, error) {
	patience := time.NewTimer(30 * time.Second)
	defer patience.Stop()
	select {
	case m, ok := <-messages:
		if ok && m.Hello != nil {
			return m.Hello, nil
		}
		return nil, t.complaint(m)
	case <-patience.C:
		return nil, problem.New(problem.Unhealthy, "the load generator did not begin within 30 s", "lab doctor")
	case <-ctx.Done():
		return nil, problem.New(problem.Interrupted, "stopped before the load began", "")
	}
}

func (t *trial) complaint(m loadgen.Message) error {
	what := m.Error
	if what == "" {
		what = t.generator.Complaint()
	}
	if what == "" {
		what = "it ended without a word"
	}
	return problem.New(problem.Unhealthy, "the load generator gave up: "+what, "lab status")
}

// collect takes windows as they come, until the result.
func (t *trial) collect(ctx context.Context, messages <-chan loadgen.Message) error {
	length := t.Order.WarmupSeconds + t.Order.DurationSeconds + t.Order.TimeoutSeconds
	limit := time.NewTimer(time.Until(t.start) + time.Duration(length*float64(time.Second)) + loadgen.DefaultTimeout + drain)
	defer limit.Stop()
	for {
		select {
		case m, ok := <-messages:
			t.watchClock()
			switch {
			case ok && m.Window != nil:
				t.run.Windows = append(t.run.Windows, *m.Window)
				if t.OnWindow != nil {
					t.OnWindow(*m.Window)
				}
			case ok && m.Result != nil:
				t.result = m.Result
				return nil
			default:
				return t.complaint(m)
			}
		case <-limit.C:
			return problem.New(problem.Unhealthy, "the load generator did not end when it should have", "lab doctor")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// steer passes changes on, and turns an interrupt into a stop.
func (t *trial) steer(ctx, watch context.Context) error {
	for {
		select {
		case c := <-t.Control:
			if err := t.send(c); err != nil {
				return err
			}
		case <-ctx.Done():
			return t.send(loadgen.Control{Stop: true})
		case <-watch.Done():
			return nil
		}
	}
}

func (t *trial) send(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err = t.generator.Stdin.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("talk to the load generator: %w", err)
	}
	return nil
}
