// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// OneOff is a container beside the architecture, such as the load generator:
// it gets its orders on stdin, speaks on stdout, and is removed when it ends.
type OneOff struct {
	Project string
	Service string
	Image   string
	Network string // the network's name
	Shares  int64  // CPU weight; 1024 is an ordinary container's
}

// Attached is a one-off that runs, with its streams.
type Attached struct {
	ID     string
	Name   string
	Stdin  io.WriteCloser
	Stdout io.Reader // ends when the container does
	engine *Engine
	close  func()
	errors tail
}

// Complaint is the end of what the container wrote to stderr.
func (a *Attached) Complaint() string { return a.errors.String() }

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	t.buf = t.buf[max(0, len(t.buf)-2048):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}

// RunOneOff starts a one-off and attaches to it. Its stdin closes when this
// process dies, however it dies; a container that heeds that never outlives lab.
func (e *Engine) RunOneOff(ctx context.Context, o OneOff) (*Attached, error) {
	name := fmt.Sprintf("%s-%s-run-%s", o.Project, o.Service, strconv.FormatInt(time.Now().UnixNano()%1e12, 36))
	made, err := e.api.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: name,
		Config: &container.Config{
			Image: o.Image, OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
			Labels: map[string]string{labelProject: o.Project, labelService: o.Service, labelOneOff: "True", labelNumber: "1", labelHash: "oneoff", labelStage: ""},
		},
		HostConfig: &container.HostConfig{
			AutoRemove: true, NetworkMode: container.NetworkMode(o.Network), CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
			Resources: container.Resources{CPUShares: o.Shares},
			LogConfig: container.LogConfig{Type: "none"},
		},
		NetworkingConfig: &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{o.Network: {}}},
	})
	if err != nil {
		return nil, e.wrap(err)
	}
	a := &Attached{ID: made.ID, Name: name, engine: e}
	res, err := e.api.ContainerAttach(ctx, made.ID, client.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, a.abandon(ctx, err)
	}
	a.close = res.Close
	a.Stdin = halfClose{res.HijackedResponse}
	pr, pw := io.Pipe()
	a.Stdout = pr
	go func() {
		_, err := stdcopy.StdCopy(pw, &a.errors, res.Reader)
		pw.CloseWithError(err)
	}()
	if _, err := e.api.ContainerStart(ctx, made.ID, client.ContainerStartOptions{}); err != nil {
		res.Close()
		return nil, a.abandon(ctx, err)
	}
	return a, nil
}

type halfClose struct{ client.HijackedResponse }

func (h halfClose) Write(b []byte) (int, error) { return h.Conn.Write(b) }
func (h halfClose) Close() error                { return h.CloseWrite() }

// Close ends the container, if it still runs, and waits until it is gone.
func (a *Attached) Close(ctx context.Context) error {
	a.close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	_, err := a.engine.api.ContainerRemove(ctx, a.ID, client.ContainerRemoveOptions{Force: true})
	if errdefs.IsConflict(err) {
		err = a.engine.waitGone(ctx, a.ID)
	}
	return ignoreMissing(err)
}

func (a *Attached) abandon(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	_, _ = a.engine.api.ContainerRemove(ctx, a.ID, client.ContainerRemoveOptions{Force: true})
	return a.engine.wrap(err)
}
