// SPDX-License-Identifier: MIT

package meter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"systemlab/internal/engine"
)

// Files reads the kernel's own files: cgroup v1, v2, and hosts that have both.
// The zero value reads this machine's.
type Files struct {
	Cgroup string // where the hierarchies are mounted; "" means /sys/fs/cgroup
	Proc   string // "" means /proc

	mu   sync.Mutex
	stat *os.File // /proc/stat
	buf  []byte
}

// filesFloor is one CFS period, below which a limited container's CPU is noise
// (see the package comment).
const filesFloor = 100 * time.Millisecond

func (f *Files) cgroup() string {
	if f.Cgroup == "" {
		return "/sys/fs/cgroup"
	}
	return f.Cgroup
}

func (f *Files) proc() string {
	if f.Proc == "" {
		return "/proc"
	}
	return f.Proc
}

// Name tells the version by which CPU is read. A pure v2 host has its
// controllers at the root; a hybrid host has v1's, and v2 beside them.
func (f *Files) Name() string {
	if _, err := os.Stat(filepath.Join(f.cgroup(), "cgroup.controllers")); err == nil {
		return "cgroup v2"
	}
	return "cgroup v1"
}

// Floor is one CFS period, 100 ms.
func (f *Files) Floor() time.Duration { return filesFloor }

// Close lets go of what Host opened. Sources are closed by whoever opened them.
func (f *Files) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stat == nil {
		return nil
	}
	err := f.stat.Close()
	f.stat = nil
	return err
}

// Host reads /proc/stat.
func (f *Files) Host() (HostCPU, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stat == nil {
		file, err := os.Open(filepath.Join(f.proc(), "stat"))
		if err != nil {
			return HostCPU{}, false
		}
		f.stat = file
	}
	now := time.Now()
	text, err := reread(f.stat, &f.buf)
	if err != nil {
		return HostCPU{}, false
	}
	cpu, err := parseHost(text)
	cpu.At = now
	return cpu, err == nil
}

// Open finds the container's files by its PID and opens them. The PID counts
// only if the kernel says that it belongs to this very container: on another
// machine, or in another PID namespace, the same number is someone else.
func (f *Files) Open(c engine.Container) (Source, error) {
	if c.PID == 0 {
		return nil, fmt.Errorf("%s is not running", c.Name)
	}
	at, err := locate(f.cgroup(), f.proc(), c)
	if err != nil {
		return nil, err
	}
	s := &fileSource{v2: at.v2, inactive: at.inactive}
	for _, open := range []struct {
		file **os.File
		path string
	}{
		{&s.usage, at.usage}, {&s.stat, at.stat}, {&s.memory, at.memory}, {&s.memoryStat, at.memoryStat},
		{&s.net, filepath.Join(f.proc(), strconv.Itoa(c.PID), "net", "dev")},
	} {
		if open.path == "" {
			continue
		}
		file, err := os.Open(open.path)
		if err != nil && (open.file == &s.usage || !errors.Is(err, os.ErrNotExist)) {
			s.Close()
			return nil, fmt.Errorf("read the CPU of %s: %w", c.Name, err)
		}
		if err == nil {
			*open.file = file
		}
	}
	return s, nil
}

// fileSource is one container's open files. What is nil doesn't exist here: no
// cpu.stat without the cpu controller, no memory without that one.
type fileSource struct {
	v2         bool     // of usage
	inactive   string   // name of the droppable cache in memoryStat
	usage      *os.File // v1 cpuacct.usage; v2 cpu.stat
	stat       *os.File // v1 cpu.stat; nil on v2
	memory     *os.File // v1 memory.usage_in_bytes; v2 memory.current
	memoryStat *os.File
	net        *os.File
	buf        []byte
}

// Read reads CPU first, with the clock beside it, then the rest.
func (s *fileSource) Read(context.Context) (engine.Stats, error) {
	st := engine.Stats{RxBytes: -1, TxBytes: -1, Read: time.Now()}
	text, err := reread(s.usage, &s.buf)
	if err != nil {
		return st, err
	}
	if s.v2 {
		usec, ok := field(text, "usage_usec")
		if !ok {
			return st, errors.New("cpu.stat has no usage_usec")
		}
		st.CPUNanos = usec * 1000
		throttling(text, &st)
	} else {
		v, _, ok := number(text)
		if !ok {
			return st, errors.New("cpuacct.usage is not a number")
		}
		st.CPUNanos = v
		if s.stat != nil {
			if text, err = reread(s.stat, &s.buf); err != nil {
				return st, err
			}
			throttling(text, &st)
		}
	}
	if s.memory != nil {
		if text, err = reread(s.memory, &s.buf); err != nil {
			return st, err
		}
		v, _, _ := number(text)
		st.MemoryBytes = int64(v)
	}
	if s.memoryStat != nil {
		if text, err = reread(s.memoryStat, &s.buf); err != nil {
			return st, err
		}
		cache, _ := field(text, s.inactive)
		// The two files are read one after the other, so cache may be the larger.
		st.MemoryBytes = max(0, st.MemoryBytes-int64(cache))
	}
	if s.net != nil {
		if text, err = reread(s.net, &s.buf); err != nil {
			return st, err
		}
		if rx, tx, ok := network(text); ok {
			st.RxBytes, st.TxBytes = rx, tx
		}
	}
	return st, nil
}

func throttling(text []byte, st *engine.Stats) {
	st.Periods, _ = field(text, "nr_periods")
	st.ThrottledPeriods, _ = field(text, "nr_throttled")
}

func (s *fileSource) Close() error {
	var errs []error
	for _, f := range []*os.File{s.usage, s.stat, s.memory, s.memoryStat, s.net} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
