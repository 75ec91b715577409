// SPDX-License-Identifier: MIT

package loadgen

import (
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/record"
)

// The histograms' range and precision: 1 µs to 120 s, three digits.
const (
	lowestMicros  = 1
	highestMicros = 120_000_000
	digits        = 3
)

// histogram of durations. The zero value is empty and costs nothing; the first
// value costs 150 kB. What lies beyond the range is put at its end, but max is exact.
type histogram struct {
	counts *hdr.Histogram
	max    time.Duration
}

func (h *histogram) add(d time.Duration) {
	if h.counts == nil {
		h.counts = hdr.New(lowestMicros, highestMicros, digits)
	}
	h.max = max(h.max, d)
	micros := (d + 500*time.Nanosecond).Microseconds()
	_ = h.counts.RecordValue(min(max(micros, lowestMicros), highestMicros)) // in range, so no error
}

// at is the value that a share q of all values, from 0 to 1, does not exceed, in
// seconds: to the precision of the histogram, and never above the maximum.
func (h *histogram) at(q float64) float64 {
	if h.counts == nil {
		return 0
	}
	return min(float64(h.counts.ValueAtQuantile(q*100))/1e6, h.max.Seconds())
}

func (h *histogram) percentiles() record.Percentiles {
	return record.Percentiles{
		P50: h.at(0.50), P90: h.at(0.90), P95: h.at(0.95), P99: h.at(0.99), P999: h.at(0.999),
		Max: h.max.Seconds(),
	}
}

// encode is the histogram in HDR's V2 compressed format, in base64; an empty one is "".
func (h *histogram) encode() string {
	if h.counts == nil {
		return ""
	}
	text, err := h.counts.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil { // writing to memory does not fail
		return ""
	}
	return string(text)
}
