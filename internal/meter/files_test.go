// SPDX-License-Identifier: MIT

package meter_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"systemlab/internal/engine"
	"systemlab/internal/meter"
)

func TestFilesReadEveryLayout(t *testing.T) {
	for _, kind := range []string{"v1", "v1split", "hybrid", "v2", "v2systemd"} {
		t.Run(kind, func(t *testing.T) {
			tr := newTree(t, kind)
			tr.set(1, 41, reading{cpu: 3 * time.Second, periods: 100, throttled: 25, memory: 5000, cache: 2000, rx: 10, tx: 20})
			files := tr.files()
			src, err := files.Open(box(1, 41))
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			want := engine.Stats{CPUNanos: 3e9, Periods: 100, ThrottledPeriods: 25, MemoryBytes: 3000, RxBytes: 11, TxBytes: 21}
			for round := range 2 { // the second from files that are open already
				got, err := src.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(engine.Stats{}, "Read")); diff != "" {
					t.Errorf("round %d: %s", round, diff)
				}
				if age := time.Since(got.Read); age < 0 || age > time.Minute {
					t.Errorf("read %v ago", age)
				}
				tr.set(1, 41, reading{cpu: 4 * time.Second, periods: 110, throttled: 30, memory: 9000, cache: 1, rx: 1010, tx: 1020})
				want = engine.Stats{CPUNanos: 4e9, Periods: 110, ThrottledPeriods: 30, MemoryBytes: 8999, RxBytes: 1011, TxBytes: 1021}
			}
			name := "cgroup v1"
			if strings.HasPrefix(kind, "v2") {
				name = "cgroup v2"
			}
			if files.Name() != name {
				t.Errorf("name %q, want %q", files.Name(), name)
			}
		})
	}
}

// Inside a container the mounts show a part of the tree, and the path that the
// kernel gives begins above it.
func TestFilesOfNestedEngine(t *testing.T) {
	tr := newTree(t, "v2")
	tr.set(1, 41, reading{cpu: time.Second})
	for _, path := range []string{"0::/docker/outer/docker/" + id(1) + "\n", "0::/../../docker/" + id(1) + "\n"} {
		tr.write("proc/41/cgroup", path)
		src, err := tr.files().Open(box(1, 41))
		if err != nil {
			t.Fatal(err)
		}
		st, err := src.Read(t.Context())
		src.Close()
		if err != nil || st.CPUNanos != 1e9 {
			t.Errorf("%q: %+v, %v", path, st, err)
		}
	}
}

func TestFilesWithoutSomeControllers(t *testing.T) {
	tr := newTree(t, "v2")
	tr.set(1, 41, reading{cpu: time.Second})
	group := filepath.Join(tr.root, "cgroup/docker", id(1))
	os.Remove(filepath.Join(group, "memory.current"))
	os.Remove(filepath.Join(group, "memory.stat"))
	tr.write("cgroup/docker/"+id(1)+"/cpu.stat", "usage_usec 5\n") // no limit, no periods
	os.RemoveAll(filepath.Join(tr.root, "proc/41/net"))
	src, err := tr.files().Open(box(1, 41))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	st, err := src.Read(t.Context())
	want := engine.Stats{CPUNanos: 5000, RxBytes: -1, TxBytes: -1}
	if diff := cmp.Diff(want, st, cmpopts.IgnoreFields(engine.Stats{}, "Read")); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestFilesRefuse(t *testing.T) {
	tr := newTree(t, "v1")
	tr.set(1, 41, reading{cpu: time.Second})
	tr.set(2, 42, reading{cpu: time.Second})
	tr.write("proc/43/cgroup", "3:cpu,cpuacct:/docker/"+id(3)+"\n") // no such directory
	tr.set(4, 44, reading{})
	tr.write("cgroup/cpu,cpuacct/docker/"+id(4)+"/cpuacct.usage", "rubbish\n")
	for name, test := range map[string]struct {
		c    engine.Container
		want string
	}{
		"not running":     {box(1, 0), "not running"},
		"no such process": {box(1, 99), "find the cgroup of lab-api-1"},
		// The engine is elsewhere, and this machine's process 42 is someone else.
		"another's process": {box(1, 42), "process 42 of this machine is not in it"},
		"no directory":      {box(3, 43), "find the cgroup of lab-api-3"},
	} {
		if _, err := tr.files().Open(test.c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	src, err := tr.files().Open(box(4, 44))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Read(t.Context()); err == nil {
		t.Error("rubbish was read as a number")
	}
}

type fakeAPI func(id string) (engine.Stats, error)

func (f fakeAPI) Stats(_ context.Context, id string) (engine.Stats, error) { return f(id) }

func TestPick(t *testing.T) {
	tr := newTree(t, "v2")
	tr.set(1, 41, reading{cpu: time.Second})
	api := fakeAPI(func(string) (engine.Stats, error) { return engine.Stats{}, errors.New("no") })
	for name, test := range map[string]struct {
		local        bool
		box          engine.Container
		want, reason string
	}{
		"local":         {true, box(1, 41), "cgroup v2", ""},
		"elsewhere":     {false, box(1, 41), "engine API", "another machine"},
		"not our pid":   {true, box(1, 77), "engine API", "no such file"},
		"none runs yet": {true, box(1, 0), "cgroup v2", ""},
	} {
		r, reason := meter.Pick(t.Context(), test.local, tr.files(), api, []engine.Container{test.box})
		if r.Name() != test.want || !strings.Contains(reason, test.reason) || (reason == "") != (test.reason == "") {
			t.Errorf("%s: %s (%q), want %s (%q)", name, r.Name(), reason, test.want, test.reason)
		}
		if _, ok := r.Host(); ok != test.local {
			t.Errorf("%s: host known %v", name, ok)
		}
	}
	if os.Getuid() == 0 {
		return // root may read everything
	}
	os.Chmod(filepath.Join(tr.root, "cgroup/docker", id(1), "cpu.stat"), 0)
	if r, reason := meter.Pick(t.Context(), true, tr.files(), api, []engine.Container{box(1, 41)}); r.Name() != "engine API" || !strings.Contains(reason, "permission denied") {
		t.Errorf("permission denied: %s (%q)", r.Name(), reason)
	}
}
