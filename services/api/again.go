// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"sync/atomic"

	"systemlab/services/internal/database"
	"systemlab/services/internal/web"
)

// again asks the database a share of all reads twice: a difference of known size,
// for exercises and to check what a comparison finds.
type again struct {
	web.Reader
	share float64
	asked atomic.Int64
}

// due says whether this read is one of those: evenly spread, so that of every n
// reads n times the share are.
func (a *again) due() bool {
	n := float64(a.asked.Add(1))
	return int64(n*a.share) > int64((n-1)*a.share)
}

func (a *again) User(ctx context.Context, id int) (database.User, error) {
	if a.due() {
		if u, err := a.Reader.User(ctx, id); err != nil {
			return u, err
		}
	}
	return a.Reader.User(ctx, id)
}

func (a *again) Inbox(ctx context.Context, id int) (database.Inbox, error) {
	if a.due() {
		if in, err := a.Reader.Inbox(ctx, id); err != nil {
			return in, err
		}
	}
	return a.Reader.Inbox(ctx, id)
}
