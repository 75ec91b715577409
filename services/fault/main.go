// SPDX-License-Identifier: MIT

//go:build linux

// Command fault makes a network worse: the one of the container that it shares it
// with, and no other. `fault set ORDER` delays, drops and slows what that container
// sends, by netem where the kernel has it and else by passing each packet on by
// itself; it says by which in one line of JSON. `fault clear` takes netem away.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// order is what is asked for; lab's side of it is in internal/fault.
type order struct {
	Latency time.Duration `json:"latency"` // nanoseconds
	Jitter  time.Duration `json:"jitter"`
	Loss    float64       `json:"loss"` // 0 to 1
	Rate    int64         `json:"rate"` // bits a second
}

// answer is the one line that is said.
type answer struct {
	Means       string `json:"means,omitempty"`
	Unsupported string `json:"unsupported,omitempty"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fault:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "set":
		var o order
		if err := json.Unmarshal([]byte(args[1]), &o); err != nil {
			return err
		}
		return set(o)
	case len(args) == 1 && args[0] == "clear":
		if err := clearNetem(); err != nil {
			return err
		}
		return say(answer{Means: "netem"})
	}
	return fmt.Errorf("fault set ORDER, or fault clear")
}

func set(o order) error {
	ok, err := setNetem(o)
	if err != nil {
		return err
	}
	if ok {
		return say(answer{Means: "netem"})
	}
	r, err := startRelay(o)
	if err != nil {
		return say(answer{Unsupported: "this kernel has no netem, and its packets can't be passed on one by one: " + err.Error()})
	}
	if err := say(answer{Means: "packet relay"}); err != nil {
		return err
	}
	return r.wait()
}

func say(a answer) error { return json.NewEncoder(os.Stdout).Encode(a) }
