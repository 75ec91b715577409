// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var lab string // the built binary

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if out, err := exec.Command("docker", "version").CombinedOutput(); err != nil {
		fmt.Printf("these scenarios need an engine: make engine\n%s", out)
		return 1
	}
	dir, err := os.MkdirTemp("", "lab-e2e-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	lab = filepath.Join(dir, "lab")
	build := exec.Command("go", "build", "-o", lab, "systemlab/cmd/lab")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Printf("%s", out)
		return 1
	}
	os.Setenv("LAB_HOME", filepath.Join(dir, "home")) // children inherit it; a user's runs are left alone
	return m.Run()
}

// scenario is one test with a stack of its own.
type scenario struct {
	t       *testing.T
	project string
}

// start begins a scenario. Whatever is left of its stack, from before or by the
// end, is removed.
func start(t *testing.T, obligation string) *scenario {
	t.Helper()
	name := "e2e-" + strings.ToLower(strings.NewReplacer("Test", "", "/", "-").Replace(t.Name()))
	s := &scenario{t: t, project: name[:min(len(name), 40)]}
	t.Log(obligation)
	s.clear()
	t.Cleanup(func() {
		if t.Failed() {
			s.keepEvidence()
		}
		s.clear()
	})
	return s
}

// second is a stack beside the scenario's own, for those that need two.
func (s *scenario) second() *scenario {
	two := &scenario{t: s.t, project: s.project[:min(len(s.project), 38)] + "-b"}
	two.clear()
	s.t.Cleanup(two.clear)
	return two
}

func (s *scenario) clear() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, lab, "down", "--volumes", "-p", s.project).CombinedOutput(); err != nil {
		s.t.Errorf("clean up %s: %v\n%s", s.project, err, out)
	}
}

func (s *scenario) keepEvidence() {
	dir := os.Getenv("LAB_E2E_ARTIFACTS")
	if dir == "" {
		return
	}
	for _, args := range [][]string{{"status"}, {"logs", "--tail", "200"}} {
		out, _ := exec.Command(lab, append(args, "-p", s.project)...).CombinedOutput()
		_ = os.WriteFile(filepath.Join(dir, s.project+"-"+args[0]+".txt"), out, 0o644)
	}
}

// command is a lab command on the scenario's stack.
func (s *scenario) command(args ...string) *exec.Cmd {
	return exec.CommandContext(s.t.Context(), lab, append(args, "-p", s.project)...)
}

// lab runs a command that must succeed and returns its stdout.
func (s *scenario) lab(args ...string) string {
	s.t.Helper()
	var out, err bytes.Buffer
	c := s.command(args...)
	c.Stdout, c.Stderr = &out, &err
	if e := c.Run(); e != nil {
		s.t.Fatalf("lab %s: %v\n%s%s", strings.Join(args, " "), e, out.String(), err.String())
	}
	return out.String()
}

