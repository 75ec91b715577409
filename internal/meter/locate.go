// SPDX-License-Identifier: MIT

package meter

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/engine"
)

// place is where a container's files are; "" where there is none.
type place struct {
	v2                              bool // of usage
	usage, stat, memory, memoryStat string
	inactive                        string // the field of memoryStat to leave out
}

// locate reads /proc/PID/cgroup, one line a hierarchy: "4:cpu,cpuacct:/docker/ID"
// for v1, "0::/docker/ID" for v2 (cgroups(7)). Each controller is looked up where
// it is: a hybrid host has cpu in v1 and a v2 hierarchy without controllers.
func locate(cgroup, proc string, c engine.Container) (place, error) {
	text, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(c.PID), "cgroup"))
	if err != nil {
		return place{}, fmt.Errorf("find the cgroup of %s: %w", c.Name, err)
	}
	v1 := map[string]string{} // controller to directory
	unified := ""
	seen := false
	var firstErr error
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 || !strings.Contains(parts[2], c.ID) || c.ID == "" {
			continue
		}
		seen = true
		if parts[0] == "0" && parts[1] == "" {
			dir, err := directory(parts[2], c.ID, cgroup, filepath.Join(cgroup, "unified"))
			unified, firstErr = dir, errors.Join(firstErr, err)
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			if !slices.Contains([]string{"cpu", "cpuacct", "memory"}, controller) {
				continue
			}
			dir, err := directory(parts[2], c.ID, filepath.Join(cgroup, parts[1]), filepath.Join(cgroup, controller))
			v1[controller], firstErr = dir, errors.Join(firstErr, err)
		}
	}
	if !seen {
		return place{}, fmt.Errorf("find the cgroup of %s: process %d of this machine is not in it", c.Name, c.PID)
	}
	at := place{}
	if dir := v1["cpuacct"]; dir != "" {
		at.usage = filepath.Join(dir, "cpuacct.usage")
		if dir := v1["cpu"]; dir != "" {
			at.stat = filepath.Join(dir, "cpu.stat")
		}
	} else if unified != "" {
		at.v2, at.usage = true, filepath.Join(unified, "cpu.stat")
	} else {
		return place{}, fmt.Errorf("find the cgroup of %s: %w", c.Name, errors.Join(firstErr, errNoFiles))
	}
	if dir := v1["memory"]; dir != "" {
		at.memory, at.memoryStat = filepath.Join(dir, "memory.usage_in_bytes"), filepath.Join(dir, "memory.stat")
		at.inactive = "total_inactive_file"
	} else if unified != "" {
		at.memory, at.memoryStat = filepath.Join(unified, "memory.current"), filepath.Join(unified, "memory.stat")
		at.inactive = "inactive_file"
	}
	return at, nil
}

var errNoFiles = errors.New("no cpu controller is mounted")

// directory finds a cgroup's directory under one of the mounts. Where this
// process itself is in a container, the mount shows only a part of the tree and
// the kernel's path begins further up or with "/..": then the longest rest of it
// that still holds the container's id is taken, which can be no one else's.
func directory(name, id string, mounts ...string) (string, error) {
	var firstErr error
	for rest := path.Clean("/" + name); strings.Contains(rest, id); {
		for _, mount := range mounts {
			dir := filepath.Join(mount, filepath.FromSlash(rest))
			info, err := os.Stat(dir)
			if err == nil && info.IsDir() {
				return dir, nil
			}
			if firstErr == nil {
				firstErr = err
			}
		}
		_, after, more := strings.Cut(rest[1:], "/")
		if !more {
			break
		}
		rest = "/" + after
	}
	return "", firstErr
}
