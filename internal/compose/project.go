// SPDX-License-Identifier: MIT

// Package compose turns Compose files into a Project: the plain description of
// an architecture that the engine is made to match. It is the sole importer of
// compose-go, reads nothing of its surroundings (no OS environment, no .env
// file), and refuses what the engine would not honour, rather than ignore it.
package compose

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"systemlab/internal/problem"
)

// Project is one architecture under one name: a resolved Compose file.
type Project struct {
	Name       string
	WorkingDir string
	Files      []string
	Services   []Service      // sorted by name
	Networks   []Network      // sorted by key; only those in use
	Volumes    []Volume       // sorted by key; only those in use
	Extension  map[string]any // the content of x-lab
}

// Service is one box of the architecture: how many, how big, wired to whom.
type Service struct {
	Name        string
	Image       string // reference; resolved to its content by the time the engine sees it
	ImageID     string // content id, set by the image room; part of the hash
	Replicas    int
	Command     []string
	Entrypoint  []string
	User        string
	Hostname    string
	WorkingDir  string
	Env         map[string]string
	Ports       []Port
	Networks    []Attachment
	Mounts      []Mount
	DependsOn   map[string]string // service to condition: started or healthy
	Health      *Health
	Cores       float64 // CPU limit in cores; 0 is none
	CPUPeriod   time.Duration
	CPUShares   int64
	Memory      int64 // bytes; 0 is none
	Pids        int64
	ShmSize     int64
	CapAdd      []string
	CapDrop     []string
	SecurityOpt []string
	Sysctls     map[string]string
	ReadOnly    bool
	Init        *bool
	StopSignal  string
	StopGrace   time.Duration // 0 is the engine's own, 10 s
	Restart     string
	Labels      map[string]string
	Overrides   map[string]string // environment given by the user with --env; already in Env
	Limited     float64           `json:",omitempty"` // cores given by the user with --limit; already in Cores; 0 is the stage's own
	Exercise    string            `json:",omitempty"` // the exercise that the stack is a try of; the first service alone has it
	Replaced    string            `json:",omitempty"` // the program of the user's own that runs here, as it was given; "" is lab's own
}

// Port is a published port. HostPort 0 lets the engine choose.
type Port struct {
	HostIP   string
	HostPort uint16
	Target   uint16
	Protocol string
}

// Attachment is a service's place on a network, by the network's key.
type Attachment struct {
	Network string
	Aliases []string
	IPv4    string
}

// Mount kinds are volume, tmpfs and bind. Source is the volume's key or the host path.
type Mount struct {
	Kind     string
	Source   string
	Target   string
	ReadOnly bool
	Size     int64 // of a tmpfs, bytes
	Mode     uint32
}

// Health is the check that the engine runs, and lab too while it waits.
type Health struct {
	Test        []string // CMD or CMD-SHELL first, as in Compose
	Interval    time.Duration
	Timeout     time.Duration
	StartPeriod time.Duration
	Retries     int
}

// Network is a bridge network of the project.
type Network struct {
	Key      string
	Name     string
	Internal bool
	Subnet   string // CIDR; "" lets the engine choose
	Range    string // CIDR inside Subnet that the engine hands out; "" is all of it
}

// Volume is a named volume of the project.
type Volume struct {
	Key  string
	Name string
}

// Conditions of DependsOn.
const (
	Started = "service_started"
	Healthy = "service_healthy"
)

// Service finds a service by name.
func (p *Project) Service(name string) (*Service, bool) {
	for i := range p.Services {
		if p.Services[i].Name == name {
			return &p.Services[i], true
		}
	}
	return nil, false
}

// Network finds a network by its key.
func (p *Project) Network(key string) (*Network, bool) {
	for i := range p.Networks {
		if p.Networks[i].Key == key {
			return &p.Networks[i], true
		}
	}
	return nil, false
}

// ServiceNames in order.
func (p *Project) ServiceNames() []string {
	names := make([]string, len(p.Services))
	for i, s := range p.Services {
		names[i] = s.Name
	}
	return names
}

