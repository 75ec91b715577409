// SPDX-License-Identifier: MIT

package submission

import "systemlab/internal/record"

// Seen is all that is seen in one run by itself, as a part of a check.
func Seen(run *record.Run, tool, part string) (wrong, cannot []string) {
	e, p := edited(run, tool), impossible(run)
	if why := otherSequence(run); why != "" {
		e.seen = append(e.seen, why)
	}
	if why := otherLimits(run, part); why != "" {
		e.seen = append(e.seen, why)
	}
	return e.seen, p.seen
}

// OtherWorkload tells whether two runs of a check were asked for different things.
var OtherWorkload = otherWorkload

// Harmless is a cell of the table.
var Harmless = harmless
