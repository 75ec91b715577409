// SPDX-License-Identifier: MIT

package web

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/database"
	"systemlab/services/internal/timing"
)

// Limits of a profile, in characters.
const (
	maxName, maxHandle, maxEmail, maxBio, maxTags = 200, 64, 254, 2000, 20
)

func validNew(n database.NewUser) string {
	switch {
	case !isName(n.Name):
		return nameRule
	case utf8.RuneCountInString(n.Bio) > maxBio:
		return bioRule
	case n.Handle != "" && !isHandle(n.Handle):
		return "handle has 3 to 64 characters: small letters, digits, '.', '_' and '-'; user and a number is what those get who give none"
	case len(n.Email) > maxEmail, n.Email != "" && !strings.Contains(n.Email, "@"):
		return "email is not an address"
	case len(n.Tags) > maxTags:
		return "there may be up to 20 tags"
	case hasNUL(n.Name, n.Bio, n.Email, string(n.Settings)), hasNUL(n.Tags...):
		return nulRule
	}
	return ""
}

func validChange(c database.Change) string {
	switch {
	case c.Name == nil && c.Bio == nil:
		return "give a name, a bio, or both"
	case c.Name != nil && !isName(*c.Name):
		return nameRule
	case c.Bio != nil && utf8.RuneCountInString(*c.Bio) > maxBio:
		return bioRule
	case c.Name != nil && hasNUL(*c.Name), c.Bio != nil && hasNUL(*c.Bio):
		return nulRule
	}
	return ""
}

const (
	nameRule = "name has 1 to 200 characters"
	bioRule  = "bio has up to 2000 characters"
	nulRule  = "text must not contain the NUL character"
)

func isName(s string) bool {
	return strings.TrimSpace(s) != "" && utf8.RuneCountInString(s) <= maxName
}

func isHandle(s string) bool {
	if len(s) < 3 || len(s) > maxHandle {
		return false
	}
	if number, found := strings.CutPrefix(s, "user"); found && strings.Trim(number, "0123456789") == "" {
		return false // it would take the handle of somebody who is yet to come
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

// hasNUL finds what JSON can say and PostgreSQL's text can't hold.
func hasNUL(texts ...string) bool {
	for _, t := range texts {
		if strings.ContainsRune(t, 0) {
			return true
		}
	}
	return false
}

// stopwatch times a write: the database first, then the cache.
type stopwatch struct {
	c    *call
	last time.Time
}

func startTier(c *call) *stopwatch { return &stopwatch{c: c, last: time.Now()} }

func (s *stopwatch) db() {
	now := time.Now()
	s.c.trace.Add(timing.DB, now.Sub(s.last))
	s.last = now
}

func (s *stopwatch) void(c *cache.Cache, version, id int) {
	if c == nil {
		return
	}
	key := strconv.Itoa(id)
	c.Void(s.c.Context(), version, "user:"+key, "messages:"+key)
	s.c.trace.Since(timing.Cache, s.last)
}
