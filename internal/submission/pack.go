// SPDX-License-Identifier: MIT

package submission

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/internal/record"
)

// Contents are what goes into a submission.
type Contents struct {
	Learner exercise.Learner
	Tool    string
	Created time.Time
	Log     []byte                          // as it is
	Runs    []string                        // ids
	File    func(id string) ([]byte, error) // of a run, as it is
}

// Pack writes a submission whole or not at all, and none that Open would refuse. The same contents give the same bytes.
func Pack(path string, c Contents) (m Manifest, err error) {
	m = Manifest{Format: Format, Tool: c.Tool, Created: c.Created.UTC().Truncate(time.Second), Learner: c.Learner,
		Stages: map[string][]string{}, Images: map[string][]string{}}
	m.add(logName, c.Log)
	var newest time.Time
	var plain int64
	for _, id := range c.Runs {
		file, err := c.File(id)
		if err != nil {
			return m, err
		}
		run, size, err := record.ReadWithin(bytes.NewReader(file), mostPlainRun)
		if plain += size; plain > mostPlain || len(m.Members) == mostMembers-1 {
			return m, problem.Newf(problem.Unsupported, "hand in what there was before: a submission that was made stays as it is",
				"the checks have more runs (%d) than a submission holds", len(c.Runs))
		}
		if err != nil {
			return m, problem.Wrap(err, problem.Storage, "run "+id+" is not readable", "lab runs list")
		}
		if run.Started.After(newest) {
			newest, m.Machine = run.Started, run.Machine
		}
		note(m.Stages, run.Stage.Name, run.Stage.Hash)
		for service, image := range run.Images {
			note(m.Images, service, image)
		}
		m.add(runName(id), file)
	}
	return m, m.write(path, c)
}

func (m *Manifest) add(name string, data []byte) {
	sum := sha256.Sum256(data)
	m.Members = append(m.Members, Member{name, int64(len(data)), hex.EncodeToString(sum[:])})
}

// note adds a value to a sorted list of different ones.
func note(to map[string][]string, key, value string) {
	if i, there := slices.BinarySearch(to[key], value); !there {
		to[key] = slices.Insert(to[key], i, value)
	}
}

// write puts it beside its place, to the disk, and then renames it.
func (m Manifest) write(path string, c Contents) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".submitting-*")
	if err == nil {
		err = m.stream(f, c)
		if err == nil {
			err = f.Chmod(0o644) // CreateTemp makes it private; it is meant to be handed on
		}
		if err == nil {
			err = f.Sync()
		}
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}
	if err != nil && !isProblem(err) {
		return problem.Wrap(err, problem.Storage, "can't write "+path+"; nothing of it is left", "make room, or name a file in another folder: lab submit --to FILE"+Suffix)
	}
	return err
}

func isProblem(err error) bool {
	var p *problem.Error
	return errors.As(err, &p)
}

func (m Manifest) stream(to io.Writer, c Contents) error {
	t := tar.NewWriter(to)
	put := func(name string, data []byte) error {
		err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: m.Created, Format: tar.FormatUSTAR})
		if err == nil {
			_, err = t.Write(data)
		}
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = put(manifestName, append(text, '\n'))
	}
	if err == nil {
		err = put(logName, c.Log)
	}
	for _, id := range c.Runs {
		if err != nil {
			return err
		}
		var file []byte
		if file, err = c.File(id); err == nil {
			err = put(runName(id), file)
		}
	}
	if err != nil {
		return err
	}
	return t.Close()
}
