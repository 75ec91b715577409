// SPDX-License-Identifier: MIT

package analysis_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// The data of two worked examples of Guerrilla Capacity Planning (Gunther 2007),
// which the R package usl carries: a ray tracer on 1 to 64 processors, and a Sun
// SPARCcenter 2000 in SPEC SDM91 with 1 to 216 users.
var (
	rayProcessors  = []float64{1, 4, 8, 12, 16, 20, 24, 28, 32, 48, 64}
	rayThroughput  = []float64{20, 78, 130, 170, 190, 200, 210, 230, 260, 280, 310}
	specUsers      = []float64{1, 18, 36, 72, 108, 144, 216}
	specThroughput = []float64{64.9, 995.9, 1652.4, 1853.2, 1828.9, 1775.0, 1702.2}
)

func within(t *testing.T, what string, got, want, off float64) {
	t.Helper()
	if !(math.Abs(got-want) <= off) {
		t.Errorf("%s is %.8g, published is %.8g", what, got, want)
	}
}

// Coefficients of Gunther's own method: the R package usl up to 1.x, in its
// tests/t05.Rout.save (ray tracer) and README.md (SPEC SDM91: 1.704689e-02,
// 7.892498e-05), github.com/smoeding/usl.
func TestUSLAsGunther(t *testing.T) {
	t.Parallel()
	sigma, kappa := analysis.FitGunther(rayProcessors, rayThroughput)
	within(t, "σ of the ray tracer", sigma, 0.05002394, 5e-9)
	within(t, "κ of the ray tracer", kappa, 0.00000471, 5e-9)
	sigma, kappa = analysis.FitGunther(specUsers, specThroughput)
	within(t, "σ of SDM91", sigma, 1.704689e-02, 5e-9)
	within(t, "κ of SDM91", kappa, 7.892498e-05, 5e-12)
}

// Coefficients of R's nonlinear least squares with all three parameters free and
// none below 0: the R package usl 3.0, in its tests/confint.Rout.save (ray
// tracer: 0.0578, 0, 21.8488) and README.md (SPEC SDM91).
func TestUSLAsR(t *testing.T) {
	t.Parallel()
	lambda, sigma, kappa := analysis.FitAbsolute(rayProcessors, rayThroughput)
	within(t, "λ of the ray tracer", lambda, 21.8488, 5e-5)
	within(t, "σ of the ray tracer", sigma, 0.0578, 5e-5)
	within(t, "κ of the ray tracer", kappa, 0, 5e-5)
	lambda, sigma, kappa = analysis.FitAbsolute(specUsers, specThroughput)
	within(t, "λ of SDM91", lambda, 89.9952, 5e-3) // R stops a little ahead of the least
	within(t, "σ of SDM91", sigma, 0.0277285, 5e-6)
	within(t, "κ of SDM91", kappa, 0.0001044, 5e-8)
}

// FitUSL weighs errors by throughput, so its coefficients are others; the
// published ones must lie in its intervals, and it must see a peak where there
// is one: by R's coefficients SDM91's is at √((1−σ)/κ) = 96.5 users; the ray
// tracer has none.
func TestUSLOfPublishedData(t *testing.T) {
	t.Parallel()
	ray := analysis.FitUSL(points(rayProcessors, rayThroughput))
	if ray.Refused != "" || ray.Peak != nil || !holds(ray.Lambda, 21.8488) || !holds(ray.Sigma, 0.0578) || !holds(ray.Kappa, 4.71e-6) {
		t.Errorf("ray tracer: %+v", ray)
	}
	spec := analysis.FitUSL(points(specUsers, specThroughput))
	if spec.Refused != "" || spec.Peak == nil || !holds(*spec.Peak, 96.5) || !holds(spec.Sigma, 0.01704689) || !holds(spec.Kappa, 7.892498e-05) {
		t.Errorf("SDM91: %+v", spec)
	}
}

func points(n, x []float64) []analysis.Step {
	var out []analysis.Step
	for i := range n {
		out = append(out, analysis.Step{Rate: x[i], Served: x[i], Concurrency: n[i], Verdict: record.Valid})
	}
	return out
}

func holds(e analysis.Estimate, v float64) bool { return e.Low <= v && v <= e.High }

type law struct{ lambda, sigma, kappa float64 }

