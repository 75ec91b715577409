// SPDX-License-Identifier: MIT

package submission_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/submission"
	"systemlab/internal/submission/submissiontest"
)

func packed(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ada"+submission.Suffix)
	l := submissiontest.New(1, "Ada")
	l.Add(submissiontest.Attribute(), exercise.Started, exercise.Given{})
	l.Attributes("postgres")
	if err := l.HandIn(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatGoesInComesOut(t *testing.T) {
	t.Parallel()
	b := packed(t)
	if !bytes.Equal(b, packed(t)) {
		t.Error("the same contents give other bytes")
	}
	s, err := submission.Read("ada", bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if s.Learner.Name != "Ada" || len(s.Altered) > 0 || len(s.Members) != 10 || s.Machine.Cores != 2 || len(s.Stages["04-stage"]) != 1 || s.Images["api"][0] != "sha256:api" {
		t.Errorf("%+v", s.Manifest)
	}
	l, err := exercise.ReadLog(s.Log)
	if err != nil || len(l.Entries) != 3 {
		t.Fatalf("%d entries: %v", len(l.Entries), err)
	}
	for _, ref := range l.Entries[2].Runs {
		run, sum, err := s.Run(ref.Run)
		if err != nil || run.ID != ref.Run || sum != ref.SHA256 {
			t.Errorf("%s: %v", ref.Run, err)
		}
	}
	if _, _, err := s.Run("nosuch"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a run that is not there: %v", err)
	}
}

// rewritten is the file with its members changed; the manifest is as it was.
func rewritten(t *testing.T, b []byte, change func(h *tar.Header, data []byte) []tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	r, w := tar.NewReader(bytes.NewReader(b)), tar.NewWriter(&out)
	for {
		h, err := r.Next()
		if err != nil {
			break
		}
		var data bytes.Buffer
		if _, err := data.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		for _, to := range change(h, data.Bytes()) {
			if to.Typeflag == tar.TypeReg {
				to.Size = int64(data.Len())
			}
			if err := w.WriteHeader(&to); err != nil {
				t.Fatal(err)
			}
			if to.Typeflag == tar.TypeReg {
				_, _ = w.Write(data.Bytes())
			}
		}
	}
	_ = w.Close()
	return out.Bytes()
}

func TestRefusesFiles(t *testing.T) {
	t.Parallel()
	whole := packed(t)
	renamed := func(from, to string) []byte {
		return rewritten(t, whole, func(h *tar.Header, _ []byte) []tar.Header {
			if strings.HasPrefix(h.Name, from) {
				h.Name = to
			}
			return []tar.Header{*h}
		})
	}
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"empty":         {nil, "is not a submission"},
		"another file":  {[]byte(strings.Repeat("no submission ", 100)), "is not a submission"},
		"truncated":     {whole[:len(whole)/2], "is cut short"},
		"at a member":   {whole[:bytes.Index(whole, []byte("runs/2026"))], "is cut short"},
		"newer format":  {bytes.Replace(whole, []byte(`"format": 1`), []byte(`"format": 2`), 1), "newer lab (format 2"},
		"no manifest":   {renamed("manifest.json", "manifesto.json"), "is not a submission"},
		"bad manifest":  {bytes.Replace(whole, []byte(`"format": 1`), []byte(`"format": !`), 1), "manifest that can't be read"},
		"path outside":  {renamed("log.jsonl", "../log.jsonl"), "of a name that no submission has"},
		"absolute path": {renamed("log.jsonl", "/etc/passwd"), "of a name that no submission has"},
		"twice": {rewritten(t, whole, func(h *tar.Header, _ []byte) []tar.Header {
			if h.Name == "log.jsonl" {
				return []tar.Header{*h, *h}
			}
			return []tar.Header{*h}
		}), "twice"},
		"a link": {rewritten(t, whole, func(h *tar.Header, _ []byte) []tar.Header {
			if h.Name == "log.jsonl" {
				h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, "/etc/passwd", 0
			}
			return []tar.Header{*h}
		}), "that is no file"},
	} {
		_, err := submission.Read(name, bytes.NewReader(c.file), int64(len(c.file)))
		if p := problem.Of(err); err == nil || !strings.Contains(p.Error(), c.says) || p.Hint == "" || strings.Contains(p.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := submission.Open(filepath.Join(t.TempDir(), "nosuch")); problem.Of(err).Kind != problem.NotFound {
		t.Errorf("%v", err)
	}
}

// A member that says that it is larger than any must not be read.
func TestBomb(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: "manifest.json", Size: 2, Typeflag: tar.TypeReg})
	_, _ = w.Write([]byte("{}"))
	_ = w.WriteHeader(&tar.Header{Name: "log.jsonl", Size: 1 << 40, Typeflag: tar.TypeReg})
	_, err := submission.Read("bomb", bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err == nil || !strings.Contains(err.Error(), "far too large") {
		t.Errorf("%v", err)
	}
	if _, err := submission.Read("huge", bytes.NewReader(nil), 1<<40); err == nil || !strings.Contains(err.Error(), "far larger") {
		t.Errorf("%v", err)
	}
}

// What grading would refuse for its size isn't handed in in the first place.
func TestTooManyRuns(t *testing.T) {
	t.Parallel()
	run, err := json.Marshal(record.Run{Format: record.Format, ID: "20260101-000000-s1-abcdef", Started: time.Unix(1, 0), Stage: record.Stage{Name: "01-base"},
		DurationSeconds: 1, Windows: []record.Window{{}}, Verdict: record.Verdict{State: record.Valid}})
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, 5000)
	for i := range ids {
		ids[i] = fmt.Sprintf("20260101-000000-s1-%06x", i)
	}
	path := filepath.Join(t.TempDir(), "a"+submission.Suffix)
	_, err = submission.Pack(path, submission.Contents{Runs: ids, File: func(string) ([]byte, error) { return run, nil }})
	if p := problem.Of(err); err == nil || !strings.Contains(p.Error(), "more runs (5000)") || p.Hint == "" {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it was written all the same")
	}
}

// What can't be written leaves nothing.
func TestWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := submissiontest.New(1, "Ada")
	l.Predicts(3, 8, 0.8)
	log, files := l.Seal()
	delete(files, l.Order[4])
	if err := l.Pack(filepath.Join(dir, "a"+submission.Suffix), log, files); err == nil {
		t.Error("packed without a run")
	}
	if err := l.HandIn(filepath.Join(dir, "nosuch", "a"+submission.Suffix)); problem.Of(err).Kind != problem.Storage {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFileName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Ada Lovelace": "ada-lovelace", "../../etc/passwd": "etc-passwd", "Łukasz Ż.": "łukasz-ż", "=": "learner", "  ": "learner"} {
		if got := submission.FileName(exercise.Learner{Name: name}); got != want+submission.Suffix {
			t.Errorf("%q: %s", name, got)
		}
	}
}

func TestHarmless(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"=cmd()": "'=cmd()", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=x": "' =x", "  =x": "'  =x", "Ada": "Ada", "a\r\nb": "a  b", "＝x": "'＝x", "": ""} {
		if got := submission.Harmless(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// A run that is gone is named, unless its check was made again.
func TestGather(t *testing.T) {
	t.Parallel()
	l := submissiontest.New(1, "Ada")
	l.Predicts(3, 8, 0.8)
	log, files := l.Seal()
	logged, err := exercise.ReadLog(log)
	if err != nil {
		t.Fatal(err)
	}
	file := func(id string) ([]byte, error) {
		if b, ok := files[id]; ok {
			return b, nil
		}
		return nil, fs.ErrNotExist
	}
	if runs, err := submission.Gather(logged, l.Learner, file); err != nil || len(runs) != 12 {
		t.Errorf("%d runs: %v", len(runs), err)
	}
	lost := l.Order[3]
	delete(files, lost)
	_, err = submission.Gather(logged, l.Learner, file)
	if p := problem.Of(err); p.Kind != problem.NotFound || !strings.Contains(p.Error(), lost) || !strings.Contains(p.Hint, "lab exercise check cache-takes") {
		t.Errorf("%v", err)
	}
	files[lost] = []byte("another")
	if _, err = submission.Gather(logged, l.Learner, file); err == nil || !strings.Contains(err.Error(), "was changed") {
		t.Errorf("%v", err)
	}
	l.Checks(exercise.Given{Low: 3, High: 8, Sure: 0.8})
	log, files = l.Seal()
	if logged, err = exercise.ReadLog(log); err != nil {
		t.Fatal(err)
	}
	delete(files, lost)
	if runs, err := submission.Gather(logged, l.Learner, file); err != nil || len(runs) != 23 {
		t.Errorf("%d runs: %v", len(runs), err)
	}
}

// Whatever it is given, the reader says what is wrong or gives what can be graded.
func FuzzRead(f *testing.F) {
	whole := packed(f)
	f.Add(whole[:4096])
	f.Add(whole)
	f.Add([]byte("manifest.json"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := submission.Read("fuzz", bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if p := problem.Of(err); p.Kind == problem.Internal || p.Hint == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, m := range s.Members {
			_, _, _ = s.Run(strings.TrimSuffix(strings.TrimPrefix(m.Name, "runs/"), ".json.gz"))
		}
		path := filepath.Join(dir, "fuzz"+submission.Suffix)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := submission.Grade(t.Context(), dir, submission.Options{Exercises: submissiontest.Known(), Tool: submissiontest.Tool}, nil); err != nil {
			t.Fatal(err)
		}
	})
}
