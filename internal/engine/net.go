// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/moby/moby/client"

	"systemlab/internal/problem"
)

// FreeNet picks the first three numbers of a /24 for a project's virtual IP, such
// as 10.213.87: one that overlaps no network of the engine, and no address or
// route of this machine, so that neither another stack nor a VPN is in its way.
// The same project gets the same one where it is free.
func (e *Engine) FreeNet(ctx context.Context, project string) (string, error) {
	list, err := e.api.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return "", e.wrap(err)
	}
	var taken []netip.Prefix
	for _, n := range list.Items {
		for _, c := range n.IPAM.Config {
			taken = append(taken, c.Subnet)
		}
	}
	routes, err := os.ReadFile("/proc/net/route") // Linux alone has it; elsewhere the addresses must do
	if err == nil {
		taken = append(taken, parseRoutes(string(routes))...)
	}
	if addresses, err := net.InterfaceAddrs(); err == nil {
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				taken = append(taken, p)
			}
		}
	}
	free, ok := pickNet(project, taken)
	if !ok {
		return "", problem.New(problem.Unsupported, "no subnet from 10.128.0.0 to 10.255.255.0 is free", "name one: --net 192.168.77")
	}
	return free, nil
}

// pickNet takes the first /24 of 10.128.0.0/9, from a place that follows from
// the name, which overlaps nothing that is taken.
func pickNet(name string, taken []netip.Prefix) (string, bool) {
	const all = 128 * 256
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	for i := range uint32(all) {
		n := (h.Sum32()%all + i) % all
		three := fmt.Sprintf("10.%d.%d", 128+n/256, n%256)
		p := netip.MustParsePrefix(three + ".0/24")
		if !overlapsAny(p, taken) {
			return three, true
		}
	}
	return "", false
}

func overlapsAny(p netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if t.IsValid() && t.Bits() > 0 && t.Overlaps(p) { // the default route covers everything
			return true
		}
	}
	return false
}

// parseRoutes reads the destinations of /proc/net/route: hexadecimal, in the
// machine's byte order, which is little-endian on all that Docker runs on.
func parseRoutes(text string) []netip.Prefix {
	var out []netip.Prefix
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		to, err1 := strconv.ParseUint(f[1], 16, 32)
		mask, err2 := strconv.ParseUint(f[7], 16, 32)
		if err1 != nil || err2 != nil {
			continue
		}
		var a, m [4]byte
		binary.LittleEndian.PutUint32(a[:], uint32(to))
		binary.LittleEndian.PutUint32(m[:], uint32(mask))
		bits, _ := net.IPMask(m[:]).Size()
		out = append(out, netip.PrefixFrom(netip.AddrFrom4(a), bits))
	}
	return out
}

// CheckNet says what is wrong with the first three numbers of a subnet.
func CheckNet(three string) error {
	p, err := netip.ParsePrefix(three + ".0/24")
	if err != nil || !p.Addr().Is4() || !p.Addr().IsPrivate() {
		return problem.Newf(problem.Usage, "--net 10.20.30", "--net %q is not the first three numbers of a private network", three)
	}
	return nil
}

// overlaps tells the engine's refusal of a subnet that is in use: its own pools', or a bridge's or route's.
func overlaps(err error) bool {
	s := err.Error()
	return strings.Contains(s, "overlap") || strings.Contains(s, "conflicts with network")
}
