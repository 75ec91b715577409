// SPDX-License-Identifier: MIT

// Package database reads and writes users and their messages in PostgreSQL. It is the sole importer of pgx. It never waits for
// long: where the database is away, slow or full, it says ErrUnavailable within its timeouts, and it finds back by itself.
package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"systemlab/services/internal/timing"
)

// Options says how to reach the database.
type Options struct {
	URL     string
	NoPool  bool          // open a connection for each request, as the original did
	Size    int           // most connections of the pool; UsualSize where 0
	Timeout time.Duration // for getting a connection, and again for a query; 2 s where 0
	// Lifetime of a connection in the pool, and up to as much again by chance. Behind a balancer, connections stay where they
	// were made: only new ones find a database that has come back. 0 leaves it to the library, which says an hour.
	Lifetime time.Duration
}

// DB is one database. Its methods are safe for concurrent use.
type DB struct {
	pool     *pgxpool.Pool // nil with NoPool
	config   *pgx.ConnConfig
	timeout  time.Duration
	balanced bool          // connections may lead to one database or another
	making   chan struct{} // holds one while a request has a connection made
	back     chan struct{} // told when a connection comes back
}

// UsualSize is how many connections a pool has.
const UsualSize = 10

// patience is how many times a request's own a connection that is being made may take.
const patience = 5

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
	return &DB{
		pool: pool, config: config.ConnConfig, timeout: o.Timeout, balanced: o.Lifetime > 0,
		making: make(chan struct{}, 1), back: make(chan struct{}, 1),
	}, nil
}

// configure says how the pool and each of its connections behave.
func configure(o Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	if o.Size == 0 {
		o.Size = UsualSize
	}
	config.MaxConns = int32(o.Size) //nolint:gosec // the caller bounds it
	if o.Lifetime > 0 {
		// By chance, and by much, or those that were made in one moment would all be made anew in another.
		config.MaxConnLifetime, config.MaxConnLifetimeJitter = o.Lifetime, o.Lifetime
		// The pool lends the connection that came back last, so at a low rate one does nearly all the work, and it is chance to
		// which of the balancer's databases it leads. Each look at the pool turns its order round.
		config.HealthCheckPeriod = time.Second
	}
	c := config.ConnConfig
	// A request waits for its connection no longer than Timeout; the connection goes on being made and joins the pool. Were
	// it given up with the request, a database too busy to make connections in time would spend all it has on ones that nobody
	// gets, and stay so when the load that made it busy is gone (docs/decisions/pool.md). Only where nobody is at the address
	// is there nothing to wait for.
	c.ConnectTimeout = patience * o.Timeout
	c.DialFunc = (&net.Dialer{Timeout: o.Timeout}).DialContext
	c.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		ctx, cancel := context.WithTimeout(ctx, o.Timeout)
		defer cancel()
		return net.DefaultResolver.LookupHost(ctx, host)
	}
	c.RuntimeParams["application_name"] = "lab-api"
	// A query that is cut off here takes its connection with it, and a database that is too slow for the query is the one to make a
	// new one for. So it is the server that gives up.
	c.RuntimeParams["statement_timeout"] = strconv.FormatInt(o.Timeout.Milliseconds(), 10)
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

// Fill opens connections, one by one, and asks each what requests will ask, so that none of these has to wait until the
// database is ready for it: all of the pool, but of a pool that is larger than usual only as many as usual, for a database has
// no more than it has. It lends them to nobody else meanwhile, and gives up at the first that it can't have.
func (d *DB) Fill(ctx context.Context) error {
	if d.pool == nil {
		return nil
	}
	for i := range min(int(d.pool.Config().MaxConns), UsualSize) {
		c, err := d.pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer c.Release() // not before all are there, or one would be lent twice
		if err := warm(ctx, c.Conn(), i+1); err != nil {
			return err
		}
	}
	return nil
}

// warm asks a new connection for what requests will ask it.
func warm(ctx context.Context, c *pgx.Conn, id int) error {
	if _, err := user(ctx, c, id); err != nil && !errors.As(err, new(Missing)) {
		return err
	}
	if _, err := inbox(ctx, c, id); err != nil && !errors.As(err, new(Missing)) {
		return err
	}
	return nil
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

// read runs f, and again where the connection turned out to be dead: a read may be repeated. After a restart of the database
// every connection in the pool is dead, and behind a balancer those to the database that has gone: each is taken out by this,
// and the others stay, for new ones are dear just then. What a new connection may do better is tried once more only.
func (d *DB) read(ctx context.Context, f work) error {
	err := d.use(ctx, f)
	if err == nil || d.pool == nil {
		return err
	}
	fresh := 1
	for range d.pool.Config().MaxConns {
		if err == nil || !lostConnection(err) || ctx.Err() != nil {
			return err
		}
		if !died(err) {
			if fresh == 0 {
				return err
			}
			fresh--
		}
		err = d.use(ctx, f)
	}
	return err
}

// use lends f a connection. Getting one and using it have a time limit each: were it one for both, a full pool would hand out
// connections with a few milliseconds left, for queries that are cut off at once.
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
	// The server ends a query in time (statement_timeout), and then the connection lives. This is for one that says nothing.
	limited, cancel := context.WithTimeout(ctx, d.timeout+d.timeout/2)
	defer cancel()
	return classify(ctx, f(limited, c))
}

func (d *DB) acquire(ctx context.Context) (*pgx.Conn, func(), error) {
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if d.pool != nil {
		return d.borrow(limited)
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

// borrow lends a connection of the pool. Of the requests that find none, one has another one made, and the rest wait for what
// comes back: a database that is slow already would get one to make for each of them, and be slower still.
func (d *DB) borrow(ctx context.Context) (*pgx.Conn, func(), error) {
	for {
		s := d.pool.Stat()
		if s.IdleConns() > 0 || s.TotalConns() >= s.MaxConns() {
			return d.lend(ctx)
		}
		select {
		case d.making <- struct{}{}:
			c, release, err := d.lend(ctx)
			<-d.making
			return c, release, err
		case <-d.back:
		case <-time.After(20 * time.Millisecond): // one may have joined the pool after whoever had it made left
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (d *DB) lend(ctx context.Context) (*pgx.Conn, func(), error) {
	c, err := d.pool.Acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	return c.Conn(), func() {
		c.Release()
		select {
		case d.back <- struct{}{}:
		default:
		}
	}, nil
}

// noRow turns "no row" into Missing.
func noRow(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return Missing{}
	}
	return err
}
