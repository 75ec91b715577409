// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// small is a data set that is quick to make; what is slow here is so by a fault.
var small = []string{"--env", "postgres.SEED_USERS=1000", "--env", "postgres.SEED_MESSAGES=20000"}

// faulty is one way to break a stack of stage 2, and how it must be felt.
type faulty struct {
	what, how string
	bites     func(entry string) error
}

// took is how long an answer takes: the median of five. One that never comes is an error.
func took(url string, patience time.Duration) (time.Duration, error) {
	var all []time.Duration
	c := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 5 {
		began := time.Now()
		res, err := c.Get(url)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if err == nil && res.StatusCode != 200 {
			err = fmt.Errorf("answered %d", res.StatusCode)
		}
		if err != nil {
			return 0, err
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all[2], nil
}

func slower(path string, least time.Duration) func(string) error {
	return func(entry string) error {
		d, err := took(entry+path, 10*time.Second)
		if err == nil && d < least {
			err = fmt.Errorf("%s took %s, want at least %s", path, d, least)
		}
		return err
	}
}

// busy is for what comes in bursts: the mean of 25 answers.
func busy(path string, least time.Duration) func(string) error {
	return func(entry string) error {
		began := time.Now()
		for range 5 {
			if _, err := took(entry+path, 10*time.Second); err != nil {
				return err
			}
		}
		if mean := time.Since(began) / 25; mean < least {
			return fmt.Errorf("%s took %s, want at least %s", path, mean, least)
		}
		return nil
	}
}

func fails(path string) func(string) error {
	return func(entry string) error {
		if d, err := took(entry+path, time.Second); err == nil {
			return fmt.Errorf("%s was answered in %s", path, d)
		}
		return nil
	}
}

// kinds of faults, each with what it must do. Going through api the answer of 2,000 bytes and more takes 160 ms at
// 100 kbit; the database's answer is late by 100 ms once, the api's own twice: it connects first.
func faults() []faulty {
	return []faulty{
		{"api", "kill", fails("/ping")},
		{"postgres", "stop", fails("/users/7")},
		{"api-1", "pause", fails("/ping")},
		{"api", "restart", nil},
		{"api", "disconnect", fails("/ping")},
		{"postgres", "disconnect=db", fails("/users/7")},
		{"postgres", "cpu=2%", nil},
		{"api.1", "cpu=10%", nil},
		{"postgres", "memory=200m", nil},
		{"api", "latency=100ms,jitter=20ms", slower("/ping", 100*time.Millisecond)},
		{"postgres", "latency=60ms", slower("/users/7", 60*time.Millisecond)},
		{"api", "rate=100kbit", slower("/users/7/messages", 150*time.Millisecond)},
		{"api", "loss=100%", fails("/ping")},
		{"postgres", "slow-queries=8", busy("/users/7/messages", 8*time.Millisecond)},
	}
}

// shape is all of a stack that a fault may change.
func (s *scenario) shape() string {
	s.t.Helper()
	ids := strings.Fields(docker(s.t, "ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project))
	slices.Sort(ids)
	var out strings.Builder
	for _, id := range ids {
		var all []struct {
			Name  string
			State struct {
				Status string
			}
			HostConfig      struct{ NanoCpus, CpuQuota, Memory, MemorySwap int64 }
			NetworkSettings struct {
				Networks map[string]struct{ Aliases []string }
			}
		}
		if err := json.Unmarshal([]byte(docker(s.t, "inspect", id)), &all); err != nil {
			s.t.Fatal(err)
		}
		c := all[0]
		fmt.Fprintf(&out, "%s %s %+v", c.Name, c.State.Status, c.HostConfig)
		for _, name := range []string{s.project + "_web", s.project + "_db"} {
			n, on := c.NetworkSettings.Networks[name]
			slices.Sort(n.Aliases)
			fmt.Fprintf(&out, " %s %v %v", name, on, slices.Compact(n.Aliases))
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// whole waits until the stack is as it was and answers as quickly.
func (s *scenario) whole(entry, want, after string) {
	s.t.Helper()
	if got := s.shape(); got != want {
		s.t.Errorf("after %s:\n%swant\n%s", after, got, want)
	}
	eventually(s.t, 15*time.Second, func() error {
		for _, path := range []string{"/ping", "/users/7", "/users/7/messages"} {
			if d, err := took(entry+path, 5*time.Second); err != nil || d > 50*time.Millisecond {
				return fmt.Errorf("after %s: %s: %s, %v", after, path, d, err)
			}
		}
		return nil
	})
}

type standing struct {
	Faults []struct{ How, Container, Means string }
}

func (s *scenario) faults() standing {
	s.t.Helper()
	var st standing
	s.json(&st, "status")
	return st
}

// killed breaks in the foreground, and kills that lab once the fault is known.
func (s *scenario) killed(what, how string) {
	s.t.Helper()
	c := s.command("break", what, how, "--for", "10m")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, 20*time.Second, func() error {
		out, _ := exec.Command("docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project, "--filter", "label=systemlab.fault").Output()
		if len(out) == 0 {
			return fmt.Errorf("no marker yet")
		}
		return nil
	})
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
	_ = c.Wait()
}

func TestBreakAndHeal(t *testing.T) {
	s := start(t, "each fault must bite, be known to the next command, and leave nothing behind when healed, its lab killed or not")
	s.lab(append([]string{"up", "2"}, small...)...)
	entry, want := s.status().Entry, s.shape()
	for i, f := range faults() {
		s.lab("break", f.what, f.how)
		if f.how == "restart" {
			s.whole(entry, want, f.how)
			continue
		}
		if known := s.faults().Faults; len(known) != 1 || known[0].How != f.how || known[0].Means == "" {
			t.Errorf("%s: status knows %+v", f.how, known)
		}
		if strings.Contains(f.how, "cpu") || strings.Contains(f.how, "memory") {
			if s.shape() == want {
				t.Errorf("%s changed no limit", f.how)
			}
		}
		if f.bites != nil {
			if err := f.bites(entry); err != nil {
				t.Errorf("%s %s does not bite: %v", f.what, f.how, err)
			}
		}
		s.lab("heal")
		s.whole(entry, want, f.how+", healed")
		s.killed(f.what, f.how)
		if i%2 == 0 {
			s.lab("heal")
		} else {
			s.lab("up", "2")
		}
		s.whole(entry, want, f.how+", its lab killed")
	}
	s.refusals()
	s.killed("api", "latency=100ms")
	s.killed("postgres", "pause")
	s.lab("down", "--volumes")
	if left := docker(t, "ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project); left != "" {
		t.Errorf("left after down: %s", left)
	}
}

// refusals change nothing.
func (s *scenario) refusals() {
	before := s.shape()
	s.fails(3, "break", "nosuch", "kill")
	s.fails(3, "break", "api", "disconnect=nosuch")
	s.fails(2, "break", "api", "frob")
	s.fails(2, "break", "postgres", "cpu=1%")
	s.fails(11, "break", "postgres", "fill-disk")
	s.fails(11, "break", "api", "fill-disk")
	s.fails(11, "break", "api", "slow-queries")
	s.fails(11, "break", "api", "clock")
	if after := s.shape(); after != before {
		s.t.Errorf("refused, and changed:\n%swas\n%s", after, before)
	}
	s.lab("break", "api", "kill")
	s.fails(11, "break", "api", "pause")
	s.lab("heal", "api")
}

func TestBreakRoles(t *testing.T) {
	s := start(t, "roles must be found, --for must heal by itself, Ctrl-C at once; loss must be as asked, and a full disk felt")
	s.lab(append([]string{"up", "7"}, small...)...)
	active := s.settled().Name
	lost(s)
	c := s.command("break", "lb:active", "kill", "--for", "3s")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() error {
		now, err := s.holder()
		if err == nil && now.Name == active {
			err = fmt.Errorf("%s holds the address still", active)
		}
		return err
	})
	if err := c.Wait(); err != nil {
		t.Errorf("break --for: %v", err)
	}
	s.settled()
	c = s.command("break", "all:workers", "pause", "--for", "10m")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() error {
		for _, w := range s.status().of("worker") {
			if w.State != "paused" {
				return fmt.Errorf("%s is %s", w.Name, w.State)
			}
		}
		return nil
	})
	_ = c.Process.Signal(syscall.SIGINT)
	if _ = c.Wait(); c.ProcessState.ExitCode() != 130 || len(s.faults().Faults) > 0 {
		t.Errorf("exit code %d, and %+v stands", c.ProcessState.ExitCode(), s.faults().Faults)
	}
	full(s)
}

// lost holds that of 300 pings to the door a fifth is lost, within four standard deviations.
func lost(s *scenario) {
	s.t.Helper()
	s.lab("break", "door", "loss=20%")
	out, _ := exec.Command("docker", "exec", s.status().of("lb")[0].Name, "busybox", "ping", "-q", "-c", "300", "-i", "0.01", "-W", "1", s.project+"-door-1").CombinedOutput()
	m := regexp.MustCompile(`(\d+) packets transmitted, (\d+) packets received`).FindSubmatch(out)
	if m == nil {
		s.t.Fatalf("ping: %s", out)
	}
	sent, _ := strconv.Atoi(string(m[1]))
	back, _ := strconv.Atoi(string(m[2]))
	s.t.Logf("%d of %d pings lost", sent-back, sent)
	if l := sent - back; l < 32 || l > 88 {
		s.t.Errorf("%d of %d pings lost, of 20%%", l, sent)
	}
	s.lab("heal")
}

// full holds that with the broker's disk full a write to it fails, and that it is empty again.
func full(s *scenario) {
	s.t.Helper()
	broker := s.status().of("rabbitmq")[0].Name
	write := func() error {
		out, err := exec.Command("docker", "exec", broker, "sh", "-c", "head -c 100000 /dev/zero >/dev/shm/written; e=$?; rm -f /dev/shm/written; exit $e").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%v: %s", err, out)
		}
		return nil
	}
	s.lab("break", "rabbitmq", "fill-disk")
	if err := write(); err == nil || !strings.Contains(err.Error(), "No space left") {
		s.t.Errorf("a write to the full disk: %v", err)
	}
	s.lab("heal")
	if err := write(); err != nil {
		s.t.Errorf("a write after healing: %v", err)
	}
	eventually(s.t, 20*time.Second, func() error {
		code, _, _, err := getSlowly(s.t, s.status().Entry+"/loadQ/10")
		if err == nil && code != 200 {
			err = fmt.Errorf("/loadQ answers %d", code)
		}
		return err
	})
}
