// SPDX-License-Identifier: MIT

package submission

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"systemlab/internal/problem"
	"systemlab/internal/record"
)

// Submission is a file that was read to its end.
type Submission struct {
	Manifest
	Path    string
	Bytes   int64
	Log     []byte
	Altered []string // members that are not what the manifest says
	file    io.ReaderAt
	close   func() error
	members map[string]member
	plain   int64 // bytes of the runs that were read, decompressed
}

// member is one as it stands in the file.
type member struct {
	at, bytes int64
	sum       string
}

// Open reads a submission. What can't be one is refused; what was altered in it is
// only noted, for that is what grading is for.
func Open(path string) (*Submission, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problem.Newf(problem.NotFound, "lab submit makes one", "there is no file %s", path)
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Storage, "can't read "+path, "check that it may be read")
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file")
	}
	if err != nil {
		_ = f.Close()
		return nil, problem.Wrap(err, problem.Storage, "can't read "+path, "check that it may be read")
	}
	s, err := Read(path, f, info.Size())
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	s.close = f.Close
	return s, nil
}

// Read is Open of what is at hand already.
func Read(path string, from io.ReaderAt, size int64) (*Submission, error) {
	if size > mostBytes {
		return nil, broken(path, "is far larger than any submission (%d MB)", size>>20)
	}
	s := &Submission{Path: path, Bytes: size, file: from, members: map[string]member{}}
	in := &counting{from: io.NewSectionReader(from, 0, size)}
	t := tar.NewReader(in)
	var manifest []byte
	for first := true; ; first = false {
		h, err := t.Next()
		if errors.Is(err, io.EOF) && !first {
			break
		}
		if first && (err != nil || h.Name != manifestName) {
			return nil, problem.Newf(problem.Storage, "ask for the file again: lab submit makes it", "%s is not a submission", path)
		}
		if err != nil {
			return nil, broken(path, "is cut short or damaged")
		}
		if err := s.allowed(h); err != nil {
			return nil, err
		}
		text, err := s.take(h, t, in.at)
		if err != nil {
			return nil, broken(path, "is cut short or damaged")
		}
		switch h.Name {
		case manifestName:
			if manifest = text; !json.Valid(manifest) {
				return nil, broken(path, "has a manifest that can't be read")
			}
		case logName:
			s.Log = text
		}
	}
	return s, s.check(manifest)
}

// allowed refuses a member that no submission has.
func (s *Submission) allowed(h *tar.Header) error {
	most := int64(mostRun)
	switch h.Name {
	case manifestName:
		most = mostManifest
	case logName:
		most = mostLog
	}
	_, twice := s.members[h.Name]
	switch {
	case h.Name != manifestName && !memberName.MatchString(h.Name):
		return broken(s.Path, "has a member of a name that no submission has (%.60q)", h.Name)
	case h.Typeflag != tar.TypeReg:
		return broken(s.Path, "has a member that is no file (%s)", h.Name)
	case twice:
		return broken(s.Path, "has %s twice", h.Name)
	case h.Size > most:
		return broken(s.Path, "has a member that is far too large (%s, %d MB)", h.Name, h.Size>>20)
	case len(s.members) == mostMembers:
		return broken(s.Path, "has more than %d members", mostMembers)
	}
	return nil
}

// take sums a member up; the texts of manifest and log are kept.
func (s *Submission) take(h *tar.Header, from io.Reader, at int64) (text []byte, err error) {
	sum := sha256.New()
	var kept bytes.Buffer
	to := io.Writer(sum)
	if h.Name == manifestName || h.Name == logName {
		to = io.MultiWriter(sum, &kept)
	}
	n, err := io.Copy(to, from)
	if err == nil && n != h.Size {
		err = io.ErrUnexpectedEOF
	}
	s.members[h.Name] = member{at, n, hex.EncodeToString(sum.Sum(nil))}
	return kept.Bytes(), err
}

// check compares the members with the manifest.
func (s *Submission) check(manifest []byte) error {
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(manifest, &head); err != nil || head.Format < 1 {
		return broken(s.Path, "has a manifest that can't be read")
	}
	if head.Format > Format {
		return problem.Newf(problem.Storage, "update lab", "%s was made by a newer lab (format %d; this one reads up to %d)", s.Path, head.Format, Format)
	}
	if err := json.Unmarshal(manifest, &s.Manifest); err != nil {
		return broken(s.Path, "has a manifest that can't be read")
	}
	listed := map[string]bool{manifestName: true}
	for _, m := range s.Members {
		here, ok := s.members[m.Name]
		if !ok {
			return broken(s.Path, "is cut short: %.120q is not in it", m.Name)
		}
		listed[m.Name] = true
		if here.sum != m.SHA256 {
			s.Altered = append(s.Altered, m.Name)
		}
	}
	for name := range s.members {
		if !listed[name] {
			s.Altered = append(s.Altered, name)
		}
	}
	slices.Sort(s.Altered)
	if _, ok := s.members[logName]; !ok {
		return broken(s.Path, "has no log")
	}
	return nil
}

// Has tells whether a run is in it.
func (s *Submission) Has(id string) bool {
	_, ok := s.members[runName(id)]
	return ok
}

// errFull: the runs before it have taken what a submission may take of memory.
var errFull = fmt.Errorf("the runs before it are over %d MB already", mostPlain>>20)

// Run reads a run, and gives the hash of its file.
func (s *Submission) Run(id string) (run *record.Run, sum string, err error) {
	m, ok := s.members[runName(id)]
	if !ok {
		return nil, "", fs.ErrNotExist
	}
	if s.plain >= mostPlain {
		return nil, m.sum, errFull
	}
	run, size, err := record.ReadWithin(io.NewSectionReader(s.file, m.at, m.bytes), mostPlainRun)
	s.plain += size
	return run, m.sum, err
}

// Close the file.
func (s *Submission) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// counting knows how far a file was read.
type counting struct {
	from io.Reader
	at   int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	c.at += int64(n)
	return n, err
}
