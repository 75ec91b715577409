// SPDX-License-Identifier: MIT

package engine_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
)

var update = flag.Bool("update", false, "write the golden files anew")

const small = `
services:
  web:
    image: web
    ports: ["127.0.0.1:8080:80"]
    networks: [front]
    depends_on: {app: {condition: service_started}}
  app:
    image: app
    networks: [front, back]
    deploy: {replicas: 2, resources: {limits: {cpus: "0.25", memory: 64M}}}
    depends_on: {db: {condition: service_healthy}}
  db:
    image: db
    networks: [back]
    volumes: ["data:/data"]
    healthcheck: {test: ["CMD", "true"], interval: 15s}
networks:
  front:
  back: {internal: true}
volumes:
  data:
`

// load reads a project from YAML, with an image for each service.
func load(t *testing.T, yaml string) *compose.Project {
	t.Helper()
	file := filepath.Join(t.TempDir(), "compose.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := compose.Load(t.Context(), file, "p", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Services {
		p.Services[i].ImageID = "sha256:" + p.Services[i].Image
	}
	return p
}

// standing is what an engine shows once a project is up.
func standing(p *compose.Project) engine.Observed {
	o := engine.Observed{Project: p.Name}
	for _, s := range p.Services {
		for n := 1; n <= s.Replicas; n++ {
			o.Containers = append(o.Containers, replica(p, s, n))
		}
	}
	for _, n := range p.Networks {
		o.Networks = append(o.Networks, engine.NetworkState{ID: "net-" + n.Key, Key: n.Key, Name: n.Name, Internal: n.Internal, Password: "secret"})
	}
	for _, v := range p.Volumes {
		o.Volumes = append(o.Volumes, engine.VolumeState{Key: v.Key, Name: v.Name, Password: "secret"})
	}
	return o
}

func replica(p *compose.Project, s compose.Service, n int) engine.Container {
	c := engine.Container{
		ID: s.Name + "-" + string(rune('0'+n)), Name: p.Name + "-" + s.Name + "-" + string(rune('0'+n)), Service: s.Name, Replica: n,
		State: "running", Hash: s.Hash(), Image: s.ImageID, LimitCores: s.Cores, LimitMemory: s.Memory, Addresses: map[string]string{},
		Labels: map[string]string{"com.docker.compose.image": s.ImageID}, Stage: "01-small", Created: time.Unix(int64(n), 0),
	}
	if s.Health != nil {
		c.Health = "healthy"
	}
	for _, a := range s.Networks {
		net, _ := p.Network(a.Network)
		c.Addresses[net.Name] = "10.0.0.2"
	}
	return c
}

