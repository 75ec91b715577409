// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"math"
	"slices"
	"testing"

	"systemlab/loadgen"
)

func sequence(t *testing.T, o loadgen.Order) *loadgen.Sequence {
	t.Helper()
	s, err := loadgen.NewSequence(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSequenceFollowsFromSeed(t *testing.T) {
	const n = 10_000
	take := func(seed int64) (out []loadgen.Request) {
		s := sequence(t, loadgen.Order{Workload: "heavy", Seed: seed})
		for i := range n {
			out = append(out, s.At(i))
		}
		return out
	}
	a, b, c := take(7), take(7), take(8)
	if !slices.Equal(a, b) {
		t.Error("the same seed gave another sequence")
	}
	same := 0
	for i := range a {
		if a[i] == c[i] {
			same++
		}
	}
	// Two independent draws agree on endpoint and user now and then, never mostly.
	if same > n/3 {
		t.Errorf("another seed gave the same request %d times of %d", same, n)
	}
}

func TestSequenceShape(t *testing.T) {
	const n = 200_000
	s := sequence(t, loadgen.Order{Workload: "mixed", Users: 1000, Zipf: 1.5, Seed: 1})
	endpoints, users := map[string]int{}, map[int]int{}
	drawn := 0
	for i := range n {
		r := s.At(i)
		endpoints[r.Endpoint]++
		if r.User < 0 || r.User > 1000 || (r.User == 0) != (r.Endpoint == loadgen.Ping) {
			t.Fatalf("request %d: %+v", i, r)
		}
		if r.User > 0 {
			users[r.User]++
			drawn++
		}
	}
	for name, share := range map[string]float64{"user": 0.75, "messages": 0.18, "user-update": 0.05, "ping": 0.02} {
		near(t, name, float64(endpoints[name]), share*n)
	}
	sum := 0.0
	for k := 1; k <= 1000; k++ {
		sum += math.Pow(float64(k), -1.5)
	}
	for _, k := range []int{1, 2, 3, 10, 50} {
		near(t, "user", float64(users[k]), float64(drawn)*math.Pow(float64(k), -1.5)/sum)
	}
}

// near allows five standard deviations of a count.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 5*math.Sqrt(want) {
		t.Errorf("%s: %.0f times, want about %.0f", what, got, want)
	}
}

func BenchmarkSequence(b *testing.B) {
	s, err := loadgen.NewSequence(loadgen.Order{Workload: "mixed"})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		s.At(i)
	}
}
