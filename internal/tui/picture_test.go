// SPDX-License-Identifier: MIT

package tui

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"systemlab/internal/layout"
	"systemlab/internal/record"
)

func columnsOf(a record.Architecture) string {
	var out []string
	for _, layer := range layout.Of(a).Layers {
		var names []string
		for _, n := range layer {
			if n.Passing() {
				names = append(names, ".")
			} else {
				names = append(names, n.Name)
			}
		}
		out = append(out, strings.Join(names, " "))
	}
	return strings.Join(out, " > ")
}

func TestStage8InColumns(t *testing.T) {
	t.Parallel()
	want := "clients door > lb > nginx > api > rabbitmq . dblb redis > worker postgres postgres-replica"
	if got := columnsOf(bigRun().Architecture); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Any services and any links, circles too: every service has a place of its own
// inside the picture, or there is no picture.
func TestAnyArchitectureHasAPicture(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a record.Architecture
		n := rapid.IntRange(0, 9).Draw(t, "services")
		for i := range n {
			a.Services = append(a.Services, record.Service{Name: fmt.Sprintf("s%d", i), Replicas: rapid.IntRange(0, 4).Draw(t, "replicas"), LimitCores: 0.25})
		}
		for range rapid.IntRange(0, 14).Draw(t, "links") {
			name := func(label string) string { return fmt.Sprintf("s%d", rapid.IntRange(0, 10).Draw(t, label)) }
			a.Links = append(a.Links, record.Link{From: name("from"), To: name("to")})
		}
		a.Entry = fmt.Sprintf("s%d", rapid.IntRange(0, 10).Draw(t, "entry"))
		w := rapid.IntRange(20, 250).Draw(t, "width")
		p := newPicture(a, w, 3)
		if p == nil {
			return
		}
		taken := map[[2]int]string{}
		seen := 0
		for _, layer := range p.graph.Layers {
			for _, node := range layer {
				r := node.Rect
				if r.X < 0 || r.Y < 0 || r.X+r.W > w || r.Y+r.H > p.height {
					t.Fatalf("%q at %+v lies outside of %d×%d", node.Name, r, w, p.height)
				}
				for y := r.Y; y < r.Y+r.H; y++ {
					if other, is := taken[[2]int{r.X, y}]; is {
						t.Fatalf("%q lies on %q", node.Name, other)
					}
					taken[[2]int{r.X, y}] = node.Name
				}
				if !node.Passing() {
					seen++
				}
			}
		}
		if seen < len(a.Services)-1-len(layout.Of(a).Layers[0]) {
			t.Fatalf("%d of %d services are drawn", seen, len(a.Services))
		}
	})
}
