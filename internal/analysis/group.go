// SPDX-License-Identifier: MIT

package analysis

import (
	"cmp"
	"maps"
	"slices"

	"systemlab/internal/record"
)

// Group is runs that belong together, and what they say: two sides that took
// turns, a ladder of more, or searches for capacity. One of the three is set.
type Group struct {
	ID   string
	Runs []*record.Run // oldest first

	Comparison *Comparison
	Between    [2]record.Architecture // what is compared
	Ladder     *Ladder
	Capacities []Capacity
}

// Groups puts together what belongs together, in the order in which it comes;
// alone are the runs of no comparison and no search, or without any of its others.
func Groups(runs []*record.Run) (groups []Group, alone []*record.Run) {
	for _, run := range runs {
		if run.Round == nil {
			alone = append(alone, run)
			continue
		}
		i := slices.IndexFunc(groups, func(g Group) bool { return g.ID == run.Round.Comparison })
		if i < 0 {
			i, groups = len(groups), append(groups, Group{ID: run.Round.Comparison})
		}
		groups[i].Runs = append(groups[i].Runs, run)
	}
	groups = slices.DeleteFunc(groups, func(g Group) bool {
		if len(g.Runs) == 1 {
			alone = append(alone, g.Runs[0])
		}
		return len(g.Runs) == 1
	})
	for i := range groups {
		groups[i].tell()
	}
	return groups, alone
}

// tell concludes again what was concluded when the runs were made.
func (g *Group) tell() {
	slices.SortStableFunc(g.Runs, func(a, b *record.Run) int { return a.Started.Compare(b.Started) })
	sides := sidesOf(g.Runs)
	switch {
	case g.Runs[0].Round.Search != nil:
		for _, side := range sides {
			g.Capacities = append(g.Capacities, Retrace(ofSide(g.Runs, side)))
		}
	case len(sides) > 2:
		l := Climb(ladderOf(g.Runs, sides))
		g.Ladder = &l
	default:
		a, b := sideNames[0], sideNames[1]
		if len(sides) == 2 {
			a, b = sides[0], sides[1]
		}
		pairs := PairsOf(g.Runs, a, b)
		c := Compare(pairs)
		g.Comparison = &c
		for _, p := range pairs {
			for i, run := range p.sides() {
				if run != nil && len(g.Between[i].Services) == 0 {
					g.Between[i] = run.Architecture
				}
			}
		}
	}
}

// PairsOf gives the rounds of two sides of a comparison, as they were counted when
// it was played: of a round that was played again the last time that both had
// their turn. A side without the other one makes a round that is not whole.
func PairsOf(runs []*record.Run, a, b string) []Pair {
	var out []Pair
	for _, round := range roundsIn(runs, []string{a, b}) {
		if round[0] != nil || round[1] != nil {
			out = append(out, Pair{A: round[0], B: round[1]})
		}
	}
	return out
}

// ladderOf gives each stage's runs of the whole rounds; where none is whole,
// those that there are.
func ladderOf(runs []*record.Run, sides []string) [][]*record.Run {
	out := make([][]*record.Run, len(sides))
	for _, round := range roundsIn(runs, sides) {
		if !slices.Contains(round, nil) {
			for i, run := range round {
				out[i] = append(out[i], run)
			}
		}
	}
	if len(out[0]) == 0 {
		for i, side := range sides {
			out[i] = ofSide(runs, side)
		}
	}
	slices.SortStableFunc(out, func(a, b []*record.Run) int { return cmp.Compare(a[0].Stage.Number, b[0].Stage.Number) })
	return out
}

// roundsIn sorts runs, which are in the order of time, by rounds and sides.
func roundsIn(runs []*record.Run, sides []string) [][]*record.Run {
	byNumber := map[int][]*record.Run{}
	for _, run := range runs {
		byNumber[run.Round.Number] = append(byNumber[run.Round.Number], run)
	}
	var out [][]*record.Run
	for _, n := range slices.Sorted(maps.Keys(byNumber)) {
		out = append(out, lastPlay(byNumber[n], sides))
	}
	return out
}

// lastPlay is a run of each side: of the last play in which all had their turn,
// or else of the first one.
func lastPlay(runs []*record.Run, sides []string) []*record.Run {
	plays, whole := [][]*record.Run{make([]*record.Run, len(sides))}, 0
	for i, side := range sides {
		for n, run := range ofSide(runs, side) {
			if n == len(plays) {
				plays = append(plays, make([]*record.Run, len(sides)))
			}
			plays[n][i] = run
		}
	}
	for n, play := range plays {
		if !slices.Contains(play, nil) {
			whole = n
		}
	}
	return plays[whole]
}

func sidesOf(runs []*record.Run) []string {
	seen := map[string]bool{}
	for _, run := range runs {
		seen[run.Round.Side] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func ofSide(runs []*record.Run, side string) []*record.Run {
	return slices.DeleteFunc(slices.Clone(runs), func(r *record.Run) bool { return r.Round.Side != side })
}
