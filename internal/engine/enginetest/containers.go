// SPDX-License-Identifier: MIT

package enginetest

import (
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

func (e *Engine) routeContainers(w http.ResponseWriter, r request) {
	if r.parts[1] == "json" {
		list := []map[string]any{}
		for _, b := range e.containers {
			if r.wants(b.config.Labels) {
				list = append(list, map[string]any{"Id": b.id, "Names": []string{"/" + b.name}, "Labels": b.config.Labels, "State": b.state})
			}
		}
		answer(w, list)
		return
	}
	if r.parts[1] == "create" {
		answer(w, e.create(r))
		return
	}
	var b *box
	for _, c := range e.containers {
		if c.id == r.parts[1] || c.name == r.parts[1] {
			b = c
		}
	}
	if b == nil {
		answer(w, refuse(http.StatusNotFound, "No such container: %s", r.parts[1]))
		return
	}
	if r.Method == http.MethodDelete {
		answerIf(w, e.remove(r, b))
		return
	}
	switch r.parts[2] {
	case "json":
		answer(w, inspect(b))
	case "logs":
		e.logs(w, r, b)
	case "stats":
		e.readings++
		answer(w, map[string]any{"read": time.Now(), "memory_stats": map[string]any{"usage": 10_000_000}, "networks": map[string]any{},
			"cpu_stats": map[string]any{"cpu_usage": map[string]any{"total_usage": e.readings * 1_000_000}, "throttling_data": map[string]any{}}})
	case "attach":
		e.attach(w, b)
	case "exec":
		if b.state != "running" {
			answer(w, refuse(http.StatusConflict, "container %s is not running", b.name))
			return
		}
		id, _ := e.next("e")
		e.execs[id] = e.check(b)
		answer(w, map[string]string{"Id": id})
	default:
		answerIf(w, e.act(r, b))
	}
}

// check runs a container's health check, which is all that lab executes.
func (e *Engine) check(b *box) int {
	if how := e.behaviour(b); how.Mute || how.Unhealthy {
		return 1
	}
	if b.health != "" {
		b.health = "healthy"
	}
	return 0
}

func (e *Engine) create(r request) any {
	var q container.CreateRequest
	if bad := r.decode(&q); bad != nil {
		return bad
	}
	name := r.URL.Query().Get("name")
	for _, b := range e.containers {
		if b.name == name {
			return refuse(http.StatusConflict, "Conflict. The container name \"/%s\" is already in use by container %s", name, b.id)
		}
	}
	if _, ok := e.images[tagged(q.Image)]; !ok && !e.AnyImage {
		return refuse(http.StatusNotFound, "No such image: %s", q.Image)
	}
	endpoints := map[string]*network.EndpointSettings{}
	if q.NetworkingConfig != nil {
		endpoints = maps.Clone(q.NetworkingConfig.EndpointsConfig)
	}
	if len(endpoints) > 1 && older(r.version, "1.44") {
		return refuse(http.StatusBadRequest, "Container cannot be connected to network endpoints")
	}
	for n := range endpoints {
		if e.network1(n) == nil {
			return refuse(http.StatusNotFound, "network %s not found", n)
		}
	}
	for _, m := range q.HostConfig.Mounts {
		if _, ok := e.volumes[m.Source]; !ok && m.Type == "volume" {
			return refuse(http.StatusBadRequest, "there is no volume %s", m.Source)
		}
	}
	b := &box{name: name, config: *q.Config, host: *q.HostConfig, networks: endpoints, state: "created"}
	b.id, b.created = e.next("c")
	e.containers[b.id] = b
	e.tell("create", b)
	return map[string]any{"Id": b.id, "Warnings": []string{}}
}

func inspect(b *box) container.InspectResponse {
	s := &container.State{Status: container.ContainerState(b.state), Running: b.alive(), Paused: b.state == "paused", ExitCode: b.exit,
		StartedAt: b.started.Format(time.RFC3339Nano)}
	if b.health != "" {
		s.Health = &container.Health{Status: container.HealthStatus(b.health)}
	}
	return container.InspectResponse{
		ID: b.id, Name: "/" + b.name, Created: b.created.Format(time.RFC3339Nano), Image: "sha256:" + b.config.Image, State: s,
		HostConfig: &b.host, Config: &b.config, NetworkSettings: &container.NetworkSettings{Networks: b.networks},
	}
}

// act changes a container's state.
func (e *Engine) act(r request, b *box) any {
	what := r.parts[2]
	if e.Deathless[b.name] && (what == "kill" || what == "stop" || what == "restart") {
		return refuse(http.StatusInternalServerError, "Cannot %s container: %s: permission denied", what, b.id)
	}
	switch what {
	case "start":
		return e.start(b)
	case "restart":
		if b.alive() {
			e.end(b, 0)
		}
		return e.start(b)
	case "stop", "kill":
		if b.alive() {
			e.end(b, 0)
		}
	case "pause":
		if b.state != "running" {
			return refuse(http.StatusConflict, "container %s is not running", b.name)
		}
		if e.Unfrozen[b.name] > 0 {
			e.Unfrozen[b.name]--
			return refuse(http.StatusInternalServerError, "Cannot pause container %s: OCI runtime pause failed: unable to freeze: unknown", b.id)
		}
		b.state = "paused"
		e.tell("pause", b)
	case "unpause":
		if b.state != "paused" {
			return refuse(http.StatusConflict, "container %s is not paused", b.name)
		}
		b.state = "running"
		e.tell("unpause", b)
	case "update":
		var res container.UpdateConfig
		if bad := r.decode(&res); bad != nil {
			return bad
		}
		if res.NanoCPUs > 0 && b.host.CPUPeriod > 0 {
			return refuse(http.StatusBadRequest, "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set")
		}
		if res.NanoCPUs > 0 {
			b.host.NanoCPUs = res.NanoCPUs
		}
		if res.CPUQuota > 0 {
			b.host.CPUQuota = res.CPUQuota
		}
		if res.Memory > 0 {
			b.host.Memory, b.host.MemorySwap = res.Memory, res.MemorySwap
		}
		e.tell("update", b)
		return map[string]any{"Warnings": nil}
	default:
		return refuse(http.StatusNotFound, "page not found")
	}
	return nil
}

func (e *Engine) start(b *box) any {
	if b.alive() {
		return nil
	}
	for n := range b.networks {
		if e.network1(n) == nil {
			return refuse(http.StatusNotFound, "network %s not found", n)
		}
	}
	for _, port := range ports(b) {
		busy := e.taken[port]
		for _, other := range e.containers {
			for _, p := range ports(other) {
				busy = busy || other != b && other.alive() && p == port
			}
		}
		if busy {
			return refuse(http.StatusInternalServerError,
				"driver failed programming external connectivity on endpoint %s: Bind for 127.0.0.1:%s failed: port is already allocated", b.name, port)
		}
	}
	_, b.started = e.next("t")
	b.state, b.health, b.exit = "running", "", 0
	e.tell("start", b)
	how := e.behaviour(b)
	switch {
	case how.Dies:
		e.end(b, how.ExitCode)
	case b.attached != nil && how.Program != nil:
		e.run(b, how.Program)
	case b.config.Healthcheck != nil && len(b.config.Healthcheck.Test) > 1:
		b.health = "starting"
		if how.Unhealthy {
			b.health = "unhealthy"
		}
	}
	return nil
}

// run lets a program be the content of a container.
func (e *Engine) run(b *box, program func(io.Reader, io.Writer, io.Writer) int) {
	s := b.attached
	e.programs.Go(func() {
		code := program(s.r, framed{1, s.conn}, framed{2, s.conn})
		e.mu.Lock()
		defer e.mu.Unlock()
		if b.alive() {
			e.end(b, code)
		}
		if b.host.AutoRemove {
			delete(e.containers, b.id)
		}
		_ = s.conn.Close()
	})
}

func (e *Engine) end(b *box, code int) {
	b.state, b.health, b.exit = "exited", "", code
	if b.attached != nil {
		_ = b.attached.conn.Close()
	}
	e.tell("die", b)
}

func (e *Engine) remove(r request, b *box) any {
	if b.alive() && !r.flag("force") {
		return refuse(http.StatusConflict, "cannot remove container %s: container is running", b.name)
	}
	if b.alive() {
		e.end(b, 137)
	}
	delete(e.containers, b.id)
	e.tell("destroy", b)
	return nil
}

func ports(b *box) []string {
	var out []string
	for _, bindings := range b.host.PortBindings {
		for _, p := range bindings {
			out = append(out, p.HostPort)
		}
	}
	return out
}

func (e *Engine) logs(w http.ResponseWriter, r request, b *box) {
	n, _ := strconv.Atoi(r.URL.Query().Get("tail"))
	w.Header().Set("Content-Type", "application/vnd.docker.multiplexed-stream")
	_, _ = w.Write(frame(1, []byte(lastLines(e.behaviour(b).Log, n))))
	if r.flag("follow") && b.alive() {
		_ = http.NewResponseController(w).Flush()
		e.mu.Unlock()
		defer e.mu.Lock()
		<-r.Context().Done()
	}
}

func (e *Engine) routeExec(w http.ResponseWriter, r request) {
	code, ok := e.execs[r.parts[1]]
	switch {
	case !ok:
		answer(w, refuse(http.StatusNotFound, "No such exec instance: %s", r.parts[1]))
	case r.parts[2] == "json":
		answer(w, map[string]any{"ID": r.parts[1], "Running": false, "ExitCode": code})
	default:
		if s, err := upgrade(w); err == nil {
			_, _ = s.conn.Write(frame(1, []byte("checked\n")))
			_ = s.conn.Close()
		}
	}
}

func (e *Engine) attach(w http.ResponseWriter, b *box) {
	if s, err := upgrade(w); err == nil {
		b.attached = s
	}
}

// stream is a connection that carries a container's stdin and stdout.
type stream struct {
	conn net.Conn
	r    io.Reader
}

func upgrade(w http.ResponseWriter) (*stream, error) {
	if _, lost := w.(discard); lost {
		return nil, http.ErrNotSupported
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	return &stream{conn, rw}, err
}

// older compares API versions.
func older(a, b string) bool {
	num := func(s string) int {
		major, minor, _ := strings.Cut(s, ".")
		x, _ := strconv.Atoi(major)
		y, _ := strconv.Atoi(minor)
		return x*1000 + y
	}
	return num(a) < num(b)
}
