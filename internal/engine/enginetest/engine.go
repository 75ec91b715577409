// SPDX-License-Identifier: MIT

// Package enginetest is a Docker Engine for tests: the endpoints that lab uses,
// over HTTP, on a small state machine in memory. It runs nothing. Where the real
// engine is lenient and being strict finds mistakes it is strict: a container
// can't be made on a network or volume that is not there. It can be told to
// misbehave: see Behaviour, Fate and Kill. Only tests import it.
package enginetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// Labels of Compose that the fake itself looks at.
const (
	labelService = "com.docker.compose.service"
)

// Behaviour of a service's containers. The zero value starts, stays, and
// answers its health check at the first time of asking.
type Behaviour struct {
	Dies      bool   // it exits right after its start, with ExitCode
	ExitCode  int    //
	Log       string // what it has written by then
	Unhealthy bool   // the engine's own checks have given up on it
	Mute      bool   // its health check never succeeds
	// Program runs when a container with a stream attached starts: its own code,
	// on its own stdin and stdout, to its exit code.
	Program func(stdin io.Reader, stdout, stderr io.Writer) int
}

// Fate of one request.
type Fate int

// The fates.
const (
	Serve     Fate = 0
	Lose      Fate = 1 // it never arrives: nothing happens, and nobody answers
	Cut       Fate = 2 // the connection breaks before it is carried out
	CutAnswer Fate = 3 // it is carried out, and the connection breaks before the answer
)

// Call is one request. N counts from 1 since the last SetFate.
type Call struct {
	N            int
	Method, Path string // the path without its version
}

// Changes tells whether the call asks for a change.
func (c Call) Changes() bool {
	return c.Method == http.MethodDelete || c.Method == http.MethodPost && !strings.Contains(c.Path, "exec") && !strings.HasSuffix(c.Path, "/attach")
}

// Engine is one fake engine. Its fields are changed through Set.
type Engine struct {
	API       string               // the newest version that it speaks
	Services  map[string]Behaviour // by the service's name
	AnyImage  bool                 // it holds every image that it is asked for
	BuildFail string               // every build ends with this error
	Unfrozen  map[string]int       // how often a container, by name, will not freeze yet
	Deathless map[string]bool      // containers, by name, that this engine refuses to end
	Miscount  map[string]bool      // networks, by name, on which it counts a container that is gone
	Stale     map[string]string    // networks, by name, that list an endpoint of this name whose container is gone

	network  string // tcp or unix
	path     string // of the socket
	host     atomic.Value
	server   atomic.Pointer[http.Server]
	serving  sync.WaitGroup
	conns    sync.WaitGroup
	programs sync.WaitGroup

	mu         sync.Mutex
	fate       func(Call) Fate
	calls      []Call
	clock      time.Time
	ids        int
	containers map[string]*box
	networks   map[string]*network.Network
	volumes    map[string]map[string]string // name to labels
	images     map[string]string            // reference to id
	execs      map[string]int               // id to exit code
	taken      map[string]bool              // host ports that other programs hold
	readings   uint64
	listeners  []chan map[string]any
}

// box is one container.
type box struct {
	id, name string
	config   container.Config
	host     container.HostConfig
	networks map[string]*network.EndpointSettings
	state    string
	health   string
	exit     int
	created  time.Time
	started  time.Time
	attached *stream
}

func (b *box) alive() bool { return b.state == "running" || b.state == "paused" }

// Start begins an engine on a free port of 127.0.0.1, or at a unix socket if
// path is one.
func Start(path string) (*Engine, error) {
	e := &Engine{
		API: "1.56", Services: map[string]Behaviour{}, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), network: "tcp",
		containers: map[string]*box{}, networks: map[string]*network.Network{}, volumes: map[string]map[string]string{},
		images: map[string]string{}, execs: map[string]int{}, taken: map[string]bool{},
	}
	if path != "" {
		e.network, e.path = "unix", path
	}
	return e, e.Revive()
}

// Host is what DOCKER_HOST must be to reach the engine.
func (e *Engine) Host() string { return e.host.Load().(string) }

// Revive starts an engine again that was killed, with all that it held. Over TCP
// its port is another one: in the meantime someone else may have got the old one.
func (e *Engine) Revive() error {
	address := e.path
	if e.network == "tcp" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen(e.network, address)
	if err != nil {
		return err
	}
	e.host.Store(e.network + "://" + l.Addr().String())
	server := &http.Server{Handler: http.HandlerFunc(e.serve), ReadHeaderTimeout: time.Minute, ConnState: func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			e.conns.Add(1)
		case http.StateClosed, http.StateHijacked:
			e.conns.Done()
		}
	}}
	e.server.Store(server)
	e.serving.Go(func() { _ = server.Serve(l) })
	return nil
}