func (l law) at(n float64) float64 {
	return l.lambda * n / (1 + l.sigma*(n-1) + l.kappa*n*(n-1))
}

func someLaw(r *rand.Rand) law {
	return law{20 + 500*r.Float64(), 0.02 + 0.28*r.Float64(), 1e-4 * (1 + 20*r.Float64())}
}

var concurrencies = []float64{1, 2, 4, 8, 12, 16, 24, 32, 48, 64}

// closed sets the concurrency and measures throughput, with 5% of noise.
func closed(l law, r *rand.Rand) []analysis.Step {
	var steps []analysis.Step
	for _, n := range concurrencies {
		x := l.at(n) * (1 + 0.05*r.NormFloat64())
		steps = append(steps, analysis.Step{Rate: x, Asked: x, Served: x, Concurrency: n})
	}
	return steps
}

// open sets the rate: a whole search for capacity, on a machine whose speed varies
// by 5% from run to run. How many are in flight follows from the law; at a rate
// above that run's peak requests pile up without end.
func open(l law, r *rand.Rand) []analysis.Step {
	search, err := analysis.NewSearch(analysis.SearchOptions{Start: 10, Min: 0.1})
	if err != nil {
		panic(err)
	}
	for {
		rate, _, done := search.Next()
		if done {
			return search.Steps()
		}
		step := analysis.Step{Rate: rate, Asked: rate, Concurrency: 500}
		now := law{l.lambda * (1 + 0.05*r.NormFloat64()), l.sigma, l.kappa}
		if n, ok := now.inFlight(rate); ok {
			step.Served, step.Concurrency, step.Meets = rate, n, true
		}
		search.Tell(step)
	}
}

// inFlight solves the law for N: the lesser root is the one that a load that
// rises from nothing comes to.
func (l law) inFlight(x float64) (float64, bool) {
	if l.kappa == 0 {
		left := l.lambda/x - l.sigma
		return (1 - l.sigma) / left, left > 0
	}
	b := l.sigma - l.kappa - l.lambda/x
	root := b*b - 4*l.kappa*(1-l.sigma)
	return (-b - math.Sqrt(max(root, 0))) / (2 * l.kappa), root >= 0 && b < 0
}

var (
	uslCases     = flag.Int("usl-cases", 100, "synthetic cases for the intervals of the scalability law; the bounds are for 100")
	uslBootstrap = flag.Bool("usl-bootstrap", false, "also count what intervals by a residual bootstrap would hold")
)

// Planted parameters must be found within their intervals: all three at once in
// at least 90 of 100 cases, each of which has its own parameters.
func TestUSLRecoversPlanted(t *testing.T) {
	t.Parallel()
	for name, measure := range map[string]func(law, *rand.Rand) []analysis.Step{"closed": closed, "open": open} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(5, 1))
			count := map[string]int{}
			for range *uslCases {
				l := someLaw(r)
				steps := measure(l, r)
				u := analysis.FitUSL(steps)
				tally(count, "", l, u.Lambda, u.Sigma, u.Kappa)
				if u.Refused != "" {
					count["refused"]++
				}
				if u.Peak != nil {
					count["peaks"]++
					if holds(*u.Peak, math.Sqrt((1-l.sigma)/l.kappa)) {
						count["peaks held"]++
					}
				}
				if *uslBootstrap {
					e := bootstrap(steps, r)
					tally(count, "bootstrap ", l, e[0], e[1], e[2])
				}
			}
			t.Logf("%s, of %d: %v", name, *uslCases, count)
			if least := *uslCases * 90 / 100; count["all"] < least {
				t.Errorf("all three were held in %d of %d", count["all"], *uslCases)
			}
			if wrong := count["peaks"] - count["peaks held"]; wrong*100 > 5**uslCases {
				t.Errorf("%d wrong peaks in %d cases", wrong, *uslCases)
			}
		})
	}
}

func tally(count map[string]int, prefix string, l law, lambda, sigma, kappa analysis.Estimate) {
	all := true
	for name, held := range map[string]bool{"λ": holds(lambda, l.lambda), "σ": holds(sigma, l.sigma), "κ": holds(kappa, l.kappa)} {
		if held {
			count[prefix+name]++
		}
		all = all && held
	}
	if all {
		count[prefix+"all"]++
	}
}

