// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"systemlab"
	"systemlab/internal/compose"
	"systemlab/internal/engine"
	"systemlab/internal/image"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/stages"
)

// session is an open engine and what is there under the project's name.
type session struct {
	*app
	engine   *engine.Engine
	source   image.Source
	observed engine.Observed
	stack    engine.Stack
}

// open connects and takes one snapshot.
func (a *app) open(ctx context.Context) (*session, error) {
	if err := compose.CheckName(a.project); err != nil {
		return nil, err
	}
	src, err := a.findSource()
	if err != nil {
		return nil, err
	}
	e, err := engine.Open(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, engine: e, source: src}
	if err := s.look(ctx); err != nil {
		e.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) look(ctx context.Context) (err error) {
	s.observed, err = s.engine.Observe(ctx, s.project)
	s.stack = s.observed.Stack()
	return err
}

// openStack is open for commands that need a stack to be up.
func (a *app) openStack(ctx context.Context) (*session, error) {
	s, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	if !s.observed.Up() {
		s.engine.Close()
		return nil, noStack(a.project)
	}
	return s, nil
}

func noStack(project string) error {
	flag := ""
	if project != "lab" {
		flag = "-p " + project + " "
	}
	return problem.Newf(problem.NoStack, "lab "+flag+"up 1", "no stack is up under the name %q", project)
}

// stage that is up, loaded with the stack's own port, password and overrides,
// and with as many replicas as are there.
func (s *session) current(ctx context.Context) (stages.Stage, *compose.Project, error) {
	st, err := stages.Find(s.source.Dir, s.stack.Stage)
	if err != nil {
		return st, nil, problem.Newf(problem.NotFound, "lab up N puts up one of: lab stages", "the stack %s is of a stage that is not here: %q", s.project, s.stack.Stage)
	}
	p, err := st.Load(ctx, s.project, stages.Given{Port: s.stack.Port, Password: s.stack.Password, Net: s.stack.Net})
	if err != nil {
		return st, nil, err
	}
	p.TryOf(s.stack.Exercise)
	if err := s.replace(p, s.running()); err != nil {
		return st, nil, err
	}
	for i := range p.Services {
		here := s.observed.Of(p.Services[i].Name)
		p.Services[i].Replicas = len(here) // none where it was scaled to none
		if len(here) == 0 {
			continue
		}
		p.Services[i].ImageID = here[0].Image
		for k, v := range here[0].Overrides() {
			if err := p.Override(p.Services[i].Name, k, v); err != nil {
				return st, nil, err
			}
		}
		if cores := here[0].Limited(); cores > 0 {
			if err := p.Limit(p.Services[i].Name, cores); err != nil {
				return st, nil, err
			}
		}
	}
	return st, p, nil
}

func (s *session) builder() *image.Builder {
	return &image.Builder{Engine: s.engine, Source: s.source, Tell: s.tellBuild}
}

func (a *app) findSource() (image.Source, error) {
	wd, err := os.Getwd()
	if err != nil {
		wd = string(filepath.Separator)
	}
	if d := os.Getenv("LAB_SOURCE"); d != "" {
		wd = d
	}
	return image.FindSource(wd, sourceCache(), systemlab.Source)
}

// sourceCache is where the source that this program carries is unpacked.
func sourceCache() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "systemlab")
}

// home is where runs are kept.
func home() string {
	if d := os.Getenv("LAB_HOME"); d != "" {
		return d
	}
	base := os.Getenv("XDG_DATA_HOME")
	if base == "" {
		h, err := os.UserHomeDir()
		if err != nil {
			h = os.TempDir()
		}
		base = filepath.Join(h, ".local", "share")
	}
	return filepath.Join(base, "systemlab")
}

func store() record.Store { return record.Store{Dir: filepath.Join(home(), "runs")} }

// lock keeps two labs from changing one stack at the same time. The system lets
// go of it when the process dies, however it dies.
func (a *app) lock(ctx context.Context) (func(), error) {
	if err := compose.CheckName(a.project); err != nil { // it becomes a file's name
		return nil, err
	}
	dir := filepath.Join(home(), "locks")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, problem.Wrap(err, problem.Storage, "can't write "+dir, "set LAB_HOME to a folder that can be written")
	}
	f := flock.New(filepath.Join(dir, a.project+".lock"))
	ok, err := f.TryLock()
	if err == nil && !ok {
		a.note("another lab is changing stack %s; waiting for it", a.project)
		ok, err = f.TryLockContext(ctx, 100*time.Millisecond)
	}
	if err != nil || !ok {
		return nil, fmt.Errorf("lock stack %s: %w", a.project, err)
	}
	return func() { _ = f.Unlock() }, nil
}

// tryLock takes the lock if nobody has it; else it gives nothing.
func (a *app) tryLock() (func(), error) {
	f := flock.New(filepath.Join(home(), "locks", a.project+".lock"))
	if err := os.MkdirAll(filepath.Dir(f.Path()), 0o755); err != nil {
		return nil, problem.Wrap(err, problem.Storage, "can't write "+filepath.Dir(f.Path()), "set LAB_HOME to a folder that can be written")
	}
	ok, err := f.TryLock()
	if err != nil || !ok {
		return nil, err
	}
	return func() { _ = f.Unlock() }, nil
}

// openLocked opens the stack under its lock, for a command that changes it; done lets
// go of both.
func (a *app) openLocked(ctx context.Context) (s *session, done func(), err error) {
	unlock, err := a.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	if s, err = a.openStack(ctx); err != nil {
		unlock()
		return nil, nil, err
	}
	return s, func() { s.engine.Close(); unlock() }, nil
}

// choosePort is the one asked for, else the one that the stack has, else 8080
// for the stack called lab and the first free one after it for others.
func (s *session) choosePort(asked int) (uint16, error) {
	if asked < 0 || asked > 65535 {
		return 0, problem.Newf(problem.Usage, "--port 8081", "port %d is not between 1 and 65535", asked)
	}
	holds := s.observed.Up() && s.stack.Port > 0
	switch {
	case asked == 0 && holds:
		return s.stack.Port, nil
	case asked > 0 && holds && uint16(asked) == s.stack.Port:
		return s.stack.Port, nil
	case asked == 0 && s.project != "lab":
		for p := 8081; p < 8281; p++ {
			if free(p) {
				return uint16(p), nil
			}
		}
		return 0, problem.New(problem.Port, "no port from 8081 to 8280 is free on 127.0.0.1", "--port 9000")
	}
	if asked == 0 {
		asked = 8080
	}
	if !free(asked) {
		return 0, problem.Newf(problem.Port, "--port "+strconv.Itoa(asked+1), "port %d on 127.0.0.1 is taken by another program", asked)
	}
	return uint16(asked), nil
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

func entryURL(port uint16) string { return "http://127.0.0.1:" + strconv.Itoa(int(port)) }
