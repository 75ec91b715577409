// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"systemlab/internal/compose"
)

// comparison is what `lab compare -o json` says.
type comparison struct {
	Rounds     int
	A, B       struct{ Runs []string }
	Refused    string
	Quantities []struct {
		Name, Service, Conclusion string
		A, B, Ratio, Low, High    float64
	}
}

// sides of a comparison: removed before and after, as a scenario's own stack is.
func (s *scenario) sides(names ...string) {
	for _, name := range names {
		side := &scenario{t: s.t, project: compose.Beside(s.project, name)}
		side.clear()
		s.t.Cleanup(func() {
			// The test's context is over by now.
			if left, err := exec.Command("docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+side.project).CombinedOutput(); err != nil || len(left) > 0 {
				s.t.Errorf("the comparison left containers of %s: %s %v", side.project, left, err)
			}
			side.clear()
		})
	}
}

// compare takes turns, and takes them again where they could not be believed, as one would.
func (s *scenario) compare(args ...string) (c comparison) {
	s.t.Helper()
	args = append([]string{"compare", "-o", "json"}, args...)
	for range 3 {
		var out, said bytes.Buffer
		run := s.command(args...)
		run.Stdout, run.Stderr = &out, &said
		var exit *exec.ExitError
		if err := run.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 13) {
			s.t.Fatalf("lab %v: %v\n%s", args, err, said.String())
		}
		c = comparison{}
		if err := json.Unmarshal(out.Bytes(), &c); err != nil {
			s.t.Fatalf("lab %v: %v\n%s%s", args, err, out.String(), said.String())
		}
		if c.Refused == "" {
			break
		}
		s.t.Logf("refused: %s", c.Refused)
	}
	return c
}

// taken tells whether a comparison is refused because something else took the machine.
func (c comparison) taken() bool {
	return strings.Contains(c.Refused, "the hypervisor took") || strings.Contains(c.Refused, "something else used")
}

// Where the machine is taken each time, the refusal is right, and the figures as they
// were measured must still tell so large a difference.
func TestCompareSeesThePool(t *testing.T) {
	s := start(t, "with a connection for every request postgres must use many times the CPU, with an interval that excludes 1, and the rounds must be kept")
	s.sides("compare-a", "compare-b")
	c := s.compare("2", "2", "--env-b", "api.POOL=off", "--workload", "users", "--rate", "50", "--rounds", "6", "--duration", "3s", "--warmup", "1s", "--precision", "0")
	if c.Rounds != 6 || len(c.A.Runs) != 6 || len(c.B.Runs) != 6 || c.Refused != "" && !c.taken() {
		t.Fatalf("%d rounds, refused: %q, runs %v and %v", c.Rounds, c.Refused, c.A.Runs, c.B.Runs)
	}
	seen := false
	for _, q := range c.Quantities {
		t.Logf("%s %s: %.4g and %.4g, ratio %.3f (%.3f to %.3f), %s", q.Name, q.Service, q.A, q.B, q.Ratio, q.Low, q.High, q.Conclusion)
		if q.Name == "cpu_per_request" && q.Service == "postgres" {
			seen = true
			if c.Refused == "" && (q.Conclusion != "a lower" || q.Low < 3) || c.Refused != "" && (q.Conclusion != "not concluded" || q.B < 3*q.A) {
				t.Errorf("a connection for every request: %+v", q)
			}
		}
	}
	if !seen {
		t.Error("no row for postgres")
	}
	again := s.compare(c.A.Runs[0], c.B.Runs[3])
	if again.Rounds != 6 || len(again.Quantities) != len(c.Quantities) {
		t.Errorf("from the saved runs: %d rounds, %d quantities", again.Rounds, len(again.Quantities))
	}
}

func TestCompareInterrupted(t *testing.T) {
	s := start(t, "Ctrl-C in a round must leave nothing up and nothing frozen, and keep the whole rounds")
	s.sides("compare-a", "compare-b")
	c := s.command("compare", "1", "1", "--rounds", "8", "--duration", "2s", "--warmup", "0s")
	var out bytes.Buffer
	c.Stdout = &out
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said := &strings.Builder{}
	buf := make([]byte, 4096)
	for begun := false; ; {
		n, err := stderr.Read(buf)
		said.Write(buf[:n])
		if !begun && strings.Contains(said.String(), "round 2, b") { // every second round goes the other way: a is next
			begun = true
			_ = c.Process.Signal(os.Interrupt)
		}
		if err != nil {
			break
		}
	}
	var exit *exec.ExitError
	if err := c.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("ended with %v\n%s", err, said)
	}
	if !strings.Contains(out.String(), "1 round") {
		t.Errorf("the whole round is not told:\n%s%s", out.String(), said)
	}
}

func TestCompareLadder(t *testing.T) {
	s := start(t, "a ladder must take every stage once in a round, in one stack that changes its stage")
	s.sides("compare-turns")
	var l struct {
		Workload string
		Rounds   int
		Stages   []struct {
			Stage   struct{ Number int }
			Boxes   int
			Verdict string
			P50     struct{ Median float64 } `json:"p50_seconds"`
		}
	}
	began := time.Now()
	// Whether the machine was busy meanwhile is not what is asked here: the table is there either way.
	s.judged(&l, "compare", "1..3", "--rounds", "1", "--duration", "2s", "--warmup", "1s")
	t.Logf("%+v in %s", l, time.Since(began))
	if l.Workload != "ping" || l.Rounds != 1 || len(l.Stages) != 3 {
		t.Fatalf("%+v", l)
	}
	for i, boxes := range []int{1, 2, 5} {
		if r := l.Stages[i]; r.Stage.Number != i+1 || r.Boxes != boxes || r.P50.Median <= 0 {
			t.Errorf("rung %d: %+v", i, r)
		}
	}
}
