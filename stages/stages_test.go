// SPDX-License-Identifier: MIT

package stages_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
	"systemlab/loadgen"
	"systemlab/stages"
)

const repository = ".."

func all(t *testing.T) []stages.Stage {
	t.Helper()
	list, err := stages.List(repository)
	if err != nil || len(list) < 5 {
		t.Fatalf("%d stages, %v", len(list), err)
	}
	return list
}

func loaded(t *testing.T, number string) (stages.Stage, *compose.Project) {
	t.Helper()
	s, err := stages.Find(repository, number)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Load(t.Context(), "lab", stages.Given{Port: 8080, Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"5", "05", "05-cache", "cache"} {
		if s, err := stages.Find(repository, what); err != nil || s.Name != "05-cache" || s.Number != 5 {
			t.Errorf("Find(%q) = %+v, %v", what, s, err)
		}
	}
	// SAD PATH
	for _, what := range []string{"", "0", "99", "-5", "nosuch", "05-cach", "../stages/05-cache", "5 "} {
		_, err := stages.Find(repository, what)
		p := problem.Of(err)
		if err == nil || p.Kind != problem.NotFound || !strings.Contains(p.Hint, "lab stages") || !strings.Contains(p.Hint, "05-cache") {
			t.Errorf("Find(%q): %+v", what, p)
		}
	}
	if _, err := stages.Find(t.TempDir(), "1"); err == nil {
		t.Error("a folder without stages is no error")
	}
}

// A stage is a folder, and nothing else has to know of it.
func TestANinthStageIsAFolder(t *testing.T) {
	t.Parallel()
	const good = "x-lab: {number: 9, title: T, idea: i, shows: s, entry: a, network: n, workload: ping}\nservices: {a: {image: x, networks: [n]}}\nnetworks: {n: {}}\n"
	cases := []struct {
		name, folder, yaml string
		says               string // "" loads
	}{
		{"a new one", "09-new", good, ""},
		// SAD PATH
		{"a number that is not the folder's", "10-new", good, "x-lab.number"},
		{"an entry that is no service", "09-new", strings.Replace(good, "entry: a", "entry: b", 1), "entry"},
		{"a network that is not there", "09-new", strings.Replace(good, "network: n", "network: m", 1), "network"},
		{"no workload", "09-new", strings.Replace(good, "workload: ping", "w: p", 1), "workload"},
		{"no x-lab at all", "09-new", good[strings.Index(good, "\n")+1:], "x-lab"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, other := range []string{c.folder, "notes", "07_x", "08-empty"} {
				if err := os.MkdirAll(filepath.Join(dir, "stages", other), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, file := range []string{c.folder + "/compose.yaml", "notes/compose.yaml", "07_x/compose.yaml"} {
				if err := os.WriteFile(filepath.Join(dir, "stages", file), []byte(c.yaml), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			list, err := stages.List(dir)
			if err != nil || len(list) != 1 {
				t.Fatalf("stages %+v, %v: only a folder with a number and a Compose file is one", list, err)
			}
			_, err = list[0].Load(t.Context(), "lab", stages.Given{Port: 8080, Password: "secret"})
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
		})
	}
}

// What DESIGN.md promises of every stage of this repository.
func TestEveryStage(t *testing.T) {
	t.Parallel()
	for i, s := range all(t) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			if s.Number != i+1 || !strings.HasPrefix(s.Name, "0"+string(rune('0'+s.Number))+"-") {
				t.Errorf("number %d at place %d", s.Number, i+1)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(s.File), "README.md")); err != nil {
				t.Errorf("no lesson: %v", err)
			}
			p, err := s.Load(t.Context(), "lab", stages.Given{Port: 8123, Password: "secret"})
			if err != nil {
				t.Fatal(err)
			}
			if l := s.Lab; l.Title == "" || l.Idea == "" || l.Shows == "" || l.Entry == "" || l.Network == "" {
				t.Errorf("x-lab is not complete: %+v", l)
			}
			if _, err := loadgen.ParseWorkload(s.Lab.Workload); err != nil {
				t.Errorf("its workload: %v", err)
			}
			joins(t, s, p)
			published := 0
			for _, svc := range p.Services {
				check(t, s, svc)
				published += len(svc.Ports)
			}
			if published != 1 {
				t.Errorf("%d ports are published: a stage has one way in", published)
			}
		})
	}
}

// joins holds that the generator reaches the entry where it joins.
func joins(t *testing.T, s stages.Stage, p *compose.Project) {
	t.Helper()
	entry, _ := p.Service(s.Lab.Entry)
	for _, a := range entry.Networks {
		if n, ok := p.Network(a.Network); ok && a.Network == s.Lab.Network {
			if n.Internal {
				t.Error("a port on an internal network is published to nobody")
			}
			return
		}
	}
	t.Errorf("the entry %s is not on network %s", s.Lab.Entry, s.Lab.Network)
}

