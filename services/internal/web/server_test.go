// SPDX-License-Identifier: MIT

package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/database"
	"systemlab/services/internal/queue"
	"systemlab/services/internal/timing"
	"systemlab/services/internal/web"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 70<<10)
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		holds                    string
	}{
		{"ping", "GET", "/ping", "", 200, `{"ping":"pong"}`},
		{"a balancer may ask by HEAD", "HEAD", "/ping", "", 200, ``},
		{"the smallest number", "GET", "/loadQ/0", "", 200, `{"n":0,"result":0}`},
		{"modulo 10037", "GET", "/loadQ/21", "", 200, `{"n":21,"result":909}`},
		{"a short wait", "GET", "/longQ?for=1ms", "", 200, `{"waited_seconds":0.001}`},
		{"a user", "GET", "/users/7", "", 200, `"id":7,"handle":"ada7","name":"Ada","version":3`},
		{"messages begin with their user", "GET", "/users/7/messages", "", 200, `{"user":{"id":7,"handle":"ada7","name":"Ada","version":3},"messages":[`},
		{"a new user", "POST", "/users", `{"name":"Bo"}`, 201, `"id":8`},
		{"a write counts", "PUT", "/users/7", `{"name":"Ada L."}`, 200, `"version":4`},
		{"a whole user may be sent back", "PUT", "/users/7", `{"id":9,"version":1,"bio":"b"}`, 200, `"id":7`},
		{"a deleted user has no body", "DELETE", "/users/7", "", 204, ``},
		{"health", "GET", "/healthz", "", 200, `{"state":"up"`},

		// SAD PATH
		{"below zero", "GET", "/loadQ/-1", "", 400, `from 0 to 40`},
		{"too much work", "GET", "/loadQ/41", "", 400, `from 0 to 40`},
		{"not a number", "GET", "/loadQ/x", "", 400, `from 0 to 40`},
		{"no time at all", "GET", "/longQ?for=0s", "", 400, `duration`},
		{"back in time", "GET", "/longQ?for=-1s", "", 400, `duration`},
		{"too long", "GET", "/longQ?for=20.001s", "", 400, `duration`},
		{"a number without a unit", "GET", "/longQ?for=3", "", 400, `duration`},
		{"an id that is none", "GET", "/users/seven", "", 400, `id`},
		{"user 0", "GET", "/users/0/messages", "", 400, `id`},
		{"an id beyond the column", "DELETE", "/users/2147483648", "", 400, `id`},
		{"nobody", "GET", "/users/99", "", 404, `no such user`},
		{"nobody's messages", "GET", "/users/99/messages", "", 404, `no such user`},
		{"change nobody", "PUT", "/users/99", `{"name":"x"}`, 404, `no such user`},
		{"delete nobody", "DELETE", "/users/99", ``, 404, `no such user`},
		{"change nothing", "PUT", "/users/7", `{}`, 400, `name`},
		{"not JSON", "PUT", "/users/7", `name=x`, 400, `JSON`},
		{"an empty body", "POST", "/users", ``, 400, `JSON`},
		{"a blank name", "POST", "/users", `{"name":"  "}`, 400, `name`},
		{"a handle that breaks the rule", "POST", "/users", `{"name":"x","handle":"A B"}`, 400, `handle`},
		{"a handle that is given out", "POST", "/users", `{"name":"x","handle":"user9"}`, 400, `handle`},
		{"a handle that is taken", "POST", "/users", `{"name":"x","handle":"ada7"}`, 409, `taken`},
		{"what PostgreSQL can't hold", "PUT", "/users/7", `{"name":"a\u0000b"}`, 400, `NUL`},
		{"a flood", "POST", "/users", `{"name":"` + long + `"}`, 413, `longer`},
		{"no such path", "GET", "/user/7", "", 404, `error`},
		{"no such method", "PATCH", "/users/7", "", 405, `DELETE, GET, HEAD, PUT`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ask(t, full(newPeople()), tt.method, tt.path, tt.body)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.holds) {
				t.Errorf("got %d %s, want %d and %s", w.Code, w.Body, tt.status, tt.holds)
			}
			if by := w.Header().Get("X-Served-By"); by != "api-1" {
				t.Errorf("X-Served-By is %q", by)
			}
			if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
				t.Errorf("not JSON: %s", w.Body)
			}
		})
	}
}

