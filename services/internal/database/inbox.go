// SPDX-License-Identifier: MIT

package database

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// InboxSize is how many messages an inbox shows.
const InboxSize = 50

// Inbox is a user's newest messages and what there is of them in all.
type Inbox struct {
	User     Owner     `json:"user"`
	Messages []Message `json:"messages"`
	Totals   Totals    `json:"totals"`
}

// Owner is as much of a user as an inbox shows.
type Owner struct {
	ID      int    `json:"id"`
	Handle  string `json:"handle"`
	Name    string `json:"name"`
	Version int    `json:"version"`
}

// Message is one that the user received. Exchanged counts what the two have written to each other, both ways.
type Message struct {
	ID        int       `json:"id"`
	From      string    `json:"from"`
	SenderID  int       `json:"sender_id"`
	SentAt    time.Time `json:"sent_at"`
	Body      string    `json:"body"`
	Exchanged int       `json:"exchanged"`
}

// Totals sums up all messages that the user received, shown or not.
type Totals struct {
	Messages int        `json:"messages"`
	Senders  int        `json:"senders"`
	FirstAt  *time.Time `json:"first_at"`
}

// The user's columns and totals repeat in each row, and a user without messages is one row of nulls: one statement, so one
// snapshot and one round trip.
const inboxQuery = `
SELECT u.id, u.handle, u.name, u.version, u.deleted_at IS NOT NULL, t.messages, t.senders, t.first_at,
	m.id, s.handle, m.sender_id, m.sent_at, m.body, x.exchanged
FROM users u
CROSS JOIN LATERAL (
	SELECT count(*) AS messages, count(DISTINCT sender_id) AS senders, min(sent_at) AS first_at
	FROM messages WHERE recipient_id = u.id) t
LEFT JOIN LATERAL (
	SELECT id, sender_id, sent_at, body FROM messages WHERE recipient_id = u.id ORDER BY id DESC LIMIT $2) m ON true
LEFT JOIN users s ON s.id = m.sender_id
LEFT JOIN LATERAL (
	SELECT (SELECT count(*) FROM messages WHERE recipient_id = u.id AND sender_id = m.sender_id)
		+ (SELECT count(*) FROM messages WHERE recipient_id = m.sender_id AND sender_id = u.id) AS exchanged) x ON m.id IS NOT NULL
WHERE u.id = $1
ORDER BY m.id DESC`

// Inbox reads a user's messages, newest first, or says Missing.
func (d *DB) Inbox(ctx context.Context, id int) (Inbox, error) {
	var in Inbox
	err := d.read(ctx, func(ctx context.Context, c *pgx.Conn) (err error) {
		in, err = inbox(ctx, c, id)
		return err
	})
	return in, err
}

func inbox(ctx context.Context, c *pgx.Conn, id int) (Inbox, error) {
	in := Inbox{Messages: make([]Message, 0, InboxSize)}
	rows, err := c.Query(ctx, inboxQuery, id, InboxSize)
	if err != nil {
		return in, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scanMessage(rows, &in); err != nil {
			return in, err
		}
	}
	if err := rows.Err(); err != nil {
		return in, err
	}
	if in.User.ID == 0 {
		return in, Missing{}
	}
	return in, nil
}

func scanMessage(rows pgx.Rows, in *Inbox) error {
	var (
		gone                  bool
		id, sender, exchanged *int
		from, body            *string
		sent                  *time.Time
		u, t                  = &in.User, &in.Totals
	)
	err := rows.Scan(&u.ID, &u.Handle, &u.Name, &u.Version, &gone, &t.Messages, &t.Senders, &t.FirstAt, &id, &from, &sender, &sent, &body, &exchanged)
	if err != nil {
		return err
	}
	if gone {
		return Missing{Version: u.Version}
	}
	if id != nil {
		m := Message{ID: *id, SenderID: *sender, SentAt: *sent, Body: *body, Exchanged: *exchanged}
		if from != nil {
			m.From = *from
		}
		in.Messages = append(in.Messages, m)
	}
	return nil
}
