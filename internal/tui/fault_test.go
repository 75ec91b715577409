// SPDX-License-Identifier: MIT

package tui

import (
	"strings"
	"testing"
)

// What stands on a container must be on the screen, at its box and in its row.
func TestScreenShowsFaults(t *testing.T) {
	t.Parallel()
	v := &service{}
	v.Replicas = 2
	v.add(&box{Container: Container{Service: "api", Replica: 2, State: "running", Faults: []string{"cpu=10%"}}}, use{})
	var words []string
	for _, m := range v.marks() {
		words = append(words, m.words)
	}
	if got := strings.Join(words, ", "); !strings.Contains(got, "cpu=10% on 2") {
		t.Errorf("marks are %q", got)
	}
}
