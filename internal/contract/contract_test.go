// SPDX-License-Identifier: MIT

package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"systemlab/internal/contract"
)

// small is the service in memory, with knobs that break its contract.
type small struct {
	mu       sync.Mutex
	name     string
	bare     bool
	away     map[string]bool
	versions map[int]int // 0: deleted
	names    map[int]string
	held     map[int]string
	wrong    string // the fault
	dead     bool
	code     int
}

func newSmall(name string, bare bool) *small {
	s := &small{name: name, bare: bare, away: map[string]bool{}, versions: map[int]int{}, names: map[int]string{}, held: map[int]string{}}
	for id := 1; id <= 100; id++ {
		s.versions[id], s.names[id] = 1, "Somebody"
	}
	return s
}

func (s *small) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/longQ") {
		s.longQ(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.route(w, r)
}

func (s *small) longQ(w http.ResponseWriter, r *http.Request) {
	d, err := time.ParseDuration(r.URL.Query().Get("for"))
	if err != nil || d > 20*time.Second {
		s.fail(w, 400)
		return
	}
	if s.wrong == "slow" {
		d += 1100 * time.Millisecond
	}
	time.Sleep(d)
	s.say(w, 200, `{}`)
}

func (s *small) say(w http.ResponseWriter, status int, body string) {
	if s.wrong != "nameless" {
		w.Header().Set("X-Served-By", s.name)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status != 204 {
		fmt.Fprint(w, body)
	}
}

func (s *small) fail(w http.ResponseWriter, status int) {
	if status == 503 && s.wrong != "no retry" {
		w.Header().Set("Retry-After", "1")
	}
	body := `{"error":"…"}`
	if s.wrong == "errors in words" {
		body = "oh no"
	}
	s.say(w, status, body)
}

func (s *small) route(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case parts[0] == "ping":
		s.say(w, 200, `{"ping":"pong"}`)
	case parts[0] == "healthz":
		b, _ := json.Marshal(map[string]any{"dependencies": map[string]string{"redis": s.state("redis"), "postgres": s.state("postgres")}})
		s.say(w, 200, string(b))
	case parts[0] == "metrics":
		s.say(w, 200, "# TYPE a counter\na_total{code=\"200\"} 3\nb 1.5\n")
	case parts[0] == "loadQ" && s.bare, parts[0] == "users" && s.bare:
		s.fail(w, map[bool]int{true: 404, false: 501}[s.wrong == "absent"])
	case parts[0] == "loadQ":
		s.loadQ(w, parts[1])
	case parts[0] == "users":
		s.users(w, r, parts)
	default:
		s.fail(w, 404)
	}
}

func (s *small) state(box string) string {
	if s.away[box] {
		return "down"
	}
	return "up"
}

func (s *small) loadQ(w http.ResponseWriter, text string) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 40 {
		s.fail(w, 400)
		return
	}
	a, b := 0, 1
	for range n {
		a, b = b, a+b
	}
	if s.wrong != "no modulo" {
		a %= 10037
	}
	w.Header().Set("Server-Timing", "compute;dur=0.1")
	s.say(w, 200, fmt.Sprintf(`{"n":%d,"result":%d}`, n, a))
}

func (s *small) users(w http.ResponseWriter, r *http.Request, parts []string) {
	var body struct{ Name, Bio string }
	if r.Method == "POST" || r.Method == "PUT" {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Name+body.Bio == "" {
			s.fail(w, 400)
			return
		}
	}
	id := 0
	if len(parts) > 1 {
		var err error
		if id, err = strconv.Atoi(parts[1]); err != nil || id < 1 || id > 1<<31-1 {
			s.fail(w, 400)
			return
		}
	}
	if held := s.held[id]; r.Method == "GET" && len(parts) == 2 && held != "" && !s.away["redis"] {
		w.Header().Set("X-Cache", "hit")
		w.Header().Set("Server-Timing", "cache;dur=0.1")
		s.say(w, 200, held)
		return
	}
	if s.away["postgres"] {
		s.dead = s.wrong == "dies without its database"
		s.code = 3
		s.fail(w, map[bool]int{true: 500, false: 503}[s.wrong == "500"])
		return
	}
	s.stored(w, r, id, len(parts) == 3, body.Name)
}

