// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"systemlab/internal/record"
)

// ownDoing: where the speed differs between the sides with this confidence, it is
// rather a side's own doing than chance, and is not taken out.
const ownDoing = 0.99

// Speed is what the yardstick says of the machine in the turns of a comparison: a request
// cost more CPU, and took longer, when the machine was slow, whichever side had its turn.
// docs/decisions/speed.md has the reasons and what it was measured against.
type Speed struct {
	Known    bool      // every run has a yardstick
	TakenOut bool      // rows that slow with the machine are given at one speed
	Spread   float64   // the slowest turn's yardstick by the fastest's
	Ratio    float64   // of B by A, the geometric mean over rounds
	Slowness []float64 // of each round, by how much slower the machine was with B than with A, as a log ratio
}

func speedOf(rounds []Pair) Speed {
	var s Speed
	var all []float64
	for _, p := range rounds {
		slower, ok := slowness(p.A, p.B)
		if !ok {
			return Speed{}
		}
		s.Slowness = append(s.Slowness, slower)
		all = append(all, p.A.Summary.Generator.YardstickSeconds, p.B.Summary.Generator.YardstickSeconds)
	}
	s.Known, s.Spread = true, slices.Max(all)/slices.Min(all)
	s.Ratio = math.Exp(stat.Mean(s.Slowness, nil))
	s.TakenOut = byChance(s.Slowness)
	return s
}

// slowness is by how much slower the machine was in run b than in a, as a log ratio, by their yardsticks.
func slowness(a, b *record.Run) (slower float64, ok bool) {
	was, is := a.Summary.Generator.YardstickSeconds, b.Summary.Generator.YardstickSeconds
	return math.Log(is / was), was > 0 && was < 1 && is > 0 && is < 1
}

// byChance tells whether the machine's speed differed from round to round, and not by side.
func byChance(slowness []float64) bool {
	mean, deviation := stat.MeanStdDev(slowness, nil)
	if len(slowness) < LeastRounds || !(deviation > resolution) {
		return false
	}
	n := float64(len(slowness))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	return math.Abs(mean)*math.Sqrt(n)/deviation <= t.Quantile(1-(1-ownDoing)/2)
}

// notableSpread is from where on a reader is told.
const notableSpread = 1.05

func (c *Comparison) flagSpeed() {
	s := c.Speed
	changed := fmt.Sprintf("the machine was up to %.0f%% slower in one turn than in another", 100*(s.Spread-1))
	switch {
	case !s.Known || s.Spread < notableSpread:
	case s.TakenOut:
		c.note("%s: the ratios of latency and CPU are given for one speed of it, the columns as measured", changed)
	case c.Rounds >= LeastRounds:
		c.note("%s, and %.2f times as slow with b as with a: that may be the sides' own doing and is not taken out", changed, s.Ratio)
	}
}
