// SPDX-License-Identifier: MIT

package cache_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"
)

// memory is a Store with Redis's promise: of two values the one of the higher version stays. It can be broken and mended, and
// forgets nothing by itself.
type memory struct {
	mu     sync.Mutex
	held   map[string]string
	ttl    map[string]time.Duration
	broken error
	gets   int
	puts   int
	onPut  func(version int) // called before the value is set, outside the lock
}

var errDown = errors.New("store is down")

func newMemory() *memory {
	return &memory{held: map[string]string{}, ttl: map[string]time.Duration{}}
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gets++
	if m.broken != nil {
		return nil, m.broken
	}
	if v, ok := m.held[key]; ok {
		return []byte(v), nil
	}
	return nil, nil
}

func (m *memory) Put(_ context.Context, version int, value []byte, ttl time.Duration, keys ...string) error {
	if m.onPut != nil {
		m.onPut(version)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.puts++
	if m.broken != nil {
		return m.broken
	}
	for _, k := range keys {
		was, _, found := strings.Cut(m.held[k], " ")
		if v, err := strconv.Atoi(was); !found || err != nil || v <= version {
			m.held[k], m.ttl[k] = string(value), ttl
		}
	}
	return nil
}

func (m *memory) set(broken error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = broken
}

func (m *memory) value(key string) (string, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held[key], m.ttl[key]
}

func (m *memory) calls() (gets, puts int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gets, m.puts
}
