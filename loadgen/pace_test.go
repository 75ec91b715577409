// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"systemlab/loadgen"
)

func TestParsePace(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"200", "const:200"}, // a bare rate
		{"const:0.5", "const:0.5"},
		{"ramp:50-500", "ramp:50-500"},
		{"ramp:500-50", "ramp:500-50"}, // down is fine too
		{"step:100,200,400", "step:100,200,400"},
		{"sine:100-300", "sine:100-300"},
		{"sine:100-300@10s", "sine:100-300@10s"},
		{"spike:100-1000", "spike:100-1000"},
		{"clients:32", "clients:32"},
		{"spike:100-1000@10s+500ms", "spike:100-1000@10s+500ms"},
	} {
		got, err := loadgen.ParsePace(test.in)
		if err != nil || got.String() != test.want {
			t.Errorf("ParsePace(%q) = %q, %v; want %q", test.in, got, err, test.want)
		}
	}
	// SAD PATH
	for _, test := range []struct{ in, want string }{
		{"", `"" is not a rate`},
		{"0", "rate 0/s is out of range"},
		{"const:-5", "rate -5/s is out of range"},
		{"const:NaN", "rate NaN/s is out of range"},
		{"const:1e6", "rate 1e+06/s is out of range"},
		{"const:", `"" is not a rate`},
		{"walk:1-2", "expected const:200"},
		{"ramp:50", "expected two rates"},
		{"ramp:-50-500", "rate -50/s is out of range"},
		{"ramp:50-500@3s", "does not fit a ramp"},
		{"step:100,,400", `"" is not a rate`},
		{"sine:300-100", "the lower rate comes first"},
		{"sine:100-300@soon", "is not a time"},
		{"sine:100-300@1ms", "too short"},
		{"sine:100-300@1s+1s", "does not fit a sine"},
		{"spike:100-1000@-1s", "is not a time above 0"},
		{"clients:0", "is not a number of clients: 1 to 10000"},
		{"clients:1.5", "is not a number of clients"},
		{"clients:10001", "is not a number of clients"},
		{"clients:8@10s", "is not a number of clients"},
	} {
		_, err := loadgen.ParsePace(test.in)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("ParsePace(%q): %v; want one line with %q", test.in, err, test.want)
		}
	}
}

// drawPace draws any pace that fits in the duration drawn with it.
func drawPace(t *rapid.T) (loadgen.Pace, time.Duration) {
	rate := func(name string) string {
		return rapid.StringMatching(`[1-9][0-9]{0,3}(\.[0-9])?`).Draw(t, name)
	}
	d := time.Duration(rapid.IntRange(1, 120_000).Draw(t, "milliseconds")) * time.Millisecond
	a, b := rate("a"), rate("b")
	text := rapid.SampledFrom([]string{"const:" + a, "ramp:" + a + "-" + b, "step:" + a + "," + b + "," + rate("c"), "spike:" + a + "-" + b}).Draw(t, "text")
	if rapid.Bool().Draw(t, "sine") {
		text = "sine:1-" + a + "@" + (time.Duration(rapid.IntRange(100, 60_000).Draw(t, "period")) * time.Millisecond).String()
	}
	p, err := loadgen.ParsePace(text)
	if err != nil {
		t.Fatal(err)
	}
	return p, d
}

// What a count says by a time is what the times of the requests say.
func TestCurveIsConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, d := drawPace(t)
		c := p.Over(d)
		if again, err := loadgen.ParsePace(p.String()); err != nil || again.String() != p.String() {
			t.Fatalf("%s reads back as %s, %v", p, again, err)
		}
		total := c.Count(d)
		if total < 1 || c.Time(0) != 0 {
			t.Fatalf("%s over %s: %d requests, the first at %s", p, d, total, c.Time(0))
		}
		n := rapid.IntRange(0, total-1).Draw(t, "n")
		at := c.Time(n)
		if at >= d || c.Time(total) < d {
			t.Fatalf("%s over %s: count %d, but request %d at %s and %d at %s", p, d, total, n, at, total, c.Time(total))
		}
		if c.Count(at) != n || c.Count(at+1) != n+1 {
			t.Fatalf("request %d at %s: %d before it, %d just after", n, at, c.Count(at), c.Count(at+1))
		}
		if next := c.Time(n + 1); next <= at {
			t.Fatalf("request %d at %s, the next at %s", n, at, next)
		}
		when := time.Duration(rapid.Int64Range(0, int64(d)).Draw(t, "when"))
		if off := float64(c.Count(when)) - c.Due(when); off < -1e-5 || off > 1+1e-5 {
			t.Fatalf("count %d by %s, due %g", c.Count(when), when, c.Due(when))
		}
	})
}

// The rate is the derivative of what is due, and stays within the pace's bounds.
func TestCurveRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, d := drawPace(t)
		c := p.Over(d)
		const h = time.Microsecond
		when := time.Duration(rapid.Int64Range(0, int64(d-h)).Draw(t, "when"))
		slope := (c.Due(when+h) - c.Due(when)) / h.Seconds()
		low, high := min(c.Rate(when), c.Rate(when+h)), max(c.Rate(when), c.Rate(when+h))
		if tolerance := 0.01 + 1e-3*high; slope < low-tolerance || slope > high+tolerance {
			t.Fatalf("%s over %s at %s: rate %g, slope %g", p, d, when, c.Rate(when), slope)
		}
		if high > p.Max()*(1+1e-9) {
			t.Fatalf("rate %g above the pace's maximum %g", high, p.Max())
		}
	})
}

func TestCurveTotals(t *testing.T) {
	for _, test := range []struct {
		pace  string
		over  time.Duration
		total int
		at    time.Duration // a moment in it
		rate  float64
	}{
		{"200", 30 * time.Second, 6000, time.Second, 200},
		{"0.5", 4 * time.Second, 2, 0, 0.5},
		{"ramp:50-500", 10 * time.Second, 2750, 5 * time.Second, 275},
		{"step:100,200,400", 3 * time.Second, 700, 1500 * time.Millisecond, 200},
		{"sine:100-300", 10 * time.Second, 2000, 5 * time.Second, 300},       // one wave
		{"sine:100-300@2s", 10 * time.Second, 2000, 2 * time.Second, 100},    // five
		{"spike:100-1000", 10 * time.Second, 2800, 5 * time.Second, 1000},    // 4 s to 6 s
		{"spike:100-1000@1s+1s", 4 * time.Second, 1300, time.Second, 1000},   // as asked
		{"spike:100-1000@1s", 10 * time.Second, 2800, 2 * time.Second, 1000}, // for 2 s
	} {
		p, err := loadgen.ParsePace(test.pace)
		if err != nil {
			t.Fatal(err)
		}
		c := p.Over(test.over)
		if got := c.Count(test.over); got != test.total {
			t.Errorf("%s over %s: %d requests, want %d", p, test.over, got, test.total)
		}
		if got := c.Rate(test.at); math.Abs(got-test.rate) > 1e-6 {
			t.Errorf("%s over %s: rate %g at %s, want %g", p, test.over, got, test.at, test.rate)
		}
	}
}
