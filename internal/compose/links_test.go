// SPDX-License-Identifier: MIT

package compose

import (
	"slices"
	"testing"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	p := &Project{Services: []Service{
		{Name: "api", Env: map[string]string{"DATABASE_URL": "postgres://lab:pw@db:5432/lab", "LISTEN": ":80", "NAME": "api"}, DependsOn: map[string]string{"cache": Started}},
		{Name: "cache"},
		{Name: "db", Env: map[string]string{"SEED": "50000"}},
		{Name: "lb", Env: map[string]string{"BACKEND": "api"}},
	}}
	want := []Link{{"api", "cache"}, {"api", "db"}, {"lb", "api"}}
	if got := p.Links(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
