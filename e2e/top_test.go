// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
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
	return s.terminal(size, strings.Join(append(append([]string{lab}, args...), "-p", s.project), " "))
}

// terminal runs a command in a terminal of its own.
func (s *scenario) terminal(size, command string) *terminal {
	s.t.Helper()
	width, height, _ := strings.Cut(size, "x")
	w := &terminal{s: s, name: s.project}
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

// clean holds that the command is over and has left the terminal as it was: its
// first screen, a cursor, no mouse, and letters that show as they are typed.
func (w *terminal) clean() {
	w.s.t.Helper()
	eventually(w.s.t, 10*time.Second, func() error {
		if flags := strings.TrimSpace(w.tmux("display-message", "-p", "-t", w.name, "#{alternate_on} #{cursor_flag} #{mouse_any_flag}")); flags != "0 1 0" {
			return fmt.Errorf("alternate screen, cursor, mouse: %s\n%s", flags, w.screen())
		}
		return nil
	})
	w.keys("stty -a | grep -c -w -e -echo -e -icanon -e -isig; echo an$((40+2))swer", "Enter")
	w.shows("echo an$((40+2))swer", "an42swer", "\n0\n")
}

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
	w.shows("mixed at 200/s") // what the stage itself asks for
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
	w.clean()
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
	w.clean()
}

func TestTopPanics(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "panics")
	if out, err := exec.Command("go", "build", "-tags", "e2e", "-o", broken, "systemlab/e2e/panics").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, where := range []string{"drawing", "looking"} {
		t.Run(where, func(t *testing.T) {
			s := start(t, "a fault of lab's own must leave the terminal clean, and say what it was")
			w := s.terminal("120x200", broken+" "+where)
			w.shows("a fault in the " + where)
			w.clean()
		})
	}
}

func TestTopShowsTheKernelsCores(t *testing.T) {
	s := start(t, "over 20 s the mean cores of each container on the screen must be within 5% of the kernel's own counter")
	s.lab("up", "3") // no cache: the same work each second
	w := s.open("200x60", "top")
	w.shows("postgres 1", "quit")
	w.keys("g")
	w.shows("served 200/s")
	// The table says what each did in the second before, so the beginning of the
	// load, with its pools to fill, must be over.
	const seconds, settle = 20, 8
	row := regexp.MustCompile(`(?m) ([a-z]+ \d+)(?: primary)? +(?:running|starting) +(\d+\.\d{3}) `)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range settle {
		<-tick.C
	}
	here := s.status().Containers
	believed(t, func() (wrong error) {
		kernel, shown := map[string]*counterSeries{}, map[string][]float64{}
		for _, c := range here {
			kernel[fmt.Sprint(c.Service, " ", c.Replica)] = follow(t, kernelCounter(t, c.ID))
		}
		tick.Reset(time.Second) // whatever ticked meanwhile
		from := time.Now()
		for range seconds {
			<-tick.C
			for _, m := range row.FindAllStringSubmatch(w.screen(), -1) {
				v, err := strconv.ParseFloat(m[2], 64)
				if err != nil {
					t.Fatal(err)
				}
				shown[m[1]] = append(shown[m[1]], v)
			}
		}
		to := time.Now()
		for name, counter := range kernel {
			want := counter.cores(t, from, to)
			// A picture of the terminal that is taken while it is drawn lacks rows.
			if len(shown[name]) < seconds*3/4 {
				wrong = errors.Join(wrong, fmt.Errorf("%s: shown in %d of %d seconds", name, len(shown[name]), seconds))
				continue
			}
			sum := 0.0
			for _, v := range shown[name] {
				sum += v
			}
			mean := sum / float64(len(shown[name]))
			t.Logf("%-10s shown %.4f (%d times), kernel %.4f", name, mean, len(shown[name]), want)
			if off := math.Abs(mean - want); off > 0.05*want && off > 0.0005 { // it shows thousandths
				wrong = errors.Join(wrong, fmt.Errorf("%s: shown %.4f cores, kernel %.4f", name, mean, want))
			}
		}
		return wrong
	})
}
