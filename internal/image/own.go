// SPDX-License-Identifier: MIT

package image

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"systemlab/internal/problem"
)

// own is the folder of names for images of programs that users bring.
const own = "own/"

// Own makes the image of a program that a user brings in the place of a
// service's: from a folder with a Dockerfile, or from an image that the engine
// has. Its tag is the hash of what went into it.
func (b *Builder) Own(ctx context.Context, service, program string) (Made, error) {
	c, err := b.ownContext(ctx, program)
	if err != nil {
		return Made{}, err
	}
	m := Made{Ref: Prefix + own + service + ":" + c.hash}
	if m.ID, err = b.Engine.ImageID(ctx, m.Ref); err != nil || m.ID != "" || b.Dry {
		return m, err
	}
	if c.onBase {
		if err := b.ensureBase(ctx); err != nil {
			return m, err
		}
	}
	err = b.timed("image of "+program, func() error {
		tar, done := c.tar()
		defer done()
		return b.Engine.BuildImage(ctx, tar, map[string]string{"BASE": baseRef}, own+service, m.Ref)
	})
	if err != nil {
		if ctx.Err() != nil || problem.Of(err).Kind != problem.Internal {
			return m, err
		}
		hint := "put the Dockerfile right; docker build " + program + " shows all of it"
		if !c.onBase {
			hint = "FROM " + baseRef + " is a Debian that is there without a registry, where apt-get install works"
		}
		return m, problem.Wrap(err, problem.Build, "can't build "+program, hint)
	}
	m.ID, err = b.Engine.ImageID(ctx, m.Ref)
	return m, err
}

// Marked tells whether an image was given a mark, as Mark does. The mark is
// another tag of the image: there is no other store, and it goes with the image.
func (b *Builder) Marked(ctx context.Context, m Made, mark string) (bool, error) {
	id, err := b.Engine.ImageID(ctx, m.Ref+"."+mark)
	return err == nil && id != "" && id == m.ID, err
}

// Mark an image.
func (b *Builder) Mark(ctx context.Context, m Made, mark string) error {
	return b.Engine.TagImage(ctx, m.Ref, m.Ref+"."+mark)
}

// ownContext is what is built for a program.
func (b *Builder) ownContext(ctx context.Context, program string) (*buildContext, error) {
	info, err := os.Stat(program)
	if err == nil && info.IsDir() {
		return folder(program)
	}
	if strings.ContainsAny(program[:1], `./\~`) || filepath.VolumeName(program) != "" {
		return nil, problem.Newf(problem.NotFound, "a folder with a Dockerfile, or an image that the engine has (docker images)", "there is no folder %s", program)
	}
	// An id too long for a reference, or a word that can't be one, is an image that is not there.
	id, err := b.Engine.ImageID(ctx, program)
	if err != nil && problem.Of(err).Kind != problem.Internal {
		return nil, err
	}
	if id == "" {
		return nil, problem.Newf(problem.NotFound, "docker build -t "+program+" FOLDER, or the folder itself: ./"+program,
			"there is neither a folder nor an image %s", program)
	}
	// A layer of nothing on top carries our label and tag: the user's own image stays as it is.
	dockerfile := []byte("FROM " + program + "\n")
	_, hex, _ := strings.Cut(id, ":")
	return &buildContext{hash: hex[:min(16, len(hex))], files: []entry{{name: "Dockerfile", data: dockerfile, size: int64(len(dockerfile)), mode: 0o644}}}, nil
}

// onBase finds a Dockerfile that stands on lab's base.
var onBase = regexp.MustCompile(`(?m)^\s*FROM\s+(systemlab/base|\$\{?BASE)`)

// folder is a user's folder as a build context: all of it but what its
// .dockerignore leaves out.
func folder(dir string) (*buildContext, error) {
	dockerfile, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return nil, problem.Newf(problem.Build, "make one that begins with FROM "+baseRef+" (docs/own.md)", "there is no Dockerfile in %s", dir)
	}
	c := &buildContext{onBase: onBase.Match(dockerfile)}
	if err := c.collect(dir); err != nil {
		return nil, err
	}
	if most := int64(200 << 20); c.bytes > most {
		return nil, problem.Newf(problem.Usage, "name what the image doesn't need in "+filepath.Join(dir, ".dockerignore"),
			"%s holds %d MB, more than the %d that a service of this lab needs", dir, c.bytes>>20, most>>20)
	}
	if c.hash, err = c.sum(); err != nil {
		return nil, problem.Wrap(err, problem.Build, fmt.Sprintf("can't read %s", dir), "check that you may read all of it")
	}
	return c, nil
}
