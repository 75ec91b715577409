// SPDX-License-Identifier: MIT

package loadgen

import (
	"math"
	"sort"
)

// Sequence says what request number n asks. It is a function of the seed and n
// alone, computed where it is needed in well under a microsecond: the same seed
// gives the same requests however answers, threads and changes of rate fall.
type Sequence struct {
	seed      uint64
	endpoints []Endpoint
	share     []float64 // cumulative, to 1
	users     []float64 // cumulative, to 1; empty if nobody is asked for
}

// Request is one request of a sequence. User is 0 where the endpoint has none.
type Request struct {
	Endpoint string
	User     int
	endpoint int // its place in Endpoints()
}

// NewSequence prepares the sequence of an order. Users are drawn from a Zipf
// distribution: of Users, the one of rank k, whose id is k, is drawn with
//
//	P(k) = k⁻ˢ / Σ i⁻ˢ,  i = 1..Users
//
// where s is the order's exponent. At s = 1.5 and 50,000 users, user 1 gets 38%
// of the requests, the first ten 77%, the first hundred 93%.
func NewSequence(o Order) (*Sequence, error) {
	o = o.withDefaults()
	workload, err := o.workload()
	if err != nil {
		return nil, err
	}
	s := &Sequence{seed: mix(uint64(o.Seed)), endpoints: Endpoints()}
	var weights []float64
	drawsUsers := false
	for _, e := range s.endpoints {
		weight := workload.Mix[e.Name]
		weights = append(weights, weight)
		drawsUsers = drawsUsers || (weight > 0 && asksForUser(e.Name))
	}
	s.share = cumulate(weights)
	if drawsUsers {
		weights = make([]float64, o.Users)
		for i := range weights {
			weights[i] = math.Pow(float64(i+1), -o.Zipf)
		}
		s.users = cumulate(weights)
	}
	return s, nil
}

// At is request number n.
func (s *Sequence) At(n int) Request {
	first := mix(s.seed + uint64(n)*0x9e3779b97f4a7c15)
	i := draw(s.share, first)
	r := Request{Endpoint: s.endpoints[i].Name, endpoint: i}
	if asksForUser(r.Endpoint) {
		r.User = 1 + draw(s.users, mix(first))
	}
	return r
}

// asksForUser is true for endpoints that ask for one of the users 1..Users. A
// user is deleted by the id that its creation answered, which no sequence knows.
func asksForUser(endpoint string) bool {
	return endpoint == User || endpoint == Messages || endpoint == UserUpdate
}

// cumulate turns weights into their running sum, scaled to end at 1.
func cumulate(weights []float64) []float64 {
	sums := make([]float64, len(weights))
	sum := 0.0
	for i, w := range weights {
		sum += w
		sums[i] = sum
	}
	for i := range sums {
		sums[i] /= sum
	}
	return sums
}

// draw picks by a random word: the first place whose running sum exceeds it. A
// weight of 0 is never picked.
func draw(sums []float64, random uint64) int {
	u := float64(random>>11) / (1 << 53)
	return sort.Search(len(sums)-1, func(i int) bool { return sums[i] > u })
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a
// bijection that turns a counter into words that pass for random.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
