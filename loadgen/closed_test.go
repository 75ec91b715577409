// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"systemlab/loadgen"
)

// Twelve clients at a server with six places of 100 ms each: 60 are served a
// second, each waits 200 ms by Little's law, and never more than twelve are there.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	places := make(chan struct{}, 6)
	var there, most atomic.Int64
	server := func(http.ResponseWriter, *http.Request) {
		if n := there.Add(1); n > most.Load() {
			most.Store(n)
		}
		places <- struct{}{}
		time.Sleep(100 * time.Millisecond)
		<-places
		there.Add(-1)
	}
	o := loadgen.Order{Target: serve(t, server), Workload: "ping", Pace: "clients:12", DurationSeconds: 1.5, WarmupSeconds: 0.5, ReadySeconds: -1}
	control := make(chan loadgen.Control, 1)
	control <- loadgen.Control{Rate: 500}
	began := time.Now()
	a := attack(t.Context(), t, o, control)
	s := a.result.Summary
	if took := time.Since(began); took < 2*time.Second || took > 4*time.Second {
		t.Errorf("it took %s", took)
	}
	if r := s.Requests; r.Asked != r.Sent || r.OK != r.Sent || r.Late != 0 || r.Dropped != 0 || most.Load() != 12 {
		t.Errorf("%+v, at most %d at once", r, most.Load())
	}
	if s.Rate.Served < 48 || s.Rate.Served > 63 {
		t.Errorf("%+v", s.Rate)
	}
	if s.Latency.P50 < 0.19 || s.Latency.P50 > 0.30 || s.Generator.Bounded || s.Generator.WorkersMax != 12 || len(s.Gaps) != 0 {
		t.Errorf("%+v, %+v, gaps %v", s.Latency, s.Generator, s.Gaps)
	}
	asked := 0
	for _, w := range a.windows {
		asked += w.Asked
		if w.InFlight > 12 {
			t.Errorf("%d in flight at %g s", w.InFlight, w.StartSeconds)
		}
	}
	if asked < s.Requests.Asked {
		t.Errorf("%d asked in the windows, %d in the measured part", asked, s.Requests.Asked)
	}
	if len(a.result.Events) != 1 || a.result.Events[0].Detail != "refused: clients that wait for their answers have no rate" {
		t.Errorf("%+v", a.result.Events)
	}
}
