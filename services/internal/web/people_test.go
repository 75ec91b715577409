// SPDX-License-Identifier: MIT

package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/database"
	"systemlab/services/internal/web"
)

// people is the database in memory: Reader and Writer. A user whose version is negative was deleted.
type people struct {
	mu    sync.Mutex
	users map[int]database.User
	fail  error
}

func newPeople() *people {
	return &people{users: map[int]database.User{7: {ID: 7, Handle: "ada7", Name: "Ada", Version: 3}}}
}

func (p *people) User(_ context.Context, id int) (database.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.users[id]
	if p.fail != nil {
		return u, p.fail
	}
	if u.Version <= 0 {
		return u, database.Missing{Version: -u.Version}
	}
	return u, nil
}

func (p *people) Inbox(ctx context.Context, id int) (database.Inbox, error) {
	u, err := p.User(ctx, id)
	owner := database.Owner{ID: u.ID, Handle: u.Handle, Name: u.Name, Version: u.Version}
	return database.Inbox{User: owner, Messages: []database.Message{{ID: 1, Body: "hello"}}}, err
}

func (p *people) Create(_ context.Context, n database.NewUser) (database.User, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.Handle == "ada7" {
		return database.User{}, database.ErrTaken
	}
	u := database.User{ID: 8, Handle: "user8", Name: n.Name, Version: 1}
	p.users[8] = u
	return u, p.fail
}

func (p *people) Update(ctx context.Context, id int, c database.Change) (database.User, error) {
	u, err := p.User(ctx, id)
	if err != nil {
		return u, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u.Version++
	if c.Name != nil {
		u.Name = *c.Name
	}
	p.users[id] = u
	return u, nil
}

func (p *people) Delete(ctx context.Context, id int) (int, error) {
	u, err := p.User(ctx, id)
	if err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u.Version = -(u.Version + 1)
	p.users[id] = u
	return -u.Version, nil
}

// shelf is a cache.Store that keeps everything and obeys no version: enough for one request after another.
type shelf struct {
	mu   sync.Mutex
	held map[string][]byte
}

func (s *shelf) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[key], nil
}

func (s *shelf) Put(_ context.Context, _ int, value []byte, _ time.Duration, keys ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		s.held[k] = value
	}
	return nil
}

// full is a server that has everything.
func full(p *people) *web.Server {
	store := &shelf{held: map[string][]byte{}}
	return web.New(web.Options{Name: "api-1", Reader: p, Writer: p, Cache: cache.New(store, cache.Options{}), Compute: web.Here})
}

func ask(t *testing.T, h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return w
}
