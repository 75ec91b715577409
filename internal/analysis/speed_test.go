// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"systemlab/internal/record"
)

// The first data set of Anscombe, Graphs in Statistical Analysis, The American
// Statistician 27, 1973; the intercept and its standard error as R's summary(lm(y1 ~ x1, anscombe))
// has them.
func TestIntercept(t *testing.T) {
	t.Parallel()
	r := paired{slowness: []float64{10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5}, values: []float64{8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68}}
	mean, se := r.mean()
	wantNear(t, "intercept", mean, 3.0001, 5e-5)
	wantNear(t, "its standard error", se, 1.1247, 5e-5)
	if r.freedom() != 9 {
		t.Errorf("%d degrees of freedom", r.freedom())
	}
}

// noisy draws the rows of a comparison on a machine whose speed changes from turn to
// turn by a standard deviation of `machine` (of the logarithm): a row follows it by 0.7 to 1.3
// of that, with 5% of noise of its own, and the yardstick tells it to 3%. Where own is not 0, B
// slows the machine by that much itself.
func noisy(r *rand.Rand, n int, machine, own float64) []paired {
	rows, slowness := make([]paired, tableRows), make([]float64, n)
	for i := range n {
		x := math.Sqrt2*machine*r.NormFloat64() + own
		slowness[i] = x + math.Sqrt2*0.03*r.NormFloat64()
		for j := range rows {
			follows := 0.7 + 0.6*float64(j)/(tableRows-1)
			rows[j].values = append(rows[j].values, follows*x+math.Sqrt2*0.05*r.NormFloat64())
		}
	}
	for j := range rows {
		if byChance(slowness) {
			rows[j].slowness = slowness
		}
	}
	return rows
}

func without(rows []paired) []paired {
	out := make([]paired, len(rows))
	for i, r := range rows {
		out[i] = paired{values: r.values}
	}
	return out
}

// The choice whether to take the speed out costs half of one percent of the 95.
// docs/decisions/speed.md has the table that this prints:
//
//	go test ./internal/analysis -run TestOneSpeed -v -candidates 10000
func TestOneSpeed(t *testing.T) {
	t.Parallel()
	times := max(*Candidates, 400)
	for _, machine := range []float64{0.02, 0.10, 0.25} {
		for _, n := range []int{6, 8, 10, 20} {
			r := rand.New(rand.NewPCG(uint64(n), uint64(1000*machine)))
			var holds, found [2]int
			for range times {
				rows := noisy(r, n, machine, 0)
				for k, rows := range [][]paired{without(rows), rows} {
					c := critical(rows, rows[0].freedom())
					all := true
					for _, s := range around(rows, c) {
						all = all && s.low <= 0 && s.high >= 0
					}
					if all {
						holds[k]++
					}
					if mean, se := rows[rowCPU].mean(); math.Log(1.1)+mean-c*se > 0 {
						found[k]++
					}
				}
			}
			share := func(k int) float64 { return 100 * float64(k) / float64(times) }
			t.Logf("%s", fmt.Sprintf("machine %2.0f%%, %2d rounds: all rows hold %.1f%%, at one speed %.1f%%; 10%% found %.0f%%, at one speed %.0f%%",
				100*machine, n, share(holds[0]), share(holds[1]), share(found[0]), share(found[1])))
			if least := 94 - 300*math.Sqrt(0.95*0.05/float64(times)); share(holds[1]) < least {
				t.Errorf("machine %g, %d rounds: at one speed all rows hold in %.1f%%", machine, n, share(holds[1]))
			}
			if machine == 0.25 && n == 20 && share(found[1]) < 90 {
				t.Errorf("10%% more is found in %.0f%%", share(found[1]))
			}
		}
	}
}

// A side that slows the machine itself must not have that taken out.
func TestOwnDoing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		if rows := noisy(r, 10, 0.02, 0.2); rows[0].slowness != nil {
			t.Fatal("taken for chance")
		}
	}
}

func TestCompareAtOneSpeed(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	side := func(i int, side string, times, slow float64) *record.Run {
		run := runOf(fmt.Sprintf("%s%d", side, i), times*slow)
		run.Summary.Generator.YardstickSeconds = 0.0005 * slow
		return run
	}
	var rounds []Pair
	for i := range 8 {
		a, b := math.Exp(0.3*r.NormFloat64()), math.Exp(0.3*r.NormFloat64())
		rounds = append(rounds, Pair{side(i, "a", 1+0.01*r.Float64(), a), side(i, "b", 1.1+0.01*r.Float64(), b)})
	}
	c := Compare(rounds)
	q := rowNamed(t, c, QuantityCPU)
	if !c.Speed.TakenOut || !q.AtOneSpeed || q.Conclusion != ALower || q.Ratio < 1.07 || q.Ratio > 1.13 {
		t.Errorf("%+v; %+v", c.Speed, q)
	}
	if notes := strings.Join(c.Notes, "\n"); !strings.Contains(notes, "for one speed") {
		t.Errorf("it does not say so: %s", notes)
	}
	for _, p := range rounds {
		p.A.Summary.Generator.YardstickSeconds = 0 // of a version that had none
	}
	if q := rowNamed(t, Compare(rounds), QuantityCPU); q.AtOneSpeed || q.Conclusion != NoDifference {
		t.Errorf("without a yardstick: %+v", q)
	}
}

func rowNamed(t *testing.T, c Comparison, name string) Quantity {
	t.Helper()
	for _, q := range c.Quantities {
		if q.Name == name && q.Service == "" {
			return q
		}
	}
	t.Fatalf("no row %s in %+v", name, c)
	return Quantity{}
}

// runOf is a valid run whose api costs so many CPU-milliseconds a request.
func runOf(id string, cpu float64) *record.Run {
	r := &record.Run{ID: id, Stage: record.Stage{Number: 4, Name: "04-x"}, Pace: "const:200", DurationSeconds: 8, Verdict: record.Verdict{State: record.Valid}}
	r.Summary.Requests = record.Requests{Asked: 1600, Sent: 1600, OK: 1600}
	r.Summary.Latency = record.Percentiles{P50: 0.001 * cpu, P95: 0.002 * cpu, P99: 0.003 * cpu}
	r.Containers = []record.Container{{Service: "api", Replica: 1, Name: "lab-api-1", CPUSeconds: 1.6 * cpu, CPUSecondsPerRequest: cpu / 1000, MemoryBytes: 1 << 20}}
	return r
}
