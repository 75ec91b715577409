// SPDX-License-Identifier: MIT

package compose_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
)

func load(t *testing.T, yaml string, vars map[string]string) (*compose.Project, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "compose.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return compose.Load(t.Context(), file, "p", vars)
}

func TestLoad(t *testing.T) {
	t.Parallel()
	p, err := load(t, `
x-lab: {number: 3, title: T}
services:
  a:
    image: img
    command: [run, "--fast"]
    environment: {PASSWORD: "${SECRET}", B: "1"}
    ports: ["127.0.0.1:${PORT:-8080}:80"]
    networks: {n: {aliases: [other]}}
    volumes: ["data:/var/data"]
    tmpfs: ["/tmp:size=1m"]
    cap_drop: [ALL]
    stop_grace_period: 3s
    healthcheck: {test: ["CMD", "x"], interval: 15s, timeout: 5s, retries: 3, start_period: 60s}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.15", memory: 64M}}}
    depends_on: {b: {condition: service_healthy}}
  b: {image: img, cpus: 0.3, mem_limit: 1m, networks: [n]}
networks: {n: {internal: true}, unused: {}}
volumes: {data: {}, unused: {}}
`, map[string]string{"SECRET": "s3", "PORT": "9000"})
	if err != nil {
		t.Fatal(err)
	}
	want := compose.Service{
		Name: "a", Image: "img", Replicas: 2, Command: []string{"run", "--fast"}, Env: map[string]string{"PASSWORD": "s3", "B": "1"},
		Ports:     []compose.Port{{HostIP: "127.0.0.1", HostPort: 9000, Target: 80, Protocol: "tcp"}},
		Networks:  []compose.Attachment{{Network: "n", Aliases: []string{"other"}}},
		Mounts:    []compose.Mount{{Kind: "volume", Source: "data", Target: "/var/data"}, {Kind: "tmpfs", Source: "size=1m", Target: "/tmp"}},
		DependsOn: map[string]string{"b": compose.Healthy}, CapDrop: []string{"ALL"}, StopGrace: 3 * time.Second,
		Health: &compose.Health{Test: []string{"CMD", "x"}, Interval: 15 * time.Second, Timeout: 5 * time.Second, StartPeriod: time.Minute, Retries: 3},
		Cores:  0.15, Memory: 64 << 20,
	}
	a, _ := p.Service("a")
	if d := cmp.Diff(want, *a); d != "" {
		t.Errorf("service a (-want +got):\n%s", d)
	}
	if b, _ := p.Service("b"); b.Cores != 0.3 || b.Memory != 1<<20 {
		t.Errorf("service b: %g cores, %d bytes", b.Cores, b.Memory)
	}
	if len(p.Networks) != 1 || p.Networks[0].Name != "p_n" || !p.Networks[0].Internal || len(p.Volumes) != 1 || p.Volumes[0].Name != "p_data" {
		t.Errorf("networks %+v, volumes %+v", p.Networks, p.Volumes)
	}
	if p.Extension["title"] != "T" {
		t.Errorf("x-lab %v", p.Extension)
	}
}

// What the engine would not honour is refused, and each refusal names it.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	const head = "services:\n  a:\n    image: img\n"
	cases := []struct{ name, yaml, says string }{
		{"an attribute that is not honoured", head + "    privileged: true\n", "privileged"},
		{"start_interval", head + "    healthcheck: {test: [CMD, x], start_interval: 1s}\n", "start_interval"},
		{"a port beyond this machine", head + "    ports: ['8080:80']\n", "127.0.0.1"},
		{"an external network", head + "    networks: [n]\nnetworks: {n: {external: true}}\n", "network n"},
		{"an unknown dependency", head + "    depends_on: [b]\n", "b"},
		{"no image", "services: {a: {command: x}}\n", "image"},
		{"no YAML", "services: [", "can't read"},
		{"a cycle", "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}\n", "can't read"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := load(t, c.yaml, nil); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that names %q", err, c.says)
			}
		})
	}
}

// The environment of whoever runs lab must not leak into a stage.
func TestLoadIsHermetic(t *testing.T) {
	t.Setenv("SECRET", "from outside")
	p, err := load(t, "services: {a: {image: x, environment: {A: '${SECRET:-inside}', PATH_OF_HOME: '${HOME}'}}}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, _ := p.Service("a"); a.Env["A"] != "inside" || a.Env["PATH_OF_HOME"] != "" {
		t.Errorf("environment %v", a.Env)
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{"lab": true, "a-b_2": true, "": false, "Lab": false, "-x": false, "a/b": false, "a b": false, strings.Repeat("x", 41): false} {
		if err := compose.CheckName(name); (err == nil) != ok || err != nil && problem.Of(err).Kind != problem.Usage {
			t.Errorf("CheckName(%q): %v", name, err)
		}
	}
}

// A stack beside one bears its name, is none of another's, and can be brought up.
func TestBeside(t *testing.T) {
	t.Parallel()
	if got := compose.Beside("lab", "compare-a"); got != "lab-compare-a" {
		t.Error(got)
	}
	long := strings.Repeat("x", 40)
	seen := map[string]bool{}
	for _, project := range []string{long, long[:39], long[:26], "x"} {
		for _, purpose := range []string{"compare", "compare-a", "compare-b", "compare-turns", "drill-turns", "exercise-begin", "contract"} {
			name := compose.Beside(project, purpose)
			if err := compose.CheckName(name); err != nil || seen[name] || !strings.HasSuffix(name, purpose) {
				t.Errorf("beside %s for %s: %s, seen before: %v, %v", project, purpose, name, seen[name], err)
			}
			seen[name] = true
		}
	}
	if err := compose.CheckName(compose.Beside(long+"x", "contract")); err == nil {
		t.Error("a name that can't be a stack's got one beside it")
	}
}

// How many there are and whom they wait for must not make a container wrong;
// anything that it is made from must.
func TestHash(t *testing.T) {
	t.Parallel()
	base := compose.Service{Name: "a", Image: "x:1", ImageID: "sha256:1", Replicas: 1, Env: map[string]string{"A": "b"}, Cores: 0.5}
	same := map[string]func(*compose.Service){
		"replicas": func(s *compose.Service) { s.Replicas = 9 }, "dependencies": func(s *compose.Service) { s.DependsOn = map[string]string{"b": "c"} },
		"the image's name": func(s *compose.Service) { s.Image = "x:2" },
	}
	other := map[string]func(*compose.Service){
		"the image": func(s *compose.Service) { s.ImageID = "sha256:2" }, "a variable": func(s *compose.Service) { s.Env = map[string]string{"A": "c"} },
		"a limit": func(s *compose.Service) { s.Cores = 1 }, "a port": func(s *compose.Service) { s.Ports = []compose.Port{{Target: 1}} },
	}
	for name, change := range same {
		if s := base; func() bool { change(&s); return s.Hash() != base.Hash() }() {
			t.Errorf("%s changes the hash", name)
		}
	}
	for name, change := range other {
		if s := base; func() bool { change(&s); return s.Hash() == base.Hash() }() {
			t.Errorf("%s does not change the hash", name)
		}
	}
}
