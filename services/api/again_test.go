// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"testing"

	"systemlab/services/internal/database"
)

// counting counts what it is asked.
type counting struct{ users, inboxes int }

func (c *counting) User(context.Context, int) (database.User, error) {
	c.users++
	return database.User{}, nil
}
func (c *counting) Inbox(context.Context, int) (database.Inbox, error) {
	c.inboxes++
	return database.Inbox{}, nil
}

func TestAskAgain(t *testing.T) {
	for _, tt := range []struct {
		share float64
	}{{0.1}, {1}, {0.25}} {
		c := &counting{}
		a := &again{Reader: c, share: tt.share}
		for i := range 500 {
			_, err := a.User(t.Context(), i)
			if i%2 == 0 && err == nil {
				_, err = a.Inbox(t.Context(), i)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := c.users + c.inboxes; got != int(750*(1+tt.share)) {
			t.Errorf("share %g: 750 reads asked %d times", tt.share, got)
		}
	}
}
