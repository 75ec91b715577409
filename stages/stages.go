// SPDX-License-Identifier: MIT

// Package stages finds the numbered architectures and reads what lab needs to
// know of them beyond Compose. A stage is a folder here and nothing else.
package stages

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
)

// Stage is one numbered architecture.
type Stage struct {
	Number int    // from the folder's name
	Name   string // the folder's name: 05-cache
	File   string // its Compose file
	Lab    Lab    // its x-lab part, once loaded
}

// Lab is the x-lab part of a stage's Compose file.
type Lab struct {
	Title    string // two words
	Idea     string // one line: what is new
	Shows    string // one line: what a run of it shows
	Entry    string // the service that clients talk to, on port 80
	Address  string // where it is reached on Network; the service's name where the file says nothing
	Network  string // key of the network where the generator joins
	Workload string // what is asked of it when nobody says
}

// List the stages of a tree, in order of their numbers, without loading them.
func List(dir string) ([]Stage, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "stages"))
	if err != nil {
		return nil, fmt.Errorf("read the stages: %w", err)
	}
	folder := regexp.MustCompile(`^(\d+)-[a-z0-9-]+$`)
	var out []Stage
	for _, e := range entries {
		m := folder.FindStringSubmatch(e.Name())
		if m == nil || !e.IsDir() {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		file := filepath.Join(dir, "stages", e.Name(), "compose.yaml")
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		out = append(out, Stage{Number: n, Name: e.Name(), File: file})
	}
	slices.SortFunc(out, func(a, b Stage) int { return a.Number - b.Number })
	return out, nil
}

// Find a stage by its number (5, 05) or its folder's name (05-cache, cache).
func Find(dir, what string) (Stage, error) {
	all, err := List(dir)
	if err != nil {
		return Stage{}, err
	}
	n, numErr := strconv.Atoi(what)
	for _, s := range all {
		_, short, _ := strings.Cut(s.Name, "-")
		if s.Name == what || short == what || numErr == nil && s.Number == n {
			return s, nil
		}
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return Stage{}, problem.Newf(problem.NotFound, "lab stages; there are "+strings.Join(names, ", "), "there is no stage %q", what)
}

// Given is what lab gives to a stage's file as variables.
type Given struct {
	Port     uint16 // LAB_PORT: where the entry is published on 127.0.0.1
	Password string // LAB_PASSWORD: what the services share
	Net      string // LAB_NET: first three numbers of the subnet of a virtual IP; "" leaves it to the file
}

// Load reads a stage as a project of that name.
func (s *Stage) Load(ctx context.Context, project string, g Given) (*compose.Project, error) {
	vars := map[string]string{"LAB_PORT": strconv.Itoa(int(g.Port)), "LAB_PASSWORD": g.Password}
	if g.Net != "" {
		vars["LAB_NET"] = g.Net
	}
	p, err := compose.Load(ctx, s.File, project, vars)
	if err != nil {
		return nil, err
	}
	return p, s.read(p)
}

func (s *Stage) read(p *compose.Project) error {
	text := func(key string) string { v, _ := p.Extension[key].(string); return v }
	s.Lab = Lab{
		Title: text("title"), Idea: text("idea"), Shows: text("shows"),
		Entry: text("entry"), Address: text("address"), Network: text("network"), Workload: text("workload"),
	}
	if s.Lab.Address == "" {
		s.Lab.Address = s.Lab.Entry
	}
	if n, ok := p.Extension["number"].(int); !ok || n != s.Number {
		return problem.Newf(problem.Usage, "x-lab.number is the folder's", "%s: x-lab.number is %v, not %d", s.File, p.Extension["number"], s.Number)
	}
	_, entry := p.Service(s.Lab.Entry)
	_, network := p.Network(s.Lab.Network)
	if !entry || !network || s.Lab.Title == "" || s.Lab.Workload == "" {
		return problem.Newf(problem.Usage, "see stages/01-base/compose.yaml",
			"%s: x-lab needs title, workload, an entry among the services and a network among the networks", s.File)
	}
	return nil
}
