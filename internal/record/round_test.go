// SPDX-License-Identifier: MIT

package record_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// The runs of a comparison are found by its name, oldest first, whatever else is
// in the folder.
func TestTogether(t *testing.T) {
	t.Parallel()
	s := record.Store{Dir: t.TempDir()}
	for i, of := range []string{"c-20261121-101500", "", "k-20261121-101500", "c-20261121-101500", "c-20261121-101500"} {
		run := sample("20261121-10153" + string(rune('0'+i)) + "-s5-a1b2")
		run.Started = run.Started.Add(-time.Duration(i) * time.Second) // against the order of the names
		if of != "" {
			run.Round = &record.Round{Comparison: of, Side: "a", Number: i + 1}
		}
		if i == 4 {
			run.ID = "20261121-101459-s5-a1b2" // from before the comparison: none of its runs
		}
		if _, err := s.Save(run); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "20261121-101540-s5-a1b2.json.gz"), []byte("no run"), 0o644); err != nil {
		t.Fatal(err)
	}
	runs, err := s.Together("c-20261121-101500")
	if err != nil || len(runs) != 2 || runs[0].Round.Number != 4 || runs[1].Round.Number != 1 {
		t.Errorf("%v, %v", runs, err)
	}
	if got := s.Beside(filepath.Join("x", "run.json.gz")).Dir; got != "x" || s.Beside("last") != s {
		t.Errorf("beside: %s", got)
	}
	if headers, err := s.List(); err != nil || headers[len(headers)-2].Comparison != "c-20261121-101500" || headers[len(headers)-2].Side != "a" {
		t.Errorf("%+v, %v", headers, err)
	}
}
