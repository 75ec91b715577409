// SPDX-License-Identifier: MIT

package layout_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"systemlab/internal/layout"
	"systemlab/internal/record"
)

func services(names ...string) []record.Service {
	var out []record.Service
	for _, n := range names {
		out = append(out, record.Service{Name: n, Replicas: 1})
	}
	return out
}

func TestPlace(t *testing.T) {
	t.Parallel()
	g := layout.Of(record.Architecture{
		Services: services("api", "postgres", "postgres-replica", "redis"), Entry: "api",
		Links: []record.Link{{From: "api", To: "postgres"}, {From: "api", To: "redis"}, {From: "postgres-replica", To: "postgres"}},
	})
	height := g.Place(layout.Sizes{Widths: []int{100, 100, 100}, Gap: 40, Left: 10, Box: 60, Pass: 10, Copy: 20})
	if height != 3*60+20 {
		t.Errorf("height %d", height)
	}
	for name, want := range map[string]layout.Rect{
		// The api in the middle of what it calls, the replica under its original with room for an arrow.
		layout.Clients: {X: 10, Y: 30, W: 100, H: 60}, "api": {X: 150, Y: 30, W: 100, H: 60},
		"redis": {X: 290, Y: 0, W: 100, H: 60}, "postgres": {X: 290, Y: 60, W: 100, H: 60}, "postgres-replica": {X: 290, Y: 140, W: 100, H: 60},
	} {
		if got := g.ByName[name].Rect; got != want {
			t.Errorf("%s at %+v, want %+v", name, got, want)
		}
	}
}

// Whatever calls whatever, no two nodes lie on each other, and none outside.
func TestAnyArchitectureHasAPlaceForEach(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a record.Architecture
		for i := range rapid.IntRange(0, 9).Draw(t, "services") {
			a.Services = append(a.Services, services(fmt.Sprintf("s%d", i))...)
		}
		name := func(label string) string { return fmt.Sprintf("s%d", rapid.IntRange(0, 10).Draw(t, label)) }
		for range rapid.IntRange(0, 14).Draw(t, "links") {
			a.Links = append(a.Links, record.Link{From: name("from"), To: name("to")})
		}
		a.Entry = name("entry")
		g := layout.Of(a)
		s := layout.Sizes{Gap: 7, Left: 3, Box: 20, Pass: 5, Copy: 4}
		for range g.Layers {
			s.Widths = append(s.Widths, 30)
		}
		height := g.Place(s)
		seen := 0
		for _, layer := range g.Layers {
			bottom := 0
			for _, n := range layer {
				if n.Rect.Y < bottom || n.Rect.Y+n.Rect.H > height {
					t.Fatalf("%q at %+v, below %d, of %d", n.Name, n.Rect, bottom, height)
				}
				bottom = n.Rect.Y + n.Rect.H
				if !n.Passing() && n.Name != layout.Clients {
					seen++
				}
			}
		}
		if seen != len(a.Services) {
			t.Fatalf("%d of %d services have a place", seen, len(a.Services))
		}
	})
}
