// SPDX-License-Identifier: MIT

package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"systemlab/internal/compose"
)

// Reconcile decides what must happen so that what is observed becomes the
// project. It is pure: no clock, no engine, and the same input gives the same
// plan. The lifecycle, top to bottom: what is wrong goes, what is missing is
// made, then everything starts in the order of its dependencies and is waited for.
func Reconcile(p *compose.Project, o Observed, st Stack) *Plan {
	r := &reconciler{
		project: p, observed: o, plan: &Plan{Project: p, Stack: st},
		network: map[string]int{}, volume: map[string]int{}, ready: map[string][]int{}, started: map[string][]int{},
	}
	r.judgeContainers()
	r.removeContainers()
	r.networks()
	r.volumes()
	r.createContainers()
	for _, s := range inOrder(p) {
		r.start(s)
	}
	return r.plan
}

// verdict on one container that is there.
type judged struct {
	Container
	service *compose.Service // nil: not to be
	wrong   string           // why it must be made anew or go; "" keeps it
	gone    int              // step that removes it
}

type reconciler struct {
	project  *compose.Project
	observed Observed
	plan     *Plan

	containers []judged
	removals   []int            // every removal of a container
	network    map[string]int   // key to the step that creates it
	volume     map[string]int   // key to the step that creates it
	started    map[string][]int // service to the steps after which it runs
	ready      map[string][]int // service to the steps after which it is healthy
	created    []creation
}

type creation struct {
	service *compose.Service
	replica int
	step    int
}

func (r *reconciler) judgeContainers() {
	for _, c := range r.observed.Containers {
		if _, marks := c.Marked(labelFault); marks {
			continue // a fault stands as long as its marker: who heals it removes that
		}
		if c.OneOff {
			// A generator whose lab has died ends by itself when its stdin closes; one
			// that never started or is over is a leftover.
			if c.State == "created" || c.State == "exited" || c.State == "dead" {
				r.containers = append(r.containers, judged{Container: c, wrong: "left over from an earlier run"})
			}
			continue
		}
		j := judged{Container: c}
		j.service, _ = r.project.Service(c.Service)
		j.wrong = r.whatIsWrong(c, j.service)
		r.containers = append(r.containers, j)
	}
	r.tooMany()
}

// whatIsWrong says why a container can't stay as it is, or nothing.
func (r *reconciler) whatIsWrong(c Container, s *compose.Service) string {
	switch {
	case s == nil:
		return "service " + c.Service + " is not in this stage"
	case c.Hash != s.Hash() && c.Labels[labelImage] != s.ImageID:
		return "its image has changed"
	case c.Hash != s.Hash():
		return "its configuration has changed"
	case c.State == "dead" || c.State == "removing":
		return "it is " + c.State
	case c.State == "running" && c.Health == "unhealthy":
		return "it is unhealthy"
	}
	for _, a := range s.Networks {
		n, _ := r.project.Network(a.Network)
		if _, on := c.Addresses[n.Name]; !on {
			return "it is not on network " + n.Name
		}
		if why := r.networkWrong(n); why != "" {
			return why
		}
	}
	return ""
}

// networkWrong says why the network of that key must be made anew.
func (r *reconciler) networkWrong(n *compose.Network) string {
	why, seen := "network "+n.Name+" is gone", 0
	for _, have := range r.observed.Networks {
		if have.Key != n.Key {
			continue
		}
		seen++
		switch {
		case seen > 1: // names are not unique, and the engine refuses to choose
			why = "network " + n.Name + " is there twice"
		case have.Internal != n.Internal || n.Subnet != "" && have.Subnet != n.Subnet:
			why = "network " + n.Name + " has changed"
		default:
			why = ""
		}
	}
	return why
}

