// SPDX-License-Identifier: MIT

package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	code := func(c string) error { return &pgconn.PgError{Code: c} }
	for _, c := range []struct {
		err                error
		unavailable, again bool
	}{
		{io.ErrUnexpectedEOF, true, true},
		{code("57P01"), true, true}, // the server is shutting down
		{code("40001"), true, true}, // a replica must replay what this read stands in the way of
		{code("57014"), true, false},
		{code("25006"), true, false},
		{code("53300"), true, false},
		{code("23505"), false, false},
		{code("42P01"), false, false}, // a bug
		{context.DeadlineExceeded, true, false},
	} {
		err := classify(t.Context(), c.err)
		if errors.Is(err, ErrUnavailable) != c.unavailable || lostConnection(err) != c.again {
			t.Errorf("%v: unavailable %v, again %v", c.err, errors.Is(err, ErrUnavailable), lostConnection(err))
		}
	}
}

// A balancer takes a connection, finds nobody behind it and closes it: the next one may reach the other database.
func TestConnectionTakenAndClosed(t *testing.T) {
	t.Parallel()
	dial := func(cause error) error {
		return fmt.Errorf("get a database connection: %w: %w", ErrUnavailable, errors.Join(&pgconn.ConnectError{}, cause))
	}
	if !lostConnection(dial(io.EOF)) {
		t.Error("a connection that was closed at once is not tried again")
	}
	if lostConnection(dial(errors.New("refused"))) {
		t.Error("a refused one is")
	}
}

// What can't be connected to is no dead connection of the pool, of which there may be many: a database that starts up
// would be asked for a new one again and again by each read.
func TestDied(t *testing.T) {
	t.Parallel()
	starting := &pgconn.PgError{Severity: "FATAL", Code: "57P03"}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{errors.Join(&pgconn.ConnectError{}, starting), false},
		{errors.Join(&pgconn.ConnectError{}, io.EOF), false},
		{&pgconn.PgError{Severity: "FATAL", Code: "57P01"}, true},
		{&pgconn.PgError{Severity: "ERROR", Code: "40001"}, false},
		{io.ErrUnexpectedEOF, true},
	} {
		if err := classify(t.Context(), c.err); died(err) != c.want {
			t.Errorf("%v: died %v", err, !c.want)
		}
	}
}