// bootstrap gives percentile intervals that hold together (Bonferroni), from 500
// sets of steps whose relative residuals were drawn anew. It is here to be
// compared with: see docs/decisions/capacity.md.
func bootstrap(steps []analysis.Step, r *rand.Rand) (out [3]analysis.Estimate) {
	lambda, sigma, kappa := analysis.BestUSL(steps)
	l := law{lambda, sigma, kappa}
	var residuals []float64
	for _, s := range steps {
		if s.Served > 0 {
			residuals = append(residuals, s.Served/l.at(s.Concurrency)-1)
		}
	}
	grow := math.Sqrt(float64(len(residuals)) / float64(len(residuals)-3)) // to the size of errors
	var drawn [3][]float64
	for range 500 {
		again := slices.Clone(steps)
		for i := range again {
			if again[i].Served > 0 {
				x := l.at(again[i].Concurrency) * (1 + grow*residuals[r.IntN(len(residuals))])
				again[i].Asked, again[i].Served = x, x
			}
		}
		a, b, c := analysis.BestUSL(again)
		for i, v := range []float64{a, b, c} {
			drawn[i] = append(drawn[i], v)
		}
	}
	for i, d := range drawn {
		slices.Sort(d)
		out[i] = analysis.Estimate{Low: d[4], High: d[495]}
	}
	return out
}

// A law without κ has no peak, and one without σ and κ is a straight line.
func TestUSLInventsNothing(t *testing.T) {
	t.Parallel()
	peak := func(u analysis.USL) bool { return u.Peak != nil }
	curved := func(u analysis.USL) bool { return !strings.Contains(u.Refused, "straight line") }
	for name, test := range map[string]struct {
		planted law
		measure func(law, *rand.Rand) []analysis.Step
		wrong   func(analysis.USL) bool
	}{
		"no peak":       {law{100, 0.1, 0}, closed, peak},
		"no peak, open": {law{100, 0.1, 0}, open, peak},
		"straight line": {law{100, 0, 0}, closed, curved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, wrong := rand.New(rand.NewPCG(5, 2)), 0
			for range *uslCases {
				if test.wrong(analysis.FitUSL(test.measure(test.planted, r))) {
					wrong++
				}
			}
			t.Logf("%s: wrong in %d of %d", name, wrong, *uslCases)
			if wrong > *uslCases*10/100 {
				t.Errorf("wrong in %d of %d", wrong, *uslCases)
			}
		})
	}
}

// An M/M/1 queue follows the law exactly: N = ρ/(1−ρ) gives X = μN/(1+N), which
// is λ = μ/2, σ = 1/2, κ = 0. Concurrency below 1 is nothing special.
func TestUSLOfAQueue(t *testing.T) {
	t.Parallel()
	var steps []analysis.Step
	for _, rho := range []float64{0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95} {
		steps = append(steps, analysis.Step{Rate: 400 * rho, Served: 400 * rho, Concurrency: rho / (1 - rho)})
	}
	u := analysis.FitUSL(steps)
	if u.Refused != "" || u.Peak != nil || math.Abs(u.Lambda.Value-200) > 1e-6 || math.Abs(u.Sigma.Value-0.5) > 1e-6 || u.Kappa.Value > 1e-6 {
		t.Errorf("%+v", u)
	}
}

