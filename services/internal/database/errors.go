// SPDX-License-Identifier: MIT

package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrUnavailable is any failure that may pass: the database is away, too slow, full, or can't write just now.
var ErrUnavailable = errors.New("database unavailable")

// ErrTaken says that the handle belongs to somebody else.
var ErrTaken = errors.New("handle is taken")

// Missing says that there is no such user. Version is the deleted row's, or 0 where there never was one.
type Missing struct{ Version int }

// Error implements error.
func (Missing) Error() string { return "no such user" }

// SQLSTATE codes, and classes of them, that a caller may branch on.
const (
	uniqueViolation = "23505"
	serialization   = "40001" // a replica cancels a read that stands in the way of what it must replay
	readOnly        = "25006"
	connectionClass = "08"
	resourcesClass  = "53" // too many connections, out of memory or disk
	operatorClass   = "57" // shutting down, starting up, cancelled
)

// classify makes an error of pgx one of this package's, or leaves it. A caller who has gone is told so and nothing else.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		if errors.As(err, new(Missing)) || errors.As(err, new(pgx.ScanArgError)) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	switch {
	case pg.Code == uniqueViolation:
		return fmt.Errorf("%w: %w", ErrTaken, err)
	case pg.Code == readOnly, pg.Code == serialization, class(pg) == connectionClass, class(pg) == resourcesClass, class(pg) == operatorClass:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

func class(pg *pgconn.PgError) string {
	if len(pg.Code) < 2 {
		return ""
	}
	return pg.Code[:2]
}

// lostConnection says whether the connection, not the query, was at fault, so that another one may do better.
func lostConnection(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return class(pg) == operatorClass && pg.Code != "57014" || class(pg) == connectionClass || pg.Code == serialization
	}
	var dial *pgconn.ConnectError
	if errors.As(err, &dial) { // a balancer that took the connection and found nobody behind it: the next one may have more luck
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	}
	return errors.Is(err, ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded)
}

// died says whether a lost connection was one that had stood, and is out of the pool now.
func died(err error) bool {
	if errors.As(err, new(*pgconn.ConnectError)) { // it never stood, whatever the server said (that it is starting up, say)
		return false
	}
	var pg *pgconn.PgError
	return !errors.As(err, &pg) || pg.Severity == "FATAL" || pg.Severity == "PANIC"
}
