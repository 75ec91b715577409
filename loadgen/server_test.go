// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"systemlab/internal/record"
	"systemlab/loadgen"
)

// serve starts a server that answers everything with a handler.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// quick answers at once.
func quick(http.ResponseWriter, *http.Request) {}

// attacked is what came of an order.
type attacked struct {
	hello   *loadgen.Hello
	windows []record.Window
	result  *loadgen.Result
}

// attack plays an order to its end, or to that of ctx.
func attack(ctx context.Context, t *testing.T, o loadgen.Order, control <-chan loadgen.Control) attacked {
	t.Helper()
	var a attacked
	result, err := loadgen.Run(ctx, o, control, func(m loadgen.Message) {
		switch {
		case m.Hello != nil:
			a.hello = m.Hello
		case m.Window != nil:
			a.windows = append(a.windows, *m.Window)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	a.result = result
	return a
}

// users is a correct api over a table in memory. Its rows begin at version 1.
// spoil, if set, may falsify what a read answers.
type users struct {
	mu       sync.Mutex
	versions map[int]int
	next     int
	gone     map[int]bool
	spoil    func(id, version int) (int, int)
	asked    []string // method and path of each request, in order of arrival
}

func newUsers() *users { return &users{versions: map[int]int{}, next: 1_000_000, gone: map[int]bool{}} }

func (u *users) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !strings.HasPrefix(r.URL.Path, "/users") {
		return
	}
	content, _ := io.ReadAll(r.Body)
	u.asked = append(u.asked, r.Method+" "+r.URL.Path)
	id, _ := strconv.Atoi(strings.Split(strings.TrimPrefix(r.URL.Path, "/users/"), "/")[0])
	switch {
	case r.Method == http.MethodPost:
		u.next++
		fmt.Fprintf(w, `{"id":%d,"name":"x","version":1}`, u.next)
		return
	case r.Method == http.MethodDelete && u.gone[id]:
		w.WriteHeader(http.StatusNotFound)
		return
	case r.Method == http.MethodDelete:
		u.gone[id] = true
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodPut && len(content) > 0:
		u.versions[id]++
	}
	version := 1 + u.versions[id]
	if r.Method == http.MethodGet && u.spoil != nil {
		id, version = u.spoil(id, version)
	}
	if strings.HasSuffix(r.URL.Path, "/messages") {
		fmt.Fprintf(w, `{"user":{"id":%d,"name":"x","version":%d},"messages":[{"id":9,"text":"hello"}]}`, id, version)
		return
	}
	fmt.Fprintf(w, `{"id":%d,"name":"x","version":%d}`, id, version)
}