// fails runs a command that must fail with an exit code, and returns all it said.
func (s *scenario) fails(code int, args ...string) string {
	s.t.Helper()
	out, err := s.command(args...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code {
		s.t.Errorf("lab %s: %v, want exit code %d\n%s", strings.Join(args, " "), err, code, out)
	}
	complaint := string(out[max(0, bytes.Index(out, []byte("lab: "))):]) // behind what tells of progress
	if lines := strings.Count(strings.TrimSpace(complaint), "\n") + 1; lines > 12 || bytes.Contains(out, []byte("goroutine")) {
		s.t.Errorf("lab %s says too much:\n%s", strings.Join(args, " "), out)
	}
	return string(out)
}

// json runs a command with -o json into v.
func (s *scenario) json(v any, args ...string) {
	s.t.Helper()
	out := s.lab(append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		s.t.Fatalf("lab %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// judged is json of a command whose result may be one that can't be believed: exit code 13.
func (s *scenario) judged(v any, args ...string) {
	s.t.Helper()
	out, err := s.command(append(args, "-o", "json")...).Output()
	var exit *exec.ExitError
	if e := json.Unmarshal(out, v); e != nil || err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 13) {
		s.t.Fatalf("lab %s: %v, %v\n%s", strings.Join(args, " "), err, e, out)
	}
}

type container struct {
	Service    string
	Replica    int
	Name, ID   string
	State      string
	Health     string
	CPUCores   float64 `json:"cpu_cores"`
	LimitCores float64 `json:"limit_cores"`
	Roles      []string
}

type status struct {
	Stage      int
	Entry      string
	Containers []container

	Queue       *struct{ Depth, Unacknowledged, Consumers int }
	Replication *struct {
		Replicas   int
		LagBytes   int64   `json:"lag_bytes"`
		LagSeconds float64 `json:"lag_seconds"`
	}
}

func (s *scenario) status() status {
	s.t.Helper()
	var st status
	s.json(&st, "status")
	return st
}

func (st status) of(service string) []container {
	var out []container
	for _, c := range st.Containers {
		if c.Service == service {
			out = append(out, c)
		}
	}
	return out
}

// result is what `lab load -o json` says.
type result struct {
	ID      string
	Started time.Time

	Rate struct{ Asked, Sent, Served float64 }

	Requests  struct{ Sent, OK, Failed, Late, Dropped int }
	Latency   struct{ P50, P99, Max float64 } `json:"latency_seconds"`
	Errors    map[string]int
	Reads     struct{ Fresh, Stale, Wrong, Unjudged int }
	Cache     struct{ Hits, Misses int }
	Endpoints []endpoint
	Gaps      []struct {
		Start   float64 `json:"start_seconds"`
		Seconds float64
	}
	Queue *struct {
		DepthMax     int `json:"depth_max"`
		ConsumersMin int `json:"consumers_min"`
		ConsumersMax int `json:"consumers_max"`
	}
	Replication *struct {
		ReplicasMin int     `json:"replicas_min"`
		LagMean     float64 `json:"lag_seconds_mean"`
		LagMax      float64 `json:"lag_seconds_max"`
	}
	Containers []struct {
		Service              string
		Replica              int
		CoresMean            float64 `json:"cores_mean"`
		LimitCores           float64 `json:"limit_cores"`
		ThrottledRatio       float64 `json:"throttled_ratio"`
		CPUSecondsPerRequest float64 `json:"cpu_seconds_per_request"`
	}
	Verdict struct {
		State   string
		Reasons []struct{ Check, State, Seen string }
	}
}

type endpoint struct {
	Name             string
	Requests, Failed int
	Latency          struct{ P50, P99, Max float64 } `json:"latency_seconds"`
}

func (r result) endpoint(name string) endpoint {
	for _, e := range r.Endpoints {
		if e.Name == name {
			return e
		}
	}
	return endpoint{}
}

// demand is a service's CPU-seconds a request, or that of all.
func (r result) demand(service string) float64 {
	sum := 0.0
	for _, c := range r.Containers {
		if c.Service == service || service == "" {
			sum += c.CPUSecondsPerRequest
		}
	}
	return sum
}

// load runs a load and gives its result, whatever its verdict.
func (s *scenario) load(args ...string) result {
	s.t.Helper()
	return s.loadBeside(nil, args...)
}

// loadBeside runs something while a load runs: it begins with the first window.
func (s *scenario) loadBeside(beside func(), args ...string) result {
	s.t.Helper()
	c := s.command(append([]string{"load", "-o", "json"}, args...)...)
	var out bytes.Buffer
	c.Stdout = &out
	stderr, err := c.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	var said bytes.Buffer
	first := make(chan struct{})
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		buf := make([]byte, 4096)
		begun := false
		for {
			n, err := stderr.Read(buf)
			said.Write(buf[:n])
			if !begun && strings.Count(said.String(), "\n") >= 3 {
				begun = true
				close(first)
			}
			if err != nil {
				if !begun {
					close(first)
				}
				return
			}
		}
	}()
	if beside != nil {
		<-first
		beside()
	}
	<-drained
	err = c.Wait()
	var exit *exec.ExitError
	var r result
	if e := json.Unmarshal(out.Bytes(), &r); e != nil || (err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 13)) {
		s.t.Fatalf("lab load %s: %v, %v\n%s%s", strings.Join(args, " "), err, e, out.String(), said.String())
	}
	return r
}

// docker runs the real client.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// eventually asks again until there is nothing to complain about.
func eventually(t *testing.T, within time.Duration, ask func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil && ctx.Err() != nil {
			err = errors.New("only later")
		}
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %v", within, err)
		case <-tick.C:
		}
	}
}

// believed makes a measurement. One that fails is made twice more, and both must
// hold: what else a machine did for a moment is no finding, a fault fails again.
func believed(t *testing.T, measure func() error) {
	t.Helper()
	err := measure()
	for again := 0; err != nil && again < 2; again++ {
		t.Logf("measured again, for: %v", err)
		if err := measure(); err != nil {
			t.Error(err)
			return
		}
		if again == 1 {
			return
		}
	}
}

// get asks the entry, and gives the status, the headers and the body.
func get(t *testing.T, url string) (int, http.Header, string, error) {
	t.Helper()
	return ask(t, http.MethodGet, url, "", 5*time.Second)
}

// getSlowly is for what has a deadline of its own.
func getSlowly(t *testing.T, url string) (int, http.Header, string, error) {
	t.Helper()
	return ask(t, http.MethodGet, url, "", 15*time.Second)
}

// request sends a body.
func request(t *testing.T, method, url, body string) (int, string, error) {
	t.Helper()
	code, _, answer, err := ask(t, method, url, body, 5*time.Second)
	return code, answer, err
}

// put must be answered with 200.
func put(t *testing.T, url, body string) {
	t.Helper()
	if code, answer, err := request(t, http.MethodPut, url, body); err != nil || code != 200 {
		t.Fatalf("PUT %s: %d %s %v", url, code, answer, err)
	}
}

func ask(t *testing.T, method, url, body string, patience time.Duration) (int, http.Header, string, error) {
	t.Helper()
	c := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, string(b), err
}
