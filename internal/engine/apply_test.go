// SPDX-License-Identifier: MIT

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/engine"
	"systemlab/internal/engine/enginetest"
)

// From nothing to a whole stack, on an engine that takes one network at a
// container's creation and on one that takes all.
func TestApplyFromNothing(t *testing.T) {
	t.Parallel()
	p := load(t, small)
	var states []enginetest.State
	for _, api := range []string{"1.41", "1.43", "1.44", "1.52"} {
		f := fake(t)
		f.Set(func(e *enginetest.Engine) { e.API = api })
		e := open(t, f)
		up(t, e, p)
		connects := slices.ContainsFunc(f.Calls(), func(c enginetest.Call) bool {
			return len(c.Path) > 8 && c.Path[len(c.Path)-8:] == "/connect"
		})
		if old := engine.OlderThan(api, "1.44"); connects != old {
			t.Errorf("API %s: networks connected one by one: %v", api, connects)
		}
		states = append(states, f.State())
	}
	for _, s := range states[1:] {
		same(t, "state by another API version", states[0], s)
	}
	s := states[0]
	var names []string
	for _, b := range s.Boxes {
		names = append(names, b.Name)
		if b.State != "running" {
			t.Errorf("%s is %s", b.Name, b.State)
		}
	}
	if d := cmp.Diff([]string{"p-app-1", "p-app-2", "p-db-1", "p-web-1"}, names); d != "" {
		t.Errorf("containers (-want +got):\n%s", d)
	}
	owned := func(kind, key string) map[string]string {
		return map[string]string{"com.docker.compose.project": "p", "com.docker.compose." + kind: key, "systemlab.password": "secret"}
	}
	if d := cmp.Diff(map[string]map[string]string{"p_front": owned("network", "front"), "p_back": owned("network", "back")}, s.Networks); d != "" {
		t.Errorf("networks (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]map[string]string{"p_data": owned("volume", "data")}, s.Volumes); d != "" {
		t.Errorf("volumes (-want +got):\n%s", d)
	}
}

// `docker compose ps | logs | down` live on these labels (FACTS.md, Compose).
func TestContainerIsAsComposeWants(t *testing.T) {
	t.Parallel()
	f := fake(t)
	p := load(t, small)
	up(t, open(t, f), p)
	app, _ := p.Service("app")
	box, _ := f.State().Box("p-app-2")
	want := map[string]string{
		"com.docker.compose.project": "p", "com.docker.compose.service": "app", "com.docker.compose.oneoff": "False",
		"com.docker.compose.config-hash": app.Hash(), "com.docker.compose.container-number": "2",
		"com.docker.compose.project.config_files": p.Files[0], "com.docker.compose.project.working_dir": p.WorkingDir,
		"com.docker.compose.depends_on": "db:service_healthy:false", "com.docker.compose.image": "sha256:app",
		"systemlab.stage": "01-small", "systemlab.port": "8080",
	}
	if d := cmp.Diff(want, box.Config.Labels); d != "" {
		t.Errorf("labels (-want +got):\n%s", d)
	}
	aliases := []string{"p-app-2", "app"}
	if d := cmp.Diff(map[string][]string{"p_front": aliases, "p_back": aliases}, box.Networks); d != "" {
		t.Errorf("networks (-want +got):\n%s", d)
	}
	h := box.Host
	if h.NanoCPUs != 250_000_000 || h.Memory != 64<<20 || h.MemorySwap != 64<<20 {
		t.Errorf("%d nano-CPUs, %d bytes, %d with swap", h.NanoCPUs, h.Memory, h.MemorySwap)
	}
	if h.LogConfig.Type != "json-file" || h.LogConfig.Config["max-size"] == "" || h.LogConfig.Config["max-file"] == "" {
		t.Errorf("logs grow without limit: %+v", h.LogConfig)
	}
	web, _ := f.State().Box("p-web-1")
	bound := fmt.Sprint(web.Host.PortBindings)
	if bound != "map[80/tcp:[{127.0.0.1 8080}]]" {
		t.Errorf("ports %s", bound)
	}
	db, _ := f.State().Box("p-db-1")
	if m := db.Host.Mounts; len(m) != 1 || m[0].Source != "p_data" || m[0].Target != "/data" {
		t.Errorf("mounts %+v", m)
	}
}

// Everything that a Compose file can say must arrive.
func TestContainerIsAsTheFileSays(t *testing.T) {
	t.Parallel()
	f := fake(t)
	p := load(t, `
services:
  a:
    image: img
    user: "1:1"
    hostname: h
    working_dir: /w
    command: [run]
    entrypoint: [start]
    environment: {B: "2", A: "1"}
    ports: ["127.0.0.1:9000:80"]
    networks: {n: {ipv4_address: 10.9.0.7, aliases: [other]}}
    tmpfs: ["/tmp:size=1m"]
    volumes: [{type: tmpfs, target: /run, tmpfs: {size: 1024, mode: 0755}}]
    cap_drop: [ALL]
    cap_add: [NET_ADMIN]
    security_opt: ["no-new-privileges:true"]
    sysctls: {net.core.somaxconn: "1"}
    read_only: true
    init: true
    shm_size: 1m
    restart: "on-failure:3"
    stop_signal: SIGINT
    stop_grace_period: 3s
    pids_limit: 9
    cpu_shares: 512
    cpu_period: 10000
    cpus: 0.29
    labels: {mine: "1"}
    healthcheck: {test: [CMD, x], interval: 15s, timeout: 5s, retries: 3, start_period: 60s}
networks: {n: {ipam: {config: [{subnet: 10.9.0.0/24}]}}}
`)
	if err := p.Override("a", "A", "3"); err != nil {
		t.Fatal(err)
	}
	up(t, open(t, f), p)
	b, _ := f.State().Box("p-a-1")
	c, h := b.Config, b.Host
	got := fmt.Sprintln(c.User, c.Hostname, c.WorkingDir, c.Cmd, c.Entrypoint, c.Env, c.StopSignal, *c.StopTimeout, c.Labels["mine"], c.Labels["systemlab.env"],
		c.ExposedPorts, *c.Healthcheck) +
		fmt.Sprintln(h.Tmpfs, h.CapDrop, h.CapAdd, h.SecurityOpt, h.Sysctls, h.ReadonlyRootfs, *h.Init, h.ShmSize, h.RestartPolicy,
			*h.PidsLimit, h.CPUShares, h.CPUPeriod, h.CPUQuota, h.NanoCPUs, h.NetworkMode)
	golden(t, "create/everything", got)
	if o := observe(t, open(t, f), "p"); len(o.Networks) != 1 || o.Networks[0].Subnet != "10.9.0.0/24" || o.Containers[0].Overrides()["A"] != "3" {
		t.Errorf("observed %+v", o)
	}
}

// Whatever limit is asked for must be the one that is seen afterwards: or every
// up would set it again. 0.29 cores are not 0.29e9 nano-CPUs in a float.
func TestLimitsSettle(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	for _, period := range []string{"", "cpu_period: 20000, "} {
		p := load(t, "services: {a: {image: x, "+period+"cpus: 0.1, mem_limit: 64m}}")
		up(t, e, p)
		a, _ := p.Service("a")
		for n := 30; n <= 4000; n += 30 { // 2.01 cores is one that a float misses
			a.Cores = float64(n) / 1000
			if period == "" {
				if err := e.SetLimits(t.Context(), "p-a-1", a.Cores, 0); err != nil {
					t.Fatal(err)
				}
			} else if n%290 == 0 {
				up(t, e, p) // made anew
			} else {
				continue
			}
			if got := observe(t, e, "p").Containers[0]; got.LimitCores != a.Cores || got.LimitMemory != 64<<20 {
				t.Fatalf("%g cores asked, %g seen; %d bytes", a.Cores, got.LimitCores, got.LimitMemory)
			}
		}
	}
}

// Limits that someone changed are put right, without a new container.
func TestLimitsArePutRight(t *testing.T) {
	t.Parallel()
	for name, yaml := range map[string]string{
		"cores":  "services: {a: {image: x, cpus: 0.5, mem_limit: 64m}}",
		"period": "services: {a: {image: x, cpus: 0.5, cpu_period: 20000, mem_limit: 64m}}",
	} {
		f := fake(t)
		e := open(t, f)
		p := load(t, yaml)
		up(t, e, p)
		before := f.State()
		if err := e.SetLimits(t.Context(), "p-a-1", 0.25, 128<<20); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c := observe(t, e, "p").Containers[0]; c.LimitCores != 0.25 || c.LimitMemory != 128<<20 {
			t.Errorf("%s: limits %g and %d", name, c.LimitCores, c.LimitMemory)
		}
		up(t, e, p)
		same(t, name, before, f.State())
	}
}

// What must not be touched: another project, and what has no label at all.
func TestTeardownLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	other := load(t, small)
	other.Name = "q"
	for i := range other.Networks {
		other.Networks[i].Name = "q_" + other.Networks[i].Key
	}
	other.Volumes[0].Name = "q_data"
	web, _ := other.Service("web")
	web.Ports[0].HostPort = 8081
	up(t, e, other)
	foreign := f.State()
	up(t, e, load(t, small))
	f.SetState("p-db-1", "paused")
	if err := e.Apply(t.Context(), engine.Teardown(observe(t, e, "p"), false), nil); err != nil {
		t.Fatal(err)
	}
	if s := f.State(); len(s.Volumes) != 2 || len(s.Boxes) != 4 || len(s.Networks) != 2 {
		t.Errorf("after down: %d volumes, %d containers, %d networks", len(s.Volumes), len(s.Boxes), len(s.Networks))
	}
	if err := e.Apply(t.Context(), engine.Teardown(observe(t, e, "p"), true), nil); err != nil {
		t.Fatal(err)
	}
	same(t, "the other project", foreign, f.State())
}

