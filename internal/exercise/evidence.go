// SPDX-License-Identifier: MIT

package exercise

import (
	"fmt"
	"strings"

	"systemlab/internal/record"
)

// unfit says why runs are not those of this exercise's check; "" where they are. A
// teacher's own file belongs to no stage.
func (e Exercise) unfit(workload string, runs ...*record.Run) string {
	for _, run := range runs {
		switch {
		case e.Stage != 0 && run.Stage.Number != e.Stage:
			return fmt.Sprintf("run %s is of stage %d, and this is an exercise of stage %d", run.ID, run.Stage.Number, e.Stage)
		case workload != "" && run.Workload.Name != workload:
			return fmt.Sprintf("run %s asked for %s, not for %s", run.ID, run.Workload.Name, workload)
		}
	}
	return ""
}

// granted is the sum of all CPU limits in runs, in cores: the most that one of them
// shows. Without a limit on some container there is no sum, and that one is named.
func granted(runs []*record.Run) (cores float64, unlimited string) {
	for _, run := range runs {
		sum := 0.0
		for _, c := range run.Containers {
			if c.LimitCores <= 0 {
				unlimited = c.Service
			}
			sum += c.LimitCores
		}
		cores = max(cores, sum)
	}
	return cores, unlimited
}

// slack is by how much limits may be above a budget: the engine keeps a limit in parts of a
// period, not as the number that was typed.
const slack = 0.005

// closed tells a run of a closed loop, in which a number of clients shows the most that
// is served.
func closed(run *record.Run) bool { return strings.HasPrefix(run.Pace, "clients:") }
