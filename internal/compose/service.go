// SPDX-License-Identifier: MIT

package compose

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// supported are the service attributes that the engine honours. Anything else
// in a file is an error: a setting that is silently dropped would make a lie of
// the architecture on the screen.
func supported() []string {
	return []string{
		"cap_add", "cap_drop", "command", "cpu_period", "cpu_quota", "cpu_shares", "cpus", "depends_on", "deploy", "entrypoint",
		"environment", "expose", "healthcheck", "hostname", "image", "init", "labels", "mem_limit", "networks", "pids_limit",
		"ports", "read_only", "restart", "scale", "security_opt", "shm_size", "stop_grace_period", "stop_signal", "sysctls",
		"tmpfs", "user", "volumes", "working_dir",
	}
}

func convertService(s types.ServiceConfig) (Service, error) {
	if err := refuseUnsupported(s); err != nil {
		return Service{}, err
	}
	out := Service{
		Name: s.Name, Image: s.Image, Replicas: s.GetScale(),
		Command: s.Command, Entrypoint: s.Entrypoint, User: s.User, Hostname: s.Hostname, WorkingDir: s.WorkingDir,
		Env: map[string]string{}, DependsOn: map[string]string{},
		CPUShares: s.CPUShares, Pids: s.PidsLimit, ShmSize: int64(s.ShmSize),
		CapAdd: s.CapAdd, CapDrop: s.CapDrop, SecurityOpt: s.SecurityOpt, Sysctls: s.Sysctls,
		ReadOnly: s.ReadOnly, Init: s.Init, StopSignal: s.StopSignal, Restart: s.Restart, Labels: s.Labels,
	}
	if s.Image == "" {
		return out, fmt.Errorf("`image` is missing")
	}
	if s.StopGracePeriod != nil {
		out.StopGrace = time.Duration(*s.StopGracePeriod)
	}
	for k, v := range s.Environment {
		if v != nil {
			out.Env[k] = *v
		}
	}
	for dep, d := range s.DependsOn {
		if d.Condition != Started && d.Condition != Healthy {
			return out, fmt.Errorf("depends_on %s: condition %s is not supported", dep, d.Condition)
		}
		out.DependsOn[dep] = d.Condition
	}
	limits(&out, s)
	if err := ports(&out, s); err != nil {
		return out, err
	}
	for _, key := range s.NetworksByPriority() {
		a := Attachment{Network: key}
		if n := s.Networks[key]; n != nil {
			a.Aliases, a.IPv4 = n.Aliases, n.Ipv4Address
		}
		out.Networks = append(out.Networks, a)
	}
	if err := mounts(&out, s); err != nil {
		return out, err
	}
	return out, health(&out, s)
}

func refuseUnsupported(s types.ServiceConfig) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	var keys map[string]any
	if err := json.Unmarshal(b, &keys); err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if !slices.Contains(supported(), k) && !strings.HasPrefix(k, "x-") && keys[k] != nil {
			return fmt.Errorf("`%s` is not supported", k)
		}
	}
	if s.Deploy != nil && s.Deploy.Mode != "" && s.Deploy.Mode != "replicated" {
		return fmt.Errorf("deploy mode %s is not supported", s.Deploy.Mode)
	}
	return nil
}

// limits takes either way of saying them; deploy.resources wins, as in Compose.
func limits(out *Service, s types.ServiceConfig) {
	// Compose keeps cores as a 32-bit float: round to thousandths, which is what people write.
	out.Cores, out.Memory = thousandths(float64(s.CPUS)), int64(s.MemLimit)
	if s.CPUPeriod > 0 {
		out.CPUPeriod = time.Duration(s.CPUPeriod) * time.Microsecond
		if s.CPUQuota > 0 {
			out.Cores = float64(s.CPUQuota) / float64(s.CPUPeriod)
		}
	}
	if s.Deploy == nil || s.Deploy.Resources.Limits == nil {
		return
	}
	l := s.Deploy.Resources.Limits
	if l.NanoCPUs > 0 {
		out.Cores = thousandths(float64(l.NanoCPUs.Value()))
	}
	if l.MemoryBytes > 0 {
		out.Memory = int64(l.MemoryBytes)
	}
	if l.Pids > 0 {
		out.Pids = l.Pids
	}
}

func thousandths(x float64) float64 { return math.Round(x*1000) / 1000 }

func ports(out *Service, s types.ServiceConfig) error {
	for _, p := range s.Ports {
		port := Port{HostIP: p.HostIP, Target: uint16(p.Target), Protocol: p.Protocol}
		if port.HostIP != "127.0.0.1" {
			return fmt.Errorf("port %d is published on %q: only 127.0.0.1 is allowed", p.Target, p.HostIP)
		}
		if p.Published != "" {
			n, err := strconv.ParseUint(p.Published, 10, 16)
			if err != nil {
				return fmt.Errorf("published port %q: one number from 1 to 65535 is supported", p.Published)
			}
			port.HostPort = uint16(n)
		}
		out.Ports = append(out.Ports, port)
	}
	return nil
}

func mounts(out *Service, s types.ServiceConfig) error {
	for _, v := range s.Volumes {
		m := Mount{Kind: v.Type, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly}
		switch v.Type {
		case "volume", "bind":
			if v.Source == "" {
				return fmt.Errorf("volume on %s needs a name", v.Target)
			}
		case "tmpfs":
			if v.Tmpfs != nil {
				m.Size, m.Mode = int64(v.Tmpfs.Size), v.Tmpfs.Mode
			}
		default:
			return fmt.Errorf("volume type %s is not supported", v.Type)
		}
		out.Mounts = append(out.Mounts, m)
	}
	for _, t := range s.Tmpfs {
		target, options, _ := strings.Cut(t, ":")
		out.Mounts = append(out.Mounts, Mount{Kind: "tmpfs", Target: target, Source: options})
	}
	return nil
}

func health(out *Service, s types.ServiceConfig) error {
	h := s.HealthCheck
	if h == nil || h.Disable || len(h.Test) == 0 || h.Test[0] == "NONE" {
		return nil
	}
	if h.StartInterval != nil {
		return fmt.Errorf("healthcheck.start_interval is dropped by engines before API 1.44; lab asks for itself while it waits, so leave it out")
	}
	out.Health = &Health{Test: h.Test}
	for _, d := range []struct {
		from *types.Duration
		to   *time.Duration
	}{{h.Interval, &out.Health.Interval}, {h.Timeout, &out.Health.Timeout}, {h.StartPeriod, &out.Health.StartPeriod}} {
		if d.from != nil {
			*d.to = time.Duration(*d.from)
		}
	}
	if h.Retries != nil {
		out.Health.Retries = int(*h.Retries)
	}
	return nil
}
