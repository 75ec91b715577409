// SPDX-License-Identifier: MIT

package record

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"systemlab/internal/problem"
)

// Bounds of a run's file, so that a crafted one can't take the memory. An hour
// with 20 containers at 4 samples a second is about 60 MB and 2.4 million commas.
const (
	maxBytes = 128 << 20 // decompressed
	// A comma separates two values, each of up to some hundred bytes in memory; a real run has
	// one in 25 bytes.
	bytesOfAValue = 16
)

var errTooBig = errors.New("it is far larger than any run")

// ReadFile reads one run from a file, compressed or not.
func ReadFile(path string) (*Run, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem.Newf(problem.NotFound, "lab runs lists the saved ones", "there is no run file %s", path)
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Storage, "can't read the run file "+path, "check that it may be read")
	}
	defer f.Close()
	run, err := Read(f)
	if err == nil {
		return run, nil
	}
	if newer := (*NewerError)(nil); errors.As(err, &newer) {
		return nil, problem.Wrap(err, problem.Storage, path, "update lab, or have the run made with this one")
	}
	return nil, problem.Wrap(err, problem.Storage, path+" is not a readable run",
		"copy it again from where it came, or remove it: lab runs rm ID")
}

// NewerError says that a file was written in a format that came after this program.
type NewerError struct{ Format int }

func (e *NewerError) Error() string {
	return fmt.Sprintf("made by a newer lab (format %d; this one reads up to %d)", e.Format, Format)
}

// Read decodes one run, compressed or not, and checks that it is one.
func Read(r io.Reader) (*Run, error) {
	run, _, err := ReadWithin(r, maxBytes)
	return run, err
}

// ReadWithin is Read of a run from somebody else, of at most so many bytes decompressed. It
// also says how many there were.
func ReadWithin(r io.Reader, most int64) (run *Run, size int64, err error) {
	most = min(most, maxBytes)
	text, err := unpack(r, most, int(most/bytesOfAValue))
	if err != nil {
		return nil, int64(len(text)), err
	}
	run, err = decode(text)
	return run, int64(len(text)), err
}

func decode(text []byte) (*Run, error) {
	// The format first: in a newer one the other fields may have other types.
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("not JSON of a run: %w", err)
	}
	if head.Format > Format {
		return nil, &NewerError{head.Format}
	}
	run := new(Run)
	if err := json.Unmarshal(text, run); err != nil {
		return nil, fmt.Errorf("not JSON of a run: %w", err)
	}
	return run, run.check()
}

// check finds what no run can be without.
func (r *Run) check() error {
	switch {
	case r.Format < 1:
		return errors.New("it has no format version")
	case !idPattern.MatchString(r.ID):
		return fmt.Errorf("it has no proper id (%.40q)", r.ID)
	case r.Started.IsZero():
		return errors.New("it doesn't say when it started")
	case r.Stage.Name == "":
		return errors.New("it names no stage")
	case r.DurationSeconds <= 0:
		return errors.New("it has no duration")
	case len(r.Windows) == 0:
		return errors.New("it has no windows of results")
	case r.Verdict.State != Valid && r.Verdict.State != Suspect && r.Verdict.State != Invalid:
		return errors.New("it has no verdict")
	}
	return nil
}

// unpack reads all, to the end, where gzip keeps its checksum. What it had read when an error came is given too.
func unpack(r io.Reader, most int64, mostCommas int) ([]byte, error) {
	in := bufio.NewReader(r)
	magic, _ := in.Peek(2)
	var plain io.Reader = in
	if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		gz, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("its compression is damaged: %w", err)
		}
		defer gz.Close()
		plain = gz
	}
	var out bytes.Buffer
	counter := &commas{left: mostCommas}
	n, err := io.Copy(&out, io.TeeReader(io.LimitReader(plain, most+1), counter))
	switch {
	case errors.Is(err, errTooBig) || n > most:
		err = errTooBig
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("it ends in the middle")
	case err != nil:
		err = fmt.Errorf("its compression is damaged: %w", err)
	case n == 0:
		err = errors.New("it is empty")
	}
	return out.Bytes(), err
}

// commas fails once there are more than a run can have.
type commas struct{ left int }

func (c *commas) Write(p []byte) (int, error) {
	c.left -= bytes.Count(p, []byte{','})
	if c.left < 0 {
		return 0, errTooBig
	}
	return len(p), nil
}
