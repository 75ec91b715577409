// SPDX-License-Identifier: MIT

package cache

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Redis is the Store that replicas share. Sole importer of go-redis.
type Redis struct {
	client *redis.Client
	keep   *redis.Script
}

// keepNewest sets each of KEYS to ARGV[2] for ARGV[3] ms unless it holds a higher version than ARGV[1]. Only the first bytes of
// what is held are read.
const keepNewest = `
for _, key in ipairs(KEYS) do
  local held = tonumber(string.match(redis.call('GETRANGE', key, 0, 19), '^%d+'))
  if not held or held <= tonumber(ARGV[1]) then redis.call('SET', key, ARGV[2], 'PX', ARGV[3]) end
end
return 0`

// Patience is how long a call may take where nothing else is asked for. Redis answers in well under a millisecond; one that
// needs longer than this is slower than the database it stands before.
const Patience = 50 * time.Millisecond

// calmConn moves its deadline only when it must. The client sets three for each command, and each move may wake the thread that
// sleeps in the poller: a tenth of what a hit costs the api, measured. So the deadline for reading is set up to one patience
// later than asked and then left until it is too early: a call gives up after one to two times patience. There is none for
// writing: a command fits the socket's buffer many times over. The embedded interface also hides the file descriptor, which
// saves the client's look at it before each command; a connection that died meanwhile costs one read its cache.
type calmConn struct {
	net.Conn
	patience time.Duration
	until    time.Time // used by one goroutine at a time, as the client's pool lends it
}

func (c *calmConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

func (c *calmConn) SetWriteDeadline(time.Time) error { return nil }

func (c *calmConn) SetReadDeadline(t time.Time) error {
	if t.IsZero() || (!c.until.Before(t) && c.until.Sub(t) <= c.patience) {
		return nil
	}
	c.until = t.Add(c.patience)
	return c.Conn.SetReadDeadline(c.until)
}

// OpenRedis prepares a client for redis://HOST:PORT/DB whose calls give up after one to two times patience. It does not connect.
func OpenRedis(url string, poolSize int, patience time.Duration) (*Redis, error) {
	// The client would print a line for each failed connection; the cache says once that it gave up.
	logging.Disable()
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("parse redis URL: %w", err)
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience, patience
	// A second try would double the wait of a request that has a database to go to.
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.PoolSize = poolSize
	o.Dialer = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &calmConn{Conn: c, patience: patience}, nil
	}
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &Redis{client: redis.NewClient(o), keep: redis.NewScript(keepNewest)}, nil
}

// Get implements Store.
func (r *Redis) Get(ctx context.Context, key string) ([]byte, error) {
	b, err := r.client.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return b, err
}

// Put implements Store.
func (r *Redis) Put(ctx context.Context, version int, value []byte, ttl time.Duration, keys ...string) error {
	err := r.keep.Run(ctx, r.client, keys, version, value, ttl.Milliseconds()).Err()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// Close ends all connections.
func (r *Redis) Close() error { return r.client.Close() }
