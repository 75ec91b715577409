// SPDX-License-Identifier: MIT

package queue

import (
	"errors"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// hands is a broker's side of one worker: it keeps what is said to it, in order.
type hands struct {
	said    []string
	replies []amqp.Publishing
	broken  bool
}

func (h *hands) Publish(_, key string, _, _ bool, msg amqp.Publishing) error {
	if h.broken {
		return errors.New("broken pipe")
	}
	h.said = append(h.said, "reply to "+key)
	h.replies = append(h.replies, msg)
	return nil
}

func (h *hands) Ack(uint64, bool) error        { h.said = append(h.said, "ack"); return nil }
func (h *hands) Nack(uint64, bool, bool) error { h.said = append(h.said, "nack"); return nil }
func (h *hands) Reject(uint64, bool) error     { h.said = append(h.said, "reject"); return nil }

func TestServe(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	at := func(d time.Duration) amqp.Table { return amqp.Table{deadlineHeader: now.Add(d).UnixMilli()} }
	for _, tt := range []struct {
		name    string
		body    string
		headers amqp.Table
		replyTo string
		want    Done
		said    string
	}{
		{"a task", `{"n":10}`, at(time.Second), "me", Done{Computed: 1}, "reply to me, ack"},
		{"in its last millisecond", `{"n":10}`, at(time.Millisecond), "me", Done{Computed: 1}, "reply to me, ack"},
		{"no deadline", `{"n":0}`, nil, "me", Done{Computed: 1}, "reply to me, ack"},

		// SAD PATH
		{"just too late", `{"n":10}`, at(0), "me", Done{Stale: 1}, "ack"},
		{"long ago", `{"n":10}`, at(-time.Hour), "me", Done{Stale: 1}, "ack"},
		{"nobody to answer", `{"n":10}`, at(time.Second), "", Done{Refused: 1}, "ack"},
		{"too much work", `{"n":41}`, at(time.Second), "me", Done{Refused: 1}, "ack"},
		{"below zero", `{"n":-1}`, at(time.Second), "me", Done{Refused: 1}, "ack"},
		{"not JSON", `n=10`, at(time.Second), "me", Done{Refused: 1}, "ack"},
		{"an empty body", ``, at(time.Second), "me", Done{Refused: 1}, "ack"},
		{"a deadline in words", `{"n":10}`, amqp.Table{deadlineHeader: "soon"}, "me", Done{Computed: 1}, "reply to me, ack"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, done := new(hands), Done{}
			j := Job{Compute: func(n int) int { return n + 1 }, Max: 40, Log: silent(nil), now: func() time.Time { return now }}
			err := j.serve(h, amqp.Delivery{
				Acknowledger: h, Body: []byte(tt.body), Headers: tt.headers, ReplyTo: tt.replyTo, CorrelationId: "17", DeliveryTag: 1,
			}, &done)
			said := ""
			for i, s := range h.said {
				if i > 0 {
					said += ", "
				}
				said += s
			}
			if err != nil || done != tt.want || said != tt.said {
				t.Errorf("%v, %+v, %q; want %+v, %q", err, done, said, tt.want, tt.said)
			}
			if len(h.replies) == 1 && h.replies[0].CorrelationId != "17" {
				t.Errorf("reply %+v", h.replies[0])
			}
		})
	}
}

// What could not be answered is not acknowledged: another worker gets it.
func TestServeBroken(t *testing.T) {
	t.Parallel()
	h, done := &hands{broken: true}, Done{}
	j := Job{Compute: func(n int) int { return n }, Max: 40, Log: silent(nil), now: time.Now}
	if err := j.serve(h, amqp.Delivery{Acknowledger: h, Body: []byte(`{"n":1}`), ReplyTo: "me"}, &done); err == nil || len(h.said) != 0 || done.Computed != 0 {
		t.Errorf("%v, %v, %+v", err, h.said, done)
	}
}

// A reply as a worker writes it is one as a caller reads it.
func TestReplyArrives(t *testing.T) {
	t.Parallel()
	h, done := new(hands), Done{}
	j := Job{Compute: func(n int) int { return n * 3 }, Max: 40, Log: silent(nil), now: time.Now}
	if err := j.serve(h, amqp.Delivery{Acknowledger: h, Body: []byte(`{"n":5}`), ReplyTo: "me", CorrelationId: "1"}, &done); err != nil {
		t.Fatal(err)
	}
	var n counts
	s, c := newSession(&n.strays), &call{done: make(chan outcome, 1)}
	s.number(c)
	receive(s, amqp.Delivery{CorrelationId: h.replies[0].CorrelationId, Body: h.replies[0].Body})
	if o := <-c.done; o.err != nil || o.reply.Result != 15 || o.reply.Seconds < 0 {
		t.Errorf("%+v", o)
	}
	// SAD PATH
	for _, d := range []amqp.Delivery{{CorrelationId: "x", Body: h.replies[0].Body}, {CorrelationId: "1", Body: []byte("oops")}, {}} {
		receive(s, d)
	}
	if n.strays.Load() != 3 {
		t.Errorf("%d strays", n.strays.Load())
	}
}
