// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// drilled is what `lab drill -o json` says.
type drilled struct {
	Trials []struct {
		Gap       float64  `json:"gap_seconds"`
		Lost      int      `json:"lost"`
		Recovered *float64 `json:"recovered_seconds"`
		Run       string
		Target    string
		State     string
		Reason    string
	}
	Predicted *struct{ Low, High float64 } `json:"predicted_gap_seconds"`
	Gap       *struct{ Min, Median, Max float64 }
	State     string
	Held      *bool
}

// drill plays one, which may be left undecided by a busy machine: that is said.
func (s *scenario) drill(args ...string) drilled {
	s.t.Helper()
	c := s.command(append([]string{"drill", "-o", "json"}, args...)...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 13) {
		s.t.Fatalf("lab drill %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), said.String())
	}
	var d drilled
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		s.t.Fatalf("lab drill %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), said.String())
	}
	s.t.Logf("%s", said.String())
	return d
}

func TestDrill(t *testing.T) {
	s := start(t, "a drill of the active lb: each trial has a gap in what the configuration predicts, or near it, and leaves the stack as it was")
	s.lab("up", "6")
	d := s.drill("lb-killed", "--trials", "3")
	if len(d.Trials) != 3 || d.Predicted == nil || d.Predicted.Low <= 0 || d.Predicted.High <= d.Predicted.Low {
		t.Fatalf("%+v", d)
	}
	for i, trial := range d.Trials {
		// A busy machine's own delays come on top: what must not be is another mechanism than the one predicted.
		if trial.State != "not decided" && (trial.Gap < d.Predicted.Low*0.9 || trial.Gap > d.Predicted.High+0.5) {
			t.Errorf("trial %d: a gap of %.3f s, predicted %.3f to %.3f", i+1, trial.Gap, d.Predicted.Low, d.Predicted.High)
		}
		if i > 0 && trial.Target == d.Trials[i-1].Target {
			t.Errorf("trial %d broke %s again, which can't have held the address", i+1, trial.Target)
		}
	}
	s.settled()
	s.unbroken()
	s.lab("runs", "show", d.Trials[0].Run)

	believed(t, func() error {
		if d := s.drill("nginx-killed", "--trials", "1"); d.Trials[0].State == "not held" || d.Trials[0].Gap > 0.3 {
			return fmt.Errorf("an nginx of two: %+v", d.Trials[0])
		}
		return nil
	})
	s.unbroken()
}

// unbroken tells that no fault stands, and nothing is left of one.
func (s *scenario) unbroken() {
	s.t.Helper()
	var st struct {
		Faults []struct{ Container, How string }
	}
	s.json(&st, "status")
	if len(st.Faults) > 0 {
		s.t.Errorf("left standing: %v", st.Faults)
	}
	s.healthy()
}

func TestDrillInterrupted(t *testing.T) {
	s := start(t, "a drill that is interrupted while its fault stands must heal it, and print what it has")
	s.lab("up", "3")
	c := s.command("drill", "api-killed", "--trials", "5")
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, func() error {
		for _, one := range s.status().of("api") {
			if one.State == "exited" {
				return nil
			}
		}
		return fmt.Errorf("nothing is broken yet")
	})
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("%v\n%s%s", err, out.String(), said.String())
	}
	s.unbroken()
	s.fails(3, "drill", "lb-killed") // not of this stage
}
