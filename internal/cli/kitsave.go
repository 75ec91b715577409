// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"systemlab"
	"systemlab/internal/image"
	"systemlab/internal/kit"
	"systemlab/internal/problem"
	"systemlab/internal/record"
)

func (a *app) runKitSave(ctx context.Context, o kitSaveOptions) error {
	began := time.Now()
	runs, err := chosenRuns(o.runs)
	if err != nil {
		return err
	}
	binaries, err := binariesFor(o.binaries)
	if err != nil {
		return err
	}
	unlock, err := a.lockAs(ctx, "kit-save")
	if err != nil {
		return err
	}
	defer unlock()
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	m := kit.Manifest{Tool: a.version, Arch: image.Arch(s.engine)}
	if m.Images, err = s.kitImages(ctx); err != nil {
		return err
	}
	w, err := kit.Create(o.file, began.UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	defer w.Abandon()
	for _, b := range binaries {
		a.note("  %s", b.name)
		if err := addFile(w, b.name, b.path, 0o755); err != nil {
			return err
		}
	}
	a.note("  %d images", len(m.Images))
	if err := s.addImages(ctx, w, m.Images); err != nil {
		return err
	}
	for _, r := range runs {
		if err := addFile(w, "runs/"+r.ID+".json.gz", r.Path, 0o644); err != nil {
			return err
		}
	}
	if m, err = w.Finish(m); err != nil {
		return err
	}
	return a.printKit("saved", o.file, m, len(runs), time.Since(began))
}

// kitImages makes what is missing of the images that the program in the kit will
// look for: those of the source that it carries, whatever a checkout here holds.
func (s *session) kitImages(ctx context.Context) ([]kit.Image, error) {
	here := s.source
	var err error
	if s.source, err = image.FindSource(string(filepath.Separator), sourceCache(), systemlab.Source); err != nil {
		return nil, err
	}
	names, err := s.ownServices(ctx)
	if err != nil {
		return nil, err
	}
	made, err := s.builder().Ensure(ctx, names...)
	if err != nil {
		return nil, err
	}
	var out []kit.Image
	for _, name := range names {
		out = append(out, kit.Image{Ref: made[name].Ref, ID: made[name].ID})
	}
	base, err := s.builder().EnsureBase(ctx)
	if err != nil {
		return nil, err
	}
	s.sayStale(ctx, here, names, made)
	return append(out, kit.Image{Ref: base.Ref, ID: base.ID}), nil
}

// sayStale tells of a checkout whose services this program does not carry.
func (s *session) sayStale(ctx context.Context, here image.Source, names []string, made map[string]image.Made) {
	b := &image.Builder{Engine: s.engine, Source: here, Dry: true}
	other, err := b.Ensure(ctx, names...)
	for _, name := range names {
		if err == nil && other[name].Ref != made[name].Ref {
			s.note("the services in %s are not those that this lab carries, and only the latter go into the kit; make build first", here.Dir)
			return
		}
	}
}

func (s *session) addImages(ctx context.Context, w *kit.Writer, images []kit.Image) error {
	var refs []string
	for _, i := range images {
		refs = append(refs, i.Ref)
	}
	stream, err := s.engine.SaveImages(ctx, refs)
	if err != nil {
		return err
	}
	defer stream.Close()
	if err := w.AddPacked(kit.Images, stream); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return nil
}

func addFile(w *kit.Writer, name, path string, mode int64) error {
	f, err := os.Open(path)
	if err != nil {
		return problem.Wrap(err, problem.Storage, "can't read "+path, "check that it may be read")
	}
	defer f.Close()
	return w.Add(name, mode, f)
}

// binary is a program in the kit.
type binary struct{ name, path string }

// binariesFor are this program and those named, which must carry the same source:
// else they would look for images that the kit does not hold.
func binariesFor(others []string) ([]binary, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	out := []binary{{"lab-" + runtime.GOOS + "-" + runtime.GOARCH, self}}
	for _, path := range others {
		name := filepath.Base(path)
		if !kit.IsBinary(name) {
			return nil, problem.Newf(problem.Usage, "--binary lab-darwin-arm64", "%s is not named lab-OS-ARCH", path)
		}
		if slices.ContainsFunc(out, func(b binary) bool { return b.name == name }) {
			return nil, problem.Newf(problem.Usage, "name each system once; "+out[0].name+" goes in by itself", "%s is in the kit already", name)
		}
		same, err := kit.Carries(path, systemlab.Source)
		if err != nil {
			return nil, problem.Wrap(err, problem.Storage, "can't read "+path, "GOOS=darwin GOARCH=arm64 go build -o lab-darwin-arm64 ./cmd/lab")
		}
		if !same {
			return nil, problem.Newf(problem.Usage, "build both from one checkout: GOOS=darwin GOARCH=arm64 go build -o lab-darwin-arm64 ./cmd/lab",
				"%s does not carry the same stages and services as this lab", path)
		}
		out = append(out, binary{name, path})
	}
	return out, nil
}

// chosenRuns are the saved runs that were named, or all, or none.
func chosenRuns(names []string) ([]record.Header, error) {
	if len(names) == 1 && names[0] == "none" {
		return nil, nil
	}
	list, err := store().List()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(h record.Header) bool { return h.Problem != "" })
	if len(names) == 1 && names[0] == "all" {
		return list, nil
	}
	var out []record.Header
	for _, name := range names {
		run, err := store().Load(name)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(h record.Header) bool { return h.ID == run.ID })
		if i < 0 {
			return nil, problem.Newf(problem.NotFound, "lab runs list", "there is no saved run %q", name)
		}
		if !slices.ContainsFunc(out, func(h record.Header) bool { return h.ID == run.ID }) {
			out = append(out, list[i])
		}
	}
	return out, nil
}
