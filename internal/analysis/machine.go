// SPDX-License-Identifier: MIT

package analysis

import "systemlab/internal/record"

// Bounds on the machine, as shares of its cores.
const (
	// Cores used by what is neither the stage nor the generator: 0.25 of 2 is
	// what a desktop with a browser does; with 0.75 less than the limits of one
	// stage is left. The engine itself and lab stay under 0.1.
	hostSuspect = 0.125
	hostInvalid = 0.375

	// With every core taken, waiting for a core is part of every latency, and
	// no container's limit is what binds.
	fullSuspect = 0.95

	// Taken by the hypervisor: time that no counter of ours shows.
	stealSuspect = 0.025
	stealInvalid = 0.10
)

func (j *judge) host() {
	if !j.Host.Known {
		j.add(CheckHost, record.Valid, "see to it that nothing else runs there; lab reads it from /proc/stat, on the engine's own machine",
			"what else ran on the machine is not known: its CPU could not be read")
		return
	}
	others := j.Host.Cores - j.Host.StackCores
	if state, bad := above(others/j.cores(), hostSuspect, hostInvalid); bad {
		j.add(CheckHost, state, "stop what else runs on this machine and repeat",
			"something else used %.2f of %.0f cores", others, j.cores())
	}
}

func (j *judge) full() {
	if j.Host.Known && j.Host.Cores+j.Host.StealCores > fullSuspect*j.cores() {
		j.add(CheckFull, record.Suspect, "ask for a lower rate: the machine binds here, not the stage's limits",
			"the machine was full: %.2f of %.0f cores busy", j.Host.Cores+j.Host.StealCores, j.cores())
	}
}

func (j *judge) steal() {
	if !j.Host.Known {
		return
	}
	if state, bad := above(j.Host.StealCores/j.cores(), stealSuspect, stealInvalid); bad {
		j.add(CheckSteal, state, "repeat at a quieter time, or on a machine of your own",
			"the hypervisor took %.2f of %.0f cores", j.Host.StealCores, j.cores())
	}
}
