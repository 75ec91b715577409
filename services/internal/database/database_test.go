// SPDX-License-Identifier: MIT

package database_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"systemlab/services/internal/database"
	"systemlab/services/internal/timing"
)

// A server that takes the connection and never says a word: the worst kind of down.
func mute(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func gone(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, address string
		noPool        bool
	}{
		{"nobody listens", gone(t), false},
		{"nobody listens, no pool", gone(t), true},
		{"nobody answers", mute(t), false},
		{"nobody answers, no pool", mute(t), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db, err := database.Open(t.Context(), database.Options{
				URL: "postgres://lab:secret@" + tt.address + "/lab?sslmode=disable", NoPool: tt.noPool, Size: 1, Timeout: 200 * time.Millisecond,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			start := time.Now()
			var trace timing.Trace
			_, read := db.User(timing.With(t.Context(), &trace), 7)
			if !strings.HasPrefix(trace.Header(), "pool;dur=") {
				t.Errorf("the wait for a connection is not told: %q", trace.Header())
			}
			_, write := db.Update(t.Context(), 7, database.Change{})
			for _, err := range []error{read, write, db.Ping(t.Context())} {
				if !errors.Is(err, database.ErrUnavailable) {
					t.Errorf("got %v, want ErrUnavailable", err)
				}
			}
			if d := time.Since(start); d > 2*time.Second {
				t.Errorf("three calls with a patience of 200 ms took %v", d)
			}
			ctx, leave := context.WithCancel(t.Context())
			leave()
			if _, err := db.Inbox(ctx, 7); !errors.Is(err, context.Canceled) || errors.Is(err, database.ErrUnavailable) {
				t.Errorf("a caller who has left is told %v", err)
			}
		})
	}
}

func TestOpenRefusesNonsense(t *testing.T) {
	t.Parallel()
	if _, err := database.Open(t.Context(), database.Options{URL: "postgres://%"}); err == nil {
		t.Error("no error")
	}
}

// server counts the connections made to it and what they were asked.
type server struct {
	address     string
	made, asked atomic.Int64
	silent      atomic.Bool // it does not say where a connection leads

	mu    sync.Mutex
	conns []net.Conn
}

// cut ends so many of its connections.
func (s *server) cut(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns[:n] {
		c.Close()
	}
}

// slow is a server that takes its time for a new connection, and then answers every query with no row; or, where it has no
// time for queries, with what PostgreSQL says when the statement_timeout that was asked for is over.
func slow(t *testing.T, after time.Duration, gives bool) *server {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &server{address: l.Addr().String()}
	serve := func(c net.Conn) {
		defer c.Close()
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		b := pgproto3.NewBackend(c, c)
		first, err := b.ReceiveStartupMessage()
		if err != nil {
			return
		}
		patience := ""
		if m, ok := first.(*pgproto3.StartupMessage); ok {
			patience = m.Parameters["statement_timeout"]
		}
		s.made.Add(1)
		time.Sleep(after)
		b.Send(&pgproto3.AuthenticationOk{})
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		integers := []uint32{23, 23}
		for b.Flush() == nil {
			m, err := b.Receive()
			if err != nil {
				return
			}
			switch m := m.(type) {
			case *pgproto3.Query: // where a connection leads
				if s.silent.Load() {
					continue
				}
				b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("host")}, {Name: []byte("port")}}})
				host, port, _ := net.SplitHostPort(s.address)
				b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte(host), []byte(port)}})
				b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
				b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			case *pgproto3.Parse:
				integers = integers[:strings.Count(m.Query, "$2")+1]
				b.Send(&pgproto3.ParseComplete{})
			case *pgproto3.Describe:
				b.Send(&pgproto3.ParameterDescription{ParameterOIDs: integers})
				b.Send(&pgproto3.NoData{})
			case *pgproto3.Close:
				b.Send(&pgproto3.CloseComplete{})
			case *pgproto3.Bind:
				b.Send(&pgproto3.BindComplete{})
			case *pgproto3.Execute:
				s.asked.Add(1)
				if gives {
					b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")})
					continue
				}
				limit, err := time.ParseDuration(patience + "ms")
				if err != nil {
					limit = time.Hour
				}
				time.Sleep(limit)
				b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "57014", Message: "canceling statement due to statement timeout"})
			case *pgproto3.Sync:
				b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return s
}

