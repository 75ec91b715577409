// SPDX-License-Identifier: MIT

// Package contract holds a program against the contract of the service whose
// place it is to take: docs/design/contract.md, rule by rule. It asks the
// program that runs, takes away what is around it and gives that back, and
// reports each rule that was broken once, with what was asked, what came and
// what the contract says. It knows no engine: who runs the program and its
// boxes is told what to do through Boxes.
package contract

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Version of the rules. A program that kept an older version is checked anew.
const Version = 1

// Has says what is around a program, and so which rules hold.
type Has struct {
	Database bool // DATABASE_URL
	Replica  bool // DATABASE_READ_URL: reads go on without the primary
	Cache    bool // REDIS_URL
	Work     bool // /loadQ, computed here
	Queue    bool // /loadQ, computed by a worker
}

// Of reads from a service's environment what is around it.
func Of(env map[string]string) Has {
	return Has{
		Database: env["DATABASE_URL"] != "", Replica: env["DATABASE_READ_URL"] != "", Cache: env["REDIS_URL"] != "",
		Work: env["LOADQ"] == "on" && env["AMQP_URL"] == "", Queue: env["AMQP_URL"] != "",
	}
}

// Mark names these rules: a word that may stand in an image's tag.
func (h Has) Mark() string {
	mark := fmt.Sprintf("kept-v%d", Version)
	for _, part := range []struct {
		there bool
		name  string
	}{{h.Database, "database"}, {h.Replica, "replica"}, {h.Cache, "cache"}, {h.Work, "work"}, {h.Queue, "queue"}} {
		if part.there {
			mark += "-" + part.name
		}
	}
	return mark
}

// Program is one that runs, twice: with all that its stage gives it, and bare,
// with nothing around it.
type Program struct {
	URL, Name         string // where it answers, and its host's name
	BareURL, BareName string
	Has               Has
	Boxes             Boxes
	Patience          float64 // factor on every time limit; 0 is 1
}

// Boxes are the hands of a check. An error of theirs ends it: it says nothing of
// the program.
type Boxes interface {
	// Kill ends a box around the program at once, Start starts it again.
	Kill(ctx context.Context, service string) error
	Start(ctx context.Context, service string) error
	// Healthy runs the program's own health check; has is false where it brings none.
	Healthy(ctx context.Context) (has, ok bool, err error)
	// Alive says whether the program has run all the time, and if not what became of it.
	Alive(ctx context.Context) (alive bool, what string, err error)
	// Stop asks the program to end, and gives its exit code and the time it took.
	Stop(ctx context.Context) (code int, took time.Duration, err error)
}

// Finding is one rule that was broken.
type Finding struct {
	Rule  string `json:"rule"`
	Asked string `json:"asked"`
	Came  string `json:"came"`
	Wants string `json:"wants"` // what the contract says
}

// String is the finding in one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s: came %s; the contract says %s", f.Asked, f.Came, f.Wants)
}

// Report is what a check found.
type Report struct {
	Rules    []string  `json:"rules"` // that were checked, in order
	Findings []Finding `json:"findings"`
}

// Kept is true for a program that broke no rule.
func (r Report) Kept() bool { return len(r.Findings) == 0 }

// Check asks the program everything. Tell is told of each part as it begins.
func Check(ctx context.Context, p Program, tell func(part string)) (Report, error) {
	c := newChecker(ctx, p)
	type part struct {
		name string
		when bool
		run  func()
	}
	for _, part := range []part{
		{"its start", true, c.start},
		{"alone, with nothing around it", true, c.alone},
		{"users and messages", p.Has.Database, c.users},
		{"the cache", p.Has.Cache, c.cache},
		{"work", p.Has.Work || p.Has.Queue, c.work},
		{"without redis", p.Has.Cache, c.withoutCache},
		{"without rabbitmq", p.Has.Queue, c.withoutQueue},
		{"without postgres", p.Has.Database, c.withoutDatabase},
		{"its end", true, c.end},
	} {
		if !part.when || c.over() {
			continue
		}
		tell(part.name)
		before := len(c.report.Findings)
		part.run()
		c.lives(part.name, before)
	}
	if err := ctx.Err(); err != nil {
		return c.report, err
	}
	return c.report, c.failed
}

// shorten keeps what came in a line that one can read.
func shorten(s string) string {
	const most = 100
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
