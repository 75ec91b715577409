// SPDX-License-Identifier: MIT

package database

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"
)

// User is a person's profile. Version counts its writes; the handle never changes.
type User struct {
	ID        int             `json:"id"`
	Handle    string          `json:"handle"`
	Name      string          `json:"name"`
	Version   int             `json:"version"`
	Email     string          `json:"email"`
	Bio       string          `json:"bio"`
	Tags      []string        `json:"tags"`
	Settings  json.RawMessage `json:"settings"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
}

// NewUser is what a user is made of. An empty handle or email is filled in from the new id.
type NewUser struct {
	Handle   string          `json:"handle"`
	Name     string          `json:"name"`
	Email    string          `json:"email"`
	Bio      string          `json:"bio"`
	Tags     []string        `json:"tags"`
	Settings json.RawMessage `json:"settings"`
}

// Change is what a write alters; nil leaves a field as it is.
type Change struct {
	Name *string `json:"name"`
	Bio  *string `json:"bio"`
}

const columns = `id, handle, name, version, email, bio, tags, settings, created_at, updated_at`

// User reads a user, or says Missing.
func (d *DB) User(ctx context.Context, id int) (User, error) {
	var u User
	err := d.read(ctx, func(ctx context.Context, c *pgx.Conn) (err error) {
		u, err = user(ctx, c, id)
		return err
	})
	return u, err
}

func user(ctx context.Context, c *pgx.Conn, id int) (User, error) {
	var u User
	var gone bool
	row := c.QueryRow(ctx, `SELECT `+columns+`, deleted_at IS NOT NULL FROM users WHERE id = $1`, id)
	if err := scan(row, &u, &gone); err != nil {
		return u, err
	}
	if gone {
		return u, Missing{Version: u.Version}
	}
	return u, nil
}

// Create makes a user with version 1, or says ErrTaken.
func (d *DB) Create(ctx context.Context, n NewUser) (User, error) {
	if n.Tags == nil {
		n.Tags = []string{}
	}
	if n.Settings == nil {
		n.Settings = json.RawMessage(`{}`)
	}
	var u User
	err := d.use(ctx, func(ctx context.Context, c *pgx.Conn) error {
		return scan(c.QueryRow(ctx, `
			WITH new AS (SELECT nextval(pg_get_serial_sequence('users', 'id'))::integer AS id)
			INSERT INTO users (id, handle, name, email, bio, tags, settings)
			SELECT id, COALESCE(NULLIF($1::text, ''), 'user' || id), $2, COALESCE(NULLIF($3::text, ''), 'user' || id || '@example.com'), $4, $5, $6
			FROM new RETURNING `+columns, n.Handle, n.Name, n.Email, n.Bio, n.Tags, n.Settings), &u)
	})
	return u, err
}

// Update changes a user and adds 1 to its version, or says Missing.
func (d *DB) Update(ctx context.Context, id int, ch Change) (User, error) {
	var u User
	err := d.use(ctx, func(ctx context.Context, c *pgx.Conn) error {
		return scan(c.QueryRow(ctx, `
			UPDATE users SET name = COALESCE($2, name), bio = COALESCE($3, bio), version = version + 1, updated_at = now()
			WHERE id = $1 AND deleted_at IS NULL RETURNING `+columns, id, ch.Name, ch.Bio), &u)
	})
	return u, err
}

// Delete takes the person out of the row, which stays for its handle and its version, and returns that version; or Missing.
func (d *DB) Delete(ctx context.Context, id int) (version int, err error) {
	err = d.use(ctx, func(ctx context.Context, c *pgx.Conn) error {
		return noRow(c.QueryRow(ctx, `
			UPDATE users SET deleted_at = now(), updated_at = now(), version = version + 1,
				name = '', email = '', bio = '', tags = '{}', settings = '{}'
			WHERE id = $1 AND deleted_at IS NULL RETURNING version`, id).Scan(&version))
	})
	return version, err
}

func scan(row pgx.Row, u *User, more ...any) error {
	to := append([]any{&u.ID, &u.Handle, &u.Name, &u.Version, &u.Email, &u.Bio, &u.Tags, &u.Settings, &u.CreatedAt, &u.UpdatedAt}, more...)
	return noRow(row.Scan(to...))
}
