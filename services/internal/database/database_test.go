// SPDX-License-Identifier: MIT

package database_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

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
