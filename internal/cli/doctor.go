// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"systemlab/internal/engine"
	"systemlab/internal/image"
	"systemlab/internal/problem"
)

func (a *app) doctorCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "doctor",
		Short:   "Check that this machine has what lab needs",
		Example: "  lab doctor\n  lab doctor -o json",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.runDoctor(c.Context()) },
	}
}

// finding is one line of the doctor's: what was looked at, what it is, and what
// to do about it if it is not well.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, warn or fail
	Seen  string `json:"seen"`
	Do    string `json:"do,omitempty"`
}

func (a *app) runDoctor(ctx context.Context) error {
	findings, engineErr := a.examine(ctx)
	failed := engineErr
	for _, f := range findings {
		if f.State == "fail" && failed == nil {
			failed = problem.New(problem.Unsupported, f.Check+": "+f.Seen, f.Do)
		}
	}
	if a.asJSON() {
		out := map[string]any{"ok": failed == nil, "checks": findings}
		if failed != nil {
			out["error"] = errorOf(problem.Of(failed))
		}
		if err := a.json(out); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			mark := map[string]string{"ok": a.paint(a.Out, "32", "ok  "), "warn": a.paint(a.Out, "33", "warn"), "fail": a.paint(a.Out, "31", "FAIL")}[f.State]
			fmt.Fprintf(a.Out, "%s  %-10s %s\n", mark, f.Check, f.Seen)
			if f.Do != "" {
				fmt.Fprintf(a.Out, "      %-10s do: %s\n", "", f.Do)
			}
		}
	}
	if failed != nil {
		return exitCode(problem.Of(failed).Kind.ExitCode())
	}
	return nil
}

func (a *app) examine(ctx context.Context) ([]finding, error) {
	var out []finding
	add := func(check, state, seen, do string) { out = append(out, finding{check, state, seen, do}) }
	e, err := engine.Open(ctx)
	if err != nil {
		p := problem.Of(err)
		add("engine", "fail", p.Error(), p.Hint)
	} else {
		defer e.Close()
		examineEngine(ctx, e, add)
	}
	if path, err := exec.LookPath("go"); err == nil {
		add("go", "ok", path, "")
	} else {
		add("go", "warn", "no Go toolchain: the services can't be built here", "install Go 1.26 or newer, or load images that were built elsewhere")
	}
	a.examinePort(ctx, e, add)
	dir := filepath.Join(home(), "runs")
	if err := store().Check(); err != nil {
		add("runs", "fail", problem.Of(err).Error(), problem.Of(err).Hint)
	} else {
		add("runs", "ok", dir, "")
	}
	return out, err
}

func examineEngine(ctx context.Context, e *engine.Engine, add func(check, state, seen, do string)) {
	i := e.Info()
	add("engine", "ok", fmt.Sprintf("Docker %s at %s", i.Version, i.Host), "")
	add("api", "ok", fmt.Sprintf("%s (lab needs %s)", i.API, engine.MinAPI), "")
	if i.Cores < 2 {
		add("cores", "warn", fmt.Sprintf("%d: the load and the stage share it", i.Cores), "give the engine's machine 2 cores or more")
	} else {
		add("cores", "ok", fmt.Sprint(i.Cores), "")
	}
	if gb := float64(i.MemoryBytes) / 1e9; gb < 3 {
		add("memory", "warn", fmt.Sprintf("%.1f GB: the larger stages need about 2 GB", gb), "give the engine's machine 4 GB or more")
	} else {
		add("memory", "ok", fmt.Sprintf("%.1f GB", gb), "")
	}
	switch i.StorageDriver {
	case "fuse-overlayfs", "vfs":
		add("storage", "warn", i.StorageDriver+": slow, and its CPU is counted for no container (data is on volumes, which it doesn't touch)",
			"use overlay2 where the kernel has it: https://docs.docker.com/engine/storage/drivers")
	default:
		add("storage", "ok", i.StorageDriver, "")
	}
	if i.Local {
		add("meter", "ok", "reads the kernel's files (cgroup v"+i.Cgroup+")", "")
	} else {
		add("meter", "warn", "the engine is on another machine: CPU is read through its API, more coarsely and at a cost", "")
	}
	have, err := image.HaveBase(ctx, e)
	switch {
	case err != nil:
		add("base image", "fail", err.Error(), "docker images")
	case have:
		add("base image", "ok", "there", "")
	default:
		add("base image", "ok", "not there yet: the first lab up makes it, from a registry or the Debian archive", "")
	}
}

func (a *app) examinePort(ctx context.Context, e *engine.Engine, add func(check, state, seen, do string)) {
	if e != nil {
		if o, err := e.Observe(ctx, a.project); err == nil && o.Up() {
			add("port", "ok", fmt.Sprintf("%d, held by the stack %s", o.Stack().Port, a.project), "")
			return
		}
	}
	if free(8080) {
		add("port", "ok", "8080 is free on 127.0.0.1", "")
	} else {
		add("port", "warn", "8080 on 127.0.0.1 is taken by another program", "lab up N --port 8081")
	}
}
