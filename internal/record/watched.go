// SPDX-License-Identifier: MIT

package record

import "encoding/json"

// UnmarshalJSON reads a lag that is not known (null) as -1.
func (r *Replication) UnmarshalJSON(b []byte) error {
	type plain Replication
	known := struct {
		*plain
		LagSeconds *float64 `json:"lag_seconds"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(b, &known); err != nil {
		return err
	}
	r.LagSeconds = -1
	if known.LagSeconds != nil {
		r.LagSeconds = *known.LagSeconds
	}
	return nil
}

// SumQueue sums up the readings from one moment to another; nil without any.
func SumQueue(all []Queue, from, to float64) *QueueSummary {
	var s *QueueSummary
	for _, q := range all {
		if q.AtSeconds < from || q.AtSeconds > to {
			continue
		}
		if s == nil {
			s = &QueueSummary{ConsumersMin: q.Consumers}
		}
		s.Readings++
		s.DepthMean += (float64(q.Depth) - s.DepthMean) / float64(s.Readings)
		s.DepthMax = max(s.DepthMax, q.Depth)
		s.UnacknowledgedMax = max(s.UnacknowledgedMax, q.Unacknowledged)
		s.ConsumersMin, s.ConsumersMax = min(s.ConsumersMin, q.Consumers), max(s.ConsumersMax, q.Consumers)
	}
	return s
}

// SumReplication sums up the readings from one moment to another; nil without any.
func SumReplication(all []Replication, from, to float64) *ReplicationSummary {
	var s *ReplicationSummary
	known := 0
	for _, r := range all {
		if r.AtSeconds < from || r.AtSeconds > to {
			continue
		}
		if s == nil {
			s = &ReplicationSummary{ReplicasMin: r.Replicas}
		}
		s.Readings++
		s.ReplicasMin = min(s.ReplicasMin, r.Replicas)
		s.LagBytesMean += (float64(r.LagBytes) - s.LagBytesMean) / float64(s.Readings)
		s.LagBytesMax = max(s.LagBytesMax, r.LagBytes)
		if r.LagSeconds >= 0 {
			known++
			s.LagSecondsMean += (r.LagSeconds - s.LagSecondsMean) / float64(known)
			s.LagSecondsMax = max(s.LagSecondsMax, r.LagSeconds)
		}
	}
	return s
}
