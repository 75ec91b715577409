// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/database"
	"systemlab/services/internal/queue"
	"systemlab/services/internal/web"
)

// drain is how long open requests may take to end after a signal.
const drain = 5 * time.Second

// serve runs the api until ctx ends, then lets open requests finish.
func serve(ctx context.Context, c config, log *slog.Logger) error {
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read host name: %w", err)
	}
	o := web.Options{Name: name, Log: log, Closing: ctx.Done(), SleepSlots: c.sleepSlots, Burn: c.burn}
	if c.loadQ {
		o.Compute = web.Here
	}
	databases, closeDatabases, err := connect(ctx, c, &o)
	if err != nil {
		return err
	}
	defer closeDatabases()
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, running := errgroup.WithContext(running)
	filled, ready := make(chan struct{}), make(chan struct{})
	o.Filling = func() bool {
		select {
		case <-ready:
			return false
		default:
			return true
		}
	}
	g.Go(func() error {
		defer close(ready)
		limited, cancel := context.WithTimeout(running, fillLimit)
		defer cancel()
		fill(limited, databases, log)
		close(filled)
		spread(limited, databases, log)
		return nil
	})
	if c.redisURL != "" {
		store, err := cache.OpenRedis(c.redisURL, c.poolSize, c.cachePatience)
		if err != nil {
			return err
		}
		defer store.Close()
		o.Cache = cache.New(store, cache.Options{TTL: c.cacheTTL, Forgetful: !c.invalidate, Log: log})
		g.Go(func() error { return o.Cache.Run(running) })
	}
	if c.amqpURL != "" {
		q, err := queue.NewCaller(queue.Options{URL: c.amqpURL, Name: name, Deadline: c.queueDeadline, Log: log})
		if err != nil {
			return err
		}
		o.Compute = q.Call
		o.Checks = append(o.Checks, web.Check{Name: "rabbitmq", Ask: q.Ping})
		o.Metrics = append(o.Metrics, queueMetrics(q)...)
		g.Go(func() error { return q.Run(running) })
	}
	server := &http.Server{
		Handler:           web.New(o),
		ReadHeaderTimeout: 5 * time.Second,
		// Above the 20 s of the longest request: the read deadline runs on while a handler works, and would end its context.
		ReadTimeout:  30 * time.Second,
		WriteTimeout: 40 * time.Second,
		// Longer than the balancers' own (nginx: 60 s), so that it is never this side that closes a connection which the
		// balancer is about to use.
		IdleTimeout: 2 * time.Minute,
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	select {
	case <-filled:
	case <-time.After(c.fillPatience):
		log.Warn("serving before there are connections to all databases")
	case <-ctx.Done():
	}
	listener, err := new(net.ListenConfig).Listen(context.WithoutCancel(ctx), "tcp", c.listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.listen, err)
	}
	log.Info("serving", "address", listener.Addr().String(), "database", c.databaseURL != "", "pool", c.pool,
		"cache", c.redisURL != "", "loadQ", c.loadQ, "queue", c.amqpURL != "")
	g.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		select {
		case <-ctx.Done():
		case <-running.Done():
		}
		defer stop()
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		if server.Shutdown(limited) != nil {
			log.Warn("requests cut off", "after", drain)
			return server.Close()
		}
		return nil
	})
	err = g.Wait()
	log.Info("stopped")
	return err
}

// connect prepares the databases that the configuration names, and returns what closes them.
func connect(ctx context.Context, c config, o *web.Options) ([]*database.DB, func(), error) {
	var opened []*database.DB
	done := func() {
		for _, db := range opened {
			db.Close()
		}
	}
	open := func(name, url string, lifetime time.Duration) (*database.DB, error) {
		db, err := database.Open(context.WithoutCancel(ctx), database.Options{
			URL: url, NoPool: !c.pool, Size: c.poolSize, Lifetime: lifetime,
		})
		if err != nil {
			return nil, err
		}
		opened = append(opened, db)
		o.Checks = append(o.Checks, web.Check{Name: name, Ask: db.Ping})
		o.Metrics = append(o.Metrics, poolMetrics(name, db)...)
		return db, nil
	}
	if c.databaseURL != "" {
		db, err := open("postgres", c.databaseURL, 0)
		if err != nil {
			return nil, done, err
		}
		o.Reader, o.Writer = db, db
	}
	if c.readURL != "" {
		db, err := open("postgres_read", c.readURL, c.poolLifetime)
		if err != nil {
			done()
			return nil, done, err
		}
		o.Reader = db
	}
	if c.askAgain > 0 && o.Reader != nil {
		o.Reader = &again{Reader: o.Reader, share: c.askAgain}
	}
	return opened, done, nil
}

