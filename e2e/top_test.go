// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// terminal is a real one, in tmux, with the live view in it.
type terminal struct {
	s    *scenario
	name string
}

// open starts a lab command in a terminal of its own.
func (s *scenario) open(size string, args ...string) *terminal {
	s.t.Helper()
	w := &terminal{s: s, name: s.project}
	width, height, _ := strings.Cut(size, "x")
	command := strings.Join(append(append([]string{lab}, args...), "-p", s.project), " ")
	// The shell stays, so that what is left on the terminal can be seen.
	out, err := exec.Command("tmux", "-L", w.name, "-f", "/dev/null", "new-session", "-d", "-s", w.name, "-x", width, "-y", height,
		"env PS1='left> ' bash --norc --noprofile").CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux: %v\n%s", err, out)
	}
	s.t.Cleanup(func() { _ = exec.Command("tmux", "-L", w.name, "kill-server").Run() })
	w.shows("left>")
	w.keys(command, "Enter")
	return w
}

func (w *terminal) tmux(args ...string) string {
	out, err := exec.Command("tmux", append([]string{"-L", w.name}, args...)...).CombinedOutput()
	if err != nil {
		w.s.t.Errorf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (w *terminal) keys(keys ...string) {
	w.tmux(append([]string{"send-keys", "-t", w.name}, keys...)...)
}

func (w *terminal) screen() string { return w.tmux("capture-pane", "-p", "-t", w.name) }

// shows waits until the screen holds all of the words.
func (w *terminal) shows(words ...string) {
	w.s.t.Helper()
	w.showsWithin(15*time.Second, words...)
}

func (w *terminal) showsWithin(within time.Duration, words ...string) {
	w.s.t.Helper()
	eventually(w.s.t, within, func() error {
		screen := w.screen()
		for _, word := range words {
			if !strings.Contains(screen, word) {
				return fmt.Errorf("the screen has no %q:\n%s", word, screen)
			}
		}
		return nil
	})
}

func TestTopInATerminal(t *testing.T) {
	s := start(t, "the live view must start and stop a load, change its rate, show what happens outside within 2 s, switch stages and leave the terminal clean")
	s.lab("up", "3")
	w := s.open("140x40", "top")
	w.shows("nginx", "postgres", "api", "quit")
	w.keys("g")
	w.shows("200/s")
	w.keys("+")
	w.shows("250/s")

	victim := s.status().of("api")[1].Name
	docker(t, "kill", victim)
	w.showsWithin(2*time.Second, "api 2 gone")
	docker(t, "start", victim)

	w.tmux("resize-window", "-t", w.name, "-x", "80", "-y", "24")
	w.shows("api", "quit")
	w.tmux("resize-window", "-t", w.name, "-x", "30", "-y", "8")
	w.tmux("resize-window", "-t", w.name, "-x", "140", "-y", "40")
	w.shows("nginx", "postgres", "quit")

	w.keys("S") // stops the load and keeps the run
	w.shows("saved as")
	w.keys("s")
	w.shows("Cache")
	w.keys("Down", "Down", "Enter")
	w.shows("switch to stage 5")
	w.keys("y")
	w.showsWithin(60*time.Second, "redis")
	eventually(t, 60*time.Second, func() error {
		if st := s.status(); st.Stage != 5 {
			return fmt.Errorf("stage %d", st.Stage)
		}
		return nil
	})
	w.keys("q")
	w.shows("left>")
	if screen := w.screen(); strings.Contains(screen, "quit") {
		t.Errorf("the view is still on the terminal:\n%s", screen)
	}
	if left := docker(t, "ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project, "--filter", "label=com.docker.compose.oneoff=True"); left != "" {
		t.Errorf("a generator is left: %s", left)
	}
	var runs []struct{ ID string }
	s.json(&runs, "runs", "list")
	if len(runs) == 0 {
		t.Error("the run was not kept")
	}
}

// proxy stands between lab and the engine, and can be cut, as a daemon that is stopped cuts it.
type proxy struct {
	path   string
	mu     sync.Mutex
	listen net.Listener
	open   []net.Conn
}

func (p *proxy) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.listen = l
	p.mu.Unlock()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", "/var/run/docker.sock")
			if err != nil {
				in.Close()
				continue
			}
			p.mu.Lock()
			p.open = append(p.open, in, out)
			p.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() {
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
				}()
			}
		}
	}()
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listen.Close()
	for _, c := range p.open {
		c.Close()
	}
	p.open = nil
}

func TestTopLosesTheEngine(t *testing.T) {
	s := start(t, "an engine that goes away and comes back: the view must say so, and recover by itself")
	s.lab("up", "1")
	p := &proxy{path: filepath.Join(t.TempDir(), "docker.sock")}
	p.start(t)
	t.Setenv("DOCKER_HOST", "unix://"+p.path)
	w := s.open("120x40", "top")
	w.shows("api 1", "0.25")
	p.cut()
	w.showsWithin(5*time.Second, "does not answer")
	p.start(t)
	t.Cleanup(p.cut)
	eventually(t, 10*time.Second, func() error {
		if strings.Contains(w.screen(), "does not answer") {
			return fmt.Errorf("it does not recover:\n%s", w.screen())
		}
		return nil
	})
	t.Setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
	docker(t, "pause", s.status().of("api")[0].Name)
	w.showsWithin(3*time.Second, "pause")
	w.keys("q")
	w.shows("left>")
}

func TestTopReplaysWithoutAnEngine(t *testing.T) {
	s := start(t, "a run that ships with lab must play with no engine at all, and Ctrl-C must leave the terminal clean")
	w := s.open("120x40", "top", "--run", "demo-8", "--speed", "8")
	w.shows("postgres-replica", "quit")
	w.keys("C-c")
	eventually(t, 5*time.Second, func() error {
		if screen := w.screen(); strings.Contains(screen, "postgres-replica") {
			return fmt.Errorf("still there:\n%s", screen)
		}
		return nil
	})
}
