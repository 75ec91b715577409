// SPDX-License-Identifier: MIT

package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Job says what a worker does.
type Job struct {
	URL     string
	Name    string           // of this worker, as the broker lists it
	Compute func(n int) int  // the work
	Max     int              // the largest n that is taken
	Ready   func()           // called whenever tasks can come in; may be nil
	Log     *slog.Logger     // may be nil
	now     func() time.Time // for tests
}

// Done counts what a worker did with its tasks.
type Done struct {
	Computed, Stale, Refused int
}

// Work takes tasks one at a time until ctx ends, then finishes the one in hand. It connects again by itself.
func Work(ctx context.Context, j Job) (Done, error) {
	j.Log = silent(j.Log)
	if j.now == nil {
		j.now = time.Now
	}
	var done Done
	uri, err := parse(j.URL)
	if err != nil {
		return done, err
	}
	for attempt := 0; ctx.Err() == nil; attempt++ {
		start := time.Now()
		err := j.consume(ctx, uri, &done)
		if ctx.Err() != nil {
			break
		}
		if time.Since(start) > longestPause+connectLimit {
			attempt = 0
		}
		if attempt == 0 {
			j.Log.Error("no queue; trying on", "error", err)
		}
		rest(ctx, backOff(attempt))
	}
	return done, nil
}

// consume works for as long as one connection lasts.
func (j *Job) consume(ctx context.Context, uri amqp.URI, done *Done) error {
	c, err := connect(ctx, uri, j.Name)
	if err != nil {
		return err
	}
	// Whatever is not acknowledged by then goes to another worker.
	defer c.close()
	deliveries, err := c.subscribe()
	if err != nil {
		return err
	}
	// From the signal on, no new task; the one in hand is finished.
	defer context.AfterFunc(ctx, func() { _ = c.channel.Cancel(tag, true) })()
	j.Log.Info("waiting for tasks")
	if j.Ready != nil {
		j.Ready()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case d, ok := <-deliveries:
			if !ok {
				return errors.New("connection lost")
			}
			if ctx.Err() != nil {
				return nil
			}
			if err := j.serve(c.channel, d, done); err != nil {
				return err
			}
		}
	}
}

// tag is the consumer's, on a channel that has no other.
const tag = "worker"

// subscribe makes the queue if it is not there, and asks for tasks.
func (c *connection) subscribe() (<-chan amqp.Delivery, error) {
	// One task in hand and none beside it: what waits, waits where every worker can take it.
	if err := c.channel.Qos(1, 0, false); err != nil {
		return nil, fmt.Errorf("ask for one task at a time: %w", err)
	}
	_, err := c.channel.QueueDeclare(Name, true, false, false, false, amqp.Table{
		amqp.QueueTypeArg:   amqp.QueueTypeClassic,
		amqp.QueueMaxLenArg: Length,
		// The newest is refused; by default the oldest would be dropped without a word.
		amqp.QueueOverflowArg: amqp.QueueOverflowRejectPublish,
	})
	if err != nil {
		return nil, fmt.Errorf("declare the queue: %w", err)
	}
	deliveries, err := c.channel.Consume(Name, tag, false, false, false, false, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for tasks: %w", err)
	}
	return deliveries, nil
}

// publisher is the part of a channel that replies go through.
type publisher interface {
	Publish(exchange, key string, mandatory, immediate bool, msg amqp.Publishing) error
}

// serve does one task. The reply goes out before the acknowledgement, on the same channel, so the broker has it first: a worker
// that dies anywhere before leaves the task to another one, and a caller drops the second of two replies.
func (j *Job) serve(ch publisher, d amqp.Delivery, done *Done) error {
	n, what := j.judge(d)
	switch what {
	case stale:
		done.Stale++
		j.Log.Warn("dropped a task whose caller has given up", "so_far", done.Stale)
	case refused:
		done.Refused++
		j.Log.Error("dropped what is not a task", "so_far", done.Refused)
	case wanted:
		start := time.Now()
		r := reply{Result: j.Compute(n)}
		r.Seconds = time.Since(start).Seconds()
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		err = ch.Publish("", d.ReplyTo, false, false, amqp.Publishing{
			CorrelationId: d.CorrelationId, DeliveryMode: amqp.Transient, ContentType: "application/json", Body: body,
		})
		if err != nil {
			return fmt.Errorf("reply: %w", err)
		}
		done.Computed++
	}
	if err := d.Ack(false); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

type verdict int

const (
	wanted verdict = iota
	stale
	refused
)

// judge reads a task and says whether it is still worth the work. A message that is no task must not stop the worker: handed
// back, it would come again and again.
func (j *Job) judge(d amqp.Delivery) (int, verdict) {
	var t task
	if json.Unmarshal(d.Body, &t) != nil || t.N < 0 || t.N > j.Max || d.ReplyTo == "" {
		return 0, refused
	}
	if deadline, ok := d.Headers[deadlineHeader].(int64); ok && j.now().UnixMilli() >= deadline {
		return 0, stale
	}
	return t.N, wanted
}
