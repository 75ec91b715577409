// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"maps"
	"math"

	"systemlab/internal/record"
)

// Comparable tells whether two runs may stand next to each other: refuse says why
// not at all, flags what else than the stage differs. Each is one line.
func Comparable(a, b *record.Run) (refuse string, flags []string) {
	if x, y := a.Workload, b.Workload; x.Name != y.Name || !maps.Equal(x.Mix, y.Mix) || x.Zipf != y.Zipf || x.Users != y.Users {
		return fmt.Sprintf("the runs were loaded with different workloads: %s and %s", workload(x, y), workload(y, x)), nil
	}
	flag := func(different bool, format string, args ...any) {
		if different {
			flags = append(flags, fmt.Sprintf(format, args...))
		}
	}
	x, y := a.Machine, b.Machine
	flag(x != y, "the runs are of different machines: %s", machines(x, y))
	flag(a.Pace != b.Pace, "the runs have different paces: %s and %s", a.Pace, b.Pace)
	flag(a.Seed != b.Seed, "the runs have different seeds, so not the same requests: %d and %d", a.Seed, b.Seed)
	flag(math.Abs(a.DurationSeconds-b.DurationSeconds) > 0.01*a.DurationSeconds, "the runs have different lengths: %g s and %g s", a.DurationSeconds, b.DurationSeconds)
	flag(a.Tool != b.Tool, "the runs were made by different versions of lab: %s and %s", a.Tool, b.Tool)
	flag(a.Meter != b.Meter, "containers were read in different ways: by %s and by %s", a.Meter, b.Meter)
	flag(a.Stage.Name == b.Stage.Name && a.Stage.Hash != b.Stage.Hash, "%s was not the same in both: it was edited, or set otherwise (--env, --limit)", a.Stage.Name)
	return "", flags
}

// workload names one in such a way that it differs from another.
func workload(w, other record.Workload) string {
	switch {
	case w.Name != other.Name:
		return w.Name
	case !maps.Equal(w.Mix, other.Mix):
		return fmt.Sprintf("%s %v", w.Name, w.Mix)
	}
	return fmt.Sprintf("%s with %d users and a Zipf exponent of %g", w.Name, w.Users, w.Zipf)
}

// machines names the first thing in which two differ.
func machines(x, y record.Machine) string {
	for _, d := range []struct {
		what string
		x, y any
	}{
		{"cores", x.Cores, y.Cores}, {"bytes of memory", x.MemoryBytes, y.MemoryBytes}, {"architecture", x.Arch, y.Arch}, {"system", x.OS, y.OS},
		{"kernel", x.Kernel, y.Kernel}, {"engine", x.Engine, y.Engine}, {"engine API", x.EngineAPI, y.EngineAPI},
		{"cgroup", x.Cgroup, y.Cgroup}, {"storage driver", x.StorageDriver, y.StorageDriver},
	} {
		if d.x != d.y {
			return fmt.Sprintf("%s %v and %v", d.what, d.x, d.y)
		}
	}
	return "they differ"
}
