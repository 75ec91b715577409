// SPDX-License-Identifier: MIT

package loadgen

import (
	"math"
	"slices"
	"time"
)

// Curve is a pace over a duration: the intended moment of every request. Let
// r(t) be the rate at time t and
//
//	A(t) = ∫₀ᵗ r(u) du
//
// the requests due by then, a real number. Request n, counting from 0, is meant
// to leave at A⁻¹(n); so the first leaves at once. Beyond the duration the last
// rate goes on.
type Curve struct {
	pieces []piece
	wave   wave
}

// piece is a part of a curve in which the rate changes linearly, from `from` to
// `to`. before is A at its start. All in seconds and requests a second.
type piece struct {
	start, length, from, to, before float64
}

// wave is a sine curve, if its period is above 0.
type wave struct{ middle, swing, period float64 }

// Over plays the pace over a duration. The curve of each shape, over D:
//
//	const  r(t) = a                        A(t) = a t
//	ramp   r(t) = a + (b-a) t/D            A(t) = a t + (b-a) t²/2D
//	step   r(t) = aᵢ for t in [i D/k, (i+1) D/k)
//	sine   r(t) = m - s cos(2πt/P)         A(t) = m t - s P/2π sin(2πt/P)
//	       with m = (a+b)/2, s = (b-a)/2
//	spike  r(t) = b for t in [x, x+l), else a
//
//	sine:100-300       ..            spike:100-1000    __
//	                 .    .                           |  |
//	               .        .                         |  |
//	             .            .               ________|  |________
func (p Pace) Over(d time.Duration) Curve {
	over := d.Seconds()
	switch p.shape {
	case sine:
		period := p.at.Seconds()
		if period == 0 {
			period = over
		}
		low, high := p.rates[0], p.rates[1]
		return Curve{wave: wave{(low + high) / 2, (high - low) / 2, period}}
	case ramp:
		return join(piece{length: over, from: p.rates[0], to: p.rates[1]})
	case spike:
		at, length := p.at.Seconds(), p.length.Seconds()
		if at == 0 {
			at = over * 2 / 5
		}
		if length == 0 {
			length = min(over/5, over-at)
		}
		low, high := p.rates[0], p.rates[1]
		return join(level(at, low), level(length, high), level(over-at-length, low))
	}
	var pieces []piece
	for _, rate := range p.rates {
		pieces = append(pieces, level(over/float64(len(p.rates)), rate))
	}
	return join(pieces...)
}

func level(length, rate float64) piece { return piece{length: length, from: rate, to: rate} }

// join puts pieces one after the other, and the last rate without end behind them.
func join(pieces ...piece) Curve {
	last := pieces[len(pieces)-1]
	pieces = append(pieces, level(math.Inf(1), last.to))
	for i := 1; i < len(pieces); i++ {
		p := pieces[i-1]
		pieces[i].start = p.start + p.length
		pieces[i].before = p.before + p.length*(p.from+p.to)/2
	}
	return Curve{pieces: pieces}
}

// Time is the intended moment of request n, to the nearest nanosecond. With
// n' = n - A(start) and the slope k = (to-from)/length of its piece,
//
//	t = start + 2n' / (from + √(from² + 2 k n'))
//
// which is n'/from where the rate is constant. A sine has no closed form and is
// solved by Newton's method.
func (c Curve) Time(n int) time.Duration {
	due := float64(n)
	if c.wave.period > 0 {
		return seconds(c.wave.inverse(due))
	}
	i := len(c.pieces) - 1
	for i > 0 && c.pieces[i].before > due {
		i--
	}
	p := c.pieces[i]
	rest := due - p.before
	return seconds(p.start + 2*rest/(p.from+math.Sqrt(max(0, p.from*p.from+2*p.slope()*rest))))
}

// Count is how many requests are meant to leave before t: ⌈A(t)⌉, and by
// definition the number of n with Time(n) < t, which settles what rounding leaves open.
func (c Curve) Count(t time.Duration) int {
	if t <= 0 {
		return 0
	}
	n := int(math.Ceil(c.Due(t)))
	for n > 0 && c.Time(n-1) >= t {
		n--
	}
	for c.Time(n) < t {
		n++
	}
	return n
}

// Due is A(t).
func (c Curve) Due(t time.Duration) float64 {
	at := t.Seconds()
	if c.wave.period > 0 {
		return c.wave.due(at)
	}
	p, in := c.piece(at)
	return p.before + in*p.from + p.slope()*in*in/2
}

// Rate is r(t), in requests a second.
func (c Curve) Rate(t time.Duration) float64 {
	at := t.Seconds()
	if c.wave.period > 0 {
		return c.wave.rate(at)
	}
	p, in := c.piece(at)
	return p.from + p.slope()*in
}

// piece finds the piece at a time, and how far into it that is.
func (c Curve) piece(at float64) (piece, float64) {
	i, found := slices.BinarySearchFunc(c.pieces, at, func(p piece, at float64) int {
		switch {
		case p.start < at:
			return -1
		case p.start > at:
			return 1
		}
		return 0
	})
	if !found && i > 0 {
		i--
	}
	return c.pieces[i], at - c.pieces[i].start
}

func (p piece) slope() float64 {
	if p.from == p.to { // the only pieces that may be empty or endless
		return 0
	}
	return (p.to - p.from) / p.length
}

func (w wave) rate(t float64) float64 { return w.middle - w.swing*math.Cos(2*math.Pi*t/w.period) }

func (w wave) due(t float64) float64 {
	return w.middle*t - w.swing*w.period/(2*math.Pi)*math.Sin(2*math.Pi*t/w.period)
}

// inverse solves due(t) = n. A(t) stays within s P/2π of m t, which brackets t;
// a step of Newton's that leaves the bracket is replaced by halving it.
func (w wave) inverse(n float64) float64 {
	swing := w.swing * w.period / (2 * math.Pi)
	low, high := max(0, (n-swing)/w.middle), (n+swing)/w.middle
	t := n / w.middle
	for range 60 { // halving alone gets there from an hour to below a nanosecond
		off := w.due(t) - n
		if off > 0 {
			high = t
		} else {
			low = t
		}
		next := t - off/w.rate(t)
		if next < low || next > high {
			next = (low + high) / 2
		}
		if math.Abs(next-t) < 1e-11 {
			return next
		}
		t = next
	}
	return t
}
