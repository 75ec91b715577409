// SPDX-License-Identifier: MIT

package meter_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/meter"
)

// tree is a fake machine: its /proc and its cgroup hierarchies.
type tree struct {
	t    testing.TB
	root string
	kind string // v1, v1split, hybrid, v2, v2systemd
}

func newTree(t testing.TB, kind string) *tree {
	tr := &tree{t: t, root: t.TempDir(), kind: kind}
	tr.host(1000, 500, 10)
	if strings.HasPrefix(kind, "v2") {
		tr.write("cgroup/cgroup.controllers", "cpu memory")
	}
	return tr
}

func (tr *tree) files() *meter.Files {
	f := &meter.Files{Cgroup: filepath.Join(tr.root, "cgroup"), Proc: filepath.Join(tr.root, "proc")}
	tr.t.Cleanup(func() { f.Close() })
	return f
}

func (tr *tree) write(name, text string) {
	tr.t.Helper()
	name = filepath.Join(tr.root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		tr.t.Fatal(err)
	}
}

// host writes /proc/stat, in ticks of 10 ms.
func (tr *tree) host(busy, idle, steal int) {
	tr.write("proc/stat", fmt.Sprintf("cpu  %d 0 0 %d 7 0 0 %d 99 0\ncpu0 1 2 3 4\n", busy, idle, steal))
}

// reading is what the fake files say of one container.
type reading struct {
	cpu                time.Duration
	periods, throttled int
	memory, cache      int
	rx, tx             int
}

func id(n int) string { return fmt.Sprintf("%064x", n) }

// set writes one container's files.
func (tr *tree) set(n, pid int, r reading) {
	group := "/docker/" + id(n)
	var lines string
	switch tr.kind {
	case "v1":
		lines = "9:name=systemd:" + group + "\n4:memory:" + group + "\n3:cpu,cpuacct:" + group + "\n"
		tr.v1("cgroup/cpu,cpuacct"+group, "cgroup/cpu,cpuacct"+group, "cgroup/memory"+group, r)
	case "v1split":
		lines = "4:memory:" + group + "\n2:cpuacct:" + group + "\n1:cpu:" + group + "\n"
		tr.v1("cgroup/cpuacct"+group, "cgroup/cpu"+group, "cgroup/memory"+group, r)
	case "hybrid": // v1 controllers, and a v2 hierarchy that has none of them
		lines = "4:memory:" + group + "\n2:cpuacct:" + group + "\n1:cpu:" + group + "\n0::" + group + "\n"
		tr.v1("cgroup/cpuacct"+group, "cgroup/cpu"+group, "cgroup/memory"+group, r)
		tr.write("cgroup/unified"+group+"/cpu.stat", "usage_usec 1\n")
	case "v2systemd":
		group = "/system.slice/docker-" + id(n) + ".scope"
		fallthrough
	case "v2":
		lines = "0::" + group + "\n"
		tr.write("cgroup"+group+"/cpu.stat", fmt.Sprintf("usage_usec %d\nuser_usec 1\nsystem_usec 1\nnr_periods %d\nnr_throttled %d\nthrottled_usec 9\n",
			r.cpu.Microseconds(), r.periods, r.throttled))
		tr.write("cgroup"+group+"/memory.current", fmt.Sprintln(r.memory))
		tr.write("cgroup"+group+"/memory.stat", fmt.Sprintf("anon 1\nfile 2\ninactive_anon 3\ninactive_file %d\n", r.cache))
	}
	tr.write(fmt.Sprintf("proc/%d/cgroup", pid), lines)
	tr.write(fmt.Sprintf("proc/%d/net/dev", pid), fmt.Sprintf("Inter-|   Receive | Transmit\n face |bytes packets|bytes packets\n"+
		"    lo: 777 1 0 0 0 0 0 0 777 1 0 0 0 0 0 0\n  eth0: %d 2 0 0 0 0 0 0 %d 3 0 0 0 0 0 0\n  eth1:1 2 0 0 0 0 0 0 1 3 0 0 0 0 0 0\n", r.rx, r.tx))
}

func (tr *tree) v1(usage, stat, memory string, r reading) {
	tr.write(usage+"/cpuacct.usage", fmt.Sprintln(r.cpu.Nanoseconds()))
	tr.write(stat+"/cpu.stat", fmt.Sprintf("nr_periods %d\nnr_throttled %d\nthrottled_time 5\n", r.periods, r.throttled))
	tr.write(memory+"/memory.usage_in_bytes", fmt.Sprintln(r.memory))
	tr.write(memory+"/memory.stat", fmt.Sprintf("cache 1\ninactive_file 2\ntotal_cache 1\ntotal_inactive_file %d\n", r.cache))
}

// box is a container of a fake machine.
func box(n, pid int) engine.Container {
	state := "running"
	if pid == 0 {
		state = "exited"
	}
	return engine.Container{ID: id(n), Name: fmt.Sprintf("lab-api-%d", n), Service: "api", Replica: n, State: state, PID: pid, LimitCores: 0.25}
}

// list is a List whose answer a test may change.
type list struct {
	mu    sync.Mutex
	boxes []engine.Container
	asked int
	err   error
	busy  func() // what happens while the next question waits for its answer
}

// slow has the engine take two seconds for its next answer.
func (l *list) slow(meanwhile func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = meanwhile
}

func (l *list) set(boxes ...engine.Container) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.boxes = boxes
}

func (l *list) ask(context.Context) ([]engine.Container, error) {
	l.mu.Lock()
	busy := l.busy
	l.busy = nil
	l.mu.Unlock()
	if busy != nil {
		time.Sleep(2 * time.Second)
		busy()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	return l.boxes, l.err
}
