// SPDX-License-Identifier: MIT

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// ready waits until the target answers GET /healthz with less than a 500, and
// says what it got instead when the order's patience ends. It uses a connection
// of its own, so that the attack begins with none.
func ready(ctx context.Context, o Order) error {
	if o.ReadySeconds < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, seconds(o.ReadySeconds))
	defer cancel()
	o.Connections = NewForEach
	client := &http.Client{Transport: newInner(o, new(atomic.Int64)), Timeout: 2 * time.Second}
	url := strings.TrimSuffix(o.Target, "/") + "/healthz"
	var last error
	for {
		err := ask(ctx, client, url)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil { // a question that our own patience cut short says nothing of the target
			last = err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("the target is not ready: GET %s: %w", url, last)
		}
	}
}

func ask(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", failureOf(err), errors.Unwrap(err))
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode >= 500 {
		return fmt.Errorf("answers %s", answer.Status)
	}
	return nil
}
