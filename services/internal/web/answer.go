// SPDX-License-Identifier: MIT

package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/timing"
)

// answer is what a handler gives back; one place writes it. The zero status means that the client has gone.
type answer struct {
	status     int
	body       []byte
	cache      cache.Outcome // "" where no cache could serve
	location   string
	retryAfter bool
}

// call is one request on its way through a handler.
type call struct {
	*http.Request
	trace timing.Trace
}

// traced is the request's context with its trace, for what reaches the database.
func (c *call) traced() context.Context { return timing.With(c.Context(), &c.trace) }

type handler func(c *call) answer

// statusGone is what nginx calls it when a client closes the connection; it is only ever counted.
const statusGone = 499

func ok(body []byte) answer { return answer{status: http.StatusOK, body: body} }

// failure is an answer with the body {"error":"…"}.
func failure(status int, message string) answer {
	body, err := json.Marshal(struct {
		Error string `json:"error"`
	}{message})
	if err != nil {
		body = []byte(`{"error":"?"}`)
	}
	return answer{status: status, body: body, retryAfter: status == http.StatusServiceUnavailable}
}

// Header values that never change; net/http does not write to them.
type constants struct {
	servedBy, json, retry []string
}

func (s *Server) write(w http.ResponseWriter, a answer, trace *timing.Trace) {
	h := w.Header()
	h["X-Served-By"] = s.fixed.servedBy
	if a.cache != "" {
		h.Set("X-Cache", string(a.cache))
	}
	if spent := trace.Header(); spent != "" {
		h["Server-Timing"] = []string{spent}
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.retryAfter {
		h["Retry-After"] = s.fixed.retry
	}
	if len(a.body) > 0 {
		h["Content-Type"] = s.fixed.json
		h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	}
	w.WriteHeader(a.status)
	// A failed write is the client's loss; there is nobody left to tell.
	_, _ = w.Write(a.body)
}
