// SPDX-License-Identifier: MIT

package engine

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// LogOptions say how much of a log, and whether to go on following it.
type LogOptions struct {
	Tail   int // lines; 0 is all
	Follow bool
}

// Logs copies a container's log, stdout and stderr alike, until its end or the
// context's.
func (e *Engine) Logs(ctx context.Context, id string, o LogOptions, w io.Writer) error {
	tail := "all"
	if o.Tail > 0 {
		tail = strconv.Itoa(o.Tail)
	}
	r, err := e.api.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Follow: o.Follow, Tail: tail})
	if err != nil {
		return e.wrap(err)
	}
	defer r.Close()
	if _, err := stdcopy.StdCopy(w, w, r); err != nil && ctx.Err() == nil {
		return e.wrap(err)
	}
	return nil
}

// portTaken recognises the one refusal for which the API has no class of its
// own: it is an internal error with the words of the kernel in it.
func portTaken(err error) bool {
	s := err.Error()
	return strings.Contains(s, "address already in use") || strings.Contains(s, "port is already allocated") || strings.Contains(s, "ports are not available")
}

func joinOr(names []string) string {
	if len(names) == 0 {
		return "(none)"
	}
	return strings.Join(names, ", ")
}
