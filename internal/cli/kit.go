// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/image"
	"systemlab/internal/kit"
	"systemlab/internal/report"
	"systemlab/stages"
)

type kitSaveOptions struct {
	file     string
	binaries []string
	runs     []string
}

func (a *app) kitCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "kit",
		Short:   "Put lab, its images and runs into one file, for a room without a network",
		Example: "  lab kit save class.tar\n  lab kit load class.tar\n  lab kit serve class.tar --listen 192.168.1.20:8090",
	}
	var save kitSaveOptions
	s := &cobra.Command{
		Use: "save FILE", Short: "Write the kit: this program, all images (missing ones are built), the saved runs",
		Example: "  lab kit save class.tar\n  lab kit save class.tar --binary lab-darwin-arm64 --runs none", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			save.file = args[0]
			return a.runKitSave(c.Context(), save)
		},
	}
	s.Flags().StringArrayVar(&save.binaries, "binary", nil, "a lab for another system too, named lab-OS-ARCH, of the same source")
	s.Flags().StringSliceVar(&save.runs, "runs", []string{"all"}, "all, none, or the runs to put in")
	l := &cobra.Command{
		Use: "load FILE", Short: "Take images and runs out of a kit; no network, registry or Go toolchain is needed",
		Example: "  lab kit load class.tar", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runKitLoad(c.Context(), args[0]) },
	}
	c.AddCommand(s, l, a.kitServeCmd())
	return c
}

// ownServices are the folders of all images that the stages and a load need.
func (s *session) ownServices(ctx context.Context) ([]string, error) {
	all, err := stages.List(s.source.Dir)
	if err != nil {
		return nil, err
	}
	names := []string{generator, helper}
	for _, st := range all {
		p, err := st.Load(ctx, s.project, stages.Given{Port: 8080})
		if err != nil {
			return nil, err
		}
		for _, svc := range p.Services {
			if name, ours := strings.CutPrefix(svc.Image, image.Prefix); ours && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

func (a *app) printKit(did, file string, m kit.Manifest, runs int, took time.Duration) error {
	var bytes int64
	for _, p := range m.Parts {
		bytes += p.Bytes
	}
	if a.asJSON() {
		return a.json(map[string]any{"file": file, "tool": m.Tool, "arch": m.Arch, "bytes": bytes, "images": m.Images, "parts": m.Parts, "runs": runs, "seconds": took.Seconds()})
	}
	fmt.Fprintf(a.Out, "%s %s: %s in %.1f s\n", did, file, report.Bytes(bytes), took.Seconds())
	for _, p := range m.Parts {
		if strings.HasPrefix(p.Name, "lab-") {
			fmt.Fprintf(a.Out, "  %-16s %s\n", p.Name, report.Bytes(p.Bytes))
		}
		if p.Name == kit.Images {
			fmt.Fprintf(a.Out, "  %-16s %s (%s before it was compressed), for %s\n", fmt.Sprintf("%d images", len(m.Images)), report.Bytes(p.Bytes), report.Bytes(p.Plain), m.Arch)
		}
	}
	fmt.Fprintf(a.Out, "  %d runs\nnext: lab kit serve %s --listen ADDRESS:8090, or copy it; then: lab kit load %s\n", runs, file, filepath.Base(file))
	return nil
}

// lockAs is lock for what is no stack.
func (a *app) lockAs(ctx context.Context, name string) (func(), error) {
	other := *a
	other.project = name
	return other.lock(ctx)
}
