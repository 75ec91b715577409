// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Every stage comes up healthy and answers at its entry.
func TestEveryStage(t *testing.T) {
	s := start(t, "every stage must come up healthy, in order and back again, and answer at its entry")
	for _, stage := range []string{"1", "2", "3", "4", "5", "3", "1"} {
		s.lab("up", stage)
		st := s.status()
		if fmt.Sprint(st.Stage) != stage {
			t.Fatalf("status says stage %d after up %s", st.Stage, stage)
		}
		for _, c := range st.Containers {
			if c.State != "running" || c.Health != "healthy" {
				t.Errorf("stage %s: %s is %s, %s", stage, c.Name, c.State, c.Health)
			}
		}
		path, want := "/users/7/messages", 200
		if stage == "1" {
			want = 501
		}
		if code, _, body, err := get(t, st.Entry+path); err != nil || code != want {
			t.Errorf("stage %s: GET %s: %d %s %v, want %d", stage, path, code, body, err, want)
		}
	}
}

func TestUpKeepsWhatIsRight(t *testing.T) {
	s := start(t, "going from 4 to 5 must keep postgres and nginx, and up again must change nothing, in under a second")
	s.lab("up", "4")
	before := s.status()
	s.lab("up", "5")
	after := s.status()
	for _, service := range []string{"postgres", "nginx"} {
		if before.of(service)[0].ID != after.of(service)[0].ID {
			t.Errorf("%s was made anew", service)
		}
	}
	if len(after.of("redis")) != 1 || before.of("api")[0].ID == after.of("api")[0].ID {
		t.Errorf("redis or api are as before: %+v", after)
	}
	var up struct {
		Changes int
		Seconds float64
	}
	believed(t, func() error {
		began := time.Now()
		s.json(&up, "up", "5")
		took := time.Since(began)
		if up.Changes != 0 {
			t.Errorf("up again: %d changes", up.Changes)
		}
		if took > time.Second {
			return fmt.Errorf("up again took %s", took)
		}
		return nil
	})
	ids := func(st status) (out []string) {
		for _, c := range st.Containers {
			out = append(out, c.ID)
		}
		return out
	}
	if !slices.Equal(ids(after), ids(s.status())) {
		t.Error("up again made containers anew")
	}
}

func TestUpAfterKill(t *testing.T) {
	s := start(t, "a lab killed in the middle of an up must not matter to the next up")
	// Images first, so that the kills fall into the convergence.
	s.lab("up", "5")
	want := s.status()
	s.lab("down", "--volumes")
	for after := 100 * time.Millisecond; after < 1500*time.Millisecond; after += 100 * time.Millisecond {
		c := s.command("up", "5")
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Here time is the input: kill at several moments.
		timer := time.AfterFunc(after, func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
		_ = c.Wait()
		timer.Stop()
	}
	s.lab("up", "5")
	got := s.status()
	if len(got.Containers) != len(want.Containers) {
		t.Errorf("%d containers, want %d", len(got.Containers), len(want.Containers))
	}
	for _, c := range got.Containers {
		if c.State != "running" || c.Health != "healthy" {
			t.Errorf("%s is %s, %s", c.Name, c.State, c.Health)
		}
	}
}

func TestInterruptedUp(t *testing.T) {
	s := start(t, "Ctrl-C during an up must end soon with exit code 130, and up again must finish the job")
	c := s.command("up", "3")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	// Once the first container is there, the convergence is under way.
	eventually(t, time.Minute, func() error {
		if out, _ := exec.Command("docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project).Output(); len(out) == 0 {
			return fmt.Errorf("no container yet")
		}
		return nil
	})
	_ = c.Process.Signal(syscall.SIGINT)
	asked := time.Now()
	_ = c.Wait()
	if took := time.Since(asked); c.ProcessState.ExitCode() != 130 || took > 10*time.Second {
		t.Errorf("exit code %d after %s", c.ProcessState.ExitCode(), took)
	}
	s.lab("up", "3")
	if n := len(s.status().Containers); n != 5 {
		t.Errorf("%d containers after up again", n)
	}
}

func TestDownTouchesNothingElse(t *testing.T) {
	s := start(t, "down must leave nothing of the project, and touch nothing else")
	foreign := docker(t, "create", "--label", "com.docker.compose.project=someone-else", "--name", s.project+"-foreign", "systemlab/base:trixie", "true")
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", foreign).Run() })
	network := docker(t, "network", "create", s.project+"-foreign")
	t.Cleanup(func() { _ = exec.Command("docker", "network", "rm", network).Run() })
	s.lab("up", "2")
	s.lab("down")
	left := func(what ...string) []string {
		return strings.Fields(docker(t, append(what, "--filter", "label=com.docker.compose.project="+s.project)...))
	}
	if n := len(left("volume", "ls", "-q")); n != 1 {
		t.Errorf("%d volumes after down without --volumes: the data must stay", n)
	}
	s.lab("down", "--volumes")
	for _, what := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}, {"volume", "ls", "-q"}} {
		if got := left(what...); len(got) > 0 {
			t.Errorf("docker %v after down --volumes: %v", what, got)
		}
	}
	docker(t, "inspect", foreign)
	docker(t, "network", "inspect", network)
}

