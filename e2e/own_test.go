// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const python = "../examples/python-api"

// checked is what `lab contract -o json` says.
type checked struct {
	Kept     bool
	Image    string
	Rules    []string
	Findings []struct{ Rule, Asked, Came, Wants string }
}

// contract runs a check, whatever it finds.
func (s *scenario) contract(args ...string) checked {
	s.t.Helper()
	out, err := s.command(append([]string{"contract", "-o", "json"}, args...)...).Output()
	var exit *exec.ExitError
	var c checked
	if bad := json.Unmarshal(out, &c); bad != nil || err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 15 && !c.Kept) {
		s.t.Fatalf("lab contract %s: %v, %v\n%s", strings.Join(args, " "), err, bad, out)
	}
	return c
}

func (s *scenario) nothingLeft(project string) {
	s.t.Helper()
	for _, kind := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}, {"volume", "ls", "-q"}} {
		if left := docker(s.t, append(kind, "--filter", "label=com.docker.compose.project="+project)...); left != "" {
			s.t.Errorf("%v of %s are left: %s", kind, project, left)
		}
	}
}

func TestOwnProgram(t *testing.T) {
	s := start(t, "a program in another language must keep the contract, serve stage 5 under load, and stay over a move and a scaling")
	c := s.contract("api", python)
	if !c.Kept || len(c.Rules) < 35 {
		t.Errorf("%d rules, findings %+v", len(c.Rules), c.Findings)
	}
	s.nothingLeft(s.project + "-contract")
	s.lab("up", "5", "--replace", "api="+python)
	r := s.load("--workload", "mixed", "--rate", "100", "--duration", "8s", "--warmup", "2s")
	t.Logf("%d of %d failed, p99 %.3f s, reads %+v, cache %+v, %.2f ms of CPU a request in the api", r.Requests.Failed, r.Requests.Sent, r.Latency.P99, r.Reads, r.Cache, 1000*r.demand("api"))
	if r.Requests.Failed > 0 || r.Reads.Wrong > 0 || r.Cache.Hits == 0 {
		t.Errorf("failed %d, wrong %d, hits %d", r.Requests.Failed, r.Reads.Wrong, r.Cache.Hits)
	}
	var saved struct{ Replaced map[string]string }
	s.json(&saved, "runs", "show", r.ID)
	if saved.Replaced["api"] != python {
		t.Errorf("the run says %v", saved.Replaced)
	}
	before := s.status().of("api")
	s.lab("up", "6")
	s.lab("scale", "api=2")
	if after := s.status().of("api"); len(after) != 2 || after[0].ID != before[0].ID {
		t.Errorf("replicas %+v", after)
	}
	s.lab("up", "5", "--replace", "api=")
	for _, a := range s.status().of("api") {
		if image := docker(t, "inspect", "-f", "{{.Config.Image}}", a.ID); !strings.HasPrefix(image, "systemlab/api:") {
			t.Errorf("%s runs %s", a.Name, image)
		}
	}
}

func TestWrongProgram(t *testing.T) {
	s := start(t, "a program that is wrong in five ways must get five findings, be refused, and leave nothing")
	dir := filepath.Join(t.TempDir(), "wrong-api")
	for _, from := range []string{python, "testdata/wrong-api"} { // the second has the Dockerfile
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "cp", "-r", from+"/.", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	var got []string
	for _, f := range s.contract("api", dir).Findings {
		got = append(got, f.Rule)
		t.Logf("%s: %s: came %s; the contract says %s", f.Rule, f.Asked, f.Came, f.Wants)
	}
	slices.Sort(got)
	if want := []string{"absent", "create-location", "read-after-write", "update-missing", "without-database"}; !slices.Equal(got, want) {
		t.Errorf("found %v", got)
	}
	s.fails(15, "up", "1", "--replace", "api="+dir)
	s.nothingLeft(s.project)
	s.nothingLeft(s.project + "-contract")
	s.lab("up", "1", "--replace", "api="+dir, "--force")
	s.healthy()
}

func TestCheckKilled(t *testing.T) {
	s := start(t, "what a killed check leaves must go with the next down")
	check := s.command("contract", "api", "systemlab/api")
	if err := check.Start(); err != nil {
		t.Fatal(err)
	}
	project := s.project + "-contract"
	eventually(t, 60*time.Second, func() error {
		if docker(t, "ps", "-q", "--filter", "name="+project+"-bare-1") == "" {
			return fmt.Errorf("no %s", project)
		}
		return nil
	})
	_ = check.Process.Kill()
	_ = check.Wait()
	s.lab("down")
	s.nothingLeft(project)
}

func TestOurApiKeepsItsContract(t *testing.T) {
	s := start(t, "lab's own api must keep the contract where most is around it: stage 8")
	if c := s.contract("api", "systemlab/api", "--stage", "8"); !c.Kept || len(c.Rules) < 40 {
		t.Errorf("%d rules, findings %+v", len(c.Rules), c.Findings)
	}
}
