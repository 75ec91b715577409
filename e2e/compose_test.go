// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The real docker compose, built from its module once a machine.
const composeModule = "github.com/docker/compose/v2@v2.40.3"

func realCompose(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(composeModule, "@")
	bin := filepath.Join(cache, "systemlab", "docker-compose-"+version)
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	dir := t.TempDir()
	for _, args := range [][]string{
		{"mod", "init", "scratch"},
		{"get", composeModule},
		{"build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", bin + ".new", "github.com/docker/compose/v2/cmd"},
	} {
		c := exec.CommandContext(t.Context(), "go", args...)
		c.Dir, c.Env = dir, append(os.Environ(), "GOFLAGS=")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("build the real docker compose: go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	if err := os.Rename(bin+".new", bin); err != nil {
		t.Fatal(err)
	}
	return bin
}

func TestRealComposeAgrees(t *testing.T) {
	s := start(t, "the real docker compose must accept every stage, and see, log and remove a stack that lab made")
	bin := realCompose(t)
	compose := func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), bin, args...)
		c.Env = append(os.Environ(), "LAB_PASSWORD=x")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("docker compose %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	files, err := filepath.Glob("../stages/*/compose.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("stages %v: %v", files, err)
	}
	for _, f := range files {
		if out := compose("-f", f, "config", "-q"); out != "" {
			t.Errorf("%s: %s", f, out)
		}
	}
	s.lab("up", "5")
	ps := compose("-p", s.project, "ps", "--format", "{{.Name}} {{.Service}} {{.State}}")
	for _, c := range s.status().Containers {
		if want := fmt.Sprintf("%s %s running", c.Name, c.Service); !strings.Contains(ps, want) {
			t.Errorf("docker compose ps has no %q:\n%s", want, ps)
		}
	}
	if logs := compose("-p", s.project, "logs", "api"); !strings.Contains(logs, "api-1") {
		t.Errorf("docker compose logs: %s", logs)
	}
	compose("-p", s.project, "down", "--volumes")
	for _, what := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}, {"volume", "ls", "-q"}} {
		if left := docker(t, append(what, "--filter", "label=com.docker.compose.project="+s.project)...); left != "" {
			t.Errorf("docker compose down left %v: %s", what, left)
		}
	}
}