func TestUSLRefused(t *testing.T) {
	t.Parallel()
	l := law{100, 0.1, 0.001}
	exact := func(at ...float64) []analysis.Step {
		var x []float64
		for _, n := range at {
			x = append(x, l.at(n))
		}
		return points(at, x)
	}
	for name, test := range map[string]struct {
		steps []analysis.Step
		says  string
	}{
		"none":           {nil, "0 steps are of use"},
		"five":           {exact(1, 2, 4, 8, 16), "5 steps are of use, those at rates that the stage kept up with, and a fit needs 6"},
		"small span":     {exact(8, 9, 10, 11, 12, 13), "concurrency went from 8 to 13 only"},
		"straight":       {points([]float64{1, 2, 3, 4, 5, 6}, []float64{10, 20.5, 29.5, 40, 50.5, 59.5}), "straight line"},
		"no law":         {points([]float64{1, 2, 4, 8, 16, 32}, []float64{100, 30, 200, 90, 500, 120}), "off the law's best curve"},
		"nothing pinned": {points([]float64{20, 30, 40, 50, 60, 70}, []float64{100, 104, 97, 103, 98, 101}), "pin"},
		"overloaded":     {append(exact(1, 2, 4, 8, 16), analysis.Step{Rate: 900, Asked: 900, Served: 400, Concurrency: 300}), "5 steps"},
		"a lucky one":    {append(exact(1, 2, 4, 8, 16), analysis.Step{Rate: 700, Asked: 700, Served: 400, Concurrency: 300}, analysis.Step{Rate: 800, Asked: 800, Served: 400, Concurrency: 300}, analysis.Step{Rate: 900, Asked: 900, Served: 900, Concurrency: 30}), "5 steps"},
		"invalid":        {append(exact(1, 2, 4, 8, 16), analysis.Step{Rate: 500, Served: 500, Concurrency: 20, Verdict: record.Invalid}), "5 steps"},
		"no concurrency": {append(exact(1, 2, 4, 8, 16), analysis.Step{Rate: 500, Served: 500}), "5 steps"},
		"no numbers":     {append(exact(1, 2, 4, 8, 16), analysis.Step{Served: math.NaN(), Concurrency: 3}, analysis.Step{Served: math.Inf(1), Concurrency: 3}), "5 steps"},
	} {
		t.Run(name, func(t *testing.T) {
			u := analysis.FitUSL(test.steps)
			if !strings.Contains(u.Refused, test.says) || u.Peak != nil || u.Lambda != (analysis.Estimate{}) {
				t.Errorf("%+v, want %q", u, test.says)
			}
		})
	}
}

// Whatever the steps, the fit is refused or its estimates are possible and lie
// within their intervals.
func TestUSLAnything(t *testing.T) {
	t.Parallel()
	number := rapid.OneOf(rapid.Float64Range(0, 1e4), rapid.Float64Range(0.5, 2), rapid.SampledFrom([]float64{0, -1, 1, 1e-300, 1e300, math.NaN(), math.Inf(1)}))
	rapid.Check(t, func(t *rapid.T) {
		var steps []analysis.Step
		for range rapid.IntRange(0, 12).Draw(t, "odd steps") {
			steps = append(steps, analysis.Step{Served: number.Draw(t, "x"), Concurrency: number.Draw(t, "n")})
		}
		if rapid.Bool().Draw(t, "like a curve") {
			l := law{rapid.Float64Range(1, 1e4).Draw(t, "λ"), rapid.Float64Range(0, 1).Draw(t, "σ"), rapid.Float64Range(0, 0.1).Draw(t, "κ")}
			steps = nil
			for i, off := range rapid.SliceOfN(rapid.Float64Range(0.9, 1.1), 6, 12).Draw(t, "off") {
				n := math.Pow(rapid.Float64Range(1.1, 2).Draw(t, "growth"), float64(i-3))
				steps = append(steps, analysis.Step{Served: l.at(n) * off, Concurrency: n})
			}
		}
		u := analysis.FitUSL(steps)
		if u.Refused != "" {
			return
		}
		for _, e := range []analysis.Estimate{u.Lambda, u.Sigma, u.Kappa} {
			if !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High) || math.IsInf(e.High, 0) {
				t.Fatalf("%+v", u)
			}
		}
		if u.Sigma.High > 1 || u.Peak != nil && (u.Kappa.Low <= 0 || !(u.Peak.Low <= u.Peak.Value && u.Peak.Value <= u.Peak.High)) {
			t.Fatalf("%+v %+v", u, u.Peak)
		}
	})
}

// A rate below the least normal number has no inverse.
func TestUSLNextToNothing(t *testing.T) {
	t.Parallel()
	steps := []analysis.Step{{Served: 6.953355807835e-310, Concurrency: 1}, {Served: 1, Concurrency: 1e-300}}
	for range 8 {
		steps = append(steps, analysis.Step{Served: 1, Concurrency: 1})
	}
	if u := analysis.FitUSL(steps); u.Refused == "" {
		t.Errorf("%+v", u)
	}
}

func ExampleFitUSL() {
	u := analysis.FitUSL(points(specUsers, specThroughput))
	fmt.Printf("peak at %.0f users, between %.0f and %.0f\n", u.Peak.Value, u.Peak.Low, u.Peak.High)
	// Output: peak at 93 users, between 71 and 195
}
