// SPDX-License-Identifier: MIT

package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"systemlab/internal/engine"
)

func (a *app) logsCmd() *cobra.Command {
	var o engine.LogOptions
	c := &cobra.Command{
		Use:     "logs [SERVICE]",
		Short:   "Show what the containers say",
		Example: "  lab logs api\n  lab logs -f\n  lab logs postgres --tail 20",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: a.completeServices,
		RunE: func(c *cobra.Command, args []string) error { return a.runLogs(c.Context(), o, args) },
	}
	c.Flags().BoolVarP(&o.Follow, "follow", "f", false, "go on as more comes")
	c.Flags().IntVar(&o.Tail, "tail", 0, "only the last lines of each container (default all)")
	return c
}

func (a *app) runLogs(ctx context.Context, o engine.LogOptions, args []string) error {
	s, err := a.openStack(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	var from []engine.Container
	for _, c := range s.observed.Containers {
		if !c.OneOff {
			from = append(from, c)
		}
	}
	if len(args) == 1 {
		if from, err = s.observed.Find(args[0]); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	show := func(c engine.Container) error {
		w := &prefixed{mu: &mu, out: a.Out, prefix: fmt.Sprintf("%s-%d  ", c.Service, c.Replica)}
		defer w.flush()
		return s.engine.Logs(ctx, c.ID, o, w)
	}
	if !o.Follow { // one after the other, so that what belongs together stays together
		for _, c := range from {
			if err := show(c); err != nil {
				return err
			}
		}
		return nil
	}
	var g errgroup.Group
	for _, c := range from {
		g.Go(func() error { return show(c) })
	}
	return g.Wait()
}

// prefixed writes whole lines, each with the name of the container that said it.
type prefixed struct {
	mu     *sync.Mutex
	out    io.Writer
	prefix string
	rest   []byte
}

func (p *prefixed) Write(b []byte) (int, error) {
	p.rest = append(p.rest, b...)
	for {
		i := bytes.IndexByte(p.rest, '\n')
		if i < 0 {
			return len(b), nil
		}
		p.line(p.rest[:i])
		p.rest = p.rest[i+1:]
	}
}

func (p *prefixed) line(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "%s%s\n", p.prefix, b)
}

func (p *prefixed) flush() {
	if len(p.rest) > 0 {
		p.line(p.rest)
	}
}
