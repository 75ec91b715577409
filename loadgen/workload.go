// SPDX-License-Identifier: MIT

package loadgen

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The endpoints that a workload may ask for, by name. UserDelete deletes only
// users that this very attack created; while there is none, it creates one.
const (
	Ping       = "ping"
	LongQ      = "longq"
	LoadQ      = "loadq"
	User       = "user"
	Messages   = "messages"
	UserUpdate = "user-update"
	UserCreate = "user-create"
	UserDelete = "user-delete"
)

// Endpoint is one thing to ask for. Needs names what must be there to serve it:
// "database", "loadq", or nothing.
type Endpoint struct {
	Name   string
	Method string
	Path   string
	Needs  string
}

// Endpoints lists all endpoints, in the order in which a sequence draws them.
func Endpoints() []Endpoint {
	return []Endpoint{
		{Ping, "GET", "/ping", ""},
		{LongQ, "GET", "/longQ?for=1s", ""},
		{LoadQ, "GET", "/loadQ/{n}", "loadq"},
		{User, "GET", "/users/{id}", "database"},
		{Messages, "GET", "/users/{id}/messages", "database"},
		{UserUpdate, "PUT", "/users/{id}", "database"},
		{UserCreate, "POST", "/users", "database"},
		{UserDelete, "DELETE", "/users/{id}", "database"},
	}
}

// Workload is what is asked: the weight of each endpoint. Weights need not add
// up to anything.
type Workload struct {
	Name  string
	Title string
	Mix   map[string]float64
}

// Workloads lists the named workloads.
func Workloads() []Workload {
	return []Workload{
		{"ping", "answers at once", map[string]float64{Ping: 1}},
		{"sleep", "a handler that sleeps for a second", map[string]float64{LongQ: 1}},
		{"users", "users by id, the popular ones often", map[string]float64{User: 1}},
		{"messages", "messages of users: a join that makes the database work", map[string]float64{Messages: 1}},
		{"mixed", "mostly reads: 75% users, 18% messages, 5% updates, 2% pings",
			map[string]float64{User: 75, Messages: 18, UserUpdate: 5, Ping: 2}},
		{"writes", "mostly writes: 60% updates, 15% new users, 14% deleted ones, 11% reads",
			map[string]float64{UserUpdate: 60, UserCreate: 15, UserDelete: 14, User: 11}},
		{"heavy", "mixed, with 2% of requests that compute",
			map[string]float64{User: 73.5, Messages: 17.64, UserUpdate: 4.9, Ping: 1.96, LoadQ: 2}},
	}
}

// ParseWorkload finds a workload by name, or reads an own mix of endpoints and
// weights, such as ping=98,loadq=2.
func ParseWorkload(s string) (Workload, error) {
	names := make([]string, 0, 8)
	for _, w := range Workloads() {
		if w.Name == s {
			return w, nil
		}
		names = append(names, w.Name)
	}
	if !strings.Contains(s, "=") {
		return Workload{}, fmt.Errorf("unknown workload %q: one of %s, or a mix such as ping=98,loadq=2", s, strings.Join(names, ", "))
	}
	w := Workload{Name: s, Title: "an own mix", Mix: map[string]float64{}}
	for part := range strings.SplitSeq(s, ",") {
		name, weight, found := strings.Cut(strings.TrimSpace(part), "=")
		value, err := strconv.ParseFloat(weight, 64)
		if !found || err != nil {
			return Workload{}, fmt.Errorf("workload %q: %q is not endpoint=weight, such as ping=98", s, part)
		}
		if _, twice := w.Mix[name]; twice {
			return Workload{}, fmt.Errorf("workload %q names %s twice", s, name)
		}
		w.Mix[name] = value
	}
	return w, w.validate()
}

// Endpoints are those that the workload needs, in the order of Endpoints.
func (w Workload) Endpoints() []Endpoint {
	return slices.DeleteFunc(Endpoints(), func(e Endpoint) bool { return w.Mix[e.Name] <= 0 })
}

func (w Workload) validate() error {
	known := make([]string, 0, 8)
	for _, e := range Endpoints() {
		known = append(known, e.Name)
	}
	sum := 0.0
	for _, name := range slices.Sorted(maps.Keys(w.Mix)) {
		weight := w.Mix[name]
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown endpoint %q in workload %s: one of %s", name, w.Name, strings.Join(known, ", "))
		}
		if !(weight >= 0) || math.IsInf(weight, 0) {
			return fmt.Errorf("weight %g of endpoint %s in workload %s: must be 0 or more", weight, name, w.Name)
		}
		sum += weight
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return fmt.Errorf("workload %s asks for nothing: no endpoint has a weight above 0", w.Name)
	}
	return nil
}

// placeOf is an endpoint's place in Endpoints.
func placeOf(name string) int {
	return slices.IndexFunc(Endpoints(), func(e Endpoint) bool { return e.Name == name })
}
