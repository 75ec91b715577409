// SPDX-License-Identifier: MIT

package report_test

import (
	"strings"
	"testing"
	"time"

	"systemlab/internal/record"
	"systemlab/internal/report"
)

// A run says whose program it measured, wherever it is shown.
func TestReplaced(t *testing.T) {
	t.Parallel()
	run := &record.Run{ID: "20261121-101530-s5-a1b2", Started: time.Date(2026, 11, 21, 10, 15, 30, 0, time.UTC), Stage: record.Stage{Number: 5, Title: "Cache"},
		Architecture: record.Architecture{Services: []record.Service{{Name: "api", Replicas: 3, Replaced: "./my-api"}, {Name: "redis", Replicas: 1}}}}
	if got := report.RunJSON(run).Replaced; len(got) != 1 || got["api"] != "./my-api" {
		t.Errorf("JSON: %v", got)
	}
	var text strings.Builder
	if err := report.WriteRun(&text, run, report.Options{}); err != nil || !strings.Contains(text.String(), "\n./my-api ran in the place of api\n") {
		t.Errorf("text: %v\n%s", err, text.String())
	}
}