// A network on which the engine counts a container that is gone stays, is told,
// and stops nothing: not a down, not an up of a stage without it, not the way back.
func TestNetworkThatStays(t *testing.T) {
	t.Parallel()
	f := fake(t)
	f.Set(func(e *enginetest.Engine) { e.Miscount = map[string]bool{"p_back": true} })
	e := open(t, f)
	two := load(t, "services: {a: {image: x, networks: [front, back]}}\nnetworks: {front: {}, back: {}}")
	up(t, e, two)
	for name, plan := range map[string]func() *engine.Plan{
		"up": func() *engine.Plan {
			return plan(t, e, load(t, "services: {a: {image: x, networks: [front]}}\nnetworks: {front: {}}"))
		},
		"down": func() *engine.Plan { return engine.Teardown(observe(t, e, "p"), true) },
	} {
		var said []string
		err := e.Apply(t.Context(), plan(), func(s engine.Step, done bool, _ time.Duration, err error) {
			if stays := (*engine.Stays)(nil); errors.As(err, &stays) {
				said = append(said, s.Target)
			}
		})
		if err != nil || !slices.Equal(said, []string{"p_back"}) {
			t.Errorf("%s: %v, said of %v", name, err, said)
		}
		if left := f.State(); len(left.Networks["p_back"]) == 0 {
			t.Errorf("%s: %+v", name, left)
		}
		up(t, e, two) // with the network that stayed
	}
}

