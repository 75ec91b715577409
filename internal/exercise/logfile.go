// SPDX-License-Identifier: MIT

package exercise

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"systemlab/internal/problem"
)

// Log is the file that a learner's acts are kept in, an Entry a line.
type Log struct {
	Path string

	// write appends to the file; nil is the file's own. Tests fill a disk by it.
	write func(f *os.File, line []byte) (int, error)
}

// LogIn is the log in a folder of lab's.
func LogIn(home string) Log { return Log{Path: filepath.Join(home, "exercises", "log.jsonl")} }

// mostLog is the size in bytes beyond which a file is no log: some 100,000 entries.
const mostLog = 64 << 20

// Read gives what the log holds. One that isn't there holds nothing.
func (l Log) Read() (Logged, error) {
	text, err := l.text()
	if errors.Is(err, fs.ErrNotExist) {
		return Logged{}, nil
	}
	if err != nil {
		return Logged{}, problem.Wrap(err, problem.Storage, "the log of exercises can't be read", "check that "+l.Path+" may be read")
	}
	got, err := ReadLog(text)
	if err != nil {
		return Logged{}, problem.Wrap(err, problem.Storage, l.Path, "keep it for your teacher under another name; without it lab begins a new one")
	}
	return got, nil
}

func (l Log) text() ([]byte, error) {
	info, err := os.Stat(l.Path)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostLog {
		return nil, errors.New("it is far larger than any log")
	}
	return os.ReadFile(l.Path)
}

// Append adds an entry, chained to the one before, and returns once the disk has
// it. Where that fails the log is left as it was. What a crash left of a line is
// taken away first, so that the log goes on from its last whole line.
func (l Log) Append(e Entry) (err error) {
	defer func() {
		if err != nil && !isProblem(err) {
			err = problem.Wrap(err, problem.Storage, "the log of exercises can't be written, and is as it was", "make room (lab runs rm ID) or check that "+l.Path+" may be written")
		}
	}()
	if err := os.MkdirAll(filepath.Dir(l.Path), 0o755); err != nil {
		return err
	}
	lock := flock.New(l.Path + ".lock")
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	before, err := l.Read()
	if err != nil {
		return err
	}
	if n := len(before.Lines); n > 0 {
		e.Before = HashOf(before.Lines[n-1])
	} else {
		e.Before = ""
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return l.add(append(line, '\n'), before.size())
}

// size of the whole lines, in bytes.
func (l Logged) size() (n int64) {
	for _, line := range l.Lines {
		n += int64(len(line)) + 1
	}
	return n
}

// add writes a line behind the first size bytes, and cuts off what it wrote if
// that fails.
func (l Log) add(line []byte, size int64) (err error) {
	f, err := os.OpenFile(l.Path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Truncate(size))
		}
		err = errors.Join(err, f.Close())
	}()
	if err := f.Truncate(size); err != nil {
		return err
	}
	if _, err := f.Seek(size, 0); err != nil {
		return err
	}
	write := l.write
	if write == nil {
		write = (*os.File).Write
	}
	if _, err := write(f, line); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	// A new file's name too; not every system can do that.
	if d, err := os.Open(filepath.Dir(l.Path)); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

func isProblem(err error) bool {
	var p *problem.Error
	return errors.As(err, &p)
}
