// SPDX-License-Identifier: MIT

package meter_test

import (
	"testing"

	"systemlab/internal/engine"
	"systemlab/internal/meter"
	"systemlab/internal/record"
)

func TestDatabaseTellsItsWaits(t *testing.T) {
	t.Parallel()
	s := &speakers{text: map[string][]string{
		"postgres": {`{"roles":["primary"],"waits":{"active":9,"lock":4,"lwlock":2,"io":1,"client":0}}` + "\n"},
		"old":      {`{"roles":["primary"]}` + "\n"},
	}}
	got := meter.Ask(t.Context(), s, []engine.Container{speaker("postgres"), speaker("old")})
	if len(got) != 2 || got[0].Waits == nil || *got[0].Waits != (record.Waits{Active: 9, Lock: 4, LWLock: 2, IO: 1}) || got[1].Waits != nil {
		t.Errorf("%+v", got)
	}
}
