// SPDX-License-Identifier: MIT

package compose

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// Link says that one service calls another.
type Link struct{ From, To string }

// Links are the arrows of the architecture, sorted: a service calls what it
// depends on and what its environment names, as a host in a URL or as a whole value.
func (p *Project) Links() []Link {
	var out []Link
	for _, s := range p.Services {
		called := map[string]bool{}
		for dep := range s.DependsOn {
			called[dep] = true
		}
		for _, v := range s.Env {
			if u, err := url.Parse(v); err == nil && u.Hostname() != "" {
				v = u.Hostname()
			}
			called[v] = true
		}
		for _, other := range p.Services {
			if called[other.Name] && other.Name != s.Name {
				out = append(out, Link{s.Name, other.Name})
			}
		}
	}
	slices.SortFunc(out, func(a, b Link) int { return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To)) })
	return out
}
