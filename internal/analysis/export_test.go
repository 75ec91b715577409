// SPDX-License-Identifier: MIT

package analysis

// Two published ways to fit the law, made of the same parts as FitUSL, so that
// tests can hold these parts against published coefficients.

// FitGunther is the one of Guerrilla Capacity Planning: λ is the first point's
// throughput, and the parabola through the deviation from linearity, N/C − 1,
// weighs all points alike.
func FitGunther(n, x []float64) (sigma, kappa float64) {
	f := &uslFit{n: n, x: x, weight: alike(n)}
	p, _ := f.given(n[0] / x[0])
	return p[0] * x[0], p[1] * x[0]
}

// FitAbsolute minimises the squares of absolute errors of throughput, as the
// function nls of R does: by Gauss and Newton's method, each step of which is
// linear in R(N).
func FitAbsolute(n, x []float64) (lambda, sigma, kappa float64) {
	f := &uslFit{n: n, x: x, weight: alike(n)}
	best, _ := f.solve()
	for range 100 {
		target := make([]float64, len(n))
		for i := range n {
			r := best.r + best.b*n[i] + best.c*pairs(n[i])
			f.weight[i] = n[i] / (r * r)
			target[i] = (2*r - x[i]*r*r/n[i]) * f.weight[i]
		}
		p, _ := f.leastTo(target, f.column(func(float64) float64 { return 1 }), f.column(func(n float64) float64 { return n }), f.column(pairs))
		best = curve{p[0], p[1], p[2]}
	}
	return 1 / best.one(), best.sigma(), best.kappa()
}

func alike(n []float64) []float64 {
	out := make([]float64, len(n))
	for i := range out {
		out[i] = 1
	}
	return out
}

// BestUSL is the fit without its intervals.
func BestUSL(steps []Step) (lambda, sigma, kappa float64) {
	best, _ := newFit(steps).solve()
	return 1 / best.one(), best.sigma(), best.kappa()
}
