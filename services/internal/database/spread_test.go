// SPDX-License-Identifier: MIT

package database_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"systemlab/services/internal/database"
)

// balancer leads each new connection to that of its servers which has the fewest.
type balancer struct {
	address string

	mu   sync.Mutex
	open map[*server]int
}

func balance(t *testing.T, servers ...*server) *balancer {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	b := &balancer{address: l.Addr().String(), open: map[*server]int{}}
	for _, s := range servers {
		b.begins(s)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.pass(c)
		}
	}()
	return b
}

// begins adds a server.
func (b *balancer) begins(s *server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[s] = 0
}

func (b *balancer) pass(client net.Conn) {
	defer client.Close()
	b.mu.Lock()
	var to *server
	for s, n := range b.open {
		if to == nil || n < b.open[to] {
			to = s
		}
	}
	b.open[to]++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.open[to]--
	}()
	c, err := new(net.Dialer).Dial("tcp", to.address)
	if err != nil {
		return
	}
	defer c.Close()
	go func() { _, _ = io.Copy(c, client); c.Close() }()
	_, _ = io.Copy(client, c)
}

// count is how many connections a server has.
func (b *balancer) count(s *server) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open[s]
}

// A database that begins after the pool was filled must have its part of the connections, and the pool as many as before.
func TestSpreadOverADatabaseThatBeginsLater(t *testing.T) {
	t.Parallel()
	first, later := slow(t, 0, true), slow(t, 0, true)
	b := balance(t, first)
	db, err := database.Open(t.Context(), database.Options{URL: "postgres://lab:secret@" + b.address + "/lab?sslmode=disable", Lifetime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	alone, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := db.Spread(alone); !errors.Is(err, context.DeadlineExceeded) || first.asked.Load() != 20 {
		t.Errorf("over one database: %v, asked %d times; want it to wait, and nothing done", err, first.asked.Load())
	}
	b.begins(later)
	if err := db.Spread(t.Context()); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(3 * time.Second); b.count(first) != 5 || b.count(later) != 5; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d and %d connections", b.count(first), b.count(later))
		}
	}
	if s := db.Stats(); s.Idle != 10 {
		t.Errorf("%d connections in the pool", s.Idle)
	}
	if later.asked.Load() != 10 {
		t.Errorf("the later one was asked %d times; want a user and an inbox of each connection", later.asked.Load())
	}
	made := first.made.Load() + later.made.Load()
	if err := db.Spread(t.Context()); err != nil || first.made.Load()+later.made.Load() != made {
		t.Errorf("what is even: %v, %d connections made", err, first.made.Load()+later.made.Load()-made)
	}
}

// Where no balancer is meant to be, one database is all there is, and nobody waits for another.
func TestSpreadWithoutABalancer(t *testing.T) {
	t.Parallel()
	s := slow(t, 0, true)
	for _, o := range []database.Options{{}, {NoPool: true, Lifetime: time.Minute}} {
		o.URL = "postgres://lab:secret@" + s.address + "/lab?sslmode=disable"
		db, err := database.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Spread(t.Context()); err != nil || s.made.Load() != 0 {
			t.Errorf("%v, %d connections made", err, s.made.Load())
		}
	}
}

// A database that is too busy to say where a connection leads must not keep requests from their connections.
func TestSpreadLetsRequestsHaveTheirConnections(t *testing.T) {
	t.Parallel()
	s := slow(t, 0, true)
	db, err := database.Open(t.Context(), database.Options{URL: "postgres://lab:secret@" + s.address + "/lab?sslmode=disable", Lifetime: time.Minute, Timeout: 400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.silent.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- db.Spread(ctx) }()
	for ctx.Err() == nil {
		if _, err := db.User(t.Context(), 7); !errors.As(err, new(database.Missing)) {
			t.Error(err)
		}
	}
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if s.made.Load() > 12 {
		t.Errorf("%d connections made, of ten", s.made.Load())
	}
}
