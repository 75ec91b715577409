// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"math"
	"strings"
	"testing"

	"systemlab/loadgen"
)

func TestOrderValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*loadgen.Order)
		want   string // "" if the order is good
	}{
		{"the defaults", func(*loadgen.Order) {}, ""},
		{"an own mix by text", func(o *loadgen.Order) { o.Workload = "ping=98,loadq=2" }, ""},
		{"an own mix by weights", func(o *loadgen.Order) { o.Mix = map[string]float64{"user": 3} }, ""},
		{"short windows", func(o *loadgen.Order) { o.WindowSeconds = 0.25 }, ""},
		// SAD PATH
		{"windows too short", func(o *loadgen.Order) { o.WindowSeconds = 0.05 }, "0.1 to 1s"},
		{"windows too long", func(o *loadgen.Order) { o.WindowSeconds = 2 }, "0.1 to 1s"},
		{"no target", func(o *loadgen.Order) { o.Target = "" }, "no target"},
		{"no base URL", func(o *loadgen.Order) { o.Target = "nginx:80" }, "is not a base URL"},
		{"rate 0", func(o *loadgen.Order) { o.Pace = "const:0" }, "rate 0/s is out of range"},
		{"rate absurd", func(o *loadgen.Order) { o.Pace = "200000" }, "rate 200000/s is out of range: 0.01 to 100000"},
		{"spike too late", func(o *loadgen.Order) { o.Pace = "spike:1-2@1m" }, "does not end within"},
		{"too many", func(o *loadgen.Order) { o.Pace, o.DurationSeconds = "100000", 3600 }, "at most 50000000 in one run"},
		{"unknown workload", func(o *loadgen.Order) { o.Workload = "pong" }, "one of ping, sleep, users"},
		{"unknown endpoint", func(o *loadgen.Order) { o.Workload = "pong=1" }, `unknown endpoint "pong"`},
		{"negative weight", func(o *loadgen.Order) { o.Workload = "ping=-1" }, "must be 0 or more"},
		{"no weight", func(o *loadgen.Order) { o.Workload = "ping=0" }, "asks for nothing"},
		{"half a mix", func(o *loadgen.Order) { o.Workload = "ping=98,loadq" }, "is not endpoint=weight"},
		{"no duration", func(o *loadgen.Order) { o.DurationSeconds = 0 }, "duration 0s is out of range"},
		{"negative duration", func(o *loadgen.Order) { o.DurationSeconds = -1 }, "duration -1s is out of range"},
		{"duration NaN", func(o *loadgen.Order) { o.DurationSeconds = math.NaN() }, "duration NaNs is out of range"},
		{"a day", func(o *loadgen.Order) { o.DurationSeconds = 86400 }, "at most 3600s"},
		{"negative warm-up", func(o *loadgen.Order) { o.WarmupSeconds = -1 }, "warm-up -1s is out of range"},
		{"timeout", func(o *loadgen.Order) { o.TimeoutSeconds = 600 }, "at most 120s"},
		{"zipf", func(o *loadgen.Order) { o.Zipf = 1 }, "above 1"},
		{"users", func(o *loadgen.Order) { o.Users = -3 }, "users -3 is out of range"},
		{"load n", func(o *loadgen.Order) { o.LoadN = 50 }, "load_n 50 is out of range"},
		{"workers", func(o *loadgen.Order) { o.MaxWorkers = -1 }, "max workers -1 is out of range"},
		{"connections", func(o *loadgen.Order) { o.Connections = "some" }, `connections "some"`},
	} {
		o := loadgen.Order{Target: "http://127.0.0.1:1", DurationSeconds: 30}
		test.change(&o)
		err := o.Validate()
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: %v; want one line with %q", test.name, err, test.want)
		}
	}
}

func TestWorkloads(t *testing.T) {
	for _, w := range loadgen.Workloads() {
		again, err := loadgen.ParseWorkload(w.Name)
		if err != nil || len(again.Endpoints()) == 0 || len(again.Endpoints()) != len(w.Mix) {
			t.Errorf("workload %s: %v, endpoints %v", w.Name, err, again.Endpoints())
		}
	}
}
