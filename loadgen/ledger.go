// SPDX-License-Identifier: MIT

package loadgen

import (
	"sort"
	"sync"
	"time"
)

// attempts is how often one write may have been applied: a balancer is free to
// repeat a PUT whose answer it lost.
const attempts = 8

// keptSightings bounds the memory that one much-written user costs. Beyond it
// the older half is forgotten, and the age of a very stale answer is a lower bound.
const keptSightings = 1024

// ledger judges reads against what this attack itself knows of each user. It
// takes the attack to be the only writer, as it is in a lab run.
//
// It learns a version from the answer to a write, and from the answer to a read,
// each at the moment when the answer was complete. A read that left later must
// not show less; one that was in flight meanwhile may show either. So:
//
//	fresh     not older than anything learnt before the read left, and a write
//	          of this user had been acknowledged by then
//	stale     older than something learnt before the read left
//	wrong     another user than asked for; a version below 1; or, once a write
//	          was acknowledged, a version above all that is known plus what the
//	          writes still unanswered may have added
//	unjudged  anything else: no write acknowledged yet, or no id and version found
//
// A wrong version teaches nothing. Failed reads are not judged at all.
type ledger struct {
	mu      sync.Mutex
	users   map[int]*history
	created []int // users made by this attack, oldest first, not yet deleted
}

// history is one user's. seen rises in version and in time alike: a lower
// version that is learnt later says nothing new.
type history struct {
	seen       []sighting
	acked      bool // a write was acknowledged
	unanswered int  // writes sent that were not acknowledged, or not yet
}

type sighting struct {
	version int64
	at      time.Duration
}

// expectation is what was known of a user when a read left.
type expectation struct {
	version int64
	acked   bool
	sent    time.Duration
}

// verdict on one read.
type verdict uint8

const (
	notARead verdict = 0
	fresh    verdict = 1
	stale    verdict = 2
	wrong    verdict = 3
	unjudged verdict = 4
)

func newLedger() *ledger { return &ledger{users: map[int]*history{}} }

func (l *ledger) user(id int) *history {
	h := l.users[id]
	if h == nil {
		h = &history{}
		l.users[id] = h
	}
	return h
}

// expect notes what a read of a user that leaves now has to show at least.
func (l *ledger) expect(id int, now time.Duration) expectation {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.user(id)
	return expectation{version: h.newest(), acked: h.acked, sent: now}
}

// writing notes that a write of a user leaves now.
func (l *ledger) writing(id int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.user(id).unanswered++
}

// wrote notes the answer to a write.
func (l *ledger) wrote(id int, version int64, now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.user(id)
	h.unanswered--
	h.acked = true
	h.learn(version, now)
}

// judge says what an answer that is complete now is worth, and for a stale one
// its age: from when something newer was first known until the read left.
func (l *ledger) judge(id int, e expectation, got row, now time.Duration) (verdict, time.Duration) {
	if !got.found {
		return unjudged, 0
	}
	if got.id != int64(id) || got.version < 1 {
		return wrong, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.user(id)
	if h.acked && got.version > h.newest()+int64(attempts*h.unanswered) {
		return wrong, 0
	}
	if got.version < e.version {
		newer := sort.Search(len(h.seen)-1, func(i int) bool { return h.seen[i].version > got.version })
		return stale, max(0, e.sent-h.seen[newer].at)
	}
	h.learn(got.version, now)
	if e.acked {
		return fresh, 0
	}
	return unjudged, 0
}

func (h *history) newest() int64 {
	if len(h.seen) == 0 {
		return 0
	}
	return h.seen[len(h.seen)-1].version
}

func (h *history) learn(version int64, now time.Duration) {
	if version <= h.newest() {
		return
	}
	if len(h.seen) == keptSightings {
		h.seen = append(h.seen[:0], h.seen[keptSightings/2:]...)
	}
	h.seen = append(h.seen, sighting{version, now})
}

// made notes a user that this attack created, so that it may delete it.
func (l *ledger) made(id int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.created = append(l.created, id)
}

// take hands out the oldest user made and not yet taken.
func (l *ledger) take() (id int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.created) == 0 {
		return 0, false
	}
	id = l.created[0]
	l.created = l.created[1:]
	return id, true
}
