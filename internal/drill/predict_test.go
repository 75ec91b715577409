// SPDX-License-Identifier: MIT

package drill_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"systemlab/internal/drill"
)

func instance(text string) string { return "vrrp_instance x {\n" + text + "\n}\n" }

// What others have published of VRRP's times.
func TestPublishedTakeovers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, config string
		high         float64 // without what the load adds
	}{
		// keepalived.conf(5), and "at most 3.6 seconds" (macdevcenter, 2005).
		{"version 2, all as it comes", instance("priority 100"), 3.609},
		{"version 2, priority 128", instance("priority 128\nadvert_int 1"), 3.5},
		// HPE's table of VRRP 3 timers: the skew is a share of the advert.
		{"version 3, a tenth of a second, priority 100", "vrrp_version 3\n" + instance("priority 100\nadvert_int 0.1"), 0.361},
		{"version 2 with that interval: its skew stays", instance("priority 100\nadvert_int 0.1"), 0.909},
		{"two adverts", instance("priority 100\ndown_timer_adverts 2"), 2.609},
		{"the version of the instance", instance("version 3\npriority 100\nadvert_int 0.1"), 0.361},
	} {
		p, err := drill.Predict("keepalived", c.config, drill.Fault{How: "kill", Others: 1, Rate: math.Inf(1)})
		if err != nil || math.Abs(p.High-c.high) > 0.0015 || !(p.Low < p.High) || !(p.Low > 0) {
			t.Errorf("%s: %+v, %v; want up to %g s", c.name, p, err, c.high)
		}
	}
	p, err := drill.Predict("keepalived", "vrrp_version 3\n"+instance("priority 100\nadvert_int 0.1"), drill.Fault{How: "stop", Others: 1, Rate: 200})
	if err != nil || p.Low != 0 || math.Abs(p.High-0.061-0.010) > 0.001 {
		t.Errorf("a clean stop: %+v, %v; want the skew of 61 ms and two requests", p, err)
	}
}

func file(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "services", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The lab's own files must say something.
func TestOwnConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		by, path  string
		low, high float64
	}{
		{"keepalived", "lb/supervise", 0.202, 0.312}, // the file that it writes stands in it
		{"haproxy", "lb/haproxy.cfg", 0, 0.3},
		{"haproxy", "dblb/haproxy.cfg", 0, 0.3},
		{"nginx", "nginx/nginx.conf", 0, 0.3},
	} {
		p, err := drill.Predict(c.by, file(t, c.path), drill.Fault{How: "kill", Others: 1, Rate: 200})
		if err != nil || math.Abs(p.Low-c.low) > 0.001 || math.Abs(p.High-c.high) > 0.001 || p.Because == "" {
			t.Errorf("%s: %+v, %v; want %g to %g s", c.path, p, err, c.low, c.high)
		}
	}
}

func TestNoPrediction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, by, config string
		others           int
		want             string
	}{
		{"no other one", "nginx", "proxy_pass http://api;", 0, "as long as the fault"},
		{"no instance", "keepalived", "global_defs {\n}\n", 1, "no vrrp_instance"},
		{"no number", "keepalived", instance("advert_int fast"), 1, "advert_int fast is not read"},
		{"no redispatch", "haproxy", "timeout connect 5s\n", 1, "no redispatch"},
		{"no retries", "haproxy", "timeout connect 5s\noption redispatch\nretries 0\n", 1, "no redispatch"},
		{"no time-out", "haproxy", "option redispatch\n", 1, "no timeout connect"},
		{"no proxy", "nginx", "events {}", 1, "no proxy_pass"},
		{"one try", "nginx", "proxy_pass http://api;\nproxy_next_upstream off;", 1, "no proxy_next_upstream"},
		{"a single try", "nginx", "proxy_pass http://api;\nproxy_next_upstream_tries 1;", 1, "no proxy_next_upstream"},
		{"another mechanism", "raft", "", 1, "nothing is known of raft"},
	} {
		if p, err := drill.Predict(c.by, c.config, drill.Fault{How: "kill", Others: c.others, Rate: 200}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v; want %q", c.name, p, err, c.want)
		}
	}
}
