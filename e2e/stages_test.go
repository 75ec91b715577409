// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

type stageRow struct {
	Stage    int
	Name     string
	Workload string
	Services []string
}

func stageRows(s *scenario) []stageRow {
	var rows []stageRow
	s.json(&rows, "stages")
	if len(rows) < 8 {
		s.t.Fatalf("%d stages", len(rows))
	}
	return rows
}

// TestStages is `make test-stages`: a row a stage.
func TestStages(t *testing.T) {
	s := start(t, "every stage must come up from nothing, serve its default workload at 200 a second for 15 s with no error, and go down")
	rows := stageRows(s)
	fmt.Printf("%-16s %-9s %6s %6s %7s %9s %9s %9s  %s\n", "STAGE", "WORKLOAD", "UP s", "SENT", "FAILED", "SERVED/s", "P50 ms", "P99 ms", "VERDICT")
	for _, row := range rows {
		began := time.Now()
		s.lab("up", row.Name)
		up := time.Since(began)
		s.healthy()
		believed(t, func() error {
			r := s.load("--rate", "200", "--duration", "15s")
			fmt.Printf("%-16s %-9s %6.1f %6d %7d %9.1f %9.2f %9.2f  %s\n", row.Name, row.Workload, up.Seconds(),
				r.Requests.Sent, r.Requests.Failed, r.Rate.Served, r.Latency.P50*1e3, r.Latency.P99*1e3, r.Verdict.State)
			if r.Reads.Wrong > 0 { // no machine is slow enough for that
				t.Errorf("%s: %+v", row.Name, r.Reads)
			}
			if r.Requests.Failed > 0 || r.Requests.Sent < 2900 {
				return fmt.Errorf("%s: %+v, errors %v", row.Name, r.Requests, r.Errors)
			}
			return nil
		})
		s.lab("down", "--volumes")
		if left := docker(t, "ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project); left != "" {
			t.Fatalf("%s: down left %s", row.Name, left)
		}
	}
}

// healthy holds that all that is up runs and answers. Where many must be asked at
// once, a status may come before the last of them has told.
func (s *scenario) healthy() {
	s.t.Helper()
	eventually(s.t, 30*time.Second, func() error {
		for _, c := range s.status().Containers {
			if c.State != "running" || c.Health != "healthy" {
				return fmt.Errorf("%s is %s, %s", c.Name, c.State, c.Health)
			}
		}
		return nil
	})
}

// A walk of 20 steps over the stages, another one each day, the same all day.
func TestRandomWalk(t *testing.T) {
	s := start(t, "from any stage to any other: nothing left over, and the data survives where postgres stays")
	rows := stageRows(s)
	day := uint64(time.Now().Unix() / 86400)
	walk := rand.New(rand.NewPCG(day, 8))
	marked := false // a user was changed in the database that is there
	at := 0
	var path []int
	for range 20 {
		to := walk.IntN(len(rows) - 1)
		if to >= at && at > 0 {
			to++
		}
		row := rows[min(to, len(rows)-1)]
		at = row.Stage
		path = append(path, row.Stage)
		said, err := s.command("up", row.Name).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", path, err, said)
		}
		st := s.status()
		var have []string
		for _, c := range st.Containers {
			if c.State != "running" {
				t.Errorf("%v: %s is %s", path, c.Name, c.State)
			}
			if !slices.Contains(have, c.Service) {
				have = append(have, c.Service)
			}
		}
		var want []string // "api x3"
		for _, service := range row.Services {
			name, _, _ := strings.Cut(service, " ")
			want = append(want, name)
		}
		slices.Sort(want)
		slices.Sort(have)
		if st.Stage != row.Stage || !slices.Equal(have, want) {
			t.Fatalf("%v: stage %d with %v, want %v", path, st.Stage, have, want)
		}
		for line := range strings.Lines(s.lab("up", row.Name, "--dry-run")) {
			_, network, removal := strings.Cut(line, " remove network ")
			network, _, _ = strings.Cut(network, ":")
			stays := removal && strings.Contains(string(said), "network "+network+" stays") // the engine's fault, and up said so
			if !strings.Contains(line, "nothing to do") && !strings.Contains(line, "wait for") && !stays {
				t.Errorf("%v: not all is as it should be: %s", path, line)
			}
		}
		if row.Stage == 1 {
			continue // no database is up; its volume stays
		}
		if marked {
			if code, _, body, err := get(t, st.Entry+"/users/777"); err != nil || code != 200 || !strings.Contains(body, "the walker") {
				t.Errorf("%v: the marked user is lost: %d %s %v", path, code, body, err)
			}
			continue
		}
		if row.Stage >= 5 { // users can be written from there on, and before: the endpoint is the api's
			put(t, st.Entry+"/users/777", `{"name":"the walker"}`)
			marked = true
		}
	}
	if !marked {
		t.Errorf("the walk %v met no stage with users to mark", path)
	}
	t.Logf("walked %v", path)
}
