// SPDX-License-Identifier: MIT

package compose_test

import (
	"slices"
	"testing"
	"time"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
)

func three() *compose.Project {
	check := &compose.Health{Test: []string{"CMD", "/api", "health"}, Interval: 30 * time.Second}
	return &compose.Project{
		Services: []compose.Service{
			{Name: "api", Image: "systemlab/api", ImageID: "sha256:1", Health: check, Env: map[string]string{"DATABASE_URL": "postgres://db:5432/x"},
				Networks: []compose.Attachment{{Network: "inner"}, {Network: "web"}}},
			{Name: "db", Env: map[string]string{}, Networks: []compose.Attachment{{Network: "inner"}}, Mounts: []compose.Mount{{Kind: "volume", Source: "data"}}},
			{Name: "front", DependsOn: map[string]string{"api": compose.Started}, Networks: []compose.Attachment{{Network: "street"}}},
		},
		Networks: []compose.Network{{Key: "inner", Internal: true}, {Key: "street"}, {Key: "web"}},
		Volumes:  []compose.Volume{{Key: "data"}},
	}
}

// The box stays; what runs in it and its check are the program's own.
func TestReplace(t *testing.T) {
	t.Parallel()
	p, before := three(), three()
	if err := p.Replace("api", "./mine", "systemlab/own/api:1", []string{"CMD", "check"}); err != nil {
		t.Fatal(err)
	}
	s, was := p.Services[0], before.Services[0]
	if s.Replaced != "./mine" || s.Image != "systemlab/own/api:1" || s.Health.Test[1] != "check" || s.Health.Interval != 30*time.Second || s.Env["DATABASE_URL"] == "" {
		t.Errorf("%+v", s)
	}
	if s.Hash() == was.Hash() {
		t.Error("its container would not be made anew")
	}
	if p.Services[1].Hash() != before.Services[1].Hash() {
		t.Error("another one would be")
	}
	if err := p.Replace("api", "./mine", "systemlab/own/api:1", nil); err != nil || p.Services[0].Health != nil {
		t.Errorf("without a check of its own: %v %+v", err, p.Services[0].Health)
	}
	if err := p.Replace("nosuch", "./mine", "x", nil); problem.Of(err).Kind != problem.NotFound {
		t.Error(err)
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	p := three()
	p.Only("api")
	if !slices.Equal(p.ServiceNames(), []string{"api", "db"}) || len(p.Networks) != 2 || len(p.Volumes) != 1 {
		t.Errorf("%v %v %v", p.ServiceNames(), p.Networks, p.Volumes)
	}
	p = three()
	p.Only("front")
	if len(p.Services) != 3 {
		t.Errorf("%v", p.ServiceNames())
	}
}

// A limit of the user's own changes that box alone.
func TestLimit(t *testing.T) {
	t.Parallel()
	p, before := three(), three()
	if err := p.Limit("db", 0.12345); err != nil {
		t.Fatal(err)
	}
	if s := p.Services[1]; s.Cores != 0.123 || s.Limited != 0.123 || s.Hash() == before.Services[1].Hash() {
		t.Errorf("%+v", s)
	}
	if p.Services[0].Hash() != before.Services[0].Hash() {
		t.Error("another box would be made anew")
	}
	if err := p.Limit("nosuch", 1); problem.Of(err).Kind != problem.NotFound {
		t.Error(err)
	}
}