// A stage without a box says so, on every path that needs it.
func TestAbsent(t *testing.T) {
	t.Parallel()
	bare := web.New(web.Options{Name: "api-1"})
	for _, r := range []string{"GET /loadQ/3", "POST /users", "GET /users/7", "PUT /users/7", "DELETE /users/7", "GET /users/7/messages"} {
		method, path, _ := strings.Cut(r, " ")
		w := ask(t, bare, method, path, `{"name":"x"}`)
		if w.Code != http.StatusNotImplemented || !strings.Contains(w.Body.String(), `{"error":"this stage has no `) {
			t.Errorf("%s: got %d %s, want 501", r, w.Code, w.Body)
		}
	}
	if w := ask(t, bare, "GET", "/healthz", ""); w.Body.String() != `{"state":"up","dependencies":{}}` {
		t.Errorf("healthz: %s", w.Body)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := full(newPeople())
	const ms = `dur=\d+\.\d{3}`
	for _, tt := range []struct{ method, path, body, xCache, timing string }{
		{"GET", "/users/7", "", "miss", `^db;` + ms + `, cache;` + ms + `$`},
		{"GET", "/users/7", "", "hit", `^cache;` + ms + `$`},
		{"GET", "/users/7/messages", "", "miss", `^db;` + ms + `, cache;` + ms + `$`},
		{"PUT", "/users/7", `{"bio":"new"}`, "", `^db;` + ms + `, cache;` + ms + `$`},
		{"GET", "/users/7/messages", "", "miss", `^db;`}, // the write emptied both keys
		{"GET", "/users/7", "", "miss", `^db;`},
		{"DELETE", "/users/7", "", "", `^db;`},
		{"GET", "/users/7", "", "miss", `^db;`},
		{"GET", "/users/7", "", "hit", `^cache;`}, // a negative answer is one, too
		{"GET", "/users/8", "", "miss", `^db;`},
		{"POST", "/users", `{"name":"x"}`, "", `^db;`},
		{"GET", "/users/8", "", "miss", `^db;`}, // what was created is not masked
		{"GET", "/loadQ/5", "", "", `^compute;` + ms + `$`},
		{"GET", "/ping", "", "", `^$`},
	} {
		w := ask(t, s, tt.method, tt.path, tt.body)
		if got := w.Header().Get("X-Cache"); got != tt.xCache {
			t.Errorf("%s %s: X-Cache %q, want %q", tt.method, tt.path, got, tt.xCache)
		}
		if got := w.Header().Get("Server-Timing"); !regexp.MustCompile(tt.timing).MatchString(got) {
			t.Errorf("%s %s: Server-Timing %q, want %s", tt.method, tt.path, got, tt.timing)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		fail   error
		status int
		retry  string
	}{
		{"the database is away", fmt.Errorf("get a connection: %w", database.ErrUnavailable), 503, "1"},
		{"the database is slow", context.DeadlineExceeded, 503, "1"},
		{"a bug is ours", errors.New("column does not exist"), 500, ""},
	} {
		p := newPeople()
		p.fail = tt.fail
		for _, cached := range []*cache.Cache{nil, cache.New(&shelf{held: map[string][]byte{}}, cache.Options{})} {
			s := web.New(web.Options{Reader: p, Writer: p, Cache: cached})
			for _, r := range []string{"GET /users/7", "GET /users/7/messages", "PUT /users/7", "DELETE /users/7", "POST /users"} {
				method, path, _ := strings.Cut(r, " ")
				w := ask(t, s, method, path, `{"name":"x"}`)
				if w.Code != tt.status || w.Header().Get("Retry-After") != tt.retry {
					t.Errorf("%s, %s: got %d, Retry-After %q", tt.name, r, w.Code, w.Header().Get("Retry-After"))
				}
				if strings.Contains(w.Body.String(), "column") {
					t.Errorf("%s: the answer tells what only the log should: %s", tt.name, w.Body)
				}
			}
		}
	}
}

// The three ways in which a queue fails are three answers, all of which may be asked again.
func TestQueueFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fail  error
		holds string
	}{
		{queue.ErrFull, "too many"},
		{queue.ErrLate, "in time"},
		{fmt.Errorf("lost: %w", queue.ErrUnavailable), "queue is not available"},
	} {
		s := web.New(web.Options{Compute: func(context.Context, *timing.Trace, int) (int, error) { return 0, tt.fail }})
		w := ask(t, s, "GET", "/loadQ/1", "")
		if w.Code != 503 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), tt.holds) {
			t.Errorf("%v: got %d, Retry-After %q, %s", tt.fail, w.Code, w.Header().Get("Retry-After"), w.Body)
		}
	}
}

