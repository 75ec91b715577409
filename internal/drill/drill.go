// SPDX-License-Identifier: MIT

// Package drill knows what a drill is: the scripted faults that each stage has in
// its folder, and what a configuration says of the gap that a fault will make. It
// breaks nothing, measures nothing and asks no engine.
package drill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"systemlab/internal/analysis"
	"systemlab/internal/problem"
	"systemlab/loadgen"
)

// File is what a stage's drills are called in its folder.
const File = "drills.yaml"

// Rates that a drill may have: below the least a gap of 100 ms has too few requests
// to be seen.
const (
	MinRate = 20
	MaxRate = 2000
)

// What is taken where a drill does not say.
const (
	defaultRate = 200
	defaultFor  = 3 * time.Second
	defaultTail = 4 * time.Second
)

// Drill is one scripted fault.
type Drill struct {
	Name, Title string
	What, How   string        // as `lab break` takes them
	For         time.Duration // how long the fault stands
	After       time.Duration // how long the stage is watched once it is healed
	Workload    string        // "" is the stage's own
	Rate        float64
	Hypothesis  analysis.Hypothesis
	Predict     *Source // nil: nothing predicts the gap
}

// Source is where a prediction comes from: a file in the containers of a service,
// read by the rules of a mechanism.
type Source struct {
	By   string `yaml:"by"`   // one of Mechanisms
	In   string `yaml:"in"`   // the service
	File string `yaml:"file"` // its path there
	// Beside is a service that does the same work as the broken one; "" where only
	// other replicas of it do.
	Beside string `yaml:"beside"`
}

// written is a drill as its file has it.
type written struct {
	Name       string   `yaml:"name"`
	Title      string   `yaml:"title"`
	Break      string   `yaml:"break"`
	How        string   `yaml:"how"`
	For        string   `yaml:"for"`
	After      string   `yaml:"after"`
	Workload   string   `yaml:"workload"`
	Rate       float64  `yaml:"rate"`
	Hypothesis []string `yaml:"hypothesis"`
	Predict    *Source  `yaml:"predict"`
}

// Load reads the drills in a stage's folder, in their order; none where it has no
// such file.
func Load(folder string) ([]Drill, error) {
	path := filepath.Join(folder, File)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, problem.Wrap(err, problem.Storage, "the drills can't be read", "lab drill list")
	}
	all, err := Parse(b)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, path, "see stages/06-vip/drills.yaml and docs/design/drill.md")
	}
	return all, nil
}

// Parse reads drills, and says in one line what is wrong with them.
func Parse(text []byte) ([]Drill, error) {
	var file struct {
		Drills []written `yaml:"drills"`
	}
	if wrong := Strict(text, &file); len(wrong) > 0 {
		return nil, wrong[0]
	}
	if len(file.Drills) == 0 {
		return nil, errors.New("it has no list named drills")
	}
	var out []Drill
	for i, w := range file.Drills {
		one, err := w.read()
		if err != nil {
			return nil, fmt.Errorf("drill %d, %q: %w", i+1, w.Name, err)
		}
		if slices.ContainsFunc(out, func(d Drill) bool { return d.Name == one.Name }) {
			return nil, fmt.Errorf("drill %d: there are two named %q", i+1, w.Name)
		}
		out = append(out, one)
	}
	return out, nil
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

func (w written) read() (Drill, error) {
	d := Drill{Name: w.Name, Title: w.Title, What: w.Break, How: w.How, For: defaultFor, After: defaultTail, Workload: w.Workload, Rate: w.Rate, Predict: w.Predict}
	switch {
	case !nameForm.MatchString(w.Name) || w.Name == "all" || w.Name == "list":
		return d, errors.New("a name is of small letters, digits and hyphens, and neither all nor list")
	case w.Title == "":
		return d, errors.New("it needs a title: what goes wrong, in a few words")
	case w.Break == "" || w.How == "":
		return d, errors.New("it needs break and how, as lab break takes them: break: lb:active, how: kill")
	case len(w.Hypothesis) == 0:
		return d, errors.New("it needs a hypothesis, such as [gap < 500ms]")
	}
	for _, t := range []struct {
		name, text string
		to         *time.Duration
	}{{"for", w.For, &d.For}, {"after", w.After, &d.After}} {
		if t.text == "" {
			continue
		}
		var err error
		if *t.to, err = time.ParseDuration(t.text); err != nil || *t.to < time.Second || *t.to > time.Minute {
			return d, fmt.Errorf("%s: %s is not a time from 1s to 1m", t.name, t.text)
		}
	}
	if d.Rate == 0 {
		d.Rate = defaultRate
	}
	if !(d.Rate >= MinRate && d.Rate <= MaxRate) {
		return d, fmt.Errorf("rate: %g is not from %d to %d requests a second", d.Rate, MinRate, MaxRate)
	}
	if d.Workload != "" {
		if _, err := loadgen.ParseWorkload(d.Workload); err != nil {
			return d, err
		}
	}
	for _, text := range w.Hypothesis {
		c, err := analysis.ParseCondition(text, endpoints)
		if err != nil {
			return d, err
		}
		d.Hypothesis = append(d.Hypothesis, c)
	}
	if p := d.Predict; p != nil && (!slices.Contains(Mechanisms(), p.By) || p.In == "" || !strings.HasPrefix(p.File, "/")) {
		return d, fmt.Errorf("predict needs by (one of %s), in (a service) and file (a path there)", strings.Join(Mechanisms(), ", "))
	}
	return d, nil
}

// Service that is broken, or whose part is: lb of lb:active, worker of all:workers.
func (d Drill) Service() string {
	if every, ok := strings.CutPrefix(d.What, "all:"); ok {
		return strings.TrimSuffix(every, "s")
	}
	return strings.TrimRight(strings.TrimRight(strings.Split(d.What, ":")[0], "0123456789"), "-.")
}

// endpoints that a word of a hypothesis stands for: a method's, or the one of that name.
func endpoints(word string) []string {
	var out []string
	for _, e := range loadgen.Endpoints() {
		if e.Method == word || e.Name == word {
			out = append(out, e.Name)
		}
	}
	return out
}
