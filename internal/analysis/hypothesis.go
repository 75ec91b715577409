// SPDX-License-Identifier: MIT

package analysis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hypothesis is what is expected of a fault before it is made: conditions that
// all must hold.
type Hypothesis []Condition

// Condition is one bound on one figure of a trial, such as `gap < 500ms`,
// `lost GET = 0` or `median gap < 500ms`.
type Condition struct {
	Median bool     // of all trials; else every trial must hold it
	Figure string   // gap, recovered or lost
	Of     []string // of lost: these endpoints alone; nil is all
	Less   string   // <, <= or =
	Value  float64  // seconds, or a number of requests
	Share  bool     // Value is a share of what was asked
	text   string
}

func (c Condition) String() string { return c.text }

func (h Hypothesis) String() string {
	all := make([]string, len(h))
	for i, c := range h {
		all[i] = c.text
	}
	return strings.Join(all, ", ")
}

// only are those conditions, each once, as the hypothesis has them.
func (h Hypothesis) only(texts []string) string {
	kept := slices.DeleteFunc(slices.Clone(h), func(c Condition) bool { return !slices.Contains(texts, c.text) })
	return kept.String()
}

// ParseCondition reads one condition. endpoints gives the endpoints that a word
// stands for (GET, user), none for a word that it does not know.
func ParseCondition(text string, endpoints func(string) []string) (Condition, error) {
	c := Condition{text: strings.Join(strings.Fields(text), " ")}
	bad := func(why string) (Condition, error) {
		return c, fmt.Errorf("condition %q: %s, as in gap < 500ms, median recovered < 2s, lost GET = 0, lost user <= 3, lost < 1%%", text, why)
	}
	words := strings.Fields(text)
	if len(words) > 0 && words[0] == "median" {
		c.Median, words = true, words[1:]
	}
	if len(words) < 3 {
		return bad("it needs a figure, <, <= or =, and a value")
	}
	c.Figure, c.Less = words[0], words[len(words)-2]
	if of := words[1 : len(words)-2]; len(of) > 1 || len(of) == 1 && c.Figure != "lost" {
		return bad("what stands between the figure and the sign is one word, of lost alone")
	} else if len(of) == 1 {
		if c.Of = endpoints(of[0]); len(c.Of) == 0 {
			return bad(of[0] + " is neither a method nor an endpoint")
		}
	}
	if !slices.Contains([]string{"<", "<=", "="}, c.Less) {
		return bad(c.Less + " is not <, <= or =")
	}
	switch c.Figure {
	case "gap", "recovered":
		d, err := time.ParseDuration(words[len(words)-1])
		if err != nil || d < 0 {
			return bad(words[len(words)-1] + " is no time")
		}
		c.Value = d.Seconds()
	case "lost":
		number, share := strings.CutSuffix(words[len(words)-1], "%")
		v, err := strconv.ParseFloat(number, 64)
		if err != nil || !(v >= 0 && v <= 1e9) {
			return bad(words[len(words)-1] + " is neither a count nor a share")
		}
		if c.Value, c.Share = v, share; share {
			c.Value = v / 100
		}
	default:
		return bad(c.Figure + " is not gap, recovered or lost")
	}
	return c, nil
}

// of reads the condition's figure from a trial; false where the trial has none,
// as one that did not recover.
func (c Condition) of(o Outage) (float64, bool) {
	switch c.Figure {
	case "gap":
		return o.Gap, !o.Open
	case "recovered":
		if o.Recovered == nil {
			return 0, false
		}
		return *o.Recovered, true
	}
	lost := o.Lost
	if c.Of != nil {
		lost = 0
		for _, name := range c.Of {
			lost += o.LostBy[name]
		}
	}
	if c.Share {
		if o.Asked == 0 {
			return 0, false
		}
		return float64(lost) / float64(o.Asked), true
	}
	return float64(lost), true
}

func (c Condition) met(v float64) bool {
	switch c.Less {
	case "<":
		return v < c.Value
	case "<=":
		return v <= c.Value
	}
	return v == c.Value
}

// broken are the conditions that a trial does not hold, of those about every trial.
func (h Hypothesis) broken(o Outage) (texts []string) {
	for _, c := range h {
		if v, ok := c.of(o); !c.Median && (!ok || !c.met(v)) {
			texts = append(texts, c.text)
		}
	}
	return texts
}

// brokenMedian likewise, of the conditions on medians. A trial without the figure
// counts as beyond any bound.
func (h Hypothesis) brokenMedian(all []Outage) (texts []string) {
	for _, c := range h {
		if !c.Median {
			continue
		}
		values := make([]float64, 0, len(all))
		for _, o := range all {
			v, ok := c.of(o)
			if !ok {
				v = 1e300
			}
			values = append(values, v)
		}
		if !c.met(median(values)) {
			texts = append(texts, c.text)
		}
	}
	return texts
}