// Kill ends the engine as a crash does: every connection breaks.
func (e *Engine) Kill() { _ = e.server.Load().Close() }

// Restart kills and revives the engine. No request that was made before has any
// effect after it.
func (e *Engine) Restart() error {
	e.Kill()
	e.serving.Wait() // first, so that no connection is added while they are waited for
	e.conns.Wait()
	return e.Revive()
}

// Close ends the engine and waits for all that it started.
func (e *Engine) Close() {
	e.Kill()
	e.serving.Wait()
	e.conns.Wait()
	e.mu.Lock()
	for _, b := range e.containers {
		if b.attached != nil {
			_ = b.attached.conn.Close()
		}
	}
	e.mu.Unlock()
	e.programs.Wait()
}

// Set changes how the engine is, at any moment.
func (e *Engine) Set(change func(*Engine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

// SetFate decides on every request from now on; nil serves all.
func (e *Engine) SetFate(f func(Call) Fate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fate, e.calls = f, nil
}

// Calls since the last SetFate, in the order of their arrival.
func (e *Engine) Calls() []Call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// TakePort lets another program hold a port of the host.
func (e *Engine) TakePort(port string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.taken[port] = true
}

// AddImage puts an image there.
func (e *Engine) AddImage(ref, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.images[tagged(ref)] = id
}

// SetState changes a container's state behind everyone's back, as a fault or
// another person does. It panics where there is none: the test is wrong.
func (e *Engine) SetState(name, state string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.named(name).state = state
}

// SetHealth changes what the engine calls a container, which may answer all the same.
func (e *Engine) SetHealth(name, health string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.named(name).health = health
}

// Remove takes a container away behind everyone's back, if it is there.
func (e *Engine) Remove(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(e.containers, func(_ string, b *box) bool { return b.name == name })
}

// Box is one container as it stands, for a test to look at.
type Box struct {
	Name     string
	State    string
	Health   string
	Config   container.Config
	Host     container.HostConfig
	Networks map[string][]string // name to aliases
}

// State is all that an engine holds, without what differs from run to run: ids
// and times.
type State struct {
	Boxes    []Box
	Networks map[string]map[string]string // name to labels
	Volumes  map[string]map[string]string // name to labels
}

// State of this moment.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := State{Networks: map[string]map[string]string{}, Volumes: maps.Clone(e.volumes)}
	for _, b := range e.containers {
		on := map[string][]string{}
		for name, ep := range b.networks {
			on[name] = ep.Aliases
		}
		s.Boxes = append(s.Boxes, Box{b.name, b.state, b.health, b.config, b.host, on})
	}
	slices.SortFunc(s.Boxes, func(a, b Box) int { return cmp.Compare(a.Name, b.Name) })
	for _, n := range e.networks {
		s.Networks[n.Name] = n.Labels
	}
	return s
}

// Box finds one container.
func (s State) Box(name string) (Box, bool) {
	for _, b := range s.Boxes {
		if b.Name == name {
			return b, true
		}
	}
	return Box{}, false
}

func (e *Engine) named(name string) *box {
	for _, b := range e.containers {
		if b.name == name || b.id == name {
			return b
		}
	}
	panic("enginetest: there is no container " + name)
}

func (e *Engine) behaviour(b *box) Behaviour { return e.Services[b.config.Labels[labelService]] }

// next makes an id that looks like one, and moves the clock on.
func (e *Engine) next(kind string) (string, time.Time) {
	e.ids++
	e.clock = e.clock.Add(time.Second)
	return fmt.Sprintf("%s%0*d", kind, 64-len(kind), e.ids), e.clock
}

func tagged(ref string) string {
	if strings.Contains(ref[strings.LastIndex(ref, "/")+1:], ":") {
		return ref
	}
	return ref + ":latest"
}

// refusal is an error that the engine answers with.
type refusal struct {
	code    int
	message string
}

func refuse(code int, format string, args ...any) *refusal {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if r, ok := v.(*refusal); ok {
		w.WriteHeader(r.code)
		v = map[string]string{"message": r.message}
	}
	_ = json.NewEncoder(w).Encode(v)
}
