// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"systemlab/internal/compose"
)

// createContainer makes one replica. Before API 1.44 an engine takes one
// network at creation; the others are connected before it starts.
func (e *Engine) createContainer(ctx context.Context, p *compose.Project, s *compose.Service, n int, st Stack) (string, error) {
	name := containerName(p, s, n)
	opts := client.ContainerCreateOptions{Name: name, Config: config(p, s, n, st), NetworkingConfig: &network.NetworkingConfig{}}
	var err error
	if opts.HostConfig, err = hostConfig(p, s); err != nil {
		return "", err
	}
	var later []string
	endpoints := map[string]*network.EndpointSettings{}
	for i, a := range s.Networks {
		net, _ := p.Network(a.Network)
		ep, err := endpoint(s, a, name)
		if err != nil {
			return "", err
		}
		endpoints[net.Name] = ep
		if i == 0 {
			opts.HostConfig.NetworkMode = container.NetworkMode(net.Name)
		} else if olderThan(e.info.API, "1.44") {
			later = append(later, net.Name)
		}
	}
	first := maps.Clone(endpoints)
	for _, l := range later {
		delete(first, l)
	}
	opts.NetworkingConfig.EndpointsConfig = first
	res, err := e.createNamed(ctx, opts, p.Name)
	if err != nil {
		return "", err
	}
	for _, net := range later {
		if _, err := e.api.NetworkConnect(ctx, net, client.NetworkConnectOptions{Container: res.ID, EndpointConfig: endpoints[net]}); err != nil {
			return res.ID, err
		}
	}
	return res.ID, nil
}

// createNamed makes a container whose name may be held by one of the same
// project that came to be since the snapshot: an engine finishes what a killed
// lab had asked for. Such a one is removed; anyone else's stays.
func (e *Engine) createNamed(ctx context.Context, opts client.ContainerCreateOptions, project string) (client.ContainerCreateResult, error) {
	const tries = 20
	for try := 1; ; try++ {
		res, err := e.api.ContainerCreate(ctx, opts)
		if !errdefs.IsConflict(err) || try == tries {
			return res, err
		}
		holder, missing := e.Container(ctx, opts.Name)
		switch {
		case errdefs.IsNotFound(missing): // the name is taken, the container not made yet
		case missing != nil || holder.Project != project:
			return res, err
		default:
			_, gone := e.api.ContainerRemove(ctx, holder.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
			if ignoreMissing(gone) != nil && !errdefs.IsConflict(gone) {
				return res, gone
			}
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return res, err
		}
	}
}

func endpoint(s *compose.Service, a compose.Attachment, name string) (*network.EndpointSettings, error) {
	ep := &network.EndpointSettings{Aliases: append([]string{name, s.Name}, a.Aliases...)}
	if a.IPv4 != "" {
		addr, err := netip.ParseAddr(a.IPv4)
		if err != nil {
			return nil, err
		}
		ep.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: addr}
	}
	return ep, nil
}

func config(p *compose.Project, s *compose.Service, n int, st Stack) *container.Config {
	c := &container.Config{
		Image: s.Image, User: s.User, Hostname: s.Hostname, WorkingDir: s.WorkingDir, Cmd: s.Command, Entrypoint: s.Entrypoint,
		StopSignal: s.StopSignal, Labels: containerLabels(p, s, n, st), ExposedPorts: network.PortSet{},
	}
	for _, k := range slices.Sorted(maps.Keys(s.Env)) {
		c.Env = append(c.Env, k+"="+s.Env[k])
	}
	if s.StopGrace > 0 {
		secs := int(s.StopGrace.Round(time.Second).Seconds())
		c.StopTimeout = &secs
	}
	for _, port := range s.Ports {
		if pp, ok := network.PortFrom(port.Target, network.IPProtocol(port.Protocol)); ok {
			c.ExposedPorts[pp] = struct{}{}
		}
	}
	if h := s.Health; h != nil {
		c.Healthcheck = &container.HealthConfig{Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: h.Retries}
	}
	return c
}