// tooMany marks what a scale-down removes: as in Compose, obsolete ones first,
// which are marked already, then the highest numbers. Two with one number are one too many.
func (r *reconciler) tooMany() {
	kept, seen := map[string]int{}, map[string]bool{}
	for i := range r.containers { // sorted by service and replica
		j := &r.containers[i]
		if j.service == nil || j.OneOff {
			continue
		}
		slot := fmt.Sprintf("%s-%d", j.Service, j.Replica)
		switch {
		case j.wrong != "" && kept[j.Service] >= j.service.Replicas:
			j.service = nil
		case j.wrong == "" && (kept[j.Service] >= j.service.Replicas || seen[slot]):
			j.wrong, j.service = fmt.Sprintf("%s is scaled to %d", j.Service, j.service.Replicas), nil
		case j.wrong == "":
			kept[j.Service]++
		}
		seen[slot] = true
	}
}

func (r *reconciler) removeContainers() {
	for i := range r.containers {
		j := &r.containers[i]
		if j.wrong == "" {
			continue
		}
		j.gone = r.plan.add(Step{Kind: RemoveContainer, Target: j.Name, Cause: j.wrong, id: j.ID, grace: -1})
		r.removals = append(r.removals, j.gone)
	}
}

func (r *reconciler) networks() {
	gone := map[string][]int{}
	for _, have := range r.observed.Networks {
		n, wanted := r.project.Network(have.Key)
		cause := "not in this stage"
		if wanted {
			cause = r.networkWrong(n)
		}
		if cause != "" {
			gone[have.Key] = append(gone[have.Key],
				r.plan.add(Step{Kind: RemoveNetwork, Target: have.Name, Cause: cause, id: have.ID, After: r.removals}))
		}
	}
	for i := range r.project.Networks {
		n := &r.project.Networks[i]
		if why := r.networkWrong(n); why != "" {
			if len(gone[n.Key]) == 0 {
				why = "missing"
			}
			r.network[n.Key] = r.plan.add(Step{Kind: CreateNetwork, Target: n.Name, Cause: why, network: n, After: gone[n.Key]})
		}
	}
}

// volumes are made and never removed here: data stays until `down --volumes`.
func (r *reconciler) volumes() {
	for i := range r.project.Volumes {
		v := &r.project.Volumes[i]
		if !slices.ContainsFunc(r.observed.Volumes, func(s VolumeState) bool { return s.Key == v.Key }) {
			r.volume[v.Key] = r.plan.add(Step{Kind: CreateVolume, Target: v.Name, Cause: "missing", volume: v})
		}
	}
}

func (r *reconciler) createContainers() {
	for i := range r.project.Services {
		s := &r.project.Services[i]
		have := map[int]bool{}
		replaced := map[int]*judged{}
		for k := range r.containers {
			if j := &r.containers[k]; j.service == s {
				if j.wrong == "" {
					have[j.Replica] = true
				} else {
					replaced[j.Replica] = j
				}
			}
		}
		for n := 1; len(have) < s.Replicas; n++ {
			if have[n] {
				continue
			}
			have[n] = true
			r.create(s, n, replaced[n])
		}
	}
}

func (r *reconciler) create(s *compose.Service, n int, old *judged) {
	step := Step{Kind: CreateContainer, Target: containerName(r.project, s, n), Cause: "missing", service: s, replica: n}
	if old != nil {
		step.Cause = old.wrong
	}
	// A name or a published port must be free before it can be had again.
	for k := range r.containers {
		if j := &r.containers[k]; j.wrong != "" && (j.Name == step.Target || len(s.Ports) > 0) {
			step.After = append(step.After, j.gone)
		}
	}
	for _, a := range s.Networks {
		if id, ok := r.network[a.Network]; ok {
			step.After = append(step.After, id)
		}
	}
	for _, m := range s.Mounts {
		if id, ok := r.volume[m.Source]; ok && m.Kind == "volume" {
			step.After = append(step.After, id)
			continue
		}
		// Two databases must never have one data folder open.
		for k := range r.containers {
			if j := &r.containers[k]; m.Kind == "volume" && j.wrong != "" && j.Service == s.Name && !slices.Contains(step.After, j.gone) {
				step.After = append(step.After, j.gone)
			}
		}
	}
	r.created = append(r.created, creation{s, n, r.plan.add(step)})
}

