// SPDX-License-Identifier: MIT

package engine

import (
	"net/netip"
	"slices"
	"testing"
)

func TestPickNet(t *testing.T) {
	t.Parallel()
	first, ok := pickNet("lab", nil)
	if !ok || CheckNet(first) != nil {
		t.Fatalf("%q, %v", first, ok)
	}
	if again, _ := pickNet("lab", nil); again != first {
		t.Errorf("%q, then %q", first, again)
	}
	if other, _ := pickNet("second", nil); other == first {
		t.Errorf("two projects begin at %q", other)
	}
	for _, taken := range []string{first + ".0/24", first + ".7/32", first + ".0/16"} {
		p := netip.MustParsePrefix(taken)
		next, ok := pickNet("lab", []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), p})
		if !ok || next == first || p.Overlaps(netip.MustParsePrefix(next+".0/24")) {
			t.Errorf("with %s taken: %q, %v", taken, next, ok)
		}
	}
	if got, ok := pickNet("lab", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}); ok {
		t.Errorf("a VPN over all of 10/8 leaves %q", got)
	}
}

func TestParseRoutes(t *testing.T) {
	t.Parallel()
	got := parseRoutes("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n" +
		"eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
		"tun0\t0000D50A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\nbroken\n")
	want := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("10.213.0.0/16")}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestCheckNet(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"10.20.30", "192.168.7", "172.20.0"} {
		if err := CheckNet(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "10.20", "10.20.30.0", "8.8.8", "10.20.300", "lab", "10.20.30/24"} {
		if CheckNet(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
