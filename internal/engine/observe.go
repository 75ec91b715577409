// SPDX-License-Identifier: MIT

package engine

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
)

// Observed is one snapshot of all that bears a project's label.
type Observed struct {
	Project    string
	Containers []Container // sorted by service and replica; one-offs included
	Networks   []NetworkState
	Volumes    []VolumeState
}

// NetworkState is a network of the project as the engine shows it.
type NetworkState struct {
	ID, Key, Name string
	Internal      bool
	Subnet        string
	Password      string
	Net           string
}

// VolumeState is a volume of the project as the engine shows it.
type VolumeState struct {
	Key, Name string
	Password  string
}

// Observe takes a snapshot of a project.
func (e *Engine) Observe(ctx context.Context, project string) (Observed, error) {
	o := Observed{Project: project}
	var g errgroup.Group
	g.Go(func() (err error) { o.Containers, err = e.Containers(ctx, project); return err })
	g.Go(func() (err error) { o.Networks, err = e.networks(ctx, project); return err })
	g.Go(func() (err error) { o.Volumes, err = e.volumes(ctx, project); return err })
	return o, g.Wait()
}

// Containers lists a project's containers, the stopped ones and one-offs too.
func (e *Engine) Containers(ctx context.Context, project string) ([]Container, error) {
	list, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: byProject(project)})
	if err != nil {
		return nil, e.wrap(err)
	}
	out := make([]Container, len(list.Items))
	var g errgroup.Group
	for i, item := range list.Items {
		g.Go(func() error {
			c, err := e.Container(ctx, item.ID)
			if errdefs.IsNotFound(err) { // gone since it was listed
				return nil
			}
			out[i] = c
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, e.wrap(err)
	}
	out = slices.DeleteFunc(out, func(c Container) bool { return c.ID == "" })
	slices.SortFunc(out, func(a, b Container) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), cmp.Compare(a.Replica, b.Replica), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Container inspects one.
func (e *Engine) Container(ctx context.Context, id string) (Container, error) {
	res, err := e.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return Container{}, err
	}
	return describe(res.Container), nil
}

func describe(r container.InspectResponse) Container {
	c := Container{ID: r.ID, Name: strings.TrimPrefix(r.Name, "/"), Image: r.Image, Restarts: r.RestartCount}
	c.Created, _ = time.Parse(time.RFC3339Nano, r.Created)
	if s := r.State; s != nil {
		c.State, c.ExitCode, c.PID = string(s.Status), s.ExitCode, s.Pid
		c.Started, _ = time.Parse(time.RFC3339Nano, s.StartedAt)
		if s.Health != nil && s.Health.Status != container.NoHealthcheck {
			c.Health = string(s.Health.Status)
		}
	}
	if h := r.HostConfig; h != nil {
		c.LimitCores, c.LimitMemory = float64(h.NanoCPUs)/1e9, h.Memory
		if h.NanoCPUs == 0 && h.CPUPeriod > 0 && h.CPUQuota > 0 {
			c.LimitCores = float64(h.CPUQuota) / float64(h.CPUPeriod)
		}
	}
	if cfg := r.Config; cfg != nil {
		c.Labels, c.ImageRef, c.Hostname = cfg.Labels, cfg.Image, cfg.Hostname
		c.Project, c.Service, c.Hash, c.Stage = cfg.Labels[labelProject], cfg.Labels[labelService], cfg.Labels[labelHash], cfg.Labels[labelStage]
		if cfg.Healthcheck != nil && len(cfg.Healthcheck.Test) > 1 {
			c.HealthTest = cfg.Healthcheck.Test
		}
		c.OneOff = strings.EqualFold(cfg.Labels[labelOneOff], "true")
		c.Replica, _ = strconv.Atoi(cfg.Labels[labelNumber])
		c.Env = make(map[string]string, len(cfg.Env))
		for _, kv := range cfg.Env {
			k, v, _ := strings.Cut(kv, "=")
			c.Env[k] = v
		}
	}
	c.Addresses = map[string]string{}
	if r.NetworkSettings != nil {
		for name, n := range r.NetworkSettings.Networks {
			addr := ""
			if n.IPAddress.IsValid() {
				addr = n.IPAddress.String()
			}
			c.Addresses[name] = addr
		}
		c.Published = published(r.NetworkSettings.Ports)
	}
	return c
}

// published is the lowest port of the host that leads to the container.
func published(ports network.PortMap) (lowest uint16) {
	for _, bindings := range ports {
		for _, b := range bindings {
			n, err := strconv.ParseUint(b.HostPort, 10, 16)
			if err == nil && (lowest == 0 || uint16(n) < lowest) {
				lowest = uint16(n)
			}
		}
	}
	return lowest
}

func (e *Engine) networks(ctx context.Context, project string) ([]NetworkState, error) {
	list, err := e.api.NetworkList(ctx, client.NetworkListOptions{Filters: byProject(project)})
	if err != nil {
		return nil, e.wrap(err)
	}
	var out []NetworkState
	for _, n := range list.Items {
		s := NetworkState{ID: n.ID, Key: n.Labels[labelNetwork], Name: n.Name, Internal: n.Internal, Password: n.Labels[labelPassword], Net: n.Labels[labelNet]}
		if len(n.IPAM.Config) > 0 {
			s.Subnet = n.IPAM.Config[0].Subnet.String()
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b NetworkState) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return out, nil
}

func (e *Engine) volumes(ctx context.Context, project string) ([]VolumeState, error) {
	list, err := e.api.VolumeList(ctx, client.VolumeListOptions{Filters: byProject(project)})
	if err != nil {
		return nil, e.wrap(err)
	}
	var out []VolumeState
	for _, v := range list.Items {
		out = append(out, VolumeState{Key: v.Labels[labelVolume], Name: v.Name, Password: v.Labels[labelPassword]})
	}
	slices.SortFunc(out, func(a, b VolumeState) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// Stack reads what holds for the whole stack. The newest container says which
// stage it is; volumes outlive containers, so they know the password best.
func (o Observed) Stack() Stack {
	var st Stack
	var newest time.Time
	for _, c := range o.Containers {
		if e := c.Labels[labelExercise]; e != "" {
			st.Exercise = e
		}
		if !c.OneOff && c.Created.After(newest) {
			newest = c.Created
			st.Stage = c.Stage
			if n, err := strconv.ParseUint(c.Labels[labelPort], 10, 16); err == nil {
				st.Port = uint16(n)
			}
		}
	}
	for _, n := range o.Networks {
		if n.Password != "" {
			st.Password = n.Password
		}
		if n.Net != "" {
			st.Net = n.Net
		}
	}
	for _, v := range o.Volumes {
		if v.Password != "" {
			st.Password = v.Password
		}
	}
	return st
}

// Up tells whether anything of the architecture is there.
func (o Observed) Up() bool {
	return slices.ContainsFunc(o.Containers, func(c Container) bool { return !c.OneOff })
}

// Of lists the containers of one service, by replica.
func (o Observed) Of(service string) []Container {
	var out []Container
	for _, c := range o.Containers {
		if c.Service == service && !c.OneOff {
			out = append(out, c)
		}
	}
	return out
}

func byProject(name string) client.Filters {
	return client.Filters{}.Add("label", labelProject+"="+name)
}

// wrap keeps what is a problem already and explains a lost connection.
func (e *Engine) wrap(err error) error {
	if err == nil || !client.IsErrConnectionFailed(err) {
		return err
	}
	return explainConnection(err, e.host)
}