// One that must be made anew can't: two of a name can't be told apart.
func TestNetworkThatStaysInTheWay(t *testing.T) {
	t.Parallel()
	f := fake(t)
	f.Set(func(e *enginetest.Engine) { e.Miscount = map[string]bool{"p_back": true} })
	e := open(t, f)
	up(t, e, load(t, "services: {a: {image: x, networks: [back]}}\nnetworks: {back: {}}"))
	err := e.Apply(t.Context(), plan(t, e, load(t, "services: {a: {image: x, networks: [back]}}\nnetworks: {back: {internal: true}}")), nil)
	if stays := (*engine.Stays)(nil); !errors.As(err, &stays) {
		t.Errorf("%v", err)
	}
}

// What an engine's crash left of a container is taken off its network; a
// container of someone else's is named, and left alone.
func TestNetworkInUse(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	p := load(t, "services: {a: {image: x, networks: [back]}}\nnetworks: {back: {}}")
	up(t, e, p)
	f.Set(func(e *enginetest.Engine) { e.Stale = map[string]string{"p_back": "p-a-1"} })
	if err := e.Apply(t.Context(), engine.Teardown(observe(t, e, "p"), true), nil); err != nil || len(f.State().Networks) > 0 {
		t.Errorf("with a stale endpoint: %v, left %+v", err, f.State())
	}
	up(t, e, p)
	plan := engine.Teardown(observe(t, e, "p"), true)
	plan.Steps = slices.DeleteFunc(plan.Steps, func(s engine.Step) bool { return s.Kind == engine.RemoveContainer })
	for i := range plan.Steps {
		plan.Steps[i].After = nil
	}
	err := e.Apply(t.Context(), plan, nil)
	if err == nil || !strings.Contains(err.Error(), "container p-a-1 is on it") || len(f.State().Boxes) != 1 {
		t.Errorf("with a container on it: %v, left %+v", err, f.State())
	}
}

