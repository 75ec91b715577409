// SPDX-License-Identifier: MIT

package record

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"systemlab/internal/problem"
)

// Store keeps runs in one folder, a compressed JSON file each: DIR/ID.json.gz.
// There is no index: the files are all there is, and may be copied in and out.
type Store struct {
	Dir string
}

// suffix of a run's file.
const suffix = ".json.gz"

// Header is what a list of runs shows. Problem says why a file can't be read;
// then only ID, Path and Bytes are set.
type Header struct {
	ID              string    `json:"id"`
	Started         time.Time `json:"started"`
	Stage           int       `json:"stage"`
	StageName       string    `json:"stage_name"`
	Project         string    `json:"project"`
	Workload        string    `json:"workload"`
	Pace            string    `json:"pace"`
	DurationSeconds float64   `json:"duration_seconds"`
	ServedRate      float64   `json:"served_per_second"`
	P50Seconds      float64   `json:"p50_seconds"`
	P99Seconds      float64   `json:"p99_seconds"`
	Failed          int       `json:"failed"`
	Verdict         State     `json:"verdict"`
	Comparison      string    `json:"comparison,omitempty"` // or search, that it is a round of
	Side            string    `json:"side,omitempty"`       // in it
	Path            string    `json:"path"`
	Bytes           int64     `json:"bytes"` // of the file
	Problem         string    `json:"problem,omitempty"`
}

// NewID names a run: UTC date and time, stage, and three random bytes, as in
// 20261121-101530-s5-a1b2c3. Ids sort by time and are safe as file names. Two runs of
// one second would share an id once in 17 million times.
func NewID(stage int, now time.Time) string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return fmt.Sprintf("%s-s%d-%s", now.UTC().Format("20060102-150405"), stage, hex.EncodeToString(b[:]))
}

// idPattern is what an id may look like: no separator, no leading dot.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)

// Save writes the run whole or not at all, and returns the file's path: into a
// temporary file of the same folder, to the disk, then renamed.
func (s Store) Save(run *Run) (string, error) {
	if !idPattern.MatchString(run.ID) {
		return "", problem.Newf(problem.Internal, "", "a run can't be saved under the id %q", run.ID)
	}
	text, err := json.Marshal(run)
	if err != nil {
		return "", problem.Wrap(err, problem.Internal, "encode run "+run.ID, "")
	}
	var packed bytes.Buffer
	gz := gzip.NewWriter(&packed)
	_, err = gz.Write(text)
	if err := errors.Join(err, gz.Close()); err != nil {
		return "", problem.Wrap(err, problem.Internal, "compress run "+run.ID, "")
	}
	path := filepath.Join(s.Dir, run.ID+suffix)
	if err := s.write(path, packed.Bytes()); err != nil {
		return "", problem.Wrap(err, problem.Storage, fmt.Sprintf("the run was measured but can't be saved in %s", s.Dir),
			"make room there (lab runs rm ID) or check that the folder may be written")
	}
	return path, nil
}

