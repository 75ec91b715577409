// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"io"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// Follow runs a command inside a container and returns what it writes to
// stdout, for as long as it runs. The command's stdin stays open until the reader
// is closed or this process dies, however it dies: a command that heeds that
// leaves nothing behind.
func (e *Engine) Follow(ctx context.Context, id string, cmd []string) (io.ReadCloser, error) {
	made, err := e.api.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: cmd, AttachStdin: true, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, e.wrap(err)
	}
	res, err := e.api.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, e.wrap(err)
	}
	pr, pw := io.Pipe()
	stop := context.AfterFunc(ctx, res.Close)
	go func() {
		defer stop()
		_, err := stdcopy.StdCopy(pw, io.Discard, res.Reader)
		pw.CloseWithError(err)
	}()
	return &followed{PipeReader: pr, close: res.Close}, nil
}

type followed struct {
	*io.PipeReader
	close func()
}

func (f *followed) Close() error {
	f.close()
	return f.PipeReader.Close()
}