// A database that takes longer for a connection than a request waits must get out of it: else each request costs it
// another connection that nobody uses.
func TestSlowConnectionIsUsedLater(t *testing.T) {
	t.Parallel()
	s := slow(t, 300*time.Millisecond, true)
	db, err := database.Open(t.Context(), database.Options{
		URL: "postgres://lab:secret@" + s.address + "/lab?sslmode=disable", Size: 1, Timeout: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.User(t.Context(), 7); !errors.Is(err, database.ErrUnavailable) {
		t.Fatalf("before there is a connection: %v", err)
	}
	if _, err := db.User(t.Context(), 7); !errors.As(err, new(database.Missing)) {
		t.Errorf("when there is one: %v", err)
	}
	if s.made.Load() != 1 {
		t.Errorf("%d connections were made", s.made.Load())
	}
}

// A query that takes too long must leave the connection as it was.
func TestSlowQueryKeepsItsConnection(t *testing.T) {
	t.Parallel()
	s := slow(t, 0, false)
	db, err := database.Open(t.Context(), database.Options{
		URL: "postgres://lab:secret@" + s.address + "/lab?sslmode=disable", Size: 1, Timeout: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for range 3 {
		if _, err := db.User(t.Context(), 7); !errors.Is(err, database.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	}
	if s.made.Load() != 1 || s.asked.Load() != 3 {
		t.Errorf("%d connections for %d queries", s.made.Load(), s.asked.Load())
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ size, want int }{{3, 3}, {50, 10}} {
		s := slow(t, 0, true)
		db, err := database.Open(t.Context(), database.Options{
			URL: "postgres://lab:secret@" + s.address + "/lab?sslmode=disable", Size: tt.size,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.Fill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if pool := db.Stats(); s.made.Load() != int64(tt.want) || pool.Idle != int32(tt.want) { //nolint:gosec // small
			t.Errorf("a pool of %d: %d connections made, %d idle; want %d", tt.size, s.made.Load(), pool.Idle, tt.want)
		}
		if s.asked.Load() != int64(2*tt.want) {
			t.Errorf("a pool of %d: asked %d times; want a user and an inbox of each connection", tt.size, s.asked.Load())
		}
	}
	db, err := database.Open(t.Context(), database.Options{URL: "postgres://lab:secret@" + gone(t) + "/lab?sslmode=disable"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Fill(t.Context()); err == nil {
		t.Error("filled with connections to nobody")
	}
}

// Requests that come at once must not have a connection made each: the first one serves them all.
func TestOneConnectionIsMadeAtATime(t *testing.T) {
	t.Parallel()
	s := slow(t, 300*time.Millisecond, true)
	db, err := database.Open(t.Context(), database.Options{URL: "postgres://lab:secret@" + s.address + "/lab?sslmode=disable", Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := db.User(t.Context(), 7); !errors.As(err, new(database.Missing)) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := s.made.Load(); n > 2 { // the second by who comes while the first one is lent
		t.Errorf("%d connections made", n)
	}
}

// Of connections that died, those that live must not be made anew: that is the moment when a database has no time for it.
func TestReadFindsAConnectionThatLives(t *testing.T) {
	t.Parallel()
	s := slow(t, 0, true)
	db, err := database.Open(t.Context(), database.Options{URL: "postgres://lab:secret@" + s.address + "/lab?sslmode=disable", Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.cut(4)
	for range 3 {
		if _, err := db.User(t.Context(), 7); !errors.As(err, new(database.Missing)) {
			t.Errorf("with one of five connections alive: %v", err)
		}
	}
	if n := s.made.Load(); n != 5 {
		t.Errorf("%d connections made", n)
	}
}