// A teardown decided on what is gone by now is no failure.
func TestTeardownTwice(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	up(t, e, load(t, small))
	down := engine.Teardown(observe(t, e, "p"), true)
	for range 2 {
		if err := e.Apply(t.Context(), down, nil); err != nil {
			t.Fatal(err)
		}
	}
	if s := f.State(); len(s.Boxes)+len(s.Networks)+len(s.Volumes) > 0 {
		t.Errorf("left: %+v", s)
	}
}

// Each step is told once as it begins and once as it ends, and none begins
// before those that it waits for have ended.
func TestApplyTellsAndKeepsTheOrder(t *testing.T) {
	t.Parallel()
	f := fake(t)
	e := open(t, f)
	plan := plan(t, e, load(t, small))
	index := func(s engine.Step) int {
		return slices.IndexFunc(plan.Steps, func(o engine.Step) bool { return o.Kind == s.Kind && o.Target == s.Target })
	}
	type told struct {
		step int
		done bool
	}
	events := make(chan told, 3*len(plan.Steps))
	err := e.Apply(t.Context(), plan, func(s engine.Step, done bool, _ time.Duration, err error) {
		if err != nil {
			t.Errorf("%s %s: %v", s.Kind, s.Target, err)
		}
		events <- told{index(s), done}
	})
	close(events)
	if err != nil {
		t.Fatal(err)
	}
	state := map[int]int{}
	for ev := range events {
		state[ev.step]++
		if ev.done {
			continue
		}
		for _, before := range plan.Steps[ev.step].After {
			if state[before] != 2 {
				t.Errorf("step %d began before step %d had ended", ev.step+1, before+1)
			}
		}
	}
	for i := range plan.Steps {
		if state[i] != 2 {
			t.Errorf("step %d was told %d times", i+1, state[i])
		}
	}
}

// A slow engine must not keep anyone from leaving.
func TestApplyLetsGo(t *testing.T) {
	t.Parallel()
	f := fake(t)
	f.Set(func(e *enginetest.Engine) { e.Services["db"] = enginetest.Behaviour{Mute: true} })
	e := open(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{}, 1000)
	f.SetFate(func(c enginetest.Call) enginetest.Fate {
		if len(c.Path) > 5 && c.Path[:6] == "/exec/" {
			asked <- struct{}{}
		}
		return enginetest.Serve
	})
	go func() {
		<-asked // the wait for a database that never answers is under way
		cancel()
	}()
	if err := e.Apply(ctx, plan(t, e, load(t, small)), nil); err != context.Canceled {
		t.Errorf("error %v", err)
	}
}
