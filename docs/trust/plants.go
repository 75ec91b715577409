// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

const watchers = "for i in $(seq 40); do redis-cli monitor >/dev/null & done; wait"

// plant starves one service of a stage, with the engine's own command.
type plant struct {
	service, stage, workload string
	limit                    string // docker update ... of each of its containers
	env                      string // of the stage
	also                     string // in each of its containers
	longer                   string // runs than the usual, as lab explain takes it
}

func plants() []plant {
	return []plant{
		{service: "postgres", stage: "4", workload: "mixed", limit: "--cpus 0.15"},
		{service: "api", stage: "4", workload: "mixed", limit: "--cpus 0.04"},
		{service: "nginx", stage: "4", workload: "mixed", limit: "--cpus 0.03"},
		// One request in fifty is heavy, and all clients wait for those: of some 20 in a run of 5 s, chance
		// alone makes a fifth more or less.
		{service: "worker", stage: "7", workload: "heavy", limit: "--cpus 0.05", longer: "--duration 15s"},
		// The api gives up a cache that makes it wait for 50 ms, and a limit holds redis
		// back for longer: without more patience it would be left out. And redis does
		// so little that its limit would have to be under what a kernel can keep (5 ms in
		// 100): forty watchers are told of all it does, by itself.
		{service: "redis", stage: "5", workload: "users", limit: "--cpus 0.15", env: "api.CACHE_PATIENCE=1s", also: watchers},
	}
}

func proveAll(names []string) error {
	defer exec.Command(lab, "-p", project, "down", "--volumes").Run()
	fmt.Println("| planted | named | before | more for it | times before | the decoy | times before | rounds | proof |\n|---|---|---:|---:|---|---|---|---:|---|")
	for _, p := range plants() {
		if len(names) > 0 && !slices.Contains(names, p.service) {
			continue
		}
		if err := p.prove(); err != nil {
			return err
		}
	}
	return nil
}

func (p plant) prove() error {
	up := []string{"-p", project, "up", p.stage}
	if p.env != "" {
		up = append(up, "--env", p.env)
	}
	if err := do(lab, up...); err != nil {
		return err
	}
	ids, err := exec.Command("docker", "ps", "-q", "--filter", "label=com.docker.compose.project="+project, "--filter", "label=com.docker.compose.service="+p.service).Output()
	if err != nil {
		return err
	}
	containers := strings.Fields(string(ids))
	if err := do("docker", slices.Concat([]string{"update"}, strings.Fields(p.limit), containers)...); err != nil {
		return err
	}
	for _, c := range containers {
		if p.also == "" {
			break
		}
		if err := do("docker", "exec", "-d", c, "sh", "-c", p.also); err != nil {
			return err
		}
	}
	type move struct{ Ratio, Low, High float64 }
	var e struct {
		Binding *struct{ Service, Resource string }
		Proof   struct {
			State, Reason string
			Rounds        int
			Before, After float64
			DecoyService  string `json:"decoy_service"`
			Raised, Decoy move
		}
	}
	if err := ask(&e, slices.Concat([]string{"explain", "--prove", "--workload", p.workload}, strings.Fields(p.longer))...); err != nil {
		return err
	}
	named := "nothing"
	if e.Binding != nil {
		named = e.Binding.Service + ", " + e.Binding.Resource
	}
	times := func(m move) string { return fmt.Sprintf("%.2f (%.2f to %.2f)", m.Ratio, m.Low, m.High) }
	fmt.Printf("| %s %s, stage %s%s, %s%s | %s | %.0f | %.0f | %s | %s | %s | %d | %s: %s |\n", p.service, p.limit, p.stage, strings.TrimSuffix(" "+p.env, " "), p.workload, strings.TrimSuffix(" "+p.longer, " "), named, e.Proof.Before, e.Proof.After,
		times(e.Proof.Raised), e.Proof.DecoyService, times(e.Proof.Decoy), e.Proof.Rounds, e.Proof.State, e.Proof.Reason)
	// The stack goes, for the next plant must not find this one.
	return do(lab, "-p", project, "down", "--volumes")
}

func do(name string, args ...string) error {
	c := exec.Command(name, args...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(append([]string{name}, args...), " "), err, out)
	}
	return nil
}
