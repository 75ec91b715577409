// SPDX-License-Identifier: MIT

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"systemlab/internal/record"
)

// stopGrace is how long a stop waits for what is in flight before it cuts it off.
const stopGrace = 250 * time.Millisecond

// Run plays an order. emit gets a hello as the first request leaves and then a
// window a second, one at a time; it may be slow. The end of ctx or Control.Stop
// ends the attack early: within half a second Run returns what was measured until
// then, with StoppedEarly set. An error means that nothing was measured.
func Run(ctx context.Context, order Order, control <-chan Control, emit func(Message)) (*Result, error) {
	if err := order.Validate(); err != nil {
		return nil, err
	}
	order = order.withDefaults()
	order.Target = strings.TrimSuffix(order.Target, "/")
	a, err := newAttack(order)
	if err != nil {
		return nil, err
	}
	defer a.cancel()
	if err := ready(ctx, order); err != nil {
		if ctx.Err() != nil {
			return nil, errors.New("stopped before the first request left")
		}
		return nil, err
	}

	written := make(chan struct{})
	go func() {
		defer close(written)
		for report := range a.reports {
			emit(report())
		}
	}()
	a.play(ctx, control)
	close(a.reports)
	<-written
	return a.result(), nil
}

// attack is one run under way. Its fields belong to the goroutine in play.
type attack struct {
	order     Order
	workload  record.Workload
	schedule  *schedule
	pacer     *pacer
	transport *transport
	attacker  *vegeta.Attacker
	yardstick *yardstick
	cancel    context.CancelFunc

	zero    time.Time
	window  *window
	whole   *tally // the measured part
	gaps    gaps   // in it
	reports chan func() Message
	events  []record.Event

	done      int           // results seen
	served    int           // good answers that ended within the measured part, whenever they were asked for
	canceled  int           // of the measured part, cut off by a stop
	stoppedAt time.Duration // MaxInt64 if not
	first     counters      // as the measured part began
	last      counters      // as it ended
}

func newAttack(o Order) (*attack, error) {
	workload, err := o.workload()
	if err != nil {
		return nil, err
	}
	sequence, err := NewSequence(o)
	if err != nil {
		return nil, err
	}
	pace, err := ParsePace(o.Pace)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	transport, err := newTransport(ctx, o, sequence)
	if err != nil {
		cancel()
		return nil, err
	}
	if n := pace.Clients(); n > 0 {
		o.MaxWorkers = n
	}
	s := newSchedule(pace, seconds(o.WarmupSeconds), seconds(o.DurationSeconds))
	return &attack{
		order: o, workload: workload, schedule: s, pacer: newPacer(s), transport: transport, cancel: cancel,
		yardstick: newYardstick(),
		attacker: vegeta.NewAttacker(
			vegeta.MaxWorkers(uint64(o.MaxWorkers)),
			vegeta.Client(&http.Client{
				Transport:     transport,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			}),
		),
		whole: newTally(), gaps: gaps{last: s.warmup}, stoppedAt: math.MaxInt64,
		// Room for all windows that can come, so that a slow reader of them never holds up results.
		reports: make(chan func() Message, int((s.end+seconds(o.TimeoutSeconds))/seconds(o.WindowSeconds))+64),
	}, nil
}

// play runs the attack to its end. One loop drains the results and does nothing
// slow: while it is busy, vegeta's workers can't hand over and new ones are made.
func (a *attack) play(ctx context.Context, control <-chan Control) {
	blank := vegeta.Target{Method: http.MethodGet, URL: a.order.Target}
	a.begin()
	ended := make(chan struct{})
	defer close(ended)
	go a.yardstick.run(ended)
	results := a.attacker.Attack(vegeta.NewStaticTargeter(blank), a.pacer, 0, "")

	over := time.NewTimer(a.schedule.end + grace) // for when the pacer can't end it: every worker busy
	defer over.Stop()
	boundary := time.NewTimer(a.window.closing(a.schedule))
	defer boundary.Stop()
	stopped := ctx.Done()
	var cut <-chan time.Time
	stop := func() {
		if stopped == nil {
			return
		}
		stopped = nil
		a.stop()
		cut = time.After(stopGrace)
	}
	for {
		select {
		case r, more := <-results:
			if !more {
				a.closeWindow(true)
				return
			}
			a.add(r)
		case <-boundary.C:
			a.closeWindow(false)
			boundary.Reset(a.window.closing(a.schedule) - a.now())
		case c, more := <-control:
			switch {
			case !more:
				control = nil
			case c.Stop:
				stop()
			default:
				a.change(c.Rate)
			}
		case <-stopped:
			stop()
		case <-over.C:
			a.attacker.Stop()
		case <-cut:
			a.cancel()
		}
	}
}

// begin sets the zero of all clocks and opens the first window.
func (a *attack) begin() {
	runtime.GC() // what was built so far is not the attack's cost
	a.zero = time.Now()
	a.pacer.zero, a.transport.zero = a.zero, a.zero
	hello := Hello{Now: a.zero, PID: os.Getpid(), MaxProcs: runtime.GOMAXPROCS(0)}
	a.reports <- func() Message { return Message{Hello: &hello} }
	a.first = a.counters()
	a.window = openWindow(0, seconds(a.order.WindowSeconds), a.schedule, a.first)
}

func (a *attack) now() time.Duration { return time.Since(a.zero) }

