// SPDX-License-Identifier: MIT

package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Beside is a one-off of a project that outlives the lab that made it, unlike a
// OneOff: nobody holds its stdin.
type Beside struct {
	Project string
	Service string
	Image   string
	Labels  map[string]string // besides those of a one-off
	Of      string            // id of the container whose network it shares; "" has none
	Command []string
	CapAdd  []string
	Devices []string
}

func (b Beside) options() client.ContainerCreateOptions {
	labels := map[string]string{labelProject: b.Project, labelService: b.Service, labelOneOff: "True", labelNumber: "1", labelHash: "oneoff", labelStage: ""}
	maps.Copy(labels, b.Labels)
	host := &container.HostConfig{NetworkMode: "none", CapDrop: []string{"ALL"}, CapAdd: b.CapAdd, SecurityOpt: []string{"no-new-privileges"}, ReadonlyRootfs: true,
		LogConfig: container.LogConfig{Type: "none"}}
	if b.Of != "" {
		host.NetworkMode = container.NetworkMode("container:" + b.Of)
	}
	for _, d := range b.Devices {
		host.Devices = append(host.Devices, container.DeviceMapping{PathOnHost: d, PathInContainer: d, CgroupPermissions: "rw"})
	}
	return client.ContainerCreateOptions{
		Name:       fmt.Sprintf("%s-%s-run-%s", b.Project, b.Service, strconv.FormatInt(time.Now().UnixNano()%1e12, 36)),
		Config:     &container.Config{Image: b.Image, Cmd: b.Command, Labels: labels, AttachStdout: true, AttachStderr: true},
		HostConfig: host,
	}
}

// Mark makes a container that is never started: what its labels say is known to
// every lab until it is removed.
func (e *Engine) Mark(ctx context.Context, b Beside) (id string, err error) {
	made, err := e.api.ContainerCreate(ctx, b.options())
	return made.ID, e.wrap(err)
}

// Marked are the labels of a one-off that hold what.
func (c Container) Marked(what string) (string, bool) {
	v, ok := c.Labels[what]
	return v, ok && c.OneOff
}

// StartBeside makes and starts one, and returns its first line: it says then that
// its work is done, or has begun.
func (e *Engine) StartBeside(ctx context.Context, b Beside) (id, line string, err error) {
	made, err := e.api.ContainerCreate(ctx, b.options())
	if err != nil {
		return "", "", e.wrap(err)
	}
	res, err := e.api.ContainerAttach(ctx, made.ID, client.ContainerAttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return made.ID, "", e.wrap(err)
	}
	defer res.Close()
	defer context.AfterFunc(ctx, res.Close)()
	if _, err := e.api.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		return made.ID, "", e.wrap(err)
	}
	pr, pw := io.Pipe()
	defer pr.Close() // lets the copier go, whose next write fails
	var complaint tail
	go func() {
		_, err := stdcopy.StdCopy(pw, &complaint, res.Reader)
		pw.CloseWithError(err)
	}()
	line, err = bufio.NewReader(pr).ReadString('\n')
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s said nothing: %s", b.Service, complaint.String())
	}
	return made.ID, line, err
}

// RemoveOneOff removes a one-off of the project, whatever it does.
func (e *Engine) RemoveOneOff(ctx context.Context, project, id string) error {
	c, err := e.Container(ctx, id)
	if err != nil || c.Project != project || !c.OneOff {
		return ignoreMissing(err)
	}
	_, err = e.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true})
	if errdefs.IsConflict(err) {
		err = e.waitGone(ctx, id)
	}
	return e.wrap(ignoreMissing(err))
}
