// SPDX-License-Identifier: MIT

package engine

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Endpoint is a container's place on a network, enough to give it back.
type Endpoint struct {
	Network string   `json:"network"` // its name
	Aliases []string `json:"aliases,omitempty"`
	IPv4    string   `json:"ipv4,omitempty"` // only where it was asked for by number
}

// Endpoints are a container's places, by the network's name.
func (e *Engine) Endpoints(ctx context.Context, id string) ([]Endpoint, error) {
	res, err := e.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil || res.Container.NetworkSettings == nil {
		return nil, e.wrap(err)
	}
	var out []Endpoint
	for name, n := range res.Container.NetworkSettings.Networks {
		p := Endpoint{Network: name}
		for _, a := range n.Aliases {
			if !strings.HasPrefix(id, a) { // engines up to API 1.44 add the short id by themselves
				p.Aliases = append(p.Aliases, a)
			}
		}
		if n.IPAMConfig != nil && n.IPAMConfig.IPv4Address.IsValid() {
			p.IPv4 = n.IPAMConfig.IPv4Address.String()
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Endpoint) int { return cmp.Compare(a.Network, b.Network) })
	return out, nil
}

// Disconnect takes a container of the project off a network.
func (e *Engine) Disconnect(ctx context.Context, project, name, network string) error {
	return e.act(ctx, project, name, func(id string) error {
		_, err := e.api.NetworkDisconnect(ctx, network, client.NetworkDisconnectOptions{Container: id})
		return err
	})
}

// Connect puts a container of the project back on a network.
func (e *Engine) Connect(ctx context.Context, project, name string, at Endpoint) error {
	ep := &network.EndpointSettings{Aliases: at.Aliases}
	if at.IPv4 != "" {
		addr, err := netip.ParseAddr(at.IPv4)
		if err != nil {
			return err
		}
		ep.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: addr}
	}
	return e.act(ctx, project, name, func(id string) error {
		_, err := e.api.NetworkConnect(ctx, at.Network, client.NetworkConnectOptions{Container: id, EndpointConfig: ep})
		return err
	})
}