func TestPanicIsOneAnswer(t *testing.T) {
	t.Parallel()
	s := web.New(web.Options{Compute: func(context.Context, *timing.Trace, int) (int, error) { panic("bad day") }})
	if w := ask(t, s, "GET", "/loadQ/1", ""); w.Code != 500 || w.Body.String() != `{"error":"internal error"}` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if w := ask(t, s, "GET", "/ping", ""); w.Code != 200 {
		t.Errorf("and then ping: %d", w.Code)
	}
}

func TestLongQEndsEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start, closing := time.Now(), make(chan struct{})
		s := web.New(web.Options{Closing: closing})
		if w := ask(t, s, "GET", "/longQ", ""); w.Code != 200 || time.Since(start) != 20*time.Second {
			t.Errorf("left alone: %d after %v", w.Code, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/longQ", nil))
		if d := time.Since(start); d != time.Second {
			t.Errorf("the client left after 1s, the wait ended after %v", d)
		}
		close(closing)
		if w := ask(t, s, "GET", "/longQ", ""); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("while closing: %d", w.Code)
		}
	})
}

// With two slots of a second three sleepers take two seconds, and one that leaves
// while it waits takes no slot.
func TestSleepSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := web.New(web.Options{SleepSlots: 2})
		start := time.Now()
		var wait sync.WaitGroup
		var ends [3]time.Duration
		for i := range ends {
			wait.Go(func() {
				if w := ask(t, s, "GET", "/longQ?for=1s", ""); w.Code != 200 {
					t.Errorf("%d", w.Code)
				}
				ends[i] = time.Since(start)
			})
		}
		synctest.Wait() // both slots are taken, one waits
		gone, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		wait.Go(func() {
			s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(gone, "GET", "/longQ?for=1s", nil))
		})
		wait.Wait()
		slices.Sort(ends[:])
		if want := [3]time.Duration{time.Second, time.Second, 2 * time.Second}; ends != want {
			t.Errorf("ended after %v, want %v", ends, want)
		}
	})
}

func TestHealthIsCheap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked, broken := 0, error(nil)
		filling := true
		s := web.New(web.Options{Filling: func() bool { return filling }, Checks: []web.Check{
			{Name: "postgres", Ask: func(context.Context) error { asked++; return broken }},
			{Name: "stuck", Ask: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		}})
		for range 100 {
			ask(t, s, "GET", "/healthz", "")
		}
		if asked != 1 {
			t.Errorf("100 requests asked %d times", asked)
		}
		if w := ask(t, s, "GET", "/healthz", ""); !strings.Contains(w.Body.String(), `{"state":"filling","dependencies":{"postgres":"up"`) {
			t.Errorf("while it fills its pool: %s", w.Body)
		}
		broken, filling = errors.New("gone"), false
		time.Sleep(time.Second)
		w := ask(t, s, "GET", "/healthz", "")
		if want := `{"state":"up","dependencies":{"postgres":"down","stuck":"down"}}`; w.Code != 200 || w.Body.String() != want {
			t.Errorf("got %d %s, want 200 %s", w.Code, w.Body, want)
		}
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	s := full(newPeople())
	ask(t, s, "GET", "/users/7", "")
	ask(t, s, "GET", "/users/99", "")
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	for _, line := range []string{
		`lab_requests_total{code="200",endpoint="/users/{id}",method="GET"} 1`,
		`lab_requests_total{code="404",endpoint="/users/{id}",method="GET"} 1`,
		`lab_request_seconds_count{endpoint="/users/{id}",method="GET"} 2`,
		`lab_cache_reads_total{outcome="miss"} 2`,
		"# EOF",
	} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("missing: %s", line)
		}
	}
	if ct := w.Header().Get("Content-Type"); !strings.HasPrefix(ct, "application/openmetrics-text") {
		t.Errorf("content type %s", ct)
	}
}
