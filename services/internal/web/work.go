// SPDX-License-Identifier: MIT

package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"systemlab/services/internal/fib"
	"systemlab/services/internal/timing"
)

const longest = 20 * time.Second

func (s *Server) ping(*call) answer { return ok([]byte(`{"ping":"pong"}`)) }

// longQ waits. It costs nothing but the waiting: one goroutine, no thread.
func (s *Server) longQ(c *call) answer {
	d := longest
	if q := c.URL.Query(); q.Has("for") {
		var err error
		if d, err = time.ParseDuration(q.Get("for")); err != nil || d <= 0 || d > longest {
			return failure(http.StatusBadRequest, "for must be a duration above 0 and up to 20s, such as 500ms")
		}
	}
	if s.slots != nil {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-s.Closing:
			return failure(http.StatusServiceUnavailable, "the server is about to stop")
		case <-c.Context().Done():
			return answer{}
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ok(fmt.Appendf(nil, `{"waited_seconds":%g}`, d.Seconds()))
	case <-s.Closing:
		return failure(http.StatusServiceUnavailable, "the server is about to stop")
	case <-c.Context().Done():
		return answer{}
	}
}

func (s *Server) loadQ(c *call) answer {
	n, err := strconv.Atoi(c.PathValue("n"))
	if err != nil || n < 0 || n > fib.Max {
		return failure(http.StatusBadRequest, fmt.Sprintf("n must be a whole number from 0 to %d", fib.Max))
	}
	if s.Compute == nil {
		return failure(http.StatusNotImplemented, "this stage has no /loadQ")
	}
	result, err := s.Compute(c.Context(), &c.trace, n)
	if err != nil {
		return s.refusal(c, err)
	}
	return ok(fmt.Appendf(nil, `{"n":%d,"result":%d}`, n, result))
}

// Here computes in this process. Nothing interrupts it: the sum of a client's patience is not known to a recursion.
func Here(_ context.Context, t *timing.Trace, n int) (int, error) {
	start := time.Now()
	result := fib.Mod(n)
	t.Since(timing.Compute, start)
	return result, nil
}

// decode reads a JSON body into v. What it does not know it ignores, so that a client may send back a whole user.
func decode(c *call, v any) *answer {
	err := json.NewDecoder(c.Body).Decode(v)
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		a := failure(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", maxBody))
		return &a
	default:
		a := failure(http.StatusBadRequest, "the body must be a JSON object: "+err.Error())
		return &a
	}
}