func (s Store) write(path string, data []byte) (err error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.Dir, ".saving-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644) // CreateTemp makes it private; a run is meant to be handed on
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	// The new name survives a power cut only once the folder itself is written.
	// Not every system can do that (Windows can't), and the run is there already.
	if d, err := os.Open(s.Dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// Load reads a run by its id, a beginning of it that fits one run alone, "last",
// or the path of a file anywhere.
func (s Store) Load(name string) (*Run, error) {
	path := name
	if !isPath(name) {
		id, err := s.find(name)
		if err != nil {
			return nil, err
		}
		path = s.path(id)
	}
	return ReadFile(path)
}

// List gives the headers of all runs, newest first. A file that can't be read
// is listed with its problem.
func (s Store) List() ([]Header, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	slices.Reverse(ids)
	headers := make([]Header, 0, len(ids))
	for _, id := range ids {
		h := Header{ID: id, Path: s.path(id)}
		if info, err := os.Stat(h.Path); err == nil {
			h.Bytes = info.Size()
		}
		if run, err := ReadFile(h.Path); err != nil {
			h.Problem = problem.Of(err).Error()
		} else {
			h.fill(run)
		}
		headers = append(headers, h)
	}
	return headers, nil
}

// together is what the name of a comparison (c-…) or a search (k-…) looks like.
var together = regexp.MustCompile(`^[ck]-[0-9]{8}-[0-9]{6}$`)

// IsTogether tells the name of a comparison or a search from that of a run.
func IsTogether(name string) bool { return together.MatchString(name) }

// Beside is the store that a run's fellows are in: the folder of a run that is
// named by its file, or else this one.
func (s Store) Beside(name string) Store {
	if isPath(name) {
		return Store{Dir: filepath.Dir(name)}
	}
	return s
}

// Together reads all runs of a comparison or a search, oldest first. Files that
// can't be read are passed over: List names them.
func (s Store) Together(name string) ([]*Run, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var runs []*Run
	for _, id := range ids {
		if IsTogether(name) && id < name[2:] { // ids begin with the time, and none is older than its comparison
			continue
		}
		if run, err := ReadFile(s.path(id)); err == nil && run.Round != nil && run.Round.Comparison == name {
			runs = append(runs, run)
		}
	}
	slices.SortStableFunc(runs, func(a, b *Run) int { return a.Started.Compare(b.Started) })
	return runs, nil
}

// Remove deletes one run: its id, a beginning that fits it alone, or "last".
func (s Store) Remove(name string) (id string, err error) {
	id, err = s.find(name)
	if err != nil {
		return "", err
	}
	if err := os.Remove(s.path(id)); err != nil {
		return "", problem.Wrap(err, problem.Storage, "can't remove run "+id, "check that "+s.Dir+" may be written")
	}
	return id, nil
}

func (h *Header) fill(r *Run) {
	h.Started, h.Stage, h.StageName, h.Project = r.Started, r.Stage.Number, r.Stage.Name, r.Project
	h.Workload, h.Pace, h.DurationSeconds = r.Workload.Name, r.Pace, r.DurationSeconds
	h.ServedRate, h.Failed = r.Summary.Rate.Served, r.Summary.Requests.Failed
	h.P50Seconds, h.P99Seconds = r.Summary.Latency.P50, r.Summary.Latency.P99
	h.Verdict = r.Verdict.State
	if r.Round != nil {
		h.Comparison, h.Side = r.Round.Comparison, r.Round.Side
	}
}

func (s Store) path(id string) string { return filepath.Join(s.Dir, id+suffix) }

// isPath tells a path from an id: ids have no separator and no dot.
func isPath(name string) bool {
	return strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".json") || strings.HasSuffix(name, suffix)
}

// ids of all runs, oldest first. A folder that isn't there has none.
func (s Store) ids() ([]string, error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, problem.Wrap(err, problem.Storage, "can't read the runs in "+s.Dir, "check that the folder may be read")
	}
	var ids []string
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), suffix)
		if ok && idPattern.MatchString(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// find turns what a person typed into the id of one run.
func (s Store) find(name string) (string, error) {
	ids, err := s.ids()
	if err != nil {
		return "", err
	}
	if name == "last" {
		if len(ids) == 0 {
			return "", problem.Newf(problem.NotFound, "make one: lab load", "there is no run in %s yet", s.Dir)
		}
		return ids[len(ids)-1], nil
	}
	var fits []string
	for _, id := range ids {
		if id == name {
			return id, nil
		}
		if idPattern.MatchString(name) && strings.HasPrefix(id, name) {
			fits = append(fits, id)
		}
	}
	switch len(fits) {
	case 1:
		return fits[0], nil
	case 0:
		return "", problem.Newf(problem.NotFound, "lab runs lists them; \"last\" is the newest", "there is no run %q in %s", name, s.Dir)
	}
	shown := strings.Join(fits[:min(3, len(fits))], ", ")
	if len(fits) > 3 {
		shown += ", …"
	}
	return "", problem.Newf(problem.Usage, "type more of it", "%q is the beginning of %d runs: %s", name, len(fits), shown)
}
