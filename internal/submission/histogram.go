// SPDX-License-Identifier: MIT

package submission

import (
	"errors"
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/record"
)

// The histograms' range and precision, as the generator makes them: 1 µs to 120 s, three digits.
const (
	lowestMicros  = 1
	highestMicros = 120_000_000
	digits        = 3
)

var errForm = errors.New("its range is not that of lab's histograms")

// decode reads a histogram; an empty text is an empty one.
func decode(text string) (*hdrhistogram.Histogram, error) {
	if text == "" {
		return empty(), nil
	}
	h, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	if h.LowestTrackableValue() != lowestMicros || h.HighestTrackableValue() != highestMicros || h.SignificantFigures() != digits {
		return nil, errForm
	}
	return h, nil
}

func empty() *hdrhistogram.Histogram { return hdrhistogram.New(lowestMicros, highestMicros, digits) }

// counts of all buckets.
func counts(h *hdrhistogram.Histogram) []int64 { return h.Export().Counts }

// apart is how many values two histograms don't have in common.
func apart(a, b *hdrhistogram.Histogram) int64 {
	x, y := counts(a), counts(b)
	n := int64(0)
	for i := range x {
		if d := x[i] - y[i]; d > 0 {
			n += d
		} else {
			n -= d
		}
	}
	return n
}

// beyond is how many values of a part are not in the whole.
func beyond(part, whole *hdrhistogram.Histogram) int64 {
	x, y := counts(part), counts(whole)
	n := int64(0)
	for i := range x {
		n += max(0, x[i]-y[i])
	}
	return n
}

// percentileSlack is what printing and reading a number may take of it, in seconds.
const percentileSlack = 1e-9

// unlike says which percentile does not follow from a histogram; "" if all do.
func unlike(p record.Percentiles, h *hdrhistogram.Histogram) string {
	for _, one := range []struct {
		name  string
		q, of float64
	}{{"p50", 0.50, p.P50}, {"p90", 0.90, p.P90}, {"p95", 0.95, p.P95}, {"p99", 0.99, p.P99}, {"p99.9", 0.999, p.P999}} {
		want := min(float64(h.ValueAtQuantile(one.q*100))/1e6, p.Max)
		if !(math.Abs(one.of-want) <= percentileSlack) {
			return fmt.Sprintf("%s is %.6f s, by its histogram %.6f s", one.name, one.of, want)
		}
	}
	if h.TotalCount() == 0 {
		if p.Max != 0 {
			return fmt.Sprintf("the slowest took %.6f s, by its histogram none answered", p.Max)
		}
		return ""
	}
	micros := min(max(int64(math.Round(p.Max*1e6)), lowestMicros), highestMicros)
	if !h.ValuesAreEquivalent(micros, h.Max()) && !h.ValuesAreEquivalent(micros-1, h.Max()) && !h.ValuesAreEquivalent(micros+1, h.Max()) {
		return fmt.Sprintf("the slowest took %.6f s, by its histogram %.6f s", p.Max, float64(h.Max())/1e6)
	}
	return ""
}