func check(t *testing.T, s stages.Stage, svc compose.Service) {
	t.Helper()
	if len(svc.Ports) > 0 {
		want := []compose.Port{{HostIP: "127.0.0.1", HostPort: 8123, Target: 80, Protocol: "tcp"}}
		if d := cmp.Diff(want, svc.Ports); d != "" {
			t.Errorf("%s, ports (-want +got):\n%s", svc.Name, d)
		}
		if svc.Replicas != 1 {
			t.Errorf("%s publishes a port and has %d replicas", svc.Name, svc.Replicas)
		}
	}
	if svc.Health == nil || len(svc.Health.Test) < 2 || svc.Health.Interval < 1e9 {
		t.Errorf("%s has no health check, or one that never rests: %+v", svc.Name, svc.Health)
	}
	if svc.Cores <= 0 || svc.Memory <= 0 {
		t.Errorf("%s has no limit: %g cores, %d bytes", svc.Name, svc.Cores, svc.Memory)
	}
	if !strings.HasPrefix(svc.Image, "systemlab/") {
		t.Errorf("%s is made of %s, which needs a registry", svc.Name, svc.Image)
	}
	if d := cmp.Diff([]string{"ALL"}, svc.CapDrop); d != "" || len(svc.SecurityOpt) == 0 {
		t.Errorf("%s keeps capabilities or may gain some: %v, %v", svc.Name, svc.CapDrop, svc.SecurityOpt)
	}
}

// What two stages share stays as it is on the way from one to the next, so that
// `lab up` leaves it running and a difference is the architecture's.
func TestWhatStagesShare(t *testing.T) {
	t.Parallel()
	cases := []struct{ service, first, last string }{
		{"postgres", "2", "8"}, // with its data
		{"nginx", "3", "5"},
		{"nginx", "6", "8"},
		{"redis", "5", "8"},
		{"api", "5", "6"},
		{"api", "7", "7"},
		{"lb", "6", "8"},
		{"door", "6", "8"},
		{"rabbitmq", "7", "8"},
		{"worker", "7", "8"},
	}
	for _, c := range cases {
		_, p := loaded(t, c.first)
		want, ok := p.Service(c.service)
		if !ok {
			t.Fatalf("stage %s has no %s", c.first, c.service)
		}
		for n := c.first[0]; n <= c.last[0]; n++ {
			_, p := loaded(t, string(rune(n)))
			got, ok := p.Service(c.service)
			if !ok {
				t.Errorf("stage %c has no %s", n, c.service)
				continue
			}
			if got.Hash() != want.Hash() || got.Replicas != want.Replicas {
				t.Errorf("%s is another one in stage %c than in stage %s (-%s +%c):\n%s", c.service, n, c.first, c.first, n, cmp.Diff(want, got))
			}
		}
	}
}

// The same box is as big everywhere, or stages could not be compared.
func TestLimitsStayTheSame(t *testing.T) {
	t.Parallel()
	first := map[string]compose.Service{}
	for _, s := range all(t) {
		p, err := s.Load(t.Context(), "lab", stages.Given{Port: 8080, Password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		for _, svc := range p.Services {
			if was, seen := first[svc.Name]; !seen {
				first[svc.Name] = svc
			} else if svc.Cores != was.Cores || svc.Memory != was.Memory || svc.Image != was.Image {
				t.Errorf("stage %d: %s has %g cores, %d bytes, image %s; before: %g, %d, %s",
					s.Number, svc.Name, svc.Cores, svc.Memory, svc.Image, was.Cores, was.Memory, was.Image)
			}
		}
	}
}

// Passwords are made for each stack: each must follow the variable, in every
// place where one stands, and no file may carry one.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	for _, s := range all(t) {
		one, err := s.Load(t.Context(), "lab", stages.Given{Port: 8080, Password: "first-one"})
		if err != nil {
			t.Fatal(err)
		}
		for _, svc := range one.Services {
			for k, v := range svc.Env {
				if secret := regexp.MustCompile(`(?i)pass|secret|token|auth`).MatchString(k) || strings.Contains(v, "://"); secret && !strings.Contains(v, "first-one") {
					t.Errorf("stage %d, %s: %s=%s does not follow the stack's password", s.Number, svc.Name, k, v)
				}
			}
		}
	}
	fixed := regexp.MustCompile(`(?i)(password|passwd|secret|requirepass|masterauth)["']?\s*[:= ]\s*["']?[a-z0-9]{4,}`)
	for _, pattern := range []string{"stages/*/compose.yaml", "services/*/compose.yaml", "services/*/Dockerfile", "services/*/*.conf"} {
		files, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				code, _, _ := strings.Cut(line, "#")
				if fixed.MatchString(code) {
					t.Errorf("%s: %s", file, strings.TrimSpace(line))
				}
			}
		}
	}
}
