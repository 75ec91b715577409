// SPDX-License-Identifier: MIT

package submissiontest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"systemlab/internal/exercise"
	"systemlab/internal/record"
	"systemlab/internal/submission"
)

// Tool is the version of lab that made runs are of.
const Tool = "test"

// Word is of the class.
const Word = "spring"

// Predict is the exercise that made learners do.
func Predict() exercise.Exercise {
	return exercise.Exercise{
		Name: "cache-takes", Title: "What the cache takes off the database", Kind: exercise.Predict, Ask: "?", Hints: []string{"one"}, Explain: "!", Stage: 5,
		Predict: &exercise.Contest{A: "4", B: "5", Workload: "mixed", Rate: 200, Quantity: "cpu_per_request", Service: "postgres"},
	}
}

// Attribute is the other.
func Attribute() exercise.Exercise {
	return exercise.Exercise{
		Name: "what-starves", Title: "What starves", Kind: exercise.Attribute, Ask: "?", Explain: "!", Stage: 4, Attribute: &exercise.Plant{Workload: "mixed"},
	}
}

// Laptop is a machine.
func Laptop(cores int) record.Machine {
	return record.Machine{OS: "linux", Arch: "x86_64", Kernel: "6.12", Cores: cores, MemoryBytes: 16 << 30, Engine: "28.0", EngineAPI: "1.48", Cgroup: "2", StorageDriver: "overlay2"}
}

// Learner does exercises on a machine of their own.
type Learner struct {
	exercise.Learner
	Asks    exercise.Exercise // what is predicted
	Known   []exercise.Exercise
	Tool    string // version of lab that measured
	Noise   uint64 // the learner's number: no two measure the same
	Slow    float64
	Others  float64
	Cores   int
	Now     time.Time
	Entries []exercise.Entry
	Runs    map[string]*record.Run
	Order   []string
}

// New learner, at a moment of their own.
func New(number int, name string) *Learner {
	return &Learner{
		Learner: exercise.Learner{Name: name, Class: Word}, Asks: Predict(), Known: Known(), Tool: Tool, Noise: uint64(number) << 20, Slow: 1, Cores: 2,
		Now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC).Add(time.Duration(number) * 7 * time.Second), Runs: map[string]*record.Run{},
	}
}

// Real is a learner of whom a folder of lab's holds the log and the runs.
func Real(home string, known ...exercise.Exercise) (*Learner, error) {
	log, err := exercise.LogIn(home).Read()
	if err != nil {
		return nil, err
	}
	if len(log.Entries) == 0 {
		return nil, fmt.Errorf("no log of exercises in %s", home)
	}
	l := &Learner{Learner: log.Entries[0].Learner, Known: known, Entries: log.Entries, Runs: map[string]*record.Run{}}
	for _, e := range log.Entries {
		l.Now = e.Time
		for _, ref := range e.Runs {
			if l.Runs[ref.Run], err = record.ReadFile(filepath.Join(home, "runs", ref.Run+".json.gz")); err != nil {
				return nil, err
			}
			l.Tool, l.Order = l.Runs[ref.Run].Tool, append(l.Order, ref.Run)
		}
	}
	return l, nil
}

// Add an entry, a while after the one before.
func (l *Learner) Add(e exercise.Exercise, act string, given exercise.Given) *exercise.Entry {
	l.Now = l.Now.Add(20 * time.Second)
	l.Entries = append(l.Entries, exercise.Entry{Time: l.Now, Act: act, Exercise: e.Name, Hash: e.Hash(), Learner: l.Learner, Seed: l.Seed(e.Name), Given: given})
	return &l.Entries[len(l.Entries)-1]
}

// Measure makes a run and keeps it.
func (l *Learner) Measure(stage int, of Load) *record.Run {
	l.Now = l.Now.Add(15 * time.Second)
	l.Noise++
	of.ID = fmt.Sprintf("%s-s%d-%04x", l.Now.Format("20060102-150405"), stage, l.Noise%0x10000)
	of.Started, of.Tool, of.Noise, of.Machine, of.Others = l.Now, l.Tool, l.Noise, Laptop(l.Cores), l.Others
	of.Stage = record.Stage{Number: stage, Name: fmt.Sprintf("%02d-stage", stage), Title: "Stage", Hash: fmt.Sprintf("hash-%d", stage)}
	of.Latency *= l.Slow
	for i := range of.Services {
		of.Services[i].CPU *= l.Slow
	}
	run := Make(of)
	l.Runs[run.ID] = run
	l.Order = append(l.Order, run.ID)
	return run
}

// Rounds of a check that asks for an interval.
const Rounds = 6

