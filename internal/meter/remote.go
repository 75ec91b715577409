// SPDX-License-Identifier: MIT

package meter

import (
	"context"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/record"
)

// Remote reads through the engine's API: for engines on other machines, inside
// a virtual machine (Docker Desktop), or whose files may not be read.
type Remote struct {
	API   API
	Files *Files // for the host's CPU; nil where the engine is elsewhere
}

// remoteFloor is the engine's own rhythm: its collector sleeps 1 s between
// rounds (moby daemon/daemon.go, statsCollector interval), so asking oftener
// yields the same numbers again.
const remoteFloor = time.Second

// remoteTimeout for one answer; the slowest measured took 2.1 s.
const remoteTimeout = 5 * time.Second

// Name says which reader this is.
func (r *Remote) Name() string { return record.EngineAPI }

// Floor is one second.
func (r *Remote) Floor() time.Duration { return remoteFloor }

// Host reads /proc/stat where the engine shares this machine.
func (r *Remote) Host() (HostCPU, bool) {
	if r.Files == nil {
		return HostCPU{}, false
	}
	return r.Files.Host()
}

// Open needs no preparation.
func (r *Remote) Open(c engine.Container) (Source, error) {
	return &remoteSource{api: r.API, id: c.ID}, nil
}

type remoteSource struct {
	api  API
	id   string
	last uint64
}

// Read asks the engine. For a container that is not running some engines answer
// with zeros and no time instead of an error; and after a restart the counter
// starts again, which ends this source.
func (s *remoteSource) Read(ctx context.Context) (engine.Stats, error) {
	ctx, cancel := context.WithTimeout(ctx, remoteTimeout)
	defer cancel()
	st, err := s.api.Stats(ctx, s.id)
	if err != nil {
		return engine.Stats{}, err
	}
	if (st.Read.IsZero() && st.CPUNanos == 0) || st.CPUNanos < s.last {
		return engine.Stats{}, errStopped
	}
	s.last = st.CPUNanos
	// The answer follows the collection at once, while the engine's own time
	// may come from another machine's clock.
	st.Read = time.Now()
	return st, nil
}

func (s *remoteSource) Close() error { return nil }
