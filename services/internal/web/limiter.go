// SPDX-License-Identifier: MIT

package web

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// limiter lets one line a second through for each kind, and counts the rest. The zero value is ready.
type limiter struct {
	mu    sync.Mutex
	kinds map[string]*held
}

type held struct {
	last  time.Time
	count int
}

func (l *limiter) allow(kind string, now time.Time) (heldBack int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kinds == nil {
		l.kinds = map[string]*held{}
	}
	h := l.kinds[kind]
	if h == nil {
		h = &held{}
		l.kinds[kind] = h
	}
	if now.Sub(h.last) < time.Second {
		h.count++
		return 0, false
	}
	heldBack, h.last, h.count = h.count, now, 0
	return heldBack, true
}

// allowed is the value of Allow.
func (m methods) allowed() string {
	var names []string
	for name := range m {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
