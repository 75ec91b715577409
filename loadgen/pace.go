// SPDX-License-Identifier: MIT

package loadgen

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MinRate and MaxRate bound every rate, in requests a second.
const (
	MinRate = 0.01
	MaxRate = 100_000.0
)

// maxClients of a closed loop; each is a request in flight.
const maxClients = 10_000

// minPeriod keeps a sine's wave longer than what a request takes to send.
const minPeriod = 100 * time.Millisecond

// shape is the kind of a pace, as its word is typed.
type shape string

const (
	constant shape = "const"
	ramp     shape = "ramp"
	step     shape = "step"
	sine     shape = "sine"
	spike    shape = "spike"
	clients  shape = "clients"
)

// Pace is how fast requests leave, and how that changes over a run. It is a
// value; played over a duration it becomes a Curve.
//
//	const:200             200 a second; so does a bare 200
//	ramp:50-500           grows steadily from 50 to 500 over the whole duration
//	step:100,200,400      each for an equal part of the duration
//	sine:100-300@10s      swings between 100 and 300 every 10 s, from 100 on;
//	                      without @, one wave over the whole duration
//	spike:100-1000@10s+5s 100, but 1000 from second 10 on, for 5 s; without +,
//	                      for a fifth of the duration; without @, at two fifths of it
//	clients:32            closed: 32 clients that each ask again once they were
//	                      answered. It shows the most that is served, and no
//	                      latency of a rate: who waits asks for nothing
type Pace struct {
	shape  shape
	rates  []float64
	at     time.Duration // sine: period; spike: when it begins; 0 = not given
	length time.Duration // spike: how long; 0 = not given
}

// Closed is the pace clients:n.
func Closed(n int) Pace { return Pace{shape: clients, rates: []float64{float64(n)}} }

// Constant is the pace const:rate.
func Constant(rate float64) Pace { return Pace{shape: constant, rates: []float64{rate}} }

// ParsePace reads a pace as typed. What is wrong with one is said in one line.
func ParsePace(s string) (Pace, error) {
	word, rest, found := strings.Cut(s, ":")
	if !found {
		word, rest = string(constant), s
	}
	p, err := parseShape(shape(word), rest)
	if err != nil {
		return Pace{}, fmt.Errorf("pace %q: %w", s, err)
	}
	return p, nil
}

func parseShape(kind shape, rest string) (p Pace, err error) {
	p.shape = kind
	switch kind {
	case constant:
		p.rates, err = parseRates(rest)
	case clients:
		p.rates, err = parseClients(rest)
	case step:
		p.rates, err = parseRates(strings.Split(rest, ",")...)
	case ramp, sine, spike:
		rates, when, timed := strings.Cut(rest, "@")
		i := strings.LastIndexByte(rates, '-') // the last: a negative rate is refused as such, not as malformed
		if i < 0 {
			return p, fmt.Errorf("expected two rates, such as %s:100-300", kind)
		}
		if p.rates, err = parseRates(rates[:i], rates[i+1:]); err != nil || !timed {
			break
		}
		err = p.parseTimes(when)
	default:
		return p, errors.New("expected const:200, ramp:50-500, step:100,200,400, sine:100-300, spike:100-1000 or clients:32")
	}
	if err != nil {
		return p, err
	}
	if kind == sine && p.rates[1] < p.rates[0] {
		return p, errors.New("the lower rate comes first")
	}
	return p, nil
}

func parseRates(words ...string) ([]float64, error) {
	rates := make([]float64, len(words))
	for i, word := range words {
		rate, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a rate", word)
		}
		if err := checkRate(rate); err != nil {
			return nil, err
		}
		rates[i] = rate
	}
	return rates, nil
}

func parseClients(word string) ([]float64, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < 1 || n > maxClients {
		return nil, fmt.Errorf("%q is not a number of clients: 1 to %d", word, maxClients)
	}
	return []float64{float64(n)}, nil
}

func checkRate(rate float64) error {
	if !(rate >= MinRate && rate <= MaxRate) { // so written that NaN is refused
		return fmt.Errorf("rate %g/s is out of range: %g to %.0f", rate, MinRate, MaxRate)
	}
	return nil
}

// parseTimes reads what stands behind the @: 10s, or 10s+5s for a spike.
func (p *Pace) parseTimes(s string) (err error) {
	first, second, both := strings.Cut(s, "+")
	if p.shape == ramp || (both && p.shape != spike) {
		return fmt.Errorf("%q does not fit a %s", "@"+s, p.shape)
	}
	if p.at, err = time.ParseDuration(first); err != nil || p.at <= 0 {
		return fmt.Errorf("%q is not a time above 0, such as 10s", first)
	}
	if p.shape == sine && p.at < minPeriod {
		return fmt.Errorf("period %s is too short: at least %s", p.at, minPeriod)
	}
	if !both {
		return nil
	}
	if p.length, err = time.ParseDuration(second); err != nil || p.length <= 0 {
		return fmt.Errorf("%q is not a time above 0, such as 5s", second)
	}
	return nil
}

// String is the pace as ParsePace reads it.
func (p Pace) String() string {
	words := make([]string, len(p.rates))
	for i, rate := range p.rates {
		words[i] = strconv.FormatFloat(rate, 'f', -1, 64)
	}
	between := "-"
	if p.shape == step {
		between = ","
	}
	s := string(p.shape) + ":" + strings.Join(words, between)
	if p.at > 0 {
		s += "@" + p.at.String()
	}
	if p.length > 0 {
		s += "+" + p.length.String()
	}
	return s
}

// Clients is how many there are in a closed loop; 0 for all other paces, which
// are open: their requests leave on a schedule, whatever the answers do.
func (p Pace) Clients() int {
	if p.shape == clients {
		return int(p.rates[0])
	}
	return 0
}

// First is the rate that a warm-up runs at, Max the highest that comes.
func (p Pace) First() float64 { return p.rates[0] }

// Max is the highest rate that the pace reaches.
func (p Pace) Max() float64 { return slices.Max(p.rates) }

// Fits says what keeps the pace from being played over a duration, or nil.
func (p Pace) Fits(over time.Duration) error {
	if p.shape == spike && p.at > 0 && p.at+p.length >= over {
		return fmt.Errorf("pace %s: the spike does not end within the duration of %s", p, over)
	}
	return nil
}
