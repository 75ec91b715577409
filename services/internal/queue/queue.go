// SPDX-License-Identifier: MIT

// Package queue carries /loadQ from the api to a worker and back, over RabbitMQ. It is the sole importer of the AMQP client.
//
// A task is a message in one bounded queue; its caller waits for the reply, but never beyond a deadline that travels with the
// task. Whatever is lost on the way, the caller finds out: at once where the broker says so, else at the deadline.
package queue

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Name is that of the queue which workers declare and callers publish to.
const Name = "loadq"

// Length is how many tasks may wait. It follows from the deadline: three workers of a quarter of a core compute 25 to 30 fib(34) a
// second, so 50 waiting tasks are done within 2 s, and by two workers within 3 s: well before the 5 s that callers wait are
// over. What is let in is answered, even on a bad day; a longer queue would only hold work that nobody waits for any more.
//
// A queue that is there keeps the length it was made with, and refuses a worker that asks for another one: after a change, the
// broker must be started anew.
const Length = 50

// Deadline is how long a caller waits where it says nothing else.
const Deadline = 5 * time.Second

// The errors of a Caller. All of them may pass.
var (
	// ErrUnavailable says that the broker is away, or that no worker has ever made the queue.
	ErrUnavailable = errors.New("queue unavailable")
	// ErrFull says that the broker refused the task, since too many are waiting.
	ErrFull = errors.New("queue full")
	// ErrLate says that no worker answered before the deadline.
	ErrLate = errors.New("no answer in time")
)

// task and reply are the bodies of the messages.
type task struct {
	N int `json:"n"`
}

type reply struct {
	Result  int     `json:"result"`
	Seconds float64 `json:"seconds"` // that the computing took
}

// deadlineHeader holds the moment at which the caller gives up, in milliseconds since 1970. The broker drops what expires in the
// queue; this is for the task that a worker holds already.
const deadlineHeader = "deadline"

// Pauses between attempts to connect. A failing one costs a fraction of a millisecond, so the longest pause is what a
// recovered broker waits for its clients.
const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 500 * time.Millisecond
)

// backOff is the pause before attempt n (from 0), half of it by chance, so that clients who lost the broker together do not come
// back together.
func backOff(n int) time.Duration {
	d := min(longestPause, shortestPause<<min(n, 10))
	return d/2 + rand.N(d/2) //nolint:gosec // no secret
}

func silent(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
