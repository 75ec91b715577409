// SPDX-License-Identifier: MIT

package submission

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"systemlab/internal/record"
)

// Bounds of what makes two runs one. Counters tell nanoseconds, so that two
// measurements never have the same readings; of few answers, or of an idle box, they may.
const (
	printAnswers = 20    // a window has at least, to count
	printCores   = 0.005 // a sample likewise
	sameWindows  = 2     // that two runs may not share
	sameSamples  = 8
	mostPrints   = 300 // of samples, of a run
)

// fingerprint is what a run is known by, whatever it is called.
type fingerprint struct {
	by       int // the submission, by its number
	exercise string
	run      string
	windows  []uint64
	samples  []uint64
}

func printOf(by int, exercise string, run *record.Run) fingerprint {
	p := fingerprint{by: by, exercise: exercise, run: run.ID}
	for _, w := range run.Windows {
		if w.OK+w.Failed >= printAnswers {
			p.windows = append(p.windows, hashOf(w.Histogram, fmt.Sprint(w.Latency.Max)))
		}
	}
	for _, s := range run.Samples {
		if s.Cores > printCores && len(p.samples) < mostPrints {
			p.samples = append(p.samples, hashOf(fmt.Sprint(s.Cores, s.Seconds)))
		}
	}
	p.windows, p.samples = different(p.windows), different(p.samples)
	return p
}

// different leaves one of each: a box at its limit may tell the same again and again.
func different[T cmp.Ordered](all []T) []T {
	slices.Sort(all)
	return slices.Compact(all)
}

func hashOf(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		_, _ = h.Write([]byte(p))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// pair of submissions that share runs of an exercise.
type pair struct {
	a, b     int
	exercise string
}

// shared are the runs that two submissions have in common, by their names in each.
type shared struct{ as, bs []string }

// copies finds the runs that are the same.
func copies(prints []fingerprint) map[pair]*shared {
	out := map[pair]*shared{}
	found := map[[2]int]bool{}
	add := func(i, j int) {
		i, j = min(i, j), max(i, j)
		if found[[2]int{i, j}] {
			return
		}
		found[[2]int{i, j}] = true
		p, q := prints[i], prints[j]
		for _, e := range different([]string{p.exercise, q.exercise}) {
			s := out[pair{p.by, q.by, e}]
			if s == nil {
				s = &shared{}
				out[pair{p.by, q.by, e}] = s
			}
			s.as, s.bs = append(s.as, p.run), append(s.bs, q.run)
		}
	}
	ids := map[string][]int{}
	for j, p := range prints {
		for _, i := range ids[p.run] {
			if prints[i].by != p.by { // a run may be evidence twice in one log; that is seen by its time
				add(i, j)
			}
		}
		ids[p.run] = append(ids[p.run], j)
	}
	alike(prints, sameWindows, func(p fingerprint) []uint64 { return p.windows }, add)
	alike(prints, sameSamples, func(p fingerprint) []uint64 { return p.samples }, add)
	return out
}

// alike tells of runs that share at least so many prints.
func alike(prints []fingerprint, least int, of func(fingerprint) []uint64, tell func(i, j int)) {
	seen := map[uint64][]int{}
	for j, p := range prints {
		together := map[int]int{}
		for _, h := range of(p) {
			for _, i := range seen[h] {
				if i != j && (prints[i].by != p.by || prints[i].run != p.run) {
					together[i]++
				}
			}
			seen[h] = append(seen[h], j)
		}
		for i, n := range together {
			if n >= least {
				tell(i, j)
			}
		}
	}
}

// fewOf names some of many.
func fewOf(all []string) string {
	all = slices.Compact(slices.Sorted(slices.Values(all)))
	if len(all) > 2 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:2], ", "), len(all)-2)
	}
	return strings.Join(all, ", ")
}
