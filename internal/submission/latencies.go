// SPDX-License-Identifier: MIT

package submission

import "github.com/HdrHistogram/hdrhistogram-go"

// latencies of the whole against those of the windows.
func (s *sums) latencies() {
	merged, most := empty(), 0.0
	for _, w := range s.main {
		if h, err := decode(w.Histogram); err == nil {
			merged.Merge(h)
		}
		most = max(most, w.Latency.Max)
	}
	var parts [3]*hdrhistogram.Histogram
	for i, text := range []string{s.Histograms.All, s.Histograms.OK, s.Histograms.Failed} {
		h, err := decode(text)
		if err != nil {
			s.add("a histogram can't be read: %v", err)
			return
		}
		parts[i] = h
	}
	s.all = parts[0]
	if why := unlike(s.Summary.Latency, s.all); why != "" {
		s.add("latency: %s", why)
	}
	if n := apart(merged, s.all); n > int64(2*(s.slack+s.lost)) {
		s.add("its histogram and those of its windows differ in %d answers", n)
	}
	if s.Summary.Latency.Max > most+percentileSlack {
		s.add("the slowest answer took %.6f s, in its windows %.6f s", s.Summary.Latency.Max, most)
	}
	r := s.Summary.Requests
	if good, bad := int(parts[1].TotalCount()), int(parts[2].TotalCount()); good != r.OK || bad != r.Failed {
		s.add("%d good and %d failed answers, by their histograms %d and %d", r.OK, r.Failed, good, bad)
	}
	if beyond(parts[1], s.all) > 0 {
		s.add("the histogram of good answers has some that that of all has not")
	}
}

// endpoints of the summary.
func (s *sums) endpoints() {
	requests, failed, merged := 0, 0, empty()
	ok, bad := map[string]int{}, map[string]int{}
	for _, w := range s.main {
		for name, e := range w.Endpoints {
			ok[name] += e.OK
			bad[name] += e.Failed
		}
	}
	for _, e := range s.Summary.Endpoints {
		requests, failed = requests+e.Requests, failed+e.Failed
		s.differs("requests to "+e.Name, e.Requests, ok[e.Name]+bad[e.Name], s.slack+s.lost)
		s.differs("failed requests to "+e.Name, e.Failed, bad[e.Name], s.slack+s.lost)
		h, err := decode(s.Histograms.Endpoints[e.Name])
		if err != nil {
			s.add("the histogram of %s can't be read: %v", e.Name, err)
			continue
		}
		merged.Merge(h)
		if why := unlike(e.Latency, h); why != "" {
			s.add("latency of %s: %s", e.Name, why)
		}
		if n := int(h.TotalCount()); n > e.Requests || n < e.Requests-e.Failed {
			s.add("%d requests to %s, of which %d failed, but %d latencies", e.Requests, e.Name, e.Failed, n)
		}
	}
	if r := s.Summary.Requests; requests != r.Sent || failed != r.Failed {
		s.add("%d requests sent and %d failed, by endpoint %d and %d", r.Sent, r.Failed, requests, failed)
	}
	if s.all != nil && apart(merged, s.all) > 0 {
		s.add("the histograms of endpoints and that of all differ in %d answers", apart(merged, s.all))
	}
}
