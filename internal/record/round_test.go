// SPDX-License-Identifier: MIT

package record_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/record"
)

// A round is kept with its run; a run by itself has none, and its file says
// nothing of one, so that readers of before know both.
func TestRound(t *testing.T) {
	t.Parallel()
	s := record.Store{Dir: t.TempDir()}
	want := sample("20261121-101530-s5-a1b2")
	want.Round = &record.Round{Comparison: "20261121-101500-c-a1b2", Side: "b", Number: 3}
	if _, err := s.Save(want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Load("last")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	alone, err := json.Marshal(sample("20261121-101530-s5-a1b2"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(alone, []byte(`"round"`)) {
		t.Errorf("a run by itself names a round: %s", alone)
	}
}