// counters takes the running sums as they are now. What was asked depends on
// where a window ends, and is left to the caller.
func (a *attack) counters() counters {
	return counters{at: a.now(), sent: int(a.transport.sent.Load()), cpu: ownCPU(), speed: a.yardstick.read()}
}

// add counts one finished request.
func (a *attack) add(r *vegeta.Result) {
	a.done++
	c := a.transport.take(r.Seq)
	if c == nil { // vegeta failed before the transport was asked: can't happen with our target
		c = &call{failure: Other}
	}
	left := r.Timestamp.Sub(a.zero)
	intended := left
	if !a.schedule.closed {
		intended = a.schedule.time(int(r.Seq))
	}
	slip := max(0, left-intended)
	o := outcome{call: c, intended: intended, slip: slip, latency: r.Latency + slip}
	measured := intended >= a.schedule.warmup && intended < a.stoppedAt && intended < a.schedule.end
	if c.canceled {
		if measured {
			a.canceled++
		}
		return
	}
	a.window.tally.add(o)
	if ended := o.intended + o.latency; o.failure == "" {
		if ended >= a.schedule.warmup && ended < min(a.schedule.end, a.stoppedAt) {
			a.served++
		}
		if !a.schedule.closed { // asked for in the warm-up or not: it ends a gap
			a.gaps.good(ended, a.schedule.count)
		}
	}
	if measured {
		a.whole.add(o)
	}
}

// closeWindow hands the open window over to be written, and opens the next. The
// last one is dropped if nothing happened in it.
func (a *attack) closeWindow(final bool) {
	w := a.window
	now := a.counters()
	end := w.to
	if final || w.to == a.schedule.end {
		end = now.at
	}
	now.asked = a.askedUntil(end, now)
	if w.from < a.schedule.end {
		a.last = now
	}
	if end == a.schedule.warmup {
		a.first = now
	}
	a.window = openWindow(end, seconds(a.order.WindowSeconds), a.schedule, now)
	if final && end-w.from < 10*time.Millisecond && w.tally.ok+w.tally.failed == 0 && now.asked == w.before.asked {
		return
	}
	inFlight, warmup := max(0, now.sent-a.done), w.from < a.schedule.warmup
	a.reports <- func() Message {
		out := w.record(end, now, inFlight, warmup)
		return Message{Window: &out}
	}
}

// askedUntil counts the requests that were meant to leave before a moment, which
// is now. A closed loop means to send what it sends.
func (a *attack) askedUntil(end time.Duration, now counters) int {
	if a.schedule.closed {
		return now.sent
	}
	return a.schedule.count(min(end, a.stoppedAt))
}

// change makes the rate constant from now on. A rate that can't be is refused in
// an event: a typing error during a run must not end it.
func (a *attack) change(rate float64) {
	now := a.now()
	event := record.Event{AtSeconds: now.Seconds(), Kind: "rate", Detail: Constant(rate).String()}
	if a.schedule.closed {
		event.Detail = "refused: clients that wait for their answers have no rate"
	} else if err := checkRate(rate); err != nil {
		event.Detail = "refused: " + err.Error()
	} else if now >= min(a.schedule.end, a.stoppedAt) {
		event.Detail = "refused: the schedule has ended"
	} else {
		a.schedule.change(now, rate)
		a.pacer.changed()
	}
	a.events = append(a.events, event)
}

// stop releases no more requests. One that was due this very moment is the
// stop's, not dropped: the schedule then ends before it.
func (a *attack) stop() {
	a.pacer.end()
	a.attacker.Stop()
	a.stoppedAt = a.now()
	next := a.stoppedAt
	if !a.schedule.closed {
		next = a.schedule.time(int(a.pacer.released.Load()))
	}
	if slip := a.stoppedAt - next; slip > 0 && slip.Seconds() < record.LateSeconds {
		a.stoppedAt = next
	}
	a.events = append(a.events, record.Event{
		AtSeconds: a.stoppedAt.Seconds(), Kind: "stop",
		Detail: fmt.Sprintf("%d requests in flight", a.transport.inFlight.Load()),
	})
}

// result sums up a finished attack.
func (a *attack) result() *Result {
	end := min(a.schedule.end, a.stoppedAt)
	played := max(0, end-a.schedule.warmup)
	asked := a.whole.ok + a.whole.failed
	if !a.schedule.closed {
		asked = max(0, a.schedule.count(end)-a.schedule.count(a.schedule.warmup)-a.canceled)
		a.gaps.good(end, a.schedule.count) // up to the end, if nothing answered any more
	}
	out := &Result{
		Summary: a.whole.summary(asked, a.served, played.Seconds()), Histograms: a.whole.histograms(),
		Order: a.order, Workload: a.workload,
		DurationSeconds: played.Seconds(), StoppedEarly: a.stoppedAt < a.schedule.end,
		Canceled: a.canceled, Events: a.events,
	}
	peak := int(a.transport.peak.Load())
	out.Summary.Gaps = a.gaps.found
	generator := &out.Summary.Generator
	generator.WorkersMax = peak
	generator.Bounded = !a.schedule.closed && peak >= a.order.MaxWorkers
	if passed := a.last.at - a.first.at; passed > 0 {
		generator.CoresMean = (a.last.cpu - a.first.cpu).Seconds() / passed.Seconds()
	}
	generator.YardstickCount = int(a.last.speed.done - a.first.speed.done)
	generator.YardstickSeconds = a.last.speed.since(a.first.speed)
	out.Summary.Connections = int(a.transport.connections.Load())
	return out
}
