// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/record"
	"systemlab/loadgen"
)

// Whatever is asked is sent, or said to be dropped. That all of it is sent takes a
// machine with time for it: one of three tries has to be so.
func TestSentIsWhatWasAsked(t *testing.T) {
	const seconds = 0.5
	for _, test := range []struct {
		pace string
		want int
	}{{"200", 100}, {"1000", 500}, {"sine:100-500", 150}} {
		var s record.Summary
		held := false
		for try := 0; try < 3 && !held; try++ {
			o := loadgen.Order{Target: serve(t, quick), Workload: "ping", Pace: test.pace, DurationSeconds: seconds}
			s = attack(t.Context(), t, o, nil).result.Summary
			if r := s.Requests; r.Asked != test.want || r.Sent+r.Dropped != test.want || r.OK != r.Sent {
				t.Errorf("%s: %+v, want %d asked, and each of them sent or dropped", test.pace, r, test.want)
			}
			if s.Rate.Asked != float64(test.want)/seconds || s.Rate.Sent != float64(s.Requests.Sent)/seconds {
				t.Errorf("%s: %+v", test.pace, s.Rate)
			}
			held = s.Requests.Sent == test.want && math.Abs(s.Rate.Served/s.Rate.Asked-1) < 0.05
			t.Logf("%s: %+v, %+v", test.pace, s.Requests, s.Rate)
		}
		if !held {
			t.Errorf("%s: never all of it, in time: %+v, %+v", test.pace, s.Requests, s.Rate)
		}
		if g := s.Generator; g.CoresMean <= 0 || g.CoresMean > 3 || g.Bounded || g.WorkersMax < 1 {
			t.Errorf("%s: %+v", test.pace, g)
		}
	}
}

// stalling answers at once, but holds everything for 200 ms, 400 ms in.
func stalling() http.HandlerFunc {
	var once sync.Once
	var from time.Time
	return func(http.ResponseWriter, *http.Request) {
		once.Do(func() { from = time.Now().Add(400 * time.Millisecond) })
		if in := time.Since(from); in > 0 && in < 200*time.Millisecond {
			time.Sleep(200*time.Millisecond - in)
		}
	}
}

// A server that stalls for 200 ms of 1 s keeps a fifth of all requests waiting,
// evenly from 200 ms to 0: 10% of all for longer than 100 ms, 1% for longer than 190.
// A generator that waits along with the server would see ten of them, and a p90 of 1 ms.
//
// None of that may be missing. More of it there can be, where the machine is busy and
// the backlog itself takes time; but not so much that a wait was counted twice.
func TestStallShowsInFull(t *testing.T) {
	shows := func(seconds, want float64) bool { return seconds > 0.9*want && seconds < 1.5*want }
	for name, workers := range map[string]int{"unbounded": 0, "10 workers": 10} {
		var s record.Summary
		for range 3 {
			o := loadgen.Order{Target: serve(t, stalling()), Workload: "ping", Pace: "250", DurationSeconds: 1, MaxWorkers: workers, ReadySeconds: -1}
			s = attack(t.Context(), t, o, nil).result.Summary
			if shows(s.Latency.P90, 0.100) && shows(s.Latency.P99, 0.190) {
				break
			}
			t.Logf("%s: p90 %.3f s, p99 %.3f s", name, s.Latency.P90, s.Latency.P99)
		}
		if !shows(s.Latency.P90, 0.100) || !shows(s.Latency.P99, 0.190) {
			t.Errorf("%s: p90 %.3f s, p99 %.3f s, want 0.100 and 0.190", name, s.Latency.P90, s.Latency.P99)
		}
		if s.Requests.Sent != 250 || s.Requests.Dropped != 0 {
			t.Errorf("%s: %+v", name, s.Requests)
		}
		if bounded := workers > 0; s.Generator.Bounded != bounded || (bounded && s.Requests.Late < 30) {
			t.Errorf("%s: %d late, %+v", name, s.Requests.Late, s.Generator)
		}
	}
}

// Six requests may sleep 100 ms each at once: 60 are served a second, whatever is
// asked, though every one is answered in the end.
func TestServedIsWhatCameInTime(t *testing.T) {
	t.Parallel()
	slots := make(chan struct{}, 6)
	queueing := func(http.ResponseWriter, *http.Request) {
		slots <- struct{}{}
		time.Sleep(100 * time.Millisecond)
		<-slots
	}
	o := loadgen.Order{Target: serve(t, queueing), Workload: "ping", Pace: "120", DurationSeconds: 1, WarmupSeconds: 0.5}
	s := attack(t.Context(), t, o, nil).result.Summary
	if s.Requests.OK != 120 || s.Rate.Asked != 120 || s.Rate.Served > 63 || s.Rate.Served < 45 {
		t.Errorf("%+v, %+v", s.Requests, s.Rate)
	}
}

