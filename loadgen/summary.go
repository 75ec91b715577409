// SPDX-License-Identifier: MIT

package loadgen

import (
	"strconv"

	"systemlab/internal/record"
)

// summary is the tally of the measured part as data. The schedule asked for
// `asked` requests in it, over so many seconds, and `served` good answers ended in
// it: those that come when the schedule is over would hide a queue.
func (t *tally) summary(asked, served int, seconds float64) record.Summary {
	sent := t.ok + t.failed
	out := record.Summary{
		Requests: record.Requests{
			Asked: asked, Sent: sent, OK: t.ok, Failed: t.failed,
			Late: t.late, Dropped: max(0, asked-sent),
		},
		Latency:     t.latency.percentiles(),
		StatusCodes: map[string]int{}, Errors: t.errors, Servers: t.servers,
		Reads: t.reads, Cache: t.cache,
		Endpoints: []record.Endpoint{}, Tiers: map[string]record.Tier{},
		Generator: record.Generator{
			SlipP50Seconds: t.slip.at(0.5), SlipP99Seconds: t.slip.at(0.99), SlipMaxSeconds: t.slip.max.Seconds(),
		},
	}
	if seconds > 0 {
		out.Rate = record.Rate{
			Asked: float64(asked) / seconds, Sent: float64(sent) / seconds, Served: float64(served) / seconds,
		}
	}
	for status, n := range t.statuses {
		out.StatusCodes[strconv.Itoa(status)] = n
	}
	for i, e := range Endpoints() {
		if one := t.endpoints[i]; !one.isEmpty() {
			out.Endpoints = append(out.Endpoints, record.Endpoint{
				Name: e.Name, Requests: one.ok + one.failed, Failed: one.failed, Latency: one.latency.percentiles(),
			})
		}
	}
	for name, tier := range t.tiers {
		out.Tiers[name] = record.Tier{Count: tier.count, MeanSeconds: tier.mean(), P99Seconds: tier.times.at(0.99)}
	}
	return out
}

// histograms are the tally's, encoded.
func (t *tally) histograms() record.Histograms {
	out := record.Histograms{
		All: t.latency.encode(), OK: t.good.encode(), Failed: t.bad.encode(),
		Endpoints: map[string]string{}, Tiers: map[string]string{},
	}
	for i, e := range Endpoints() {
		if one := t.endpoints[i]; !one.isEmpty() {
			out.Endpoints[e.Name] = one.latency.encode()
		}
	}
	for name, tier := range t.tiers {
		out.Tiers[name] = tier.times.encode()
	}
	return out
}
