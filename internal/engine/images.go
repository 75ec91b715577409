// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Image is one image of ours that the engine holds.
type Image struct {
	ID      string
	Tags    []string
	Service string // what it is for: the value of our label
	Bytes   int64
	Created time.Time
}

// LabelImage marks our images; its value is the service's name.
const LabelImage = "systemlab.image"

// ownRepository begins the names of our images.
const ownRepository = "systemlab/"

// ImageID is the content id behind a reference, or "" where the engine has none.
func (e *Engine) ImageID(ctx context.Context, ref string) (string, error) {
	res, err := e.api.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", e.wrap(err)
	}
	return res.ID, nil
}

// ImageCheck is the health check that an image brings, as in Compose; nil without one.
func (e *Engine) ImageCheck(ctx context.Context, ref string) ([]string, error) {
	res, err := e.api.ImageInspect(ctx, ref)
	if err != nil {
		return nil, e.wrap(err)
	}
	if res.Config == nil || res.Config.Healthcheck == nil {
		return nil, nil
	}
	test := res.Config.Healthcheck.Test
	if len(test) < 2 || test[0] == "NONE" {
		return nil, nil
	}
	return test, nil
}

// SaveImages streams images with all their names, each layer once, in the
// engine's own format.
func (e *Engine) SaveImages(ctx context.Context, refs []string) (io.ReadCloser, error) {
	res, err := e.api.ImageSave(ctx, refs)
	if err != nil {
		return nil, e.wrap(err)
	}
	return res, nil
}

// LoadImages takes such a stream. Layers that are there already are kept.
func (e *Engine) LoadImages(ctx context.Context, stream io.Reader) error {
	res, err := e.api.ImageLoad(ctx, stream, client.ImageLoadWithQuiet(true))
	if err != nil {
		return e.wrap(err)
	}
	defer res.Close()
	_, err = readStream(res)
	return err
}

// TagImage gives an image one more name, taking it from any other.
func (e *Engine) TagImage(ctx context.Context, from, to string) error {
	_, err := e.api.ImageTag(ctx, client.ImageTagOptions{Source: from, Target: to})
	return e.wrap(err)
}

// PullImage fetches an image from its registry.
func (e *Engine) PullImage(ctx context.Context, ref string) error {
	res, err := e.api.ImagePull(ctx, ref, client.ImagePullOptions{})
	if err != nil {
		return e.wrap(err)
	}
	return res.Wait(ctx)
}

// ImportImage makes an image of one layer from a tar of a file system.
func (e *Engine) ImportImage(ctx context.Context, tar io.Reader, ref string, changes ...string) error {
	res, err := e.api.ImageImport(ctx, client.ImageImportSource{Source: tar, SourceName: "-"}, ref, client.ImageImportOptions{Changes: changes})
	if err != nil {
		return e.wrap(err)
	}
	defer res.Close()
	_, err = readStream(res)
	return err
}

// BuildImage builds a context, a tar with a Dockerfile in it, on the host's
// network. A failure carries the last lines of the build.
func (e *Engine) BuildImage(ctx context.Context, tar io.Reader, args map[string]string, service string, tags ...string) error {
	values := map[string]*string{}
	for k, v := range args {
		values[k] = &v
	}
	res, err := e.api.ImageBuild(ctx, tar, client.ImageBuildOptions{
		Tags: tags, NetworkMode: "host", Remove: true, ForceRemove: true, BuildArgs: values, Labels: map[string]string{LabelImage: service},
	})
	if err != nil {
		return e.wrap(err)
	}
	defer res.Body.Close()
	lines, err := readStream(res.Body)
	if err != nil {
		return fmt.Errorf("%w; the build's last lines:\n  %s", err, strings.Join(lines, "\n  "))
	}
	return nil
}

// readStream drains a build's or an import's messages: its last lines and its error.
func readStream(r io.Reader) ([]string, error) {
	var last []string
	d := json.NewDecoder(r)
	for {
		var m struct{ Stream, Status, Error string }
		if err := d.Decode(&m); err != nil {
			if errors.Is(err, io.EOF) {
				return last, nil
			}
			return last, err
		}
		if m.Error != "" {
			return last, errors.New(m.Error)
		}
		for line := range strings.SplitSeq(m.Stream, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				last = append(last, line)
			}
		}
		last = last[max(0, len(last)-6):]
	}
}

// Images lists ours, the base included, newest first.
func (e *Engine) Images(ctx context.Context) ([]Image, error) {
	res, err := e.api.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("label", LabelImage)})
	if err != nil {
		return nil, e.wrap(err)
	}
	var out []Image
	for _, i := range res.Items {
		tags, ours := ownTags(i.RepoTags)
		if !ours {
			continue
		}
		out = append(out, Image{ID: i.ID, Tags: tags, Service: i.Labels[LabelImage], Bytes: i.Size, Created: time.Unix(i.Created, 0)})
	}
	slices.SortFunc(out, func(a, b Image) int { return b.Created.Compare(a.Created) })
	return out, nil
}

// ownTags leaves out what some engines say of an image without a tag. An image
// inherits the labels of what it was built on: one that somebody else has named
// is somebody else's.
func ownTags(tags []string) ([]string, bool) {
	tags = slices.DeleteFunc(slices.Clone(tags), func(t string) bool { return t == "<none>:<none>" })
	return tags, !slices.ContainsFunc(tags, func(t string) bool { return !strings.HasPrefix(t, ownRepository) })
}

// RemoveImage removes one of ours, unless a container, running or not, or an
// image on top of it, uses it.
func (e *Engine) RemoveImage(ctx context.Context, i Image) (used bool, err error) {
	for _, name := range append(slices.Clone(i.Tags), i.ID) {
		_, err := e.api.ImageRemove(ctx, name, client.ImageRemoveOptions{PruneChildren: true})
		if errdefs.IsConflict(err) {
			return true, nil
		}
		if err := ignoreMissing(err); err != nil {
			return false, e.wrap(err)
		}
	}
	return false, nil
}
