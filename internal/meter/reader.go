// SPDX-License-Identifier: MIT

package meter

import (
	"context"
	"errors"
	"time"

	"systemlab/internal/engine"
)

// Reader opens containers for reading. There are two: Files and Remote.
type Reader interface {
	// Open prepares one running container. An error says why it can't be read;
	// it is tried again later.
	Open(c engine.Container) (Source, error)
	// Host reads how busy the machine under the containers has been; ok is
	// false where that can't be known.
	Host() (cpu HostCPU, ok bool)
	// Floor is the shortest time between readings that means anything here.
	Floor() time.Duration
	// Name is "cgroup v1", "cgroup v2" or "engine API".
	Name() string
}

// Source is one incarnation of a container, from its start to its end. A
// container that starts again is another source.
type Source interface {
	// Read reads the counters; Read is when, on this process's monotonic clock
	// and as close to the counter as can be. An error means that this incarnation is gone or
	// has become unreadable: the source is closed and opened again if the
	// container still runs.
	Read(ctx context.Context) (engine.Stats, error)
	Close() error
}

// API is the part of the engine that Remote needs.
type API interface {
	Stats(ctx context.Context, id string) (engine.Stats, error)
}

// errStopped says that a source's container has ended or started again.
var errStopped = errors.New("the container has stopped")

// Pick chooses the cheapest reader that works for these containers, and says
// why where that is not the kernel's files. Local means that the engine runs on
// this very machine and kernel; api may be nil, and then the files are all there is.
func Pick(ctx context.Context, local bool, files *Files, api API, containers []engine.Container) (r Reader, reason string) {
	remote := &Remote{API: api}
	if local {
		remote.Files = files // /proc/stat is this machine's
	}
	switch {
	case api == nil:
		return files, ""
	case !local:
		return remote, "the engine runs on another machine"
	}
	for _, c := range containers {
		if c.PID == 0 {
			continue
		}
		src, err := files.Open(c)
		if err != nil {
			return remote, err.Error()
		}
		_, err = src.Read(ctx)
		src.Close()
		if err != nil {
			return remote, err.Error()
		}
	}
	return files, ""
}
