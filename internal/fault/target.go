// SPDX-License-Identifier: MIT

package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// Target is a container that was meant.
type Target struct {
	Container engine.Container
	Asked     string // as typed
	Why       string // this one, where there was a choice
}

// running is the state of a container that can be broken.
const running = "running"

// roles by another name, and how each is told.
const (
	active  = "active" // holds the virtual IP
	standby = "standby"
	vip     = "vip"
)

// Resolve finds what is meant: a replica (api-2), a service (api, api:any), a
// role (lb:active, postgres:primary), all of a service (all:workers). Roles are what
// the containers say of themselves, by their ids.
func Resolve(what string, o engine.Observed, roles map[string][]string) ([]Target, error) {
	name, role, ok := strings.Cut(what, ":")
	switch {
	case what == "" || ok && (role == "" || name == ""):
		return nil, unknown(what, o)
	case ok && name == "all":
		return allOf(what, role, o)
	case ok && role != "any":
		return withRole(what, name, role, o, roles)
	}
	if t, ok := replica(what, o); ok {
		return []Target{t}, nil
	}
	return first(what, name, o)
}

// replica finds api-2, api.2 or the container's own name.
func replica(what string, o engine.Observed) (Target, bool) {
	for _, c := range o.Containers {
		n := strconv.Itoa(c.Replica)
		if !c.OneOff && slices.Contains([]string{c.Name, c.Service + "-" + n, c.Service + "." + n}, what) {
			return Target{Container: c, Asked: what}, true
		}
	}
	return Target{}, false
}

// first takes the first replica that runs and is whole: said twice, it is two of them.
func first(what, service string, o engine.Observed) ([]Target, error) {
	all := o.Of(service)
	if len(all) == 0 {
		return nil, unknown(what, o)
	}
	up := runningOf(all)
	for _, c := range up {
		if len(on(o, c)) == 0 {
			up = []engine.Container{c}
			break
		}
	}
	if len(up) == 0 {
		up = all // what is wrong with it is told when it is to be broken
	}
	t := Target{Container: up[0], Asked: what}
	if len(all) > 1 {
		t.Why = fmt.Sprintf("the first that runs whole of %d", len(all))
	}
	return []Target{t}, nil
}

func allOf(what, service string, o engine.Observed) ([]Target, error) {
	all := o.Of(service)
	if len(all) == 0 {
		all = o.Of(strings.TrimSuffix(service, "s"))
	}
	if len(all) == 0 {
		return nil, unknown(what, o)
	}
	up := runningOf(all)
	if len(up) == 0 {
		return nil, problem.Newf(problem.Unsupported, "lab heal, or lab up", "nothing of %s runs", all[0].Service)
	}
	var out []Target
	for _, c := range up {
		out = append(out, Target{Container: c, Asked: what, Why: fmt.Sprintf("one of %d", len(up))})
	}
	return out, nil
}

// withRole finds who has a role now, in a service or one that is named after it
// (postgres:replica is a postgres-replica).
func withRole(what, service, role string, o engine.Observed, roles map[string][]string) ([]Target, error) {
	if role == active {
		role = vip
	}
	known := false
	for _, c := range o.Containers {
		if c.OneOff || c.Service != service && !strings.HasPrefix(c.Service, service+"-") {
			continue
		}
		known = true
		has := slices.Contains(roles[c.ID], role)
		if role == standby {
			has = len(c.Watch()) > 0 && !slices.Contains(roles[c.ID], vip)
		}
		if has && c.State == running {
			return []Target{{Container: c, Asked: what, Why: "it is " + article(role)}}, nil
		}
	}
	if !known {
		return nil, unknown(what, o)
	}
	return nil, problem.Newf(problem.NotFound, "lab status shows who has which role", "no %s is %s now", service, article(role))
}

func article(role string) string {
	switch role {
	case vip:
		return "the one that holds the virtual IP"
	case standby:
		return "on standby"
	}
	return "the " + role
}

func runningOf(all []engine.Container) []engine.Container {
	var out []engine.Container
	for _, c := range all {
		if c.State == running {
			out = append(out, c)
		}
	}
	return out
}

// unknown lists what is there.
func unknown(what string, o engine.Observed) error {
	return problem.Newf(problem.NotFound, "one of: "+strings.Join(Names(o), ", "), "the stack has no %q", what)
}

// Names of all that can be broken: services, replicas where there are several,
// and the common roles.
func Names(o engine.Observed) []string {
	var out []string
	for _, c := range o.Containers {
		if c.OneOff || slices.Contains(out, c.Service) {
			continue
		}
		out = append(out, c.Service)
		all := o.Of(c.Service)
		if len(all) == 1 {
			continue
		}
		for _, r := range all {
			out = append(out, c.Service+"-"+strconv.Itoa(r.Replica))
		}
		out = append(out, "all:"+c.Service)
		if c.Service == "lb" {
			out = append(out, "lb:"+active, "lb:"+standby)
		}
	}
	return out
}