// start brings the replicas of one service up and waits for them, after the
// services that it depends on.
func (r *reconciler) start(s *compose.Service) {
	var before []int
	for _, dep := range slices.Sorted(maps.Keys(s.DependsOn)) {
		if s.DependsOn[dep] == compose.Healthy {
			before = append(before, r.ready[dep]...)
		} else {
			before = append(before, r.started[dep]...)
		}
	}
	for k := range r.containers {
		if j := &r.containers[k]; j.service == s && j.wrong == "" && !j.OneOff {
			r.revive(j, before)
		}
	}
	for _, c := range r.created {
		if c.service == s {
			name := containerName(r.project, s, c.replica)
			id := r.plan.add(Step{Kind: StartContainer, Target: name, Cause: "created", service: s, replica: c.replica,
				After: append([]int{c.step}, before...)})
			r.awaits(s, name, c.replica, "", id)
		}
	}
}

// revive puts right a container that stays.
func (r *reconciler) revive(j *judged, before []int) {
	last := -1
	if c := j.Container; c.LimitCores != j.service.Cores || c.LimitMemory != j.service.Memory {
		cause := fmt.Sprintf("%g cores and %d bytes, not %g and %d", c.LimitCores, c.LimitMemory, j.service.Cores, j.service.Memory)
		last = r.plan.add(Step{Kind: SetLimits, Target: j.Name, Cause: cause, id: j.ID, service: j.service, replica: j.Replica})
	}
	after := slices.Clone(before)
	if last >= 0 {
		after = append(after, last)
	}
	switch {
	case j.State == "paused":
		last = r.plan.add(Step{Kind: Unpause, Target: j.Name, Cause: "it is paused", id: j.ID, After: after})
	case j.State != "running" && j.State != "restarting":
		last = r.plan.add(Step{Kind: StartContainer, Target: j.Name, Cause: "it is " + j.State, id: j.ID, service: j.service, replica: j.Replica, After: after})
	case j.service.Health == nil || j.Health == "healthy":
		return // as it should be: nothing waits for it
	}
	r.awaits(j.service, j.Name, j.Replica, j.ID, last)
}

func (r *reconciler) awaits(s *compose.Service, name string, replica int, id string, after int) {
	step := Step{Kind: WaitHealthy, Target: name, Cause: "until it answers", id: id, service: s, replica: replica}
	if after >= 0 {
		step.After = []int{after}
		r.started[s.Name] = append(r.started[s.Name], after)
	}
	r.ready[s.Name] = append(r.ready[s.Name], r.plan.add(step))
}

// inOrder sorts services so that each comes after those it depends on; among
// equals by name. The loader has refused cycles.
func inOrder(p *compose.Project) []*compose.Service {
	depth := map[string]int{}
	var of func(name string) int
	of = func(name string) int {
		if d, ok := depth[name]; ok {
			return d
		}
		s, _ := p.Service(name)
		d := 0
		for dep := range s.DependsOn {
			d = max(d, of(dep)+1)
		}
		depth[name] = d
		return d
	}
	out := make([]*compose.Service, len(p.Services))
	for i := range p.Services {
		out[i] = &p.Services[i]
		of(out[i].Name)
	}
	slices.SortStableFunc(out, func(a, b *compose.Service) int { return cmp.Compare(depth[a.Name], depth[b.Name]) })
	return out
}

// Teardown is the plan that leaves nothing of a project but, unless asked, its volumes.
func Teardown(o Observed, volumes bool) *Plan {
	p := &Plan{}
	var gone []int
	for _, c := range o.Containers {
		gone = append(gone, p.add(Step{Kind: RemoveContainer, Target: c.Name, Cause: "down", id: c.ID, grace: -1}))
	}
	for _, n := range o.Networks {
		p.add(Step{Kind: RemoveNetwork, Target: n.Name, Cause: "down", id: n.ID, After: gone})
	}
	if volumes {
		for _, v := range o.Volumes {
			p.add(Step{Kind: RemoveVolume, Target: v.Name, Cause: "down --volumes", id: v.Name, After: gone})
		}
	}
	return p
}
