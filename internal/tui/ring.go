// SPDX-License-Identifier: MIT

package tui

// ring keeps the newest values, a bounded number of them.
type ring[T any] struct {
	values []T
	first  int // index of the oldest, once it is full
	most   int
}

func newRing[T any](most int) ring[T] { return ring[T]{most: most} }

func (r *ring[T]) add(v T) {
	if len(r.values) < r.most {
		r.values = append(r.values, v)
		return
	}
	r.values[r.first] = v
	r.first = (r.first + 1) % r.most
}

func (r *ring[T]) len() int { return len(r.values) }

// at returns the i-th value, the oldest being 0.
func (r *ring[T]) at(i int) *T { return &r.values[(r.first+i)%len(r.values)] }

// last returns the newest value, or nil.
func (r *ring[T]) last() *T {
	if len(r.values) == 0 {
		return nil
	}
	return r.at(len(r.values) - 1)
}
