// SPDX-License-Identifier: MIT

package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/database"
	"systemlab/services/internal/queue"
)

func (s *Server) getUser(c *call) answer {
	return s.cached(c, "user:", func(ctx context.Context, id int) (int, any, error) {
		u, err := s.Reader.User(ctx, id)
		return u.Version, u, err
	})
}

func (s *Server) getMessages(c *call) answer {
	return s.cached(c, "messages:", func(ctx context.Context, id int) (int, any, error) {
		in, err := s.Reader.Inbox(ctx, id)
		return in.User.Version, in, err
	})
}

// cached answers a read of one user, from the cache where it can.
func (s *Server) cached(c *call, prefix string, read func(ctx context.Context, id int) (version int, v any, err error)) answer {
	id, bad := s.userID(c, s.Reader != nil)
	if bad != nil {
		return *bad
	}
	e, outcome, err := s.Cache.Read(c.traced(), &c.trace, prefix+strconv.Itoa(id), func(ctx context.Context) (cache.Entry, error) {
		version, v, err := read(ctx, id)
		var missing database.Missing
		if errors.As(err, &missing) {
			return cache.Entry{Version: missing.Version}, nil
		}
		if err != nil {
			return cache.Entry{}, err
		}
		body, err := json.Marshal(v)
		return cache.Entry{Version: version, Body: body}, err
	})
	var a answer
	switch {
	case err != nil:
		a = s.refusal(c, err)
	case e.Body == nil:
		a = failure(http.StatusNotFound, "no such user")
	default:
		a = ok(e.Body)
	}
	a.cache = outcome
	return a
}

func (s *Server) createUser(c *call) answer {
	if s.Writer == nil {
		return noDatabase()
	}
	var n database.NewUser
	if bad := decode(c, &n); bad != nil {
		return *bad
	}
	if bad := validNew(n); bad != "" {
		return failure(http.StatusBadRequest, bad)
	}
	start := startTier(c)
	u, err := s.Writer.Create(c.traced(), n)
	start.db()
	if err != nil {
		return s.refusal(c, err)
	}
	// Somebody may have asked for this id before it existed: that answer must not outlive this one.
	start.void(s.Cache, u.Version, u.ID)
	a := userAnswer(http.StatusCreated, u)
	a.location = "/users/" + strconv.Itoa(u.ID)
	return a
}

func (s *Server) putUser(c *call) answer {
	id, bad := s.userID(c, s.Writer != nil)
	if bad != nil {
		return *bad
	}
	var ch database.Change
	if bad := decode(c, &ch); bad != nil {
		return *bad
	}
	if bad := validChange(ch); bad != "" {
		return failure(http.StatusBadRequest, bad)
	}
	start := startTier(c)
	u, err := s.Writer.Update(c.traced(), id, ch)
	start.db()
	if err != nil {
		return s.refusal(c, err)
	}
	start.void(s.Cache, u.Version, id)
	return userAnswer(http.StatusOK, u)
}

func (s *Server) deleteUser(c *call) answer {
	id, bad := s.userID(c, s.Writer != nil)
	if bad != nil {
		return *bad
	}
	start := startTier(c)
	version, err := s.Writer.Delete(c.traced(), id)
	start.db()
	if err != nil {
		return s.refusal(c, err)
	}
	start.void(s.Cache, version, id)
	return answer{status: http.StatusNoContent}
}

func userAnswer(status int, u database.User) answer {
	body, err := json.Marshal(u)
	if err != nil {
		return failure(http.StatusInternalServerError, "internal error")
	}
	return answer{status: status, body: body}
}

func (s *Server) userID(c *call, there bool) (int, *answer) {
	id, err := strconv.Atoi(c.PathValue("id"))
	if err != nil || id < 1 || id > math.MaxInt32 {
		a := failure(http.StatusBadRequest, fmt.Sprintf("a user's id is a whole number from 1 to %d", math.MaxInt32))
		return 0, &a
	}
	if !there {
		a := noDatabase()
		return 0, &a
	}
	return id, nil
}

func noDatabase() answer { return failure(http.StatusNotImplemented, "this stage has no database") }

// refusal is the answer to an error of what is behind the api.
func (s *Server) refusal(c *call, err error) answer {
	switch {
	case errors.As(err, new(database.Missing)):
		return failure(http.StatusNotFound, "no such user")
	case errors.Is(err, database.ErrTaken):
		return failure(http.StatusConflict, "this handle is taken")
	case c.Context().Err() != nil:
		return answer{}
	case errors.Is(err, queue.ErrFull):
		s.problem("queue full")
		return failure(http.StatusServiceUnavailable, "too many are waiting for a worker")
	case errors.Is(err, queue.ErrLate):
		s.problem("no worker answered in time")
		return failure(http.StatusServiceUnavailable, "no worker answered in time")
	case errors.Is(err, queue.ErrUnavailable):
		s.problem("queue unavailable", "error", err)
		return failure(http.StatusServiceUnavailable, "the queue is not available")
	case errors.Is(err, database.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		s.problem("database unavailable", "error", err)
		return failure(http.StatusServiceUnavailable, "the database is not available")
	default:
		s.problem("unexpected error", "path", c.URL.Path, "error", err)
		return failure(http.StatusInternalServerError, "internal error")
	}
}
