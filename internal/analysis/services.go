// SPDX-License-Identifier: MIT

package analysis

import "systemlab/internal/record"

// Use is what one service, all its replicas together, used in a run.
type Use struct {
	Service              string
	Replicas             int
	Cores                float64
	LimitCores           float64 // 0 where one replica has no limit
	ThrottledRatio       float64 // of the replica that was throttled most
	MemoryBytes          int64
	CPUSecondsPerRequest float64 // its demand, D = U/X
}

// Utilisation is cores used by the limit; 0 without a limit.
func (u Use) Utilisation() float64 {
	if u.LimitCores <= 0 {
		return 0
	}
	return u.Cores / u.LimitCores
}

// SaturatesAt is the rate at which its demand fills its limit, limit/D
// (utilisation law; Denning & Buzen 1978): requests a second, 0 where unknown.
// Demand falls a little as load rises, so it is a prediction, and a low one.
func (u Use) SaturatesAt() float64 {
	if u.CPUSecondsPerRequest <= 0 {
		return 0
	}
	return u.LimitCores / u.CPUSecondsPerRequest
}

// Services sums containers by service, in the order in which they stand.
func Services(run *record.Run) []Use {
	var out []Use
	index := map[string]int{}
	unlimited := map[string]bool{}
	for _, c := range run.Containers {
		i, ok := index[c.Service]
		if !ok {
			i = len(out)
			index[c.Service] = i
			out = append(out, Use{Service: c.Service})
		}
		u := &out[i]
		u.Replicas++
		u.Cores += c.CoresMean
		u.LimitCores += c.LimitCores
		u.MemoryBytes += c.MemoryBytes
		u.CPUSecondsPerRequest += c.CPUSecondsPerRequest
		u.ThrottledRatio = max(u.ThrottledRatio, c.ThrottledRatio)
		unlimited[c.Service] = unlimited[c.Service] || c.LimitCores <= 0
	}
	for i := range out {
		if unlimited[out[i].Service] {
			out[i].LimitCores = 0
		}
	}
	return out
}

// Bottleneck is the service that is nearest its limit; false where none has one
// or none used anything.
func Bottleneck(run *record.Run) (Use, bool) {
	var most Use
	for _, u := range Services(run) {
		if u.Utilisation() > most.Utilisation() {
			most = u
		}
	}
	return most, most.Service != ""
}