func find(o *engine.Observed, name string) *engine.Container {
	for i := range o.Containers {
		if o.Containers[i].Name == name {
			return &o.Containers[i]
		}
	}
	panic("no " + name)
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	stack := engine.Stack{Stage: "01-small", Port: 8080, Password: "secret"}
	cases := []struct {
		name   string
		change func(p *compose.Project, o *engine.Observed)
	}{
		{"from-nothing", func(_ *compose.Project, o *engine.Observed) { *o = engine.Observed{} }},
		{"nothing-to-do", func(*compose.Project, *engine.Observed) {}},
		// Only what differs is made anew: the database must stay.
		{"environment-changed", func(p *compose.Project, _ *engine.Observed) { s, _ := p.Service("app"); s.Env["A"] = "b" }},
		{"image-changed", func(p *compose.Project, _ *engine.Observed) { s, _ := p.Service("app"); s.ImageID = "sha256:new" }},
		{"scale-up", func(p *compose.Project, _ *engine.Observed) { s, _ := p.Service("app"); s.Replicas = 3 }},
		// A gap is filled before a new number is given.
		{"replica-missing", func(_ *compose.Project, o *engine.Observed) {
			o.Containers = append(o.Containers[:0:0], o.Containers[1:]...)
		}},
		{"scale-down-takes-the-highest", func(p *compose.Project, _ *engine.Observed) { s, _ := p.Service("app"); s.Replicas = 1 }},
		{"scale-down-takes-the-obsolete-first", func(p *compose.Project, o *engine.Observed) {
			s, _ := p.Service("app")
			s.Replicas = 1
			find(o, "p-app-1").Hash = "old"
		}},
		{"scale-to-none", func(p *compose.Project, _ *engine.Observed) { s, _ := p.Service("app"); s.Replicas = 0 }},
		{"service-gone", func(p *compose.Project, o *engine.Observed) {
			extra := replica(p, compose.Service{Name: "old", Replicas: 1}, 1)
			o.Containers = append(o.Containers, extra)
		}},
		{"network-gone-from-project", func(_ *compose.Project, o *engine.Observed) {
			o.Networks = append(o.Networks, engine.NetworkState{ID: "x", Key: "old", Name: "p_old"})
		}},
		{"network-changed", func(_ *compose.Project, o *engine.Observed) { o.Networks[0].Internal = !o.Networks[0].Internal }},
		{"network-twice", func(_ *compose.Project, o *engine.Observed) {
			twin := o.Networks[0]
			twin.ID = "twin"
			o.Networks = append(o.Networks, twin)
		}},
		{"network-removed-by-someone", func(_ *compose.Project, o *engine.Observed) { o.Networks = o.Networks[1:] }},
		// SAD PATH: an up cut short, a fault that outlived its cause, hands of others.
		{"created-not-started", func(_ *compose.Project, o *engine.Observed) { find(o, "p-app-2").State = "created" }},
		{"created-not-connected", func(_ *compose.Project, o *engine.Observed) {
			c := find(o, "p-app-2")
			c.State = "created"
			delete(c.Addresses, "p_back")
		}},
		{"exited", func(_ *compose.Project, o *engine.Observed) { find(o, "p-db-1").State = "exited" }},
		{"paused", func(_ *compose.Project, o *engine.Observed) { find(o, "p-db-1").State = "paused" }},
		{"dead", func(_ *compose.Project, o *engine.Observed) { find(o, "p-db-1").State = "dead" }},
		{"unhealthy", func(_ *compose.Project, o *engine.Observed) { find(o, "p-db-1").Health = "unhealthy" }},
		{"still-starting", func(_ *compose.Project, o *engine.Observed) { find(o, "p-db-1").Health = "starting" }},
		{"limits-changed-by-hand", func(_ *compose.Project, o *engine.Observed) { find(o, "p-app-1").LimitCores = 0.01 }},
		{"generator-left-over", func(_ *compose.Project, o *engine.Observed) {
			o.Containers = append(o.Containers, engine.Container{ID: "l", Name: "p-load-run-1", Service: "load", OneOff: true, State: "exited"},
				engine.Container{ID: "m", Name: "p-load-run-2", Service: "load", OneOff: true, State: "running"})
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := load(t, small)
			o := standing(p)
			c.change(p, &o)
			plan := engine.Reconcile(p, o, stack)
			checkOrder(t, plan)
			golden(t, "reconcile/"+c.name, plan.String())
		})
	}
}

func TestTeardown(t *testing.T) {
	t.Parallel()
	o := standing(load(t, small))
	golden(t, "teardown/keep-volumes", engine.Teardown(o, false).String())
	golden(t, "teardown/with-volumes", engine.Teardown(o, true).String())
}

// checkOrder holds the promise that a plan can be carried out from top to bottom.
func checkOrder(t *testing.T, p *engine.Plan) {
	t.Helper()
	for i, s := range p.Steps {
		for _, a := range s.After {
			if a >= i {
				t.Errorf("step %d waits for step %d, which comes later", i+1, a+1)
			}
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// A stack's stage is what its newest container says; its password outlives the
// containers with the volume.
func TestStack(t *testing.T) {
	t.Parallel()
	p := load(t, small)
	o := standing(p)
	o.Containers[0].Stage, o.Containers[0].Created = "05-new", time.Unix(100, 0)
	o.Containers[0].Labels["systemlab.port"] = "8099"
	if got := o.Stack(); got != (engine.Stack{Stage: "05-new", Port: 8099, Password: "secret"}) {
		t.Errorf("stack %+v", got)
	}
	left := engine.Observed{Volumes: o.Volumes}
	if got := left.Stack(); got.Password != "secret" || left.Up() {
		t.Errorf("after down: %+v, up %v", got, left.Up())
	}
}
