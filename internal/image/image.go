// SPDX-License-Identifier: MIT

package image

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// Prefix of the images of ours; what follows is the service's folder.
const Prefix = module + "/"

// buildsAtOnce keeps a two-core laptop usable: a build is mostly unpacking, and
// more at once were no faster (docs/benchmarks/README.md).
const buildsAtOnce = 2

// Progress is told what is made, and how long it took once it is done.
type Progress func(what string, done bool, took time.Duration)

// Builder names and makes images.
type Builder struct {
	Engine *engine.Engine
	Source Source
	Tell   Progress
	Dry    bool // only look: what is missing stays missing, with an empty id

	base sync.Mutex
}

// Resolve gives each service of a project the image of today's source, building
// what is missing.
func (b *Builder) Resolve(ctx context.Context, p *compose.Project) error {
	var names []string
	for _, s := range p.Services {
		if name, ours := serviceOf(s); ours && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	made, err := b.Ensure(ctx, names...)
	if err != nil {
		return err
	}
	for i := range p.Services {
		s := &p.Services[i]
		if name, ours := serviceOf(*s); ours {
			s.Image, s.ImageID = made[name].Ref, made[name].ID
			continue
		}
		if s.Replaced != "" { // made by Own, or not at all in a dry run
			if s.ImageID, err = b.Engine.ImageID(ctx, s.Image); err == nil && s.ImageID == "" && !b.Dry {
				err = problem.Newf(problem.Build, "lab up N --replace "+s.Name+"="+s.Replaced, "the image of %s, which runs as %s, is gone", s.Replaced, s.Name)
			}
			if err != nil {
				return err
			}
			continue
		}
		if s.ImageID, err = b.foreign(ctx, s.Image); err != nil {
			return err
		}
	}
	return nil
}

// serviceOf is the folder that a service's image is built from, if it is one of ours.
func serviceOf(s compose.Service) (folder string, ours bool) {
	folder, ours = strings.CutPrefix(s.Image, Prefix)
	return folder, ours && s.Replaced == ""
}

// Made is one image: its name with the hash, and its content.
type Made struct{ Ref, ID string }

// Ensure makes the named services' images, those that are not there yet.
func (b *Builder) Ensure(ctx context.Context, services ...string) (map[string]Made, error) {
	out := make(map[string]Made, len(services))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(buildsAtOnce)
	for _, name := range services {
		g.Go(func() error {
			m, err := b.one(ctx, name)
			mu.Lock()
			out[name] = m
			mu.Unlock()
			return err
		})
	}
	return out, g.Wait()
}

func (b *Builder) one(ctx context.Context, service string) (Made, error) {
	files, err := b.Source.inputs(service)
	if err != nil {
		return Made{}, err
	}
	ref := Prefix + service + ":" + hashFiles(files)
	id, err := b.Engine.ImageID(ctx, ref)
	if err != nil {
		return Made{}, err
	}
	if id == "" && !b.Dry {
		if err := b.build(ctx, service, ref, files); err != nil {
			return Made{}, err
		}
		if id, err = b.Engine.ImageID(ctx, ref); err != nil {
			return Made{}, err
		}
	}
	if b.Dry {
		return Made{ref, id}, nil
	}
	latest, err := b.Engine.ImageID(ctx, Prefix+service)
	if err == nil && latest != id {
		err = b.Engine.TagImage(ctx, ref, Prefix+service+":latest")
	}
	return Made{ref, id}, err
}

func (b *Builder) build(ctx context.Context, service, ref string, files []file) error {
	var err error
	switch {
	case b.Source.isGo(service):
		err = b.timed("image "+Prefix+service, func() error { return b.buildGo(ctx, service, ref) })
	default:
		if err = b.ensureBase(ctx); err != nil {
			return err
		}
		err = b.timed("image "+Prefix+service, func() error {
			tar, err := tarOf(files)
			if err != nil {
				return err
			}
			return b.Engine.BuildImage(ctx, tar, map[string]string{"BASE": baseRef}, service, ref)
		})
	}
	if err != nil && ctx.Err() == nil {
		if p := problem.Of(err); p.Kind != problem.Internal {
			return p
		}
		return problem.Wrap(err, problem.Build, "can't build image "+Prefix+service, "lab doctor")
	}
	return err
}

func (b *Builder) timed(what string, f func() error) error {
	begin := time.Now()
	if b.Tell != nil {
		b.Tell(what, false, 0)
	}
	err := f()
	if b.Tell != nil && err == nil {
		b.Tell(what, true, time.Since(begin))
	}
	return err
}

// foreign is an image that is not ours: used as it is, pulled if it is missing.
func (b *Builder) foreign(ctx context.Context, ref string) (string, error) {
	id, err := b.Engine.ImageID(ctx, ref)
	if err != nil || id != "" || b.Dry {
		return id, err
	}
	if err := b.timed("pull "+ref, func() error { return b.Engine.PullImage(ctx, ref) }); err != nil {
		return "", problem.Wrap(err, problem.Build, fmt.Sprintf("there is no image %s and it can't be pulled", ref), "docker pull "+ref)
	}
	return b.Engine.ImageID(ctx, ref)
}
