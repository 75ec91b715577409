// SPDX-License-Identifier: MIT

package image

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

const (
	suite     = "trixie"
	baseRef   = Prefix + "base:" + suite
	publicRef = "debian:" + suite + "-slim"
	// pullPatience bounds the try at a registry: on a machine without one it must
	// fail soon, and a slow line must still get its 30 MB.
	pullPatience = 3 * time.Minute
)

// ensureBase provides the base image: already there, else pulled, else
// bootstrapped from the Debian archive. No registry is needed on a Debian machine.
func (b *Builder) ensureBase(ctx context.Context) error {
	b.base.Lock()
	defer b.base.Unlock()
	id, err := b.Engine.ImageID(ctx, baseRef)
	if err != nil || id != "" {
		return err
	}
	if id, err = b.Engine.ImageID(ctx, publicRef); err != nil {
		return err
	}
	var pulled error
	if id == "" {
		pulled = b.timed("pull "+publicRef, func() error {
			ctx, cancel := context.WithTimeout(ctx, pullPatience)
			defer cancel()
			return b.Engine.PullImage(ctx, publicRef)
		})
	}
	if pulled == nil {
		// Our own label on top, so that `lab images` knows it; the layer below is shared.
		tar, err := tarOf([]file{{"Dockerfile", []byte("FROM " + publicRef + "\n")}})
		if err != nil {
			return err
		}
		return b.Engine.BuildImage(ctx, tar, nil, "base", baseRef)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := b.timed("base image from the Debian archive", func() error { return b.bootstrap(ctx) }); err != nil {
		return problem.Wrap(fmt.Errorf("%w (and no registry: %w)", err, pulled), problem.Build,
			"can't make the base image", "docker pull "+publicRef+", on a machine that reaches a registry")
	}
	return nil
}

// EnsureBase provides the base image by itself: what users build their own on.
func (b *Builder) EnsureBase(ctx context.Context) (Made, error) {
	if err := b.ensureBase(ctx); err != nil {
		return Made{}, err
	}
	id, err := b.Engine.ImageID(ctx, baseRef)
	return Made{baseRef, id}, err
}

// bootstrap makes a minimal Debian with mmdebstrap, installing that first where it may.
func (b *Builder) bootstrap(ctx context.Context) error {
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		if err := installMmdebstrap(ctx); err != nil {
			return err
		}
	}
	arch := goArch(b.Engine.Info().Arch) // Debian calls amd64 and arm64 the same
	// The tar goes straight from its stdout into the engine.
	cmd := exec.CommandContext(ctx, "mmdebstrap", "--variant=minbase", "--quiet", "--architectures="+arch,
		`--customize-hook=rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/* "$1"/var/cache/apt/*`, suite, "-")
	// An interrupt lets it unmount and remove what it made; a kill would not.
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, 10*time.Second
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	importing := b.Engine.ImportImage(ctx, out, baseRef, "LABEL "+engine.LabelImage+"=base", `CMD ["bash"]`)
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		_ = b.removeBase(context.WithoutCancel(ctx)) // a truncated tar may have been imported
		return fmt.Errorf("mmdebstrap: %w\n  %s", err, lastOf(complaints.String()))
	}
	return importing
}

func (b *Builder) removeBase(ctx context.Context) error {
	id, err := b.Engine.ImageID(ctx, baseRef)
	if err != nil || id == "" {
		return err
	}
	_, err = b.Engine.RemoveImage(ctx, engine.Image{ID: id, Tags: []string{baseRef}})
	return err
}

func installMmdebstrap(ctx context.Context) error {
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("mmdebstrap is missing: sudo apt-get install mmdebstrap debian-archive-keyring")
	}
	for _, args := range [][]string{{"update", "-qq"}, {"install", "-y", "-qq", "--no-install-recommends", "mmdebstrap", "debian-archive-keyring"}} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n  %s", args[0], err, lastOf(string(out)))
		}
	}
	return nil
}

func lastOf(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], "\n  ")
}

// HaveBase tells whether an engine holds the base image, ours or the public one.
func HaveBase(ctx context.Context, e *engine.Engine) (bool, error) {
	for _, ref := range []string{baseRef, publicRef} {
		if id, err := e.ImageID(ctx, ref); err != nil || id != "" {
			return id != "", err
		}
	}
	return false, nil
}
