// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/record"
	"systemlab/loadgen"
)

func hijack(t *testing.T, close func(*net.TCPConn)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		close(conn.(*net.TCPConn))
	}
}

func TestFailuresAreData(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	closed.Close()
	for _, test := range []struct {
		kind, target string
		status       string
	}{
		{loadgen.Refused, nobody, ""},
		{loadgen.DNS, "http://nowhere.invalid", ""},
		{loadgen.Status, serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }), "503"},
		{loadgen.Timeout, serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), ""},
		{loadgen.EOF, serve(t, hijack(t, func(c *net.TCPConn) { c.Close() })), ""},
		{loadgen.Reset, serve(t, hijack(t, func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() })), ""},
		{loadgen.EOF, serve(t, func(w http.ResponseWriter, _ *http.Request) { // half an answer
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("half"))
		}), ""},
	} {
		t.Run(test.kind, func(t *testing.T) {
			t.Parallel()
			o := loadgen.Order{Target: test.target, Workload: "users", Pace: "50", DurationSeconds: 0.2, TimeoutSeconds: 0.3, ReadySeconds: -1}
			a := attack(t.Context(), t, o, nil)
			s := a.result.Summary
			if want := map[string]int{test.kind: 10}; !cmp.Equal(s.Errors, want) || s.Requests.Failed != 10 {
				t.Errorf("errors %v, want %v; %+v", s.Errors, want, s.Requests)
			}
			statuses := map[string]int{}
			if test.status != "" {
				statuses[test.status] = 10
			}
			if !cmp.Equal(s.StatusCodes, statuses) {
				t.Errorf("status codes %v, want %v", s.StatusCodes, statuses)
			}
			// Only answers and time-outs have a latency: a refusal would flatter it.
			if got, want := s.Latency.P50 > 0, test.kind == loadgen.Status || test.kind == loadgen.Timeout; got != want {
				t.Errorf("latency %+v", s.Latency)
			}
			if s.Generator.WorkersMax == 0 || a.result.Histograms.Failed == "" {
				t.Errorf("no histogram of the failed ones")
			}
		})
	}
}

func TestHeadersAddUp(t *testing.T) {
	t.Parallel()
	n := 0
	answer := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Vegeta-Seq") != "" || r.Header.Get("Accept-Encoding") != "" || r.ProtoMajor != 1 {
			t.Errorf("on the wire: %v", r.Header)
		}
		n++ // one connection at 100 a second: one at a time
		w.Header().Set("X-Served-By", []string{"a", "b"}[n%2])
		w.Header().Set("X-Cache", []string{"hit", "hit", "miss", "off"}[n%4])
		w.Header().Add("Server-Timing", `db;desc="a query";dur=1.5, cache;dur=0.25, total`)
		w.Header().Add("Server-Timing", "compute;dur=oops")
	}
	o := loadgen.Order{Target: serve(t, answer), Workload: "ping", Pace: "100", DurationSeconds: 0.4, ReadySeconds: -1}
	a := attack(t.Context(), t, o, nil)
	s := a.result.Summary
	if want := (record.Cache{Hits: 20, Misses: 10}); s.Cache != want {
		t.Errorf("cache %+v, want %+v", s.Cache, want)
	}
	if want := map[string]int{"a": 20, "b": 20}; !cmp.Equal(s.Servers, want) {
		t.Errorf("servers %v, want %v", s.Servers, want)
	}
	for name, want := range map[string]float64{"db": 0.0015, "cache": 0.00025} {
		tier := s.Tiers[name]
		if tier.Count != 40 || math.Abs(tier.MeanSeconds-want) > 1e-9 || math.Abs(tier.P99Seconds-want) > 1e-5 {
			t.Errorf("tier %s %+v, want %g", name, tier, want)
		}
		if got := a.windows[0].TierMean[name]; math.Abs(got-want) > 1e-9 {
			t.Errorf("window's tier %s %g, want %g", name, got, want)
		}
	}
	if len(s.Tiers) != 2 || a.windows[0].CacheHits != 20 {
		t.Errorf("tiers %v", s.Tiers)
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]int{loadgen.KeepAlive: 1, loadgen.NewForEach: 15} {
		o := loadgen.Order{Target: serve(t, quick), Workload: "ping", Pace: "50", DurationSeconds: 0.3, Connections: kind}
		r := attack(t.Context(), t, o, nil).result
		if got := r.Summary.Connections; got < want || got > want+3 || r.Order.Connections != kind {
			t.Errorf("%s: %d connections, want %d", kind, got, want)
		}
	}
}

func TestTargetMustBeReady(t *testing.T) {
	t.Parallel()
	began := time.Now()
	down := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) })
	o := loadgen.Order{Target: down, Workload: "ping", Pace: "1", DurationSeconds: 1, ReadySeconds: 0.3}
	_, err := loadgen.Run(t.Context(), o, nil, func(m loadgen.Message) { t.Errorf("message %+v", m) })
	if err == nil || !strings.Contains(err.Error(), "answers 502 Bad Gateway") {
		t.Errorf("error %v", err)
	}
	if took := time.Since(began); took < 300*time.Millisecond || took > time.Second {
		t.Errorf("gave up after %s", took)
	}
	// One that comes up meanwhile is waited for.
	var up = time.Now().Add(300 * time.Millisecond)
	late := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if time.Now().Before(up) {
			w.WriteHeader(502)
		}
	})
	o.Target, o.ReadySeconds, o.DurationSeconds = late, 5, 0.1
	if q := attack(t.Context(), t, o, nil).result.Summary.Requests; q.OK != 1 {
		t.Errorf("%+v", q)
	}
}
