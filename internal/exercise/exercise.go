// SPDX-License-Identifier: MIT

// Package exercise knows what an exercise is, what a learner did with it, and what
// that is worth: the exercises in each stage's folder, the log of predictions and
// checks, and the mark that follows from the runs of a check. It runs nothing and
// asks no engine; the one file that it writes is the log.
package exercise

import "systemlab/internal/drill"

// File is what a stage's exercises are called in its folder.
const File = "exercises.yaml"

// Kind of an exercise: what the learner is asked for.
type Kind string

// The five kinds.
const (
	Predict   Kind = "predict"   // a number, as an interval with a confidence, sealed before it is measured
	Attribute Kind = "attribute" // the service that binds, proven by intervention
	Reach     Kind = "reach"     // more served, within a budget of cores
	Survive   Kind = "survive"   // a drill that the stage as it begins does not pass
	Diagnose  Kind = "diagnose"  // what the lab broke without saying
)

// Exercise is one task of a stage. Of the five parts exactly the one of its kind is set.
type Exercise struct {
	Name    string   `yaml:"name"` // unique over all stages
	Title   string   `yaml:"title"`
	Kind    Kind     `yaml:"kind"`
	Ask     string   `yaml:"ask"`     // Markdown: what the learner is to do, and what is measured
	Hints   []string `yaml:"hints"`   // each says more than the one before
	Explain string   `yaml:"explain"` // Markdown: shown once it is solved, of a prediction once it is measured

	// Begin is what is changed of the stage before the learner begins.
	Begin Change `yaml:"begin"`

	Predict   *Contest `yaml:"predict"`
	Attribute *Plant   `yaml:"attribute"`
	Reach     *Goal    `yaml:"reach"`
	Survive   *Trial   `yaml:"survive"`
	Diagnose  *Riddle  `yaml:"diagnose"`

	// Reference solves it, Naive fails: each as the learner would give it, for tests. No learner is shown them.
	Reference Attempt `yaml:"reference"`
	Naive     Attempt `yaml:"naive"`

	Stage int `yaml:"-"` // of the folder that it was read from
}

// Change of a stage: what `lab up --env`, `lab scale` and `lab up --limit` do.
type Change struct {
	Env    []string           `yaml:"env"`    // SERVICE.NAME=VALUE
	Scale  map[string]int     `yaml:"scale"`  // service to replicas
	Limits map[string]float64 `yaml:"limits"` // service to cores, of each replica
}

// Contest is two stages, or one with two settings, and the quantity that is asked for.
type Contest struct {
	A        string   `yaml:"a"` // a stage
	B        string   `yaml:"b"`
	EnvA     []string `yaml:"env-a"`
	EnvB     []string `yaml:"env-b"`
	Workload string   `yaml:"workload"`
	Rate     float64  `yaml:"rate"`
	// Quantity and Service name a row of `lab compare`: cpu_per_request of postgres. The
	// ratio that is asked for is A by B.
	Quantity string `yaml:"quantity"`
	Service  string `yaml:"service"`
}

// Plant is a bottleneck that Begin makes; what binds under Workload is asked for.
type Plant struct {
	Workload string `yaml:"workload"`
}

// Goal is to serve Times what the stage as it begins serves at its ceiling, with limits that
// come to Budget times its own at most.
type Goal struct {
	Workload string  `yaml:"workload"`
	Times    float64 `yaml:"times"`
	Budget   float64 `yaml:"budget"`
}

// Trial is a drill of the stage, by name, that must hold on the learner's stack; its
// limits may come to Budget cores in all; 0 is any. Cores, not times those of the stage as
// it begins: no run of a check is of that, and a mark follows from the runs alone.
type Trial struct {
	Drill  string  `yaml:"drill"`
	Budget float64 `yaml:"budget"`

	// Script is that drill, as the stage's drills.yaml has it.
	Script *drill.Drill `yaml:"-"`
}

// Riddle is faults of which one is made, by the learner's seed. The load that shows it is Workload at Rate.
type Riddle struct {
	Faults   []Fault `yaml:"faults"`
	Workload string  `yaml:"workload"`
	Rate     float64 `yaml:"rate"`
}

// Fault as `lab break` takes it: redis, pause.
type Fault struct {
	What string `yaml:"what"`
	How  string `yaml:"how"`
}

// Attempt is what someone gives for an exercise: an answer, or a change of the stack.
// For a riddle "right" and "wrong" stand for the answer, which depends on the seed.
type Attempt struct {
	Answer string `yaml:"answer"`
	Change `yaml:",inline"`
}
