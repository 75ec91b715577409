// SPDX-License-Identifier: MIT

package image

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// buildGo compiles a service with the host's Go for the engine's architecture
// and puts the static binary, alone, into an image.
func (b *Builder) buildGo(ctx context.Context, service, ref string) error {
	dir, err := os.MkdirTemp("", "systemlab-build-")
	if err != nil {
		return storage(err, os.TempDir())
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, service)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", bin, "./services/"+service)
	cmd.Dir = b.Source.Dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+goArch(b.Engine.Info().Arch), "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		if _, missing := exec.LookPath("go"); missing != nil {
			return problem.New(problem.Build, "there is no Go toolchain to build "+service+" with", "install Go 1.26 or newer: https://go.dev/dl")
		}
		return fmt.Errorf("go build ./services/%s: %w\n  %s", service, err, strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "\n  "))
	}
	code, err := os.ReadFile(bin)
	if err != nil {
		return err
	}
	dockerfile := fmt.Sprintf("FROM scratch\nCOPY %[1]s /%[1]s\nENTRYPOINT [\"/%[1]s\"]\n", service)
	tar, err := tarOf([]file{{"Dockerfile", []byte(dockerfile)}, {service, code}})
	if err != nil {
		return err
	}
	return b.Engine.BuildImage(ctx, tar, nil, service, ref)
}

// Arch is what Go calls the machine of an engine.
func Arch(e *engine.Engine) string { return goArch(e.Info().Arch) }

// goArch translates what an engine calls its machine.
func goArch(engine string) string {
	switch engine {
	case "x86_64", "amd64":
		return "amd64"
	case "aarch64", "arm64":
		return "arm64"
	}
	return engine
}

// tarOf packs files as a build context. Everything is executable: the contexts
// are small, and a mode lost on the way (embedding keeps none) would break scripts.
func tarOf(files []file) (io.Reader, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: f.name, Mode: 0o755, Size: int64(len(f.data)), Format: tar.FormatPAX}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	return &buf, w.Close()
}