// Predicts seals and checks; the ratio of what postgres uses is 5.
func (l *Learner) Predicts(low, high, sure float64) {
	e := l.Asks
	given := exercise.Given{Low: low, High: high, Sure: sure}
	l.Add(e, exercise.Started, exercise.Given{})
	l.Add(e, exercise.Predicted, given)
	l.Add(e, exercise.Measuring, given)
	l.Checks(given)
}

// Checks the prediction: pairs of runs, and the entry with its mark.
func (l *Learner) Checks(given exercise.Given) {
	e := l.Asks
	seed := l.Seed(e.Name)
	evidence := exercise.Evidence{}
	id := "c-" + l.Now.Format("20060102-150405")
	var refs []exercise.Ref
	for n := range Rounds {
		for _, side := range []struct {
			part  string
			stage int
			cpu   float64
		}{{exercise.SideA, 4, 0.00025}, {exercise.SideB, 5, 0.00005}} {
			run := l.Measure(side.stage, Load{
				Workload: e.Predict.Workload, Rate: e.Predict.Rate, Seed: seed + int64(n), Seconds: 3, Latency: 0.0008,
				Services: []Service{{"api", 0.0002, 1}, {"postgres", side.cpu, 1}}, Round: &record.Round{Comparison: id, Side: side.part, Number: n + 1},
			})
			evidence[side.part] = append(evidence[side.part], run)
			refs = append(refs, exercise.Ref{Run: run.ID, Part: side.part})
		}
	}
	l.close(e, given, refs, evidence)
}

// Attributes names what binds: it is postgres.
func (l *Learner) Attributes(answer string) {
	e := Attribute()
	l.Add(e, exercise.Started, exercise.Given{})
	evidence := exercise.Evidence{}
	var refs []exercise.Ref
	for range 3 {
		for _, part := range []string{exercise.AsIs, exercise.Raised, exercise.Decoy} {
			limit := map[string]float64{"api": 0.4, "postgres": 0.1}
			rate := 150.0
			if part == exercise.Raised {
				limit[answer] *= 1.5
			}
			if part == exercise.Decoy {
				limit[map[string]string{"api": "postgres", "postgres": "api"}[answer]] *= 1.5
			}
			rate *= limit["postgres"] / 0.1
			run := l.Measure(4, Load{
				Workload: "mixed", Rate: float64(int(rate)), Clients: 16, Seed: l.Seed(e.Name), Seconds: 3, Latency: 16 / rate / 8,
				Services: []Service{{"api", 0.0004, limit["api"]}, {"postgres", 0.0006, limit["postgres"]}},
			})
			evidence[part] = append(evidence[part], run)
			refs = append(refs, exercise.Ref{Run: run.ID, Part: part})
		}
	}
	l.close(e, exercise.Given{Answer: answer}, refs, evidence)
}

func (l *Learner) close(e exercise.Exercise, given exercise.Given, refs []exercise.Ref, evidence exercise.Evidence) {
	entry := l.Add(e, exercise.Checked, given)
	mark := e.Mark(given, entry.Seed, evidence)
	entry.Mark, entry.Runs = &mark, refs
}

// File of a run, as the store has it.
func File(run *record.Run) []byte {
	text, err := json.Marshal(run)
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

// Seal writes the hashes of the runs into the log's entries and chains them, as
// someone would who edits and knows how.
func (l *Learner) Seal() (log []byte, files map[string][]byte) {
	files = map[string][]byte{}
	for id, run := range l.Runs {
		files[id] = File(run)
	}
	before := ""
	for i := range l.Entries {
		e := &l.Entries[i]
		e.Runs = append([]exercise.Ref(nil), e.Runs...)
		for j := range e.Runs {
			sum := sha256.Sum256(files[e.Runs[j].Run])
			e.Runs[j].SHA256 = hex.EncodeToString(sum[:])
		}
		e.Before = before
		line, err := json.Marshal(e)
		if err != nil {
			panic(err)
		}
		before = exercise.HashOf(line)
		log = append(append(log, line...), '\n')
	}
	return log, files
}

// Keep writes the log and the runs into a folder of lab's, as if all had been done there.
func (l *Learner) Keep(home string) error {
	log, files := l.Seal()
	path := exercise.LogIn(home).Path
	for _, dir := range []string{filepath.Dir(path), filepath.Join(home, "runs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for id, b := range files {
		if err := os.WriteFile(filepath.Join(home, "runs", id+".json.gz"), b, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(path, log, 0o600)
}

// HandIn packs it all.
func (l *Learner) HandIn(path string) error {
	log, files := l.Seal()
	return l.Pack(path, log, files)
}

// Pack what is given, with whatever was done to it.
func (l *Learner) Pack(path string, log []byte, files map[string][]byte) error {
	_, err := submission.Pack(path, submission.Contents{
		Learner: l.Learner, Tool: l.Tool, Created: l.Now, Log: log, Runs: l.Order,
		File: func(id string) ([]byte, error) { return files[id], nil },
	})
	return err
}
