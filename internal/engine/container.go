// SPDX-License-Identifier: MIT

package engine

import "time"

// Container is one container of a project as the engine shows it.
type Container struct {
	ID, Name    string
	Project     string
	Service     string
	Replica     int
	OneOff      bool     // the load generator and the like, no part of the architecture
	State       string   // created, running, paused, restarting, exited, dead
	Health      string   // "", starting, healthy, unhealthy
	HealthTest  []string // the command of its check, as in Compose; nil without one
	ExitCode    int
	PID         int // on the engine's host; 0 when not running
	Restarts    int
	Created     time.Time
	Started     time.Time
	Image       string // the image's id
	ImageRef    string // as asked for
	Hash        string // of the configuration it was made from
	Stage       string // folder of the stage that made it
	LimitCores  float64
	LimitMemory int64 // bytes
	Env         map[string]string
	Addresses   map[string]string // network name to IPv4 address
	Hostname    string
	Published   uint16 // the port of the host that leads to it; 0 without, or while it doesn't run
	Labels      map[string]string
}