func TestTwoStacks(t *testing.T) {
	s := start(t, "two stacks must stand side by side, each at its own port")
	second := s.second()
	s.lab("up", "1")
	second.lab("up", "1")
	a, b := s.status(), second.status()
	if a.Entry == b.Entry {
		t.Fatalf("both at %s", a.Entry)
	}
	for _, st := range []status{a, b} {
		if code, _, _, err := get(t, st.Entry+"/ping"); code != 200 || err != nil {
			t.Errorf("%s: %d %v", st.Entry, code, err)
		}
	}
	second.lab("down")
	if code, _, _, err := get(t, a.Entry+"/ping"); code != 200 || err != nil {
		t.Errorf("after the other's down: %d %v", code, err)
	}
}

func TestScale(t *testing.T) {
	s := start(t, "scale must bring replicas that serve within 2 s, and refuse what can't be")
	s.lab("up", "3")
	entry := s.status().Entry
	believed(t, func() error {
		s.lab("scale", "api=1")
		s.lab("scale", "api=5")
		began, serving := time.Now(), map[string]bool{}
		eventually(t, 30*time.Second, func() error {
			for range 30 {
				if _, h, _, err := get(t, entry+"/ping"); err == nil {
					serving[h.Get("X-Served-By")] = true
				}
				if len(serving) == 5 {
					return nil
				}
			}
			return fmt.Errorf("%d of 5 replicas serve", len(serving))
		})
		if took := time.Since(began); took > 2*time.Second {
			return fmt.Errorf("5 replicas served after %s", took)
		}
		return nil
	})
	before := s.status()
	s.fails(2, "scale", "nginx=-1")
	s.fails(2, "scale", "api=lots")
	s.fails(3, "scale", "nosuch=2")
	s.fails(11, "scale", "postgres=2")
	s.fails(11, "scale", "nginx=2")
	if after := s.status(); len(after.Containers) != len(before.Containers) {
		t.Errorf("%d containers after refused scales, %d before", len(after.Containers), len(before.Containers))
	}
	s.lab("scale", "api=1")
	if n := len(s.status().of("api")); n != 1 {
		t.Errorf("%d replicas after scale api=1", n)
	}
}

func TestBadInput(t *testing.T) {
	s := start(t, "bad input must give one clear error and an exit code, and change nothing")
	s.fails(4, "status")
	s.fails(4, "load", "--duration", "1s")
	s.fails(4, "scale", "api=2")
	s.fails(4, "logs")
	s.fails(3, "up", "99")
	s.fails(3, "up", "nosuch")
	s.fails(2, "up")
	s.fails(2, "up", "1", "--env", "POOL=off")
	s.fails(3, "up", "1", "--env", "nosuch.A=b")
	s.fails(2, "up", "1", "--port", "70000")
	s.fails(2, "frobnicate")
	s.fails(2, "status", "-o", "xml")
	s.fails(3, "diff", "1", "99")
	s.fails(3, "runs", "show", "nosuch")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out := s.fails(8, "up", "1", "--port", fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	if !strings.Contains(out, "--port") {
		t.Errorf("a taken port: no hint in %q", out)
	}
	if left := docker(t, "ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project); left != "" {
		t.Errorf("refused commands left containers: %s", left)
	}
	s.lab("up", "1")
	for _, args := range [][]string{
		{"--rate", "0"}, {"--rate", "-5"}, {"--rate", "1e9"}, {"--rate", "NaN"}, {"--pace", "const"}, {"--pace", "ramp:5"}, {"--pace", "warp:1-2"},
		{"--workload", "nosuch"}, {"--workload", "ping=-1"}, {"--duration", "0s"}, {"--duration", "-3s"}, {"--rate", "10", "--pace", "const:10"},
	} {
		s.fails(2, append([]string{"load"}, args...)...)
	}
	// Stage 1 has no database: refused before anything is sent.
	s.fails(11, "load", "--workload", "users")
	s.fails(11, "load", "--workload", "ping=98,loadq=2")
}

func TestEngineOutOfReach(t *testing.T) {
	s := start(t, "an engine that can't be reached must be one clear error")
	for _, c := range []struct {
		host string
		code int
	}{{"unix:///nosuch/docker.sock", 5}, {"tcp://127.0.0.1:1", 5}, {"nonsense", 5}} {
		cmd := s.command("status")
		cmd.Env = append(cmd.Environ(), "DOCKER_HOST="+c.host)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), "try:") {
			t.Errorf("DOCKER_HOST=%s: exit code %d, %s", c.host, code, out)
		}
	}
}

func TestContainerThatDies(t *testing.T) {
	s := start(t, "a container that dies during up must be named, with its last words, and a right up must heal it")
	out := s.fails(9, "up", "1", "--env", "api.LISTEN=nonsense")
	if !strings.Contains(out, "api-1") || !strings.Contains(out, "last words") {
		t.Errorf("it says:\n%s", out)
	}
	s.lab("up", "1")
	if code, _, _, err := get(t, s.status().Entry+"/ping"); code != 200 || err != nil {
		t.Errorf("after the right up: %d %v", code, err)
	}
}
