// SPDX-License-Identifier: MIT

// Package database reads and writes users and their messages in PostgreSQL. It is the sole importer of pgx. It never waits for
// long: where the database is away, slow or full, it says ErrUnavailable within its timeouts, and it finds back by itself.
package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"systemlab/services/internal/timing"
)

// Options says how to reach the database.
type Options struct {
	URL     string
	NoPool  bool          // open a connection for each request, as the original did
	Size    int           // most connections of the pool; 10 where 0
	Timeout time.Duration // for getting a connection, and again for using it; 2 s where 0
	// Lifetime of a connection in the pool, and up to a quarter more by chance. Behind a balancer, connections stay where they
	// were made: only new ones find a database that has come back. 0 leaves it to the library, which says an hour.
	Lifetime time.Duration
}

// DB is one database. Its methods are safe for concurrent use.
type DB struct {
	pool    *pgxpool.Pool // nil with NoPool
	config  *pgx.ConnConfig
	timeout time.Duration
}

// Open prepares a DB. It does not connect: a program starts and lives without its database.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	config, err := configure(o)
	if err != nil {
		return nil, err
	}
	if o.NoPool {
		// A statement prepared on a connection that ends with the request would be a round trip for nothing.
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
		return &DB{config: config.ConnConfig, timeout: o.Timeout}, nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("make database pool: %w", err)
	}
	return &DB{pool: pool, config: config.ConnConfig, timeout: o.Timeout}, nil
}

// configure says how the pool and each of its connections behave.
func configure(o Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	if o.Size == 0 {
		o.Size = 10
	}
	config.MaxConns = int32(o.Size) //nolint:gosec // the caller bounds it
	if o.Lifetime > 0 {
		// By chance, or all of them would be made anew in the same moment, again and again.
		config.MaxConnLifetime, config.MaxConnLifetimeJitter = o.Lifetime, o.Lifetime/4
		// The pool lends the connection that came back last, so at a low rate one does nearly all the work, and it is chance to
		// which of the balancer's databases it leads. Each look at the pool turns its order round.
		config.HealthCheckPeriod = time.Second
	}
	c := config.ConnConfig
	c.ConnectTimeout = o.Timeout
	c.RuntimeParams["application_name"] = "lab-api"
	// One plan for all ids. Left to itself the server plans the first five calls on each connection anew, then decides by
	// whose inbox these happened to ask for: two runs of the same load could cost differently.
	c.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	return config, nil
}

// Close ends all connections. It waits for those in use.
func (d *DB) Close() {
	if d.pool != nil {
		d.pool.Close()
	}
}

// Ping says whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	return d.use(ctx, func(ctx context.Context, c *pgx.Conn) error { return c.Ping(ctx) })
}

// Stats are the pool's counters, all zero without a pool.
type Stats struct {
	InUse, Idle, Max       int32
	Acquired, Waited, Made int64
	WaitSeconds            float64
}

// Stats reads the pool's counters.
func (d *DB) Stats() Stats {
	if d.pool == nil {
		return Stats{}
	}
	s := d.pool.Stat()
	return Stats{
		InUse: s.AcquiredConns(), Idle: s.IdleConns(), Max: s.MaxConns(),
		Acquired: s.AcquireCount(), Waited: s.EmptyAcquireCount(), Made: s.NewConnsCount(),
		WaitSeconds: s.EmptyAcquireWaitTime().Seconds(),
	}
}

type work func(ctx context.Context, c *pgx.Conn) error

// read runs f, and once more on a fresh connection where the first one turned out to be dead: after a restart of the database
// every connection in the pool is, and a read may be repeated.
func (d *DB) read(ctx context.Context, f work) error {
	err := d.use(ctx, f)
	if err != nil && d.pool != nil && lostConnection(err) && ctx.Err() == nil {
		d.pool.Reset()
		err = d.use(ctx, f)
	}
	return err
}

// use lends f a connection. Getting one and using it have a time limit each: were it one for both, a full pool would hand out
// connections with a few milliseconds left, and each cut-off query costs a connection, hence 5 ms of the database's CPU, in
// the moment when it has none to spare.
func (d *DB) use(ctx context.Context, f work) error {
	start := time.Now()
	c, release, err := d.acquire(ctx)
	if t := timing.From(ctx); t != nil {
		t.Since(timing.Pool, start) // one that waited in vain has waited too
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("get a database connection: %w: %w", ErrUnavailable, err)
	}
	defer release()
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return classify(ctx, f(limited, c))
}

func (d *DB) acquire(ctx context.Context) (*pgx.Conn, func(), error) {
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if d.pool != nil {
		c, err := d.pool.Acquire(limited)
		if err != nil {
			return nil, nil, err
		}
		return c.Conn(), c.Release, nil
	}
	c, err := pgx.ConnectConfig(limited, d.config)
	if err != nil {
		return nil, nil, err
	}
	return c, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.timeout)
		defer cancel()
		_ = c.Close(ctx)
	}, nil
}

// noRow turns "no row" into Missing.
func noRow(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return Missing{}
	}
	return err
}
