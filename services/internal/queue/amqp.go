// SPDX-License-Identifier: MIT

package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// connectLimit bounds connecting, with the look-up of the name and the broker's greeting.
	connectLimit = 2 * time.Second
	// heartbeat is how often both sides give a sign of life. The broker gives up a worker that is frozen or cut off after two to
	// three of them, so that another one still does its task within the callers' deadline; a client its broker after three.
	heartbeat = time.Second
	// replies is RabbitMQ's own: no queue is made, the reply finds the connection that asked.
	replies = "amq.rabbitmq.reply-to"
	// closeLimit bounds saying goodbye to a broker that may not answer any more.
	closeLimit = time.Second
)

// connection is one with a channel on it, which is all that is needed.
type connection struct {
	conn    *amqp.Connection
	channel *amqp.Channel
}

// connect opens a connection and a channel.
func connect(ctx context.Context, uri amqp.URI, name string) (*connection, error) {
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName(name)
	conn, err := amqp.DialConfig(uri.String(), amqp.Config{
		Heartbeat:  heartbeat,
		Properties: properties,
		Dial: func(network, address string) (net.Conn, error) {
			limited, cancel := context.WithTimeout(ctx, connectLimit)
			defer cancel()
			raw, err := new(net.Dialer).DialContext(limited, network, address)
			if err != nil {
				return nil, err
			}
			// For the greeting; the client lifts it afterwards.
			return raw, raw.SetDeadline(time.Now().Add(connectLimit))
		},
	})
	if err != nil {
		return nil, fmt.Errorf("connect to the broker: %w", err)
	}
	channel, err := conn.Channel()
	if err != nil {
		_ = conn.CloseDeadline(time.Now().Add(closeLimit))
		return nil, fmt.Errorf("open a channel: %w", err)
	}
	return &connection{conn: conn, channel: channel}, nil
}

func (c *connection) close() { _ = c.conn.CloseDeadline(time.Now().Add(closeLimit)) }

func parse(url string) (amqp.URI, error) {
	uri, err := amqp.ParseURI(url)
	if err != nil {
		// Without the URL: there is a password in it.
		return uri, errors.New("AMQP URL is not like amqp://user:password@host:5672/")
	}
	return uri, nil
}

// wire is a link over AMQP.
type wire struct {
	*connection
	lost chan struct{}
	once sync.Once

	mu    sync.Mutex
	cause error
}

func dialBroker(url, name string) (dial, error) {
	uri, err := parse(url)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, s *session) (link, error) {
		c, err := connect(ctx, uri, name)
		if err != nil {
			return nil, err
		}
		w := &wire{connection: c, lost: make(chan struct{})}
		if err := w.listen(s); err != nil {
			w.close()
			return nil, err
		}
		return w, nil
	}, nil
}

// listen subscribes to all that the broker may say, and tells the session.
func (w *wire) listen(s *session) error {
	ch := w.channel
	if err := ch.Confirm(false); err != nil {
		return fmt.Errorf("ask for confirms: %w", err)
	}
	returns, confirms := ch.NotifyReturn(make(chan amqp.Return)), ch.NotifyPublish(make(chan amqp.Confirmation))
	blocked, closed := w.conn.NotifyBlocked(make(chan amqp.Blocking)), ch.NotifyClose(make(chan *amqp.Error, 1))
	deliveries, err := ch.Consume(replies, "", true, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("listen for replies: %w", err)
	}
	go func() {
		defer close(w.lost)
		// All of these are closed at the end of the channel. The client waits for whoever does not listen, so this never stops
		// before, and never waits for anything itself.
		for returns != nil || confirms != nil || deliveries != nil || blocked != nil || closed != nil {
			select {
			case r, ok := <-returns:
				if !ok {
					returns = nil
				} else if tag, err := strconv.ParseUint(r.CorrelationId, 10, 64); err == nil {
					s.returned(tag)
				}
			case c, ok := <-confirms:
				if !ok {
					confirms = nil
				} else if !c.Ack {
					s.refused(c.DeliveryTag)
				}
			case d, ok := <-deliveries:
				if !ok {
					deliveries = nil
					// The broker may end the channel and leave the connection open.
					go w.close()
				} else {
					receive(s, d)
				}
			case b, ok := <-blocked:
				if !ok {
					blocked = nil
				} else {
					s.blocked.Store(b.Active)
				}
			case err, ok := <-closed:
				if !ok {
					closed = nil
				} else {
					w.mu.Lock()
					w.cause = err
					w.mu.Unlock()
				}
			}
		}
	}()
	return nil
}

func receive(s *session, d amqp.Delivery) {
	var r reply
	tag, err := strconv.ParseUint(d.CorrelationId, 10, 64)
	if err != nil || json.Unmarshal(d.Body, &r) != nil {
		s.strays.Add(1)
		return
	}
	s.replied(tag, r)
}

func (w *wire) publish(tag uint64, n int, deadline time.Time, left time.Duration) error {
	body, err := json.Marshal(task{N: n})
	if err != nil {
		return err
	}
	// Mandatory: if there is no queue yet, the broker says so instead of dropping it.
	return w.channel.Publish("", Name, true, false, amqp.Publishing{
		CorrelationId: strconv.FormatUint(tag, 10),
		ReplyTo:       replies,
		Expiration:    strconv.FormatInt(max(1, left.Milliseconds()), 10),
		Headers:       amqp.Table{deadlineHeader: deadline.UnixMilli()},
		DeliveryMode:  amqp.Transient,
		ContentType:   "application/json",
		Body:          body,
	})
}

func (w *wire) gone() <-chan struct{} { return w.lost }

func (w *wire) why() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cause == nil {
		return errors.New("connection closed")
	}
	return w.cause
}

func (w *wire) close() { w.once.Do(w.connection.close) }
