// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"math"
	"slices"
)

// turn is a run of a comparison, as lab tells of it.
type turn struct {
	Requests   struct{ Sent float64 }
	Containers []struct {
		Service    string
		CPUSeconds float64 `json:"cpu_seconds"`
	}
	Generator struct {
		YardstickSeconds float64 `json:"yardstick_seconds"`
	}
}

// cost of a request in CPU milliseconds, of one service or of all.
func (r turn) cost(service string) float64 {
	seconds := 0.0
	for _, c := range r.Containers {
		if service == "" || c.Service == service {
			seconds += c.CPUSeconds
		}
	}
	return 1e3 * seconds / r.Requests.Sent
}

// speed compares a stage with itself, and says how much the machine's own speed
// changed what a request costs, and how well the yardstick followed it.
func speed() error {
	words := []string{"compare", "4", "4", "--workload", "users", "--rate", "200", "--rounds", "10", "--duration", "5s", "--warmup", "1s", "--precision", "0"}
	fmt.Println("lab", words)
	var told struct{ A, B struct{ Runs []string } }
	if err := ask(&told, words...); err != nil {
		return err
	}
	read := func(ids []string) (runs []turn, err error) {
		for _, id := range ids {
			var r turn
			if err = ask(&r, "runs", "show", id); err != nil {
				return nil, err
			}
			runs = append(runs, r)
		}
		return runs, nil
	}
	a, err := read(told.A.Runs)
	if err != nil {
		return err
	}
	b, err := read(told.B.Runs)
	if err != nil {
		return err
	}
	// of each round, B by A, as a logarithm
	ratios := func(of func(turn) float64) (out []float64) {
		for i := range a {
			out = append(out, math.Log(of(b[i])/of(a[i])))
		}
		return out
	}
	spread := func(of func(turn) float64) (low, high float64) {
		var all []float64
		for i := range a {
			all = append(all, of(a[i]), of(b[i]))
		}
		return slices.Min(all), slices.Max(all)
	}
	of := func(service string) func(turn) float64 { return func(r turn) float64 { return r.cost(service) } }
	yardstick := func(r turn) float64 { return 1e3 * r.Generator.YardstickSeconds }
	low, high := spread(of(""))
	fmt.Printf("%d rounds; a request cost %.2f to %.2f CPU-ms in all\n", len(a), low, high)
	low, high = spread(yardstick)
	fmt.Printf("a piece of the yardstick cost %.3f to %.3f CPU-ms: at 200 a second %.1f%% to %.1f%% of a core\n", low, high, 20*low, 20*high)
	fmt.Printf("correlation of api and postgres %.2f\n", correlation(ratios(of("api")), ratios(of("postgres"))))
	for _, service := range []string{"", "api", "postgres", "nginx"} {
		own, its := ratios(yardstick), ratios(of(service))
		name := service
		if name == "" {
			name = "all"
		}
		fmt.Printf("%s: correlation with the yardstick %.2f, %.2f times as much\n", name, correlation(own, its), covariance(own, its)/covariance(own, own))
	}
	return nil
}

func covariance(x, y []float64) float64 {
	meanX, meanY, sum := 0.0, 0.0, 0.0
	for i := range x {
		meanX, meanY = meanX+x[i]/float64(len(x)), meanY+y[i]/float64(len(y))
	}
	for i := range x {
		sum += (x[i] - meanX) * (y[i] - meanY)
	}
	return sum / float64(len(x)-1)
}

func correlation(x, y []float64) float64 {
	return covariance(x, y) / math.Sqrt(covariance(x, x)*covariance(y, y))
}