// Override sets one environment variable of one service, as `--env` does.
func (p *Project) Override(service, key, value string) error {
	s, ok := p.Service(service)
	if !ok {
		return problem.Newf(problem.NotFound, "one of: "+strings.Join(p.ServiceNames(), ", "), "this stage has no service %q", service)
	}
	if s.Overrides == nil {
		s.Overrides = map[string]string{}
	}
	s.Env[key], s.Overrides[key] = value, value
	return nil
}

// Limit sets the CPU limit of each replica of one service, in cores, as `--limit`
// does. Less than a thousandth of a core is rounded, as the file's own are.
func (p *Project) Limit(service string, cores float64) error {
	s, ok := p.Service(service)
	if !ok {
		return problem.Newf(problem.NotFound, "one of: "+strings.Join(p.ServiceNames(), ", "), "this stage has no service %q", service)
	}
	s.Cores = thousandths(cores)
	s.Limited = s.Cores
	return nil
}

// TryOf notes which exercise the stack is a try of. It is noted on a container,
// which is made anew when it changes: a stack has no other memory that dies with it.
func (p *Project) TryOf(exercise string) {
	if len(p.Services) > 0 {
		p.Services[0].Exercise = exercise
	}
}

// Replace puts a program of the user's own into a service's box. All of the box
// stays as it is but what runs in it: the image, and the check of its health,
// which is the image's own; nil leaves the service without one.
func (p *Project) Replace(service, program, image string, check []string) error {
	s, ok := p.Service(service)
	if !ok {
		return problem.Newf(problem.NotFound, "one of: "+strings.Join(p.ServiceNames(), ", "), "this stage has no service %q", service)
	}
	s.Replaced, s.Image, s.ImageID = program, image, ""
	if s.Health == nil || check == nil {
		s.Health = nil
		return nil
	}
	h := *s.Health
	h.Test = check
	s.Health = &h
	return nil
}

// Only keeps the named services and all that they call, and what those need.
func (p *Project) Only(names ...string) {
	links := p.Links()
	for i := 0; i < len(names); i++ {
		for _, l := range links {
			if l.From == names[i] && !slices.Contains(names, l.To) {
				names = append(names, l.To)
			}
		}
	}
	p.Services = slices.DeleteFunc(p.Services, func(s Service) bool { return !slices.Contains(names, s.Name) })
	p.Networks = slices.DeleteFunc(p.Networks, func(n Network) bool {
		return !slices.ContainsFunc(p.Services, func(s Service) bool {
			return slices.ContainsFunc(s.Networks, func(a Attachment) bool { return a.Network == n.Key })
		})
	})
	p.Volumes = slices.DeleteFunc(p.Volumes, func(v Volume) bool {
		return !slices.ContainsFunc(p.Services, func(s Service) bool {
			return slices.ContainsFunc(s.Mounts, func(m Mount) bool { return m.Kind == "volume" && m.Source == v.Key })
		})
	})
}

// Hash identifies what a container of this service is made from. As in Compose,
// how many there are and whom they wait for do not count: neither makes a
// running container wrong.
func (s Service) Hash() string {
	s.Replicas, s.DependsOn, s.Image = 0, nil, ""
	return digest(s)
}

// Hash identifies the whole resolved architecture, without the project's name,
// port and password, so that the same stage has the same hash everywhere.
func (p *Project) Hash() string {
	type part struct {
		Name, Image  string
		Replicas     int
		Cores        float64
		Memory       int64
		Networks     []string
		Env          []string
		Overrides    map[string]string
		Dependencies map[string]string
	}
	var parts []part
	for _, s := range p.Services {
		it := part{Name: s.Name, Image: s.ImageID, Replicas: s.Replicas, Cores: s.Cores, Memory: s.Memory,
			Overrides: s.Overrides, Dependencies: s.DependsOn}
		for _, n := range s.Networks {
			it.Networks = append(it.Networks, n.Network)
		}
		for k := range s.Env {
			it.Env = append(it.Env, k)
		}
		slices.Sort(it.Env)
		parts = append(parts, it)
	}
	return digest(parts)
}

func digest(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // plain data: can't happen
		panic(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
