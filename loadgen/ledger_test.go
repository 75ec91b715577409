// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"strings"
	"testing"

	"systemlab/loadgen"
)

func TestScanRow(t *testing.T) {
	for _, test := range []struct {
		name, body  string
		whole       bool
		id, version int64
		found       bool
	}{
		{"a user", `{"id":7,"name":"x","version":3,"more":true}`, true, 7, 3, true},
		{"with spaces", "{\n \"id\" : 7,\n \"version\" : 3\n}", true, 7, 3, true},
		{"messages", `{"user":{"id":7,"name":"x","version":3},"messages":[{"id":9,"user_id":8}]}`, true, 7, 3, true},
		{"keys inside a string", `{"name":"\"id\":1,\"version\":2","id":7,"version":3}`, true, 7, 3, true},
		{"another id first", `{"user_id":1,"id":7,"version":3}`, true, 7, 3, true},
		{"cut behind the version", `{"id":7,"version":3,"na`, false, 7, 3, true},
		{"negative", `{"id":7,"version":-3}`, true, 7, -3, true},
		// SAD PATH
		{"cut inside the version", `{"id":7,"version":3`, false, 7, 0, false},
		{"no version", `{"id":7}`, true, 7, 0, false},
		{"a fraction", `{"id":7,"version":3.5}`, true, 7, 0, false},
		{"a string", `{"id":"7","version":3}`, true, 0, 3, false},
		{"beyond 18 digits", `{"id":7,"version":1234567890123456789}`, true, 7, 0, false},
		{"an error", `{"error":"no"}`, true, 0, 0, false},
		{"nothing", ``, true, 0, 0, false},
	} {
		id, version, found := loadgen.ScanRow(test.body, test.whole)
		if found != test.found || (found && (id != test.id || version != test.version)) {
			t.Errorf("%s: %d, %d, %v", test.name, id, version, found)
		}
	}
}

// few users, so that most reads follow a write of the same one.
func ledgerOrder(t *testing.T, u *users) loadgen.Order {
	return loadgen.Order{
		Target: serve(t, u.ServeHTTP), Workload: "user=2,messages=2,user-update=1", Users: 5,
		Pace: "500", DurationSeconds: 0.6, Seed: 3,
	}
}

func TestLedgerOfAnHonestServer(t *testing.T) {
	t.Parallel()
	r := attack(t.Context(), t, ledgerOrder(t, newUsers()), nil).result.Summary.Reads
	// How many reads overlap a write, and can't be judged, is the machine's business: under the race detector on a busy one, half.
	if r.Stale != 0 || r.Wrong != 0 || r.MaxStaleSeconds != 0 || r.Fresh < 50 || r.Fresh+r.Unjudged < 150 {
		t.Errorf("reads %+v", r)
	}
}

func TestLedgerFindsStaleReads(t *testing.T) {
	t.Parallel()
	u := newUsers()
	frozen := map[int]int{} // what a cache would hold that no write invalidates
	u.spoil = func(id, version int) (int, int) {
		if _, ok := frozen[id]; !ok {
			frozen[id] = version
		}
		return id, frozen[id]
	}
	r := attack(t.Context(), t, ledgerOrder(t, u), nil).result.Summary.Reads
	if r.Stale < 120 || r.Wrong != 0 || r.MaxStaleSeconds < 0.2 || r.MaxStaleSeconds > 0.7 {
		t.Errorf("reads %+v", r)
	}
}

func TestLedgerFindsWrongReads(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(id, version int) (int, int){
		"another user":         func(id, version int) (int, int) { return id + 1, version },
		"a version of no one":  func(id, version int) (int, int) { return id, version + 1_000_000*(version-1) },
		"a version of nothing": func(id, _ int) (int, int) { return id, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUsers()
			u.spoil = spoil
			r := attack(t.Context(), t, ledgerOrder(t, u), nil).result.Summary.Reads
			if r.Wrong < 150 || r.Stale != 0 {
				t.Errorf("reads %+v", r)
			}
		})
	}
}

// Without a write of its own the attack can't call a read fresh, but a version
// that goes back is stale whoever wrote it.
func TestLedgerWithoutWrites(t *testing.T) {
	t.Parallel()
	u := newUsers()
	o := ledgerOrder(t, u)
	o.Workload, o.DurationSeconds = "users", 0.3
	if r := attack(t.Context(), t, o, nil).result.Summary.Reads; r.Unjudged != 150 {
		t.Errorf("reads %+v, want all unjudged", r)
	}
	n := 0
	u.spoil = func(id, _ int) (int, int) { n++; return id, 10 - n%2 }
	if r := attack(t.Context(), t, o, nil).result.Summary.Reads; r.Stale < 45 || r.Fresh != 0 || r.Wrong != 0 {
		t.Errorf("reads %+v, want many stale", r)
	}
}

// A deletion is only ever of a user that the attack itself created, and no
// write fails for having come twice.
func TestWritesTouchOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	u := newUsers()
	o := loadgen.Order{Target: serve(t, u.ServeHTTP), Workload: "writes", Users: 50, Pace: "500", DurationSeconds: 0.6, Seed: 1}
	s := attack(t.Context(), t, o, nil).result.Summary
	if s.Requests.Failed != 0 || s.Requests.Sent != 300 {
		t.Errorf("%+v, %v", s.Requests, s.Errors)
	}
	deleted := 0
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, asked := range u.asked {
		if id, ok := strings.CutPrefix(asked, "DELETE /users/"); ok {
			deleted++
			if len(id) != 7 { // the test's api gives out ids from 1,000,001 on
				t.Errorf("deleted user %s", id)
			}
		}
	}
	if deleted < 15 {
		t.Errorf("%d deleted, want about 40", deleted)
	}
}