// fill asks each database for connections until they are there: whoever served before would answer the first requests late
// or not at all. But the api lives without its databases, so it doesn't wait for them for ever.
func fill(ctx context.Context, databases []*database.DB, log *slog.Logger) {
	var all sync.WaitGroup
	for _, db := range databases {
		all.Go(func() {
			for err := db.Fill(ctx); err != nil; err = db.Fill(ctx) {
				select {
				case <-ctx.Done():
					log.Warn("a database gave no connections", "error", err)
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		})
	}
	all.Wait()
}

// spread sees to it that a database which began after the others has its part of the connections. The api serves meanwhile,
// and is not ready: what is measured now would be without that database.
func spread(ctx context.Context, databases []*database.DB, log *slog.Logger) {
	for _, db := range databases {
		if err := db.Spread(ctx); err != nil {
			log.Warn("all connections lead to one database", "error", err)
		}
	}
}

func poolMetrics(name string, db *database.DB) []prometheus.Collector {
	labels := prometheus.Labels{"database": name}
	gauge := func(metric, help string, value func(database.Stats) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: metric, Help: help, ConstLabels: labels},
			func() float64 { return value(db.Stats()) })
	}
	counter := func(metric, help string, value func(database.Stats) float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: metric, Help: help, ConstLabels: labels},
			func() float64 { return value(db.Stats()) })
	}
	return []prometheus.Collector{
		gauge("lab_pool_connections_in_use", "Connections lent to a request.", func(s database.Stats) float64 { return float64(s.InUse) }),
		gauge("lab_pool_connections_idle", "Connections that wait for a request.", func(s database.Stats) float64 { return float64(s.Idle) }),
		gauge("lab_pool_connections_max", "Most connections that the pool opens.", func(s database.Stats) float64 { return float64(s.Max) }),
		counter("lab_pool_acquired_total", "Connections lent so far.", func(s database.Stats) float64 { return float64(s.Acquired) }),
		counter("lab_pool_waited_total", "Requests that found no idle connection.", func(s database.Stats) float64 { return float64(s.Waited) }),
		counter("lab_pool_waited_seconds_total", "Time that requests waited for a connection.", func(s database.Stats) float64 { return s.WaitSeconds }),
		counter("lab_pool_made_total", "Connections opened so far.", func(s database.Stats) float64 { return float64(s.Made) }),
	}
}

func queueMetrics(q *queue.Caller) []prometheus.Collector {
	gauge := func(metric, help string, value func(queue.Stats) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: metric, Help: help}, func() float64 { return value(q.Stats()) })
	}
	counter := func(metric, help string, labels prometheus.Labels, value func(queue.Stats) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: metric, Help: help, ConstLabels: labels},
			func() float64 { return float64(value(q.Stats())) })
	}
	calls := func(outcome string, value func(queue.Stats) int64) prometheus.Collector {
		return counter("lab_queue_calls_total", "Calls by how they ended.", prometheus.Labels{"outcome": outcome}, value)
	}
	return []prometheus.Collector{
		gauge("lab_queue_connected", "1 while there is a connection to the broker.", func(s queue.Stats) float64 {
			if s.Connected {
				return 1
			}
			return 0
		}),
		gauge("lab_queue_waiting", "Calls that wait for a worker's answer.", func(s queue.Stats) float64 { return float64(s.Waiting) }),
		calls("answered", func(s queue.Stats) int64 { return s.Answered }),
		calls("full", func(s queue.Stats) int64 { return s.Full }),
		calls("late", func(s queue.Stats) int64 { return s.Late }),
		calls("unavailable", func(s queue.Stats) int64 { return s.Unavailable }),
		calls("hung_up", func(s queue.Stats) int64 { return s.HungUp }),
		counter("lab_queue_strays_total", "Replies that nobody waited for any more.", nil, func(s queue.Stats) int64 { return s.Strays }),
		counter("lab_queue_connections_total", "Connections made to the broker.", nil, func(s queue.Stats) int64 { return s.Connections }),
		counter("lab_queue_connections_failed_total", "Attempts to connect that failed.", nil, func(s queue.Stats) int64 { return s.FailedConnections }),
	}
}
