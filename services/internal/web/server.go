// SPDX-License-Identifier: MIT

// Package web is the api's face: it turns requests into calls on what is there, and answers 501 for what is not. It knows
// neither PostgreSQL nor Redis nor AMQP, holds no state but counters, and logs problems, never requests.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/database"
	"systemlab/services/internal/timing"
)

// Reader reads users. Errors: database.Missing, database.ErrUnavailable, or a bug.
type Reader interface {
	User(ctx context.Context, id int) (database.User, error)
	Inbox(ctx context.Context, id int) (database.Inbox, error)
}

// Writer writes users. Errors are those of Reader, and database.ErrTaken.
type Writer interface {
	Create(ctx context.Context, n database.NewUser) (database.User, error)
	Update(ctx context.Context, id int, c database.Change) (database.User, error)
	Delete(ctx context.Context, id int) (version int, err error)
}

// Compute answers /loadQ, here or elsewhere, and says in the trace where the time went.
type Compute func(ctx context.Context, t *timing.Trace, n int) (int, error)

// Options say what is there; nil is absent.
type Options struct {
	Name    string // of this server, in X-Served-By
	Reader  Reader
	Writer  Writer
	Cache   *cache.Cache
	Compute Compute
	Checks  []Check                // for /healthz, beside the cache
	Filling func() bool            // says that the server still gets ready for its databases; nil: it never does
	Metrics []prometheus.Collector // more of them, for /metrics
	Log     *slog.Logger
	Closing <-chan struct{} // closed when the server is about to stop: who merely waits is sent elsewhere
	// SleepSlots bounds how many /longQ sleep at once, the others wait their turn:
	// a server whose capacity is known, slots by seconds. 0 is no bound.
	SleepSlots int
	// Burn is CPU time that every request costs more, but for /healthz and
	// /metrics: a difference of known size, to check what a comparison finds.
	Burn time.Duration
}

// Server is an http.Handler.
type Server struct {
	Options
	mux     *http.ServeMux
	meters  *meters
	health  *health
	limiter limiter
	fixed   constants
	slots   chan struct{} // taken by those that sleep; nil without a bound
}

// New makes the server.
func New(o Options) *Server {
	s := &Server{Options: o, mux: http.NewServeMux(), meters: newMeters(o.Metrics)}
	s.fixed = constants{servedBy: []string{o.Name}, json: []string{"application/json"}, retry: []string{"1"}}
	s.health = newHealth(o, time.Now)
	if o.SleepSlots > 0 {
		s.slots = make(chan struct{}, o.SleepSlots)
	}
	for _, r := range []struct {
		path    string
		methods methods
	}{
		{"/ping", methods{"GET": s.ping}},
		{"/longQ", methods{"GET": s.longQ}},
		{"/loadQ/{n}", methods{"GET": s.loadQ}},
		{"/users", methods{"POST": s.createUser}},
		{"/users/{id}", methods{"GET": s.getUser, "PUT": s.putUser, "DELETE": s.deleteUser}},
		{"/users/{id}/messages", methods{"GET": s.getMessages}},
		{"/healthz", methods{"GET": s.healthz}},
		{"/", nil},
	} {
		s.mux.Handle(r.path, s.endpoint(r.path, r.methods))
	}
	s.mux.Handle("GET /metrics", s.named(s.meters.handler()))
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

type methods map[string]handler

// endpoint serves a path: finds the method, runs it, survives it, counts it. A nil table is the path that nobody knows.
func (s *Server) endpoint(path string, table methods) http.Handler {
	allow, lost := table.allowed(), s.meters.endpoint(path, "")
	meter := map[string]*endpointMeter{}
	for m := range table {
		meter[m] = s.meters.endpoint(path, m)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		c := &call{Request: r}
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet // net/http leaves the body out
		}
		run, found := table[method]
		var a answer
		m := lost
		switch {
		case table == nil:
			a = failure(http.StatusNotFound, "there is nothing at this path")
		case !found:
			w.Header().Set("Allow", allow)
			a = failure(http.StatusMethodNotAllowed, "this path allows "+allow)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if path != "/healthz" {
				burn(s.Burn)
			}
			m, a = meter[method], s.survive(run, c)
		}
		if a.status == 0 {
			m.count(statusGone, time.Since(start))
			return
		}
		s.write(w, a, &c.trace)
		m.count(a.status, time.Since(start))
		s.meters.cached(a.cache)
	})
}

// maxBody is far above any profile, far below what would hurt.
const maxBody = 64 << 10

// survive turns a handler's panic into a 500: one bad request must not end the answers of all others.
func (s *Server) survive(run handler, c *call) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			s.problem("panic", "path", c.URL.Path, "panic", p, "stack", string(debug.Stack()))
			a = failure(http.StatusInternalServerError, "internal error")
		}
	}()
	return run(c)
}

// named puts the server's name on an answer that another handler writes.
func (s *Server) named(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Served-By"] = s.fixed.servedBy
		h.ServeHTTP(w, r)
	})
}

// problem logs, but no more than a line a second of its kind, whatever the load.
func (s *Server) problem(kind string, args ...any) {
	if s.Log == nil {
		return
	}
	if held, say := s.limiter.allow(kind, time.Now()); say {
		s.Log.Error(kind, append(args, "held_back", held)...)
	}
}
