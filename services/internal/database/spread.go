// SPDX-License-Identifier: MIT

package database

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// spreadEvery is how long Spread waits before it looks again: a look costs the database a connection.
const spreadEvery = 2 * time.Second

// Spread waits until a balancer's new connections lead to another database too, and then makes those anew that are one
// database's too many. Else a database that begins after the pool was filled has nothing to do for as long as these
// connections live. It looks with a connection of its own, and takes none from the pool for longer than a question, until
// there is something to move. Without a pool, or a balancer, there is nothing to spread. Errors: that of ctx.
func (d *DB) Spread(ctx context.Context) error {
	if d.pool == nil || !d.balanced {
		return nil
	}
	tick := time.NewTicker(spreadEvery)
	defer tick.Stop()
	for {
		if even, err := d.spread(ctx); even && err == nil {
			return nil
		} // an error is of a database that comes or goes: there is time
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// spread looks once, and moves what there is to move; true where nothing is left to do.
func (d *DB) spread(ctx context.Context) (bool, error) {
	most, spare, shared, err := d.crowded(ctx)
	if err != nil || shared && spare < 2 {
		return err == nil, err
	}
	next, err := d.next(ctx)
	if err != nil {
		return false, err
	}
	if next == most { // as even as the balancer has it, or there is no other one yet
		return shared, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience*d.timeout)
	defer cancel()
	lent := d.pool.AcquireAllIdle(ctx) // all, or the pool would give one of these for a new one
	defer func() {
		for _, c := range lent {
			c.Release()
		}
	}()
	ended := 0
	for _, c := range lent {
		at, err := leads(ctx, c.Conn())
		if err != nil || at == most && ended < max(1, spare) {
			_ = c.Conn().Close(ctx)
			c.Release() // which takes it out of the pool
			ended++
		}
	}
	for i := range ended {
		c, err := d.pool.Acquire(ctx)
		if err != nil {
			return false, err
		}
		lent = append(lent, c)
		if err := warm(ctx, c.Conn(), i+1); err != nil {
			return false, err
		}
	}
	return true, nil
}

// crowded is the database that most idle connections lead to, how many more than its part these are, where there are
// two, and whether there is more than one.
func (d *DB) crowded(ctx context.Context) (most string, spare int, shared bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout/4) // requests may wait for them
	defer cancel()
	lent := d.pool.AcquireAllIdle(ctx)
	defer func() {
		for _, c := range lent {
			c.Release()
		}
	}()
	count := map[string]int{}
	for _, c := range lent {
		at, err := leads(ctx, c.Conn())
		if err != nil {
			return "", 0, false, err
		}
		if count[at]++; count[at] > count[most] {
			most = at
		}
	}
	if len(lent) == 0 {
		return "", 0, false, errors.New("no idle connection")
	}
	return most, count[most] - (len(lent)+1)/2, len(count) > 1, nil
}

// next is the database that a new connection leads to.
func (d *DB) next(ctx context.Context) (string, error) {
	c, err := pgx.ConnectConfig(ctx, d.config)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close(ctx) }()
	return leads(ctx, c)
}

// leads tells by its address which database a connection leads to. Each is asked once: where there is no time for all, the
// next look goes on.
func leads(ctx context.Context, c *pgx.Conn) (string, error) {
	const address = "address"
	if at, ok := c.PgConn().CustomData()[address].(string); ok {
		return at, nil
	}
	answers, err := c.PgConn().Exec(ctx, "SELECT inet_server_addr(), inet_server_port()").ReadAll()
	if err != nil {
		return "", err
	}
	if len(answers) != 1 || len(answers[0].Rows) != 1 || len(answers[0].Rows[0]) != 2 {
		return "", errors.New("a database did not tell its address")
	}
	at := string(answers[0].Rows[0][0]) + " " + string(answers[0].Rows[0][1])
	c.PgConn().CustomData()[address] = at
	return at, nil
}
