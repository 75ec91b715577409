// SPDX-License-Identifier: MIT

package record

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSumQueue(t *testing.T) {
	t.Parallel()
	all := []Queue{{1, 90, 3, 3}, {5, 2, 3, 3}, {6, 4, 1, 2}, {7, 0, 0, 3}, {11, 70, 0, 0}}
	got := SumQueue(all, 5, 10)
	want := &QueueSummary{Readings: 3, DepthMean: 2, DepthMax: 4, UnacknowledgedMax: 3, ConsumersMin: 2, ConsumersMax: 3}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := SumQueue(all, 100, 200); got != nil {
		t.Errorf("nothing to sum up: %+v", got)
	}
}

func TestSumReplication(t *testing.T) {
	t.Parallel()
	all := []Replication{{5, 1, 100, 0.5}, {6, 0, 500, -1}, {7, 1, 0, 0.1}}
	got := SumReplication(all, 5, 10)
	want := &ReplicationSummary{Readings: 3, ReplicasMin: 0, LagBytesMean: 200, LagBytesMax: 500, LagSecondsMean: 0.3, LagSecondsMax: 0.5}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestUnknownLag(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]float64{
		`{"replicas":0,"lag_bytes":7,"lag_seconds":null}`: -1, `{"replicas":0,"lag_bytes":7}`: -1, `{"lag_bytes":7,"lag_seconds":0}`: 0,
	} {
		var r Replication
		if err := json.Unmarshal([]byte(in), &r); err != nil || r.LagBytes != 7 || r.LagSeconds != want {
			t.Errorf("%s: %+v, %v", in, r, err)
		}
	}
}
