// SPDX-License-Identifier: MIT

package engine

import (
	"slices"
	"testing"
)

func TestOwnTags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tags, want []string
		ours       bool
	}{
		{[]string{"systemlab/api:1", "systemlab/api:latest"}, []string{"systemlab/api:1", "systemlab/api:latest"}, true},
		{[]string{"<none>:<none>"}, nil, true}, // its tag went to a newer one; an engine before 23 says so
		{nil, nil, true},
		{[]string{"mine:latest"}, []string{"mine:latest"}, false}, // built on our base by somebody
		{[]string{"systemlab/api:1", "mine:latest"}, []string{"systemlab/api:1", "mine:latest"}, false},
	} {
		if got, ours := ownTags(c.tags); ours != c.ours || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v", c.tags, got, ours)
		}
	}
}
