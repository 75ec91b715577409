// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"
)

// Reads and writes of the same few users, so that many reads come soon after a write.
var readsAfterWrites = []string{"--workload", "user=80,user-update=20", "--rate", "200", "--duration", "10s", "--warmup", "1s"}

// Few users are popular: most reads come after a write that the cache was not told
// of, and a lag of half a second meets one read in thirty. That is where every connection of the api leads to the replica as
// often as to the primary; the pool sees to that (it was chance for 20 s, and a run had none). So it must be where the replica
// begins when the pools are full of connections to the primary.
func TestStaleReadsAreCounted(t *testing.T) {
	for _, test := range []struct{ stage, worse, last string }{
		{"5", "api.INVALIDATE=off", ""},
		{"8", "postgres-replica.APPLY_DELAY=500ms", "postgres-replica"},
	} {
		t.Run("stage "+test.stage, func(t *testing.T) {
			s := start(t, "a cache that is not told of writes, and a replica that lags, must show as stale reads with their age; none may be called wrong")
			s.lab("up", test.stage, "--env", test.worse)
			if test.last != "" {
				s.begins(test.last)
				s.lab("up", test.stage, "--env", test.worse)
			}
			r := s.load(readsAfterWrites...)
			t.Logf("%s: %+v", test.worse, r.Reads)
			if r.Reads.Stale < 10 || r.Reads.Fresh == 0 || r.Reads.Wrong != 0 || r.Requests.Failed != 0 {
				t.Errorf("with %s: %+v, %d failed", test.worse, r.Reads, r.Requests.Failed)
			}
			s.lab("up", test.stage)
			good := s.load(readsAfterWrites...)
			t.Logf("as it should be: %+v", good.Reads)
			if good.Reads.Stale*5 > r.Reads.Stale || good.Reads.Wrong != 0 {
				t.Errorf("as it should be: %+v", good.Reads)
			}
		})
	}
}

// begins stops a service's container until each api serves without it; the next up starts it.
func (s *scenario) begins(last string) {
	s.t.Helper()
	st := s.status()
	docker(s.t, "stop", st.of(last)[0].Name)
	apis := []string{"restart"}
	for _, c := range st.of("api") {
		apis = append(apis, c.Name)
	}
	docker(s.t, apis...)
	serving := map[string]bool{}
	eventually(s.t, time.Minute, func() error {
		if _, h, _, err := get(s.t, st.Entry+"/ping"); err == nil && h.Get("X-Served-By") != "" {
			serving[h.Get("X-Served-By")] = true
		}
		if len(serving) < len(apis)-1 {
			return fmt.Errorf("%d of %d apis serve", len(serving), len(apis)-1)
		}
		return nil
	})
}
