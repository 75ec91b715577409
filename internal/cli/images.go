// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"systemlab/internal/engine"
)

func (a *app) imagesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:     "images",
		Short:   "Build, list and remove the images",
		Example: "  lab images build\n  lab images list\n  lab images rm",
	}
	c.AddCommand(
		&cobra.Command{Use: "build", Short: "Build every image that is missing", Example: "  lab images build", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return a.runImagesBuild(c.Context()) }},
		&cobra.Command{Use: "list", Short: "List the images that the engine holds", Example: "  lab images list -o json", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return a.runImagesList(c.Context()) }},
		&cobra.Command{Use: "rm", Short: "Remove all images that no container uses, the base included", Example: "  lab images rm", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return a.runImagesRemove(c.Context()) }},
	)
	return c
}

func (a *app) runImagesBuild(ctx context.Context) error {
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	names, err := s.ownServices(ctx)
	if err != nil {
		return err
	}
	made, err := s.builder().Ensure(ctx, names...)
	if err != nil {
		return err
	}
	if a.asJSON() {
		out := map[string]string{}
		for name, m := range made {
			out[name] = m.Ref
		}
		return a.json(out)
	}
	for _, n := range names {
		fmt.Fprintln(a.Out, made[n].Ref)
	}
	return nil
}

func (a *app) runImagesList(ctx context.Context) error {
	e, err := engine.Open(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	list, err := e.Images(ctx)
	if err != nil {
		return err
	}
	if a.asJSON() {
		type row struct {
			Service   string   `json:"service"`
			Tags      []string `json:"tags"`
			ID        string   `json:"id"`
			SizeBytes int64    `json:"size_bytes"`
			Created   string   `json:"created"`
		}
		rows := []row{}
		for _, i := range list {
			rows = append(rows, row{i.Service, i.Tags, i.ID, i.Bytes, i.Created.UTC().Format("2006-01-02T15:04:05Z")})
		}
		return a.json(rows)
	}
	if len(list) == 0 {
		fmt.Fprintln(a.Out, "no images yet; lab images build makes them")
		return nil
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tTAG\tSIZE\tCREATED")
	for _, i := range list {
		fmt.Fprintf(w, "%s\t%s\t%.0f MB\t%s\n", i.Service, strings.Join(i.Tags, " "), float64(i.Bytes)/1e6, i.Created.Format("2006-01-02 15:04"))
	}
	return w.Flush()
}

func (a *app) runImagesRemove(ctx context.Context) error {
	e, err := engine.Open(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	list, err := e.Images(ctx)
	if err != nil {
		return err
	}
	removed, kept := 0, 0
	for _, i := range list { // newest first, so children go before the base
		used, err := e.RemoveImage(ctx, i)
		switch {
		case err != nil:
			return err
		case used:
			kept++
		default:
			removed++
		}
	}
	if a.asJSON() {
		return a.json(map[string]int{"removed": removed, "in_use": kept})
	}
	fmt.Fprintf(a.Out, "removed %d images", removed)
	if kept > 0 {
		fmt.Fprintf(a.Out, "; %d are in use: lab down", kept)
	}
	fmt.Fprintln(a.Out)
	return nil
}