// A good answer ends a gap, though it was asked for in the warm-up: a gap is a
// stretch in which none came, and the windows say the same.
func TestLateAnswerOfTheWarmupEndsAGap(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	target := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			time.Sleep(time.Second)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	a := attack(t.Context(), t, loadgen.Order{Target: target, Workload: "ping", Pace: "50", WarmupSeconds: 0.5, DurationSeconds: 1.5, ReadySeconds: -1}, nil)
	if gaps := a.result.Summary.Gaps; len(gaps) != 2 || gaps[1].StartSeconds < 1 || math.Abs(gaps[1].StartSeconds-gaps[0].StartSeconds-gaps[0].Seconds) > 1e-6 {
		t.Errorf("%+v, want one from 0.5 s to the answer after 1 s, and one from there", gaps)
	}
}

// At a rate that two workers can't hold, what never left is dropped, and what
// left is late; nothing is hidden.
func TestImpossibleRateShows(t *testing.T) {
	t.Parallel()
	slow := func(http.ResponseWriter, *http.Request) { time.Sleep(20 * time.Millisecond) }
	o := loadgen.Order{Target: serve(t, slow), Workload: "ping", Pace: "2000", DurationSeconds: 0.5, MaxWorkers: 2}
	a := attack(t.Context(), t, o, nil)
	r, g := a.result.Summary.Requests, a.result.Summary.Generator
	if r.Asked != 1000 || r.Sent+r.Dropped != 1000 || r.Sent > 100 || r.Late < r.Sent*8/10 {
		t.Errorf("%+v", r)
	}
	if !g.Bounded || g.WorkersMax != 2 || g.SlipP99Seconds < 0.3 {
		t.Errorf("%+v", g)
	}
	if max := a.result.Summary.Latency.Max; max < g.SlipMaxSeconds {
		t.Errorf("latency at most %.3f s, but slip up to %.3f", max, g.SlipMaxSeconds)
	}
}

// Windows are the same results as the summary, cut by time.
func TestWindowsAddUp(t *testing.T) {
	t.Parallel()
	var users = newUsers()
	o := loadgen.Order{Target: serve(t, users.ServeHTTP), Workload: "mixed", Pace: "ramp:100-500", DurationSeconds: 1.2}
	a := attack(t.Context(), t, o, nil)
	var sum record.Window
	merged := hdr.New(1, 120_000_000, 3)
	end := 0.0
	for i, w := range a.windows {
		if math.Abs(w.StartSeconds-end) > 1e-9 || w.Warmup {
			t.Errorf("window %d starts at %g after an end at %g", i, w.StartSeconds, end)
		}
		end = w.StartSeconds + w.Seconds
		sum.Asked += w.Asked
		sum.Sent += w.Sent
		sum.OK += w.OK
		sum.Failed += w.Failed
		sum.Late += w.Late
		perEndpoint := 0
		for _, e := range w.Endpoints {
			perEndpoint += e.OK + e.Failed
		}
		if perEndpoint != w.OK+w.Failed {
			t.Errorf("window %d: %d by endpoint of %d", i, perEndpoint, w.OK+w.Failed)
		}
		merged.Merge(decode(t, w.Histogram))
	}
	want := a.result.Summary.Requests
	if got := (record.Requests{Asked: sum.Asked, Sent: sum.Sent, OK: sum.OK, Failed: sum.Failed, Late: sum.Late}); got != want {
		t.Errorf("windows add up to %+v, the summary is %+v", got, want)
	}
	if len(a.windows) != 2 || a.windows[1].InFlight != 0 {
		t.Errorf("%d windows, the last %+v", len(a.windows), a.windows[len(a.windows)-1])
	}
	if all := decode(t, a.result.Histograms.All); !all.Equals(merged) || all.TotalCount() != int64(want.Sent) {
		t.Errorf("the windows' histograms add up to %d values, the run's has %d", merged.TotalCount(), all.TotalCount())
	}
}

func decode(t *testing.T, text string) *hdr.Histogram {
	t.Helper()
	h, err := hdr.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The warm-up has windows of its own and no part in the summary.
func TestWarmup(t *testing.T) {
	t.Parallel()
	o := loadgen.Order{Target: serve(t, quick), Workload: "ping", Pace: "step:100,300", DurationSeconds: 0.5, WarmupSeconds: 0.2}
	a := attack(t.Context(), t, o, nil)
	if len(a.windows) != 2 || !a.windows[0].Warmup || a.windows[1].Warmup {
		t.Fatalf("windows %+v", a.windows)
	}
	if w := a.windows[0]; w.Seconds != 0.2 || w.Asked != 20 {
		t.Errorf("warm-up of %g s asked %d, want the first rate", w.Seconds, w.Asked)
	}
	if w, r := a.windows[1], a.result; w.StartSeconds != 0.2 || w.Asked != 100 || r.Summary.Requests.Sent != 100 || r.DurationSeconds != 0.5 {
		t.Errorf("measured window %+v, requests %+v", w, r.Summary.Requests)
	}
}
