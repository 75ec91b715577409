// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"systemlab/internal/compose"
	"systemlab/stages"
)

func (a *app) diffCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "diff STAGE STAGE",
		Short:   "Say what changes between two architectures",
		Example: "  lab diff 4 5\n  lab diff 1 3 -o json",
		Args:    cobra.ExactArgs(2), ValidArgsFunction: a.completeStages,
		RunE: func(c *cobra.Command, args []string) error { return a.runDiff(c.Context(), args[0], args[1]) },
	}
}

// change is one difference: of what service, in which respect, and the values.
type change struct {
	Service string `json:"service,omitempty"`
	What    string `json:"what"` // added, removed, replicas, cores, memory, environment, networks, entry, port
	Name    string `json:"name,omitempty"`
	Before  string `json:"before"`
	After   string `json:"after"`
	Words   string `json:"words"`
}

func (a *app) runDiff(ctx context.Context, first, second string) error {
	src, err := a.findSource()
	if err != nil {
		return err
	}
	var st [2]stages.Stage
	var p [2]*compose.Project
	for i, name := range []string{first, second} {
		if st[i], err = stages.Find(src.Dir, name); err != nil {
			return err
		}
		if p[i], err = st[i].Load(ctx, "lab", stages.Given{Port: 8080, Password: "PASSWORD"}); err != nil {
			return err
		}
	}
	changes := differences(p[0], p[1])
	if st[0].Lab.Entry != st[1].Lab.Entry {
		changes = append(changes, change{What: "entry", Before: st[0].Lab.Entry, After: st[1].Lab.Entry,
			Words: fmt.Sprintf("clients enter through %s instead of %s", st[1].Lab.Entry, st[0].Lab.Entry)})
	}
	if a.asJSON() {
		return a.json(map[string]any{"a": st[0].Number, "b": st[1].Number, "changes": changes})
	}
	fmt.Fprintf(a.Out, "from %s to %s: %s\n", st[0].Name, st[1].Name, st[1].Lab.Idea)
	for _, c := range changes {
		fmt.Fprintf(a.Out, "  %s\n", c.Words)
	}
	if len(changes) == 0 {
		fmt.Fprintln(a.Out, "  nothing changes")
	}
	return nil
}

func differences(before, after *compose.Project) []change {
	out := []change{}
	for _, s := range before.Services {
		if _, still := after.Service(s.Name); !still {
			out = append(out, change{Service: s.Name, What: "removed", Words: s.Name + " is removed"})
		}
	}
	for _, s := range after.Services {
		old, was := before.Service(s.Name)
		if !was {
			words := fmt.Sprintf("%s is added: %s", s.Name, size(s))
			out = append(out, change{Service: s.Name, What: "added", After: size(s), Words: words})
			continue
		}
		out = append(out, serviceDifferences(*old, s)...)
	}
	return out
}

func size(s compose.Service) string {
	words := fmt.Sprintf("%g cores, %d MB, on %s", s.Cores, s.Memory>>20, strings.Join(networksOf(s), " and "))
	if s.Replicas != 1 {
		words = fmt.Sprintf("%d replicas of ", s.Replicas) + words
	}
	return words
}

func serviceDifferences(a, b compose.Service) []change {
	var out []change
	add := func(what, name, before, after, words string) {
		if before != after {
			out = append(out, change{b.Name, what, name, before, after, b.Name + " " + words})
		}
	}
	add("replicas", "", fmt.Sprint(a.Replicas), fmt.Sprint(b.Replicas), fmt.Sprintf("has %d replicas, not %d", b.Replicas, a.Replicas))
	add("cores", "", fmt.Sprint(a.Cores), fmt.Sprint(b.Cores), fmt.Sprintf("may use %g cores, not %g", b.Cores, a.Cores))
	add("memory", "", fmt.Sprint(a.Memory), fmt.Sprint(b.Memory), fmt.Sprintf("may use %d MB, not %d", b.Memory>>20, a.Memory>>20))
	add("networks", "", strings.Join(networksOf(a), " "), strings.Join(networksOf(b), " "), "is on "+strings.Join(networksOf(b), " and ")+", not on "+strings.Join(networksOf(a), " and "))
	add("port", "", portsOf(a), portsOf(b), portWords(portsOf(a), portsOf(b)))
	add("depends on", "", dependenciesOf(a), dependenciesOf(b), "starts after "+orNothing(dependenciesOf(b))+", not after "+orNothing(dependenciesOf(a)))
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a.Env)), maps.Keys(b.Env))
	slices.Sort(keys)
	for _, k := range slices.Compact(keys) {
		before, had := a.Env[k]
		after, has := b.Env[k]
		words := fmt.Sprintf("gets %s=%s instead of %s", k, after, before)
		switch {
		case !had:
			words = fmt.Sprintf("gets %s=%s", k, after)
		case !has:
			words = "no longer gets " + k
		}
		add("environment", k, before, after, words)
	}
	return out
}

func networksOf(s compose.Service) []string {
	var out []string
	for _, n := range s.Networks {
		out = append(out, n.Network)
	}
	slices.Sort(out)
	return out
}

func portsOf(s compose.Service) string {
	var out []string
	for _, p := range s.Ports {
		out = append(out, fmt.Sprint(p.Target))
	}
	return strings.Join(out, " ")
}

func portWords(before, after string) string {
	if after == "" {
		return "no longer publishes port " + before
	}
	return "publishes port " + after
}

func dependenciesOf(s compose.Service) string {
	return strings.Join(slices.Sorted(maps.Keys(s.DependsOn)), " and ")
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
