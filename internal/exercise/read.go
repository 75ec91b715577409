// SPDX-License-Identifier: MIT

package exercise

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"systemlab/internal/drill"
	"systemlab/internal/problem"
)

// mostBytes of a file of exercises: it is text that someone wrote.
const mostBytes = 1 << 20

// Load reads the exercises in a stage's folder, in their order; none where it has
// no such file. An error names the file, the exercise, and what is missing.
func Load(folder string) ([]Exercise, error) {
	path := filepath.Join(folder, File)
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Storage, "the exercises can't be read", "lab exercise list")
	}
	all, err := Parse(text)
	if err == nil {
		err = drilled(folder, all)
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, path, "lab exercise lint "+path)
	}
	for i := range all {
		all[i].Stage = stageOf(folder)
	}
	return all, nil
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostBytes {
		return nil, fmt.Errorf("%s is far larger than any file of exercises", path)
	}
	return os.ReadFile(path)
}

// drilled gives each drill that an exercise names, of those in the stage's folder.
func drilled(folder string, all []Exercise) error {
	for _, e := range all {
		if e.Survive == nil {
			continue
		}
		drills, err := drill.Load(folder)
		if err != nil {
			return err
		}
		for i := range drills {
			if drills[i].Name == e.Survive.Drill {
				e.Survive.Script = &drills[i]
			}
		}
		if e.Survive.Script == nil {
			return fmt.Errorf("exercise %q: the stage has no drill %q", e.Name, e.Survive.Drill)
		}
	}
	return nil
}

var folderForm = regexp.MustCompile(`^(\d+)-[a-z0-9-]+$`)

// stageOf is the number of a stage's folder, 0 of any other.
func stageOf(folder string) int {
	if whole, err := filepath.Abs(folder); err == nil {
		folder = whole
	}
	m := folderForm.FindStringSubmatch(filepath.Base(folder))
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// Lint reads any file of exercises, a teacher's own too, and says all that is
// wrong with it, a line each; err is of the file itself. The exercises are those
// that could be read, whether something is wrong with them or not.
func Lint(path string) (all []Exercise, findings []error, err error) {
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, problem.Newf(problem.NotFound, "lab exercise new predict > "+path, "there is no file %s", path)
	}
	if err != nil {
		return nil, nil, problem.Wrap(err, problem.Storage, "the exercises can't be read", "check that "+path+" is a file that may be read")
	}
	all, findings = parse(text)
	if len(findings) == 0 && stageOf(filepath.Dir(path)) > 0 {
		if err := drilled(filepath.Dir(path), all); err != nil {
			findings = append(findings, err)
		}
	}
	for i := range all {
		all[i].Stage = stageOf(filepath.Dir(path))
	}
	return all, findings, nil
}

// Parse reads exercises, and says in one line what is wrong with them.
func Parse(text []byte) ([]Exercise, error) {
	all, findings := parse(text)
	if len(findings) > 0 {
		return nil, findings[0]
	}
	return all, nil
}

func parse(text []byte) ([]Exercise, []error) {
	var file struct {
		Exercises []Exercise `yaml:"exercises"`
	}
	findings := drill.Strict(text, &file)
	if len(file.Exercises) == 0 && len(findings) == 0 {
		return nil, []error{errors.New("it has no list named exercises")}
	}
	names := map[string]bool{}
	for i, e := range file.Exercises {
		for _, err := range e.check() {
			findings = append(findings, fmt.Errorf("exercise %d, %q: %w", i+1, e.Name, err))
		}
		if names[e.Name] && e.Name != "" {
			findings = append(findings, fmt.Errorf("exercise %d: there are two named %q", i+1, e.Name))
		}
		names[e.Name] = true
	}
	return file.Exercises, findings
}

// Hash of an exercise: SHA-256, in hexadecimal, of all that a learner is asked and
// measured by. Neither the tries that are for tests nor the folder are part of it.
func (e Exercise) Hash() string {
	e.Reference, e.Naive, e.Stage = Attempt{}, Attempt{}, 0
	text, err := json.Marshal(e) // fields in their order, keys of maps sorted
	if err != nil {
		return "" // an Exercise holds nothing that JSON can't say: its numbers were checked
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
