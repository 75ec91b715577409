// SPDX-License-Identifier: MIT

package record_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/record"
)

// What was wrong with the clocks is kept; where nothing was, the file says nothing of
// them, as those of before.
func TestClock(t *testing.T) {
	t.Parallel()
	want := sample("20261121-101530-s5-a1b2")
	fine, err := json.Marshal(want)
	if err != nil || bytes.Contains(fine, []byte(`"clock"`)) {
		t.Errorf("%v: fine clocks are told: %s", err, fine)
	}
	want.Clock = record.Clock{StepSeconds: -0.2, AheadSeconds: 3}
	text, err := json.Marshal(want)
	if err != nil || !bytes.Contains(text, []byte(`"clock":{"step_seconds":-0.2,"ahead_seconds":3}`)) {
		t.Errorf("%v: %s", err, text)
	}
	got, err := record.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Clock, got.Clock); diff != "" {
		t.Error(diff)
	}
}