func (s *small) stored(w http.ResponseWriter, r *http.Request, id int, messages bool, name string) {
	w.Header().Set("Server-Timing", "db;dur=1.2, cache;dur=0.1")
	if r.Method != "POST" && s.versions[id] == 0 {
		s.fail(w, 404)
		return
	}
	text := func() string { return fmt.Sprintf(`{"id":%d,"name":%q,"version":%d}`, id, s.names[id], s.versions[id]) }
	switch {
	case r.Method == "POST":
		id = len(s.versions) + 1
		s.versions[id], s.names[id] = 1, name
		w.Header().Set("Location", "/users/"+strconv.Itoa(id))
		s.say(w, 201, text())
	case r.Method == "DELETE":
		s.versions[id] = 0
		delete(s.held, id)
		s.say(w, 204, "")
	case r.Method == "PUT":
		if s.wrong != "no version" {
			s.versions[id]++
		}
		if name != "" {
			s.names[id] = name
		}
		if s.wrong != "stale" {
			delete(s.held, id)
		}
		s.say(w, 200, text())
	case messages:
		ids := `{"id":9},{"id":3}`
		if s.wrong == "oldest first" {
			ids = `{"id":3},{"id":9}`
		}
		s.say(w, 200, `{"user":`+text()+`,"messages":[`+ids+`]}`)
	default:
		outcome := "miss"
		if s.away["redis"] {
			outcome = "down"
		} else {
			s.held[id] = text()
		}
		w.Header().Set("X-Cache", outcome)
		s.say(w, 200, text())
	}
}

// boxes of the small one are words in a map.
type boxes struct {
	s      *small
	broken error
}

func (b boxes) set(service string, away bool) error {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.away[service] = away
	return b.broken
}
func (b boxes) Kill(_ context.Context, service string) error  { return b.set(service, true) }
func (b boxes) Start(_ context.Context, service string) error { return b.set(service, false) }
func (b boxes) Healthy(context.Context) (has, ok bool, err error) {
	return true, b.s.wrong != "unhealthy", nil
}
func (b boxes) Stop(context.Context) (int, time.Duration, error) {
	if b.s.wrong == "deaf" {
		return 137, 10 * time.Second, nil
	}
	return 0, time.Second, nil
}
func (b boxes) Alive(context.Context) (bool, string, error) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	return !b.s.dead, fmt.Sprintf("it ended with exit code %d", b.s.code), nil
}

func check(t *testing.T, wrong string, broken error) (contract.Report, error) {
	t.Helper()
	with, bare := newSmall("abc123", false), newSmall("def456", true)
	with.wrong, bare.wrong = wrong, wrong
	a, b := httptest.NewServer(with), httptest.NewServer(bare)
	defer a.Close()
	defer b.Close()
	return contract.Check(t.Context(), contract.Program{URL: a.URL, Name: with.name, BareURL: b.URL, BareName: bare.name, Patience: 0.2,
		Has: contract.Has{Database: true, Cache: true, Work: true}, Boxes: boxes{with, broken}}, func(string) {})
}

// Each fault is one finding, of the rule that it breaks.
func TestFaults(t *testing.T) {
	t.Parallel()
	for wrong, rule := range map[string]string{
		"": "", "nameless": "served-by", "errors in words": "error-body", "absent": "absent", "no modulo": "work", "stale": "read-after-write", "no version": "update",
		"oldest first": "messages-newest", "500": "without-database", "no retry": "without-database",
		"dies without its database": "lives", "deaf": "stops", "unhealthy": "health-check", "slow": "sleepers",
	} {
		t.Run(wrong, func(t *testing.T) {
			t.Parallel()
			r, err := check(t, wrong, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Findings {
				got = append(got, f.Rule)
				if strings.Contains(f.String(), "\n") || f.Asked == "" || f.Came == "" || f.Wants == "" {
					t.Errorf("finding %q", f)
				}
			}
			if strings.Join(got, " ") != rule {
				t.Errorf("found %v, want %s", r.Findings, rule)
			}
			if rule == "" && (!r.Kept() || len(r.Rules) < 30) {
				t.Errorf("%d rules: %v", len(r.Rules), r.Rules)
			}
		})
	}
}

// A box that can't be killed says nothing of the program.
func TestBoxesFail(t *testing.T) {
	t.Parallel()
	lost := errors.New("the engine has gone")
	if _, err := check(t, "", lost); !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
}

// One that never answers has one finding.
func TestSilence(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	s := newSmall("abc123", false)
	s.dead, s.code = true, 1
	r, err := contract.Check(t.Context(), contract.Program{URL: gone.URL, BareURL: gone.URL, Patience: 0.01, Has: contract.Has{Database: true}, Boxes: boxes{s: s}}, func(string) {})
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Rule != "start" || !strings.Contains(r.Findings[0].Came, "exit code 1") {
		t.Errorf("%v %v", r.Findings, err)
	}
}

func TestMark(t *testing.T) {
	t.Parallel()
	h := contract.Of(map[string]string{"DATABASE_URL": "x", "REDIS_URL": "y", "LOADQ": "on"})
	if got := h.Mark(); got != "kept-v1-database-cache-work" {
		t.Error(got)
	}
	h = contract.Of(map[string]string{"DATABASE_URL": "x", "AMQP_URL": "y", "LOADQ": "on", "DATABASE_READ_URL": "z"})
	if !h.Queue || h.Work || !h.Replica {
		t.Errorf("%+v", h)
	}
	if marks := []string{contract.Has{}.Mark(), h.Mark()}; slices.Contains(marks[1:], marks[0]) {
		t.Error(marks)
	}
}