func hostConfig(p *compose.Project, s *compose.Service) (*container.HostConfig, error) {
	h := &container.HostConfig{
		CapAdd: s.CapAdd, CapDrop: s.CapDrop, SecurityOpt: s.SecurityOpt, Sysctls: s.Sysctls, ReadonlyRootfs: s.ReadOnly,
		Init: s.Init, ShmSize: s.ShmSize, PortBindings: network.PortMap{}, Tmpfs: map[string]string{},
		Resources: resources(s.Cores, s.Memory),
		// A generator or a chatty service must never fill the disk.
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "2"}},
	}
	h.CPUShares = s.CPUShares
	if s.CPUPeriod > 0 && s.Cores > 0 {
		h.NanoCPUs = 0
		h.CPUPeriod = s.CPUPeriod.Microseconds()
		h.CPUQuota = int64(math.Round(s.Cores * float64(h.CPUPeriod)))
	}
	if s.Pids > 0 {
		h.PidsLimit = &s.Pids
	}
	if s.Restart != "" {
		name, max, _ := strings.Cut(s.Restart, ":")
		h.RestartPolicy.Name = container.RestartPolicyMode(name)
		h.RestartPolicy.MaximumRetryCount, _ = strconv.Atoi(max)
	}
	for _, port := range s.Ports {
		pp, ok := network.PortFrom(port.Target, network.IPProtocol(port.Protocol))
		if !ok {
			return nil, fmt.Errorf("port %d/%s", port.Target, port.Protocol)
		}
		b := network.PortBinding{HostIP: netip.MustParseAddr(port.HostIP)}
		if port.HostPort > 0 {
			b.HostPort = strconv.Itoa(int(port.HostPort))
		}
		h.PortBindings[pp] = append(h.PortBindings[pp], b)
	}
	for _, m := range s.Mounts {
		switch m.Kind {
		case "tmpfs":
			h.Tmpfs[m.Target] = tmpfsOptions(m)
		default:
			h.Mounts = append(h.Mounts, mount.Mount{Type: mount.Type(m.Kind), Source: volumeName(p, m), Target: m.Target, ReadOnly: m.ReadOnly})
		}
	}
	return h, nil
}

func tmpfsOptions(m compose.Mount) string {
	var opts []string
	if m.Source != "" {
		opts = append(opts, m.Source)
	}
	if m.Size > 0 {
		opts = append(opts, "size="+strconv.FormatInt(m.Size, 10))
	}
	if m.Mode > 0 {
		opts = append(opts, "mode="+strconv.FormatUint(uint64(m.Mode), 8))
	}
	return strings.Join(opts, ",")
}

func volumeName(p *compose.Project, m compose.Mount) string {
	for _, v := range p.Volumes {
		if m.Kind == "volume" && v.Key == m.Source {
			return v.Name
		}
	}
	return m.Source
}

func resources(cores float64, memory int64) container.Resources {
	// Without a swap limit equal to memory's, an engine grants as much again in swap.
	// Rounded, since 0.29*1e9 is a little less than 290,000,000 and would never be seen as 0.29.
	return container.Resources{NanoCPUs: int64(math.Round(cores * 1e9)), Memory: memory, MemorySwap: memory}
}

// SetLimits changes a running container's limits; 0 leaves that one as it is.
func (e *Engine) SetLimits(ctx context.Context, id string, cores float64, memory int64) error {
	res := resources(cores, memory)
	now, err := e.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return e.wrap(err)
	}
	// An engine refuses nano-CPUs for a container that was made with a period of its own.
	if h := now.Container.HostConfig; h != nil && h.CPUPeriod > 0 && cores > 0 {
		res.NanoCPUs, res.CPUPeriod = 0, h.CPUPeriod
		res.CPUQuota = int64(math.Round(cores * float64(h.CPUPeriod)))
	}
	_, err = e.api.ContainerUpdate(ctx, id, client.ContainerUpdateOptions{Resources: &res})
	return e.wrap(err)
}
