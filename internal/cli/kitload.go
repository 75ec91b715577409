// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/image"
	"systemlab/internal/kit"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
)

// runKitLoad reads all of the kit first: nothing is taken out of one that is not whole.
func (a *app) runKitLoad(ctx context.Context, file string) error {
	began := time.Now()
	unlock, err := a.lockAs(ctx, "kit-load")
	if err != nil {
		return err
	}
	defer unlock()
	a.note("checking %s", file)
	k, err := kit.Open(ctx, file)
	if err != nil {
		return err
	}
	defer k.Close()
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	if arch := image.Arch(s.engine); arch != k.Arch {
		return problem.Newf(problem.Unsupported, "lab images build makes them here; lab kit save on a machine like this one makes a kit for it",
			"the images of %s are for %s, and this engine's machine is %s", file, k.Arch, arch)
	}
	loaded, err := s.loadImages(ctx, k)
	if err != nil {
		return err
	}
	runs, err := a.loadRuns(k)
	if err != nil {
		return err
	}
	missing, err := s.stillMissing(ctx)
	if err != nil {
		return err
	}
	return a.printLoaded(k, loaded, runs, missing, time.Since(began))
}

// loadImages gives the engine the images that it has not; how many that were.
// All come in one stream: an engine keeps the layers that it has.
func (s *session) loadImages(ctx context.Context, k *kit.Kit) (int, error) {
	before := map[string]string{}
	for _, i := range k.Images {
		id, err := s.engine.ImageID(ctx, i.Ref)
		if err != nil {
			return 0, err
		}
		if id != "" {
			before[i.Ref] = id
		}
	}
	missing := len(k.Images) - len(before)
	if missing == 0 {
		return 0, nil
	}
	stream, done, err := k.Unpacked(kit.Images)
	if err != nil {
		return 0, err
	}
	defer done()
	s.note("  loading %d images, %d are there already", missing, len(before))
	if err := s.engine.LoadImages(ctx, stream); err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, problem.Wrap(err, problem.Build, "the engine can't take the images", "lab doctor; then the same command again goes on from here")
	}
	// A stack that is up stands on the images of before, though they bear the same names.
	if err := restore(ctx, s.engine, before); err != nil {
		return 0, err
	}
	for _, i := range k.Images {
		if id, err := s.engine.ImageID(ctx, i.Ref); err != nil || id == "" {
			return 0, earlier(err, problem.Newf(problem.Build, "the same command again", "%s is not there after it was loaded", i.Ref))
		}
	}
	return missing, nil
}

// restore gives back their names to images that were there before a load.
func restore(ctx context.Context, e *engine.Engine, before map[string]string) error {
	for ref, id := range before {
		now, err := e.ImageID(ctx, ref)
		if err == nil && now != id {
			err = e.TagImage(ctx, id, ref)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// loadRuns saves the runs that are not there yet.
func (a *app) loadRuns(k *kit.Kit) (int, error) {
	have, err := store().List()
	if err != nil {
		return 0, err
	}
	n := 0
	for _, p := range k.Parts {
		id, isRun := strings.CutPrefix(p.Name, "runs/")
		id = strings.TrimSuffix(id, ".json.gz")
		if !isRun || slices.ContainsFunc(have, func(h record.Header) bool { return h.ID == id }) {
			continue
		}
		part, err := k.Part(p.Name)
		if err != nil {
			return n, err
		}
		run, err := record.Read(part)
		if err != nil {
			return n, problem.Wrap(err, problem.Storage, "the kit's run "+id+" can't be read", "update lab, or use the one in the kit")
		}
		if _, err := store().Save(run); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// stillMissing are the images that this lab looks for and the engine has not:
// those of another version, for a kit of one lab read by another.
func (s *session) stillMissing(ctx context.Context) ([]string, error) {
	names, err := s.ownServices(ctx)
	if err != nil {
		return nil, err
	}
	b := s.builder()
	b.Dry = true
	wanted, err := b.Ensure(ctx, names...)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if wanted[name].ID == "" {
			out = append(out, wanted[name].Ref)
		}
	}
	return out, err
}

func (a *app) printLoaded(k *kit.Kit, images, runs int, missing []string, took time.Duration) error {
	if a.asJSON() {
		return a.json(map[string]any{"tool": k.Tool, "arch": k.Arch, "bytes": k.Bytes, "sha256": k.SHA256, "images_loaded": images,
			"images_there": len(k.Images) - images, "runs_loaded": runs, "images_missing": append([]string{}, missing...), "seconds": took.Seconds()})
	}
	fmt.Fprintf(a.Out, "loaded %d images (%d were there) and %d runs from %s in %.1f s\n", images, len(k.Images)-images, runs, report.Bytes(k.Bytes), took.Seconds())
	if len(missing) > 0 {
		fmt.Fprintf(a.Out, "this lab (%s) is not the one of the kit (%s), and looks for %d other images: use the kit's own: tar xf FILE %s\n",
			a.version, k.Tool, len(missing), k.Binary())
		return nil
	}
	fmt.Fprintln(a.Out, "next: lab up 5")
	return nil
}
