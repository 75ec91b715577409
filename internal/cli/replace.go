// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"slices"
	"strings"

	"systemlab/internal/compose"
	"systemlab/internal/contract"
	"systemlab/internal/image"
	"systemlab/internal/problem"
	"systemlab/stages"
)

// replacements are the programs that stand in the place of lab's own on this
// stack: those that run there already, and what was asked for now, as
// SERVICE=PROGRAM. SERVICE= puts lab's own back.
func (s *session) replacements(ctx context.Context, asked []string, dry bool) ([]replacement, error) {
	var out []replacement
	named := map[string]bool{}
	for _, one := range asked {
		service, program, ok := strings.Cut(one, "=")
		if !ok || service == "" {
			return nil, problem.Newf(problem.Usage, "--replace api=./my-api", "--replace %q is not SERVICE=PROGRAM", one)
		}
		if err := checkReplaceable(service); err != nil {
			return nil, err
		}
		if named[service] {
			return nil, problem.Newf(problem.Usage, "--replace "+service+"=./my-api, once", "--replace names %s twice", service)
		}
		named[service] = true
		if program == "" {
			continue
		}
		r, err := s.brought(ctx, service, program, dry)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	for _, r := range s.running() {
		if !named[r.service] {
			out = append(out, r)
		}
	}
	return out, nil
}

// brought is bring, but a dry run makes no image.
func (s *session) brought(ctx context.Context, service, program string, dry bool) (replacement, error) {
	if !dry {
		return s.bring(ctx, service, program)
	}
	b := s.builder()
	b.Dry = true
	made, err := b.Own(ctx, service, program)
	r := replacement{service: service, program: program, made: made}
	if err == nil && made.ID != "" {
		r.check, err = s.engine.ImageCheck(ctx, made.Ref)
	}
	return r, err
}

// running are the replacements of the stack that is up: its labels say so.
func (s *session) running() []replacement {
	var out []replacement
	for _, c := range s.observed.Containers {
		r, ok := c.Replacement()
		if !ok || c.OneOff || slices.ContainsFunc(out, func(o replacement) bool { return o.service == c.Service }) {
			continue
		}
		out = append(out, replacement{service: c.Service, program: r.Program, made: image.Made{Ref: r.Image, ID: c.Image}, check: c.HealthTest})
	}
	return out
}

// replace puts them into a project; those that a stage has no place for are left out.
func (s *session) replace(p *compose.Project, all []replacement) error {
	for _, r := range all {
		if _, ok := p.Service(r.service); !ok {
			continue
		}
		if err := p.Replace(r.service, r.program, r.made.Ref, r.check); err != nil {
			return err
		}
	}
	return nil
}

// accept refuses a program that breaks the contract as the stage needs it. An
// image that kept it once is marked so, and is not asked again; nor is one that
// the stage runs already.
func (s *session) accept(ctx context.Context, st stages.Stage, p *compose.Project, all []replacement) error {
	for _, r := range all {
		svc, ok := p.Service(r.service)
		if !ok || s.observed.Up() && s.stack.Stage == st.Name && s.runs(r) {
			continue
		}
		kept, err := s.builder().Marked(ctx, r.made, contract.Of(svc.Env).Mark())
		if err != nil {
			return err
		}
		if kept {
			continue
		}
		s.note("checking that %s keeps the contract of %s (--force skips this)", r.program, r.service)
		report, err := s.hold(ctx, st, r)
		if err != nil {
			return err
		}
		if !report.Kept() {
			return broken(r, report)
		}
	}
	return nil
}

// runs tells whether this very image is in that place already.
func (s *session) runs(r replacement) bool {
	for _, now := range s.running() {
		if now.service == r.service && now.made.Ref == r.made.Ref {
			return true
		}
	}
	return false
}

// replaced maps each service that runs a user's program to that program.
func (s *session) replaced() map[string]string {
	var out map[string]string
	for _, r := range s.running() {
		if out == nil {
			out = map[string]string{}
		}
		out[r.service] = r.program
	}
	return out
}
