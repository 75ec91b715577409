// SPDX-License-Identifier: MIT

package exercise_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
)

var ada = exercise.Learner{Name: "Ada", Class: "spring"}

func act(what, name string, who exercise.Learner) exercise.Entry {
	return exercise.Entry{Time: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Act: what, Exercise: name, Learner: who, Seed: who.Seed(name)}
}

func appended(t *testing.T, l exercise.Log, entries ...exercise.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := l.Append(e); err != nil {
			t.Fatal(err)
		}
	}
}

func contents(t *testing.T, l exercise.Log) []byte {
	t.Helper()
	b, err := os.ReadFile(l.Path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLog(t *testing.T) {
	t.Parallel()
	l := exercise.LogIn(t.TempDir())
	if got, err := l.Read(); err != nil || len(got.Entries) > 0 {
		t.Errorf("a log that isn't there: %+v, %v", got, err)
	}
	bob := exercise.Learner{Name: "Bob"}
	first := act(exercise.Started, "x", ada)
	first.Before = "something" // Append sets it
	appended(t, l, first, act(exercise.Hinted, "x", bob))
	got, err := l.Read()
	if err != nil || len(got.Entries) != 2 || got.Entries[0].Before != "" || got.Entries[1].Before != exercise.HashOf(got.Lines[0]) || len(got.Torn) > 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	if who, ok := got.Learner(); !ok || who != bob {
		t.Errorf("named last: %v", who)
	}
	if err := exercise.Verify(got.Lines); err != nil {
		t.Error(err)
	}
}

// Many at once: the lock lets each be chained to the one before.
func TestLogOfMany(t *testing.T) {
	t.Parallel()
	l := exercise.LogIn(t.TempDir())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := l.Append(act(exercise.Hinted, "x", ada)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := l.Read(); err != nil || len(got.Entries) != 20 {
		t.Errorf("%d entries, %v", len(got.Entries), err)
	}
}

// A crash leaves the beginning of a line: it is found, and the next entry goes on
// from the last whole one, wherever the crash came.
func TestLogAfterACrash(t *testing.T) {
	t.Parallel()
	l := exercise.LogIn(t.TempDir())
	appended(t, l, act(exercise.Started, "x", ada), act(exercise.Hinted, "x", ada))
	whole := contents(t, l)
	first := bytes.IndexByte(whole, '\n') + 1
	for cut := first + 1; cut < len(whole); cut += 17 {
		if err := os.WriteFile(l.Path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := l.Read()
		if err != nil || len(got.Entries) != 1 || len(got.Torn) != cut-first {
			t.Fatalf("cut at %d: %+v, %v", cut, got, err)
		}
		appended(t, l, act(exercise.Reset, "x", ada))
		if got, err := l.Read(); err != nil || len(got.Entries) != 2 || len(got.Torn) > 0 || got.Entries[1].Act != exercise.Reset {
			t.Fatalf("cut at %d, then appended: %+v, %v", cut, got, err)
		}
	}
}

// A log that was altered is refused, and not appended to.
func TestLogAltered(t *testing.T) {
	t.Parallel()
	l := exercise.LogIn(t.TempDir())
	appended(t, l, act(exercise.Started, "x", ada), act(exercise.Predicted, "x", ada), act(exercise.Measuring, "x", ada), act(exercise.Checked, "x", ada))
	whole := contents(t, l)
	lines := bytes.SplitAfter(whole, []byte{'\n'})
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, text := range map[string][]byte{
		"a word changed": bytes.Replace(whole, []byte("predicted"), []byte("Predicted"), 1),
		"a line out":     join(lines[0], lines[2], lines[3]),
		"the first out":  join(lines[1], lines[2], lines[3]),
		"a line twice":   join(lines[0], lines[1], lines[1], lines[2], lines[3]),
		"lines moved":    join(lines[0], lines[2], lines[1], lines[3]),
		"a line between": join(lines[0], []byte("{}\n"), lines[1]),
		"an empty line":  join(lines[0], []byte("\n"), lines[1]),
		"no log at all":  []byte("hello\n"),
		"another chain":  bytes.Replace(whole, []byte(`"before":""`), []byte(`"before":"aa"`), 1),
	} {
		if err := os.WriteFile(l.Path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := l.Read()
		if p := problem.Of(err); err == nil || p.Kind != problem.Storage || !strings.Contains(err.Error(), "line ") || p.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if err := l.Append(act(exercise.Hinted, "x", ada)); err == nil || !bytes.Equal(contents(t, l), text) {
			t.Errorf("%s: appended: %v", name, err)
		}
	}
}

// A disk that fills up in the middle of a line gives one clear error, and leaves the log whole.
func TestLogOnAFullDisk(t *testing.T) {
	t.Parallel()
	l := exercise.LogIn(t.TempDir())
	appended(t, l, act(exercise.Started, "x", ada))
	before := contents(t, l)
	full := l.WithWrite(func(f *os.File, line []byte) (int, error) {
		n, err := f.Write(line[:len(line)/2])
		return n, errors.Join(err, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC})
	})
	err := full.Append(act(exercise.Hinted, "x", ada))
	if p := problem.Of(err); p.Kind != problem.Storage || !strings.Contains(p.Message, "is as it was") || !errors.Is(err, syscall.ENOSPC) || p.Hint == "" {
		t.Errorf("%v", err)
	}
	if !bytes.Equal(contents(t, l), before) {
		t.Errorf("left: %q", contents(t, l))
	}
	appended(t, l, act(exercise.Hinted, "x", ada))
}

func TestStanding(t *testing.T) {
	t.Parallel()
	sealed := func(low float64) exercise.Entry {
		e := act(exercise.Predicted, "x", ada)
		e.Given = exercise.Given{Low: low, High: 10, Sure: 0.8}
		return e
	}
	checked := func(low float64, m exercise.Mark) exercise.Entry {
		e := sealed(low)
		e.Act, e.Mark = exercise.Checked, &m
		return e
	}
	measuring, reset := act(exercise.Measuring, "x", ada), act(exercise.Reset, "x", ada)
	solved, failed, open := exercise.Mark{Decided: true, Solved: true, Points: 90}, exercise.Mark{Decided: true, Points: 10}, exercise.Mark{}
	for name, c := range map[string]struct {
		log    []exercise.Entry
		word   string
		sealed float64 // low end of what holds now
		open   bool
		graded float64
	}{
		"nothing":                 {nil, "not begun", 0, false, 0},
		"another's":               {[]exercise.Entry{act(exercise.Started, "x", exercise.Learner{Name: "Bob"}), act(exercise.Started, "y", ada)}, "not begun", 0, false, 0},
		"started":                 {[]exercise.Entry{act(exercise.Started, "x", ada)}, "started", 0, false, 0},
		"sealed twice":            {[]exercise.Entry{sealed(1), sealed(2)}, "predicted", 2, true, 0},
		"being measured":          {[]exercise.Entry{sealed(1), sealed(2), measuring}, "predicted", 2, false, 2},
		"checked":                 {[]exercise.Entry{sealed(1), measuring, checked(1, failed)}, "not solved", 1, false, 1},
		"not decided":             {[]exercise.Entry{sealed(1), measuring, checked(1, open)}, "not decided", 1, false, 1},
		"then decided":            {[]exercise.Entry{sealed(1), measuring, checked(1, open), measuring, checked(1, solved)}, "solved", 1, false, 1},
		"reset":                   {[]exercise.Entry{sealed(1), measuring, checked(1, failed), reset}, "not solved", 0, false, 1},
		"better the second time":  {[]exercise.Entry{sealed(1), measuring, checked(1, failed), reset, sealed(2), measuring, checked(2, solved)}, "not solved", 2, false, 1},
		"seen, then sealed anew":  {[]exercise.Entry{sealed(1), measuring, reset, sealed(2), measuring, checked(2, solved)}, "predicted", 2, false, 1},
		"begun again, not sealed": {[]exercise.Entry{sealed(1), reset}, "not begun", 0, false, 0},
	} {
		s := exercise.Logged{Entries: c.log}.Stand("x", ada)
		low := func(e *exercise.Entry) float64 {
			if e == nil {
				return 0
			}
			return e.Given.Low
		}
		if s.Word() != c.word || low(s.Sealed) != c.sealed || s.Open != c.open || low(s.Graded) != c.graded {
			t.Errorf("%s: %s, %+v", name, s.Word(), s)
		}
	}
	plain := act(exercise.Checked, "x", ada)
	best := exercise.Logged{Entries: []exercise.Entry{plain, plain, plain}}
	for i, m := range []exercise.Mark{failed, solved, failed} {
		best.Entries[i].Mark = &m
	}
	if s := best.Stand("x", ada); s.Word() != "solved" || s.Mark.Points != 90 || s.Checks != 3 {
		t.Errorf("the best of three: %+v", s)
	}
}
