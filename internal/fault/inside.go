// SPDX-License-Identifier: MIT

package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/problem"
)

// Faults that are made by commands inside the target.

// fillerName is a file of nothing.
const fillerName = "lab-fault-fills-this"

// bounded finds a place with a size of its own to fill: a volume has none, and
// filling it would fill the machine's disk.
func (b Breaker) bounded(ctx context.Context, c engine.Container) (string, error) {
	places, err := b.Engine.Places(ctx, c.ID)
	if err != nil {
		return "", err
	}
	why := c.Name + " has no place of its own to write to"
	for _, p := range places {
		switch {
		case p.Bytes == 0:
			why = fmt.Sprintf("%s writes to %s, which has no size of its own: filling it would fill the disk of the machine", c.Name, p.Path)
			return "", problem.New(problem.Unsupported, why, "lab break rabbitmq fill-disk, on stage 7 or later: it keeps its data in memory")
		case c.LimitMemory > 0 && 2*p.Bytes > c.LimitMemory:
			why = fmt.Sprintf("%s has %d MB of memory, and %s would take %d of them: that is another fault", c.Name, c.LimitMemory>>20, p.Path, p.Bytes>>20)
		case b.runs(ctx, c, "test -w "+p.Path+" && command -v dd"):
			return p.Path + "/" + fillerName, nil
		default:
			why = c.Name + " holds no program that could write"
		}
	}
	return "", problem.New(problem.Unsupported, why, "lab break rabbitmq fill-disk, on stage 7 or later: it keeps its data in memory")
}

func (b Breaker) runs(ctx context.Context, c engine.Container, script string) bool {
	code, _, err := b.Engine.Exec(ctx, c.ID, []string{"sh", "-c", script})
	return err == nil && code == 0
}

// fill writes until there is no space left.
func (b Breaker) fill(ctx context.Context, m mark) error {
	_, said, err := b.Engine.Exec(ctx, m.Target, []string{"sh", "-c", "LC_ALL=C dd if=/dev/zero of=" + m.File + " bs=64k; cat /dev/zero >>" + m.File})
	if err == nil && !strings.Contains(said, "No space left") {
		err = fmt.Errorf("the disk did not become full: %s", strings.TrimSpace(said))
	}
	return err
}

// empty takes the file away; a memory disk ends with its container.
func (b Breaker) empty(ctx context.Context, m mark, c engine.Container) error {
	if c.State != running && c.State != "paused" {
		return nil
	}
	if !b.runs(ctx, c, "rm -f "+m.File) {
		return fmt.Errorf("%s could not be removed", m.File)
	}
	return nil
}

// The queries beside: whole scans with work for each row, one after another, for
// as long as they are let.
const (
	application = "lab-fault"
	heavy       = `DO $$ BEGIN LOOP PERFORM count(*) FROM messages WHERE md5(body) < '0'; END LOOP; END $$`
	psql        = "psql -X -q -A -t -U lab -d lab -c "
	counting    = psql + `"SELECT count(*) FROM pg_stat_activity WHERE application_name = '` + application + `'"`
	// The clients first, so that none connects later; then what serves them, which does not notice.
	ending = `for p in /proc/[0-9]*; do if tr '\0' '\n' <$p/environ 2>/dev/null | grep -qx PGAPPNAME=` + application + `; then kill -9 ${p#/proc/} 2>/dev/null; fi; done; ` +
		psql + `"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '` + application + `'"`
)

func (b Breaker) hasQueries(ctx context.Context, c engine.Container) error {
	if b.runs(ctx, c, counting) {
		return nil
	}
	return problem.Newf(problem.Unsupported, "lab break postgres slow-queries, on stage 2 or later", "%s is no database that answers queries", c.Name)
}

// slowQueries starts them, and returns when all run.
func (b Breaker) slowQueries(ctx context.Context, f Fault, m mark) error {
	script := "PGAPPNAME=" + application + " exec " + psql + `"` + strings.ReplaceAll(heavy, "$", `\$`) + `" >/dev/null 2>&1`
	for range f.Queries {
		if err := b.Engine.ExecDetached(ctx, m.Target, []string{"sh", "-c", script}); err != nil {
			return err
		}
	}
	return b.awaitQueries(ctx, m.Target, f.Queries)
}

func (b Breaker) endQueries(ctx context.Context, c engine.Container) error {
	if c.State != running {
		return nil // they ended with it
	}
	if !b.runs(ctx, c, ending) {
		return errors.New("the database did not end them")
	}
	return b.awaitQueries(ctx, c.ID, 0)
}

// awaitQueries waits until so many run.
func (b Breaker) awaitQueries(ctx context.Context, id string, n int) error {
	for {
		_, said, err := b.Engine.Exec(ctx, id, []string{"sh", "-c", counting})
		if err != nil || strings.TrimSpace(said) == fmt.Sprint(n) {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s of %d queries run: %w", strings.TrimSpace(said), n, ctx.Err())
		}
	}
}
