// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// Explained is an explanation as `lab explain -o json` prints it. Binding and
// Proof are the stable fields; each is null where there is none.
type Explained struct {
	Run       string   `json:"run"`
	Stage     int      `json:"stage"`
	Binding   *Binding `json:"binding"`
	Proof     *Proof   `json:"proof"`
	Certainty string   `json:"certainty"` // sure, likely or unsure
	Notes     []string `json:"notes"`
	Services  []Box    `json:"services"` // the one nearest its limit first
}

// Binding is the resource that limits the rate. Saturated says that it does so
// in this run; else it would be the first to, at a higher rate.
type Binding struct {
	Service     string  `json:"service"` // "" for the machine
	Resource    string  `json:"resource"`
	Utilisation float64 `json:"utilisation"` // of the busiest replica; 0 where unknown
	SaturatesAt float64 `json:"saturates_at_per_second"`
	Saturated   bool    `json:"saturated"`
}

// Proof is what came of raising limits: ceilings in good answers a second.
type Proof struct {
	State        string  `json:"state"` // proven, refuted or undecided
	Rounds       int     `json:"rounds"`
	Before       float64 `json:"before"`
	After        float64 `json:"after"`
	DecoyService string  `json:"decoy_service"`
	DecoyAfter   float64 `json:"decoy_after"`
	Raised       Move    `json:"raised"` // after by before, round by round
	Decoy        Move    `json:"decoy"`
	Reason       string  `json:"reason"`
}

// Move is by what factor a ceiling changed, with a 95% interval; zeros where unknown.
type Move struct {
	Ratio      float64 `json:"ratio"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	AtOneSpeed bool    `json:"at_one_speed"` // for a machine as fast on both sides
}

// Box is one service's part.
type Box struct {
	Service        string    `json:"service"`
	Replicas       int       `json:"replicas"`
	DemandSeconds  float64   `json:"demand_seconds"` // CPU for a good answer
	LimitCores     float64   `json:"limit_cores"`
	Utilisation    float64   `json:"utilisation"`
	Busiest        float64   `json:"busiest_utilisation"`
	ThrottledRatio float64   `json:"throttled_ratio"`
	SaturatesAt    float64   `json:"saturates_at_per_second"`
	Saturated      bool      `json:"saturated"`
	Waiting        []Waiting `json:"waiting"`
}

// Waiting is something that is waited for at a box.
type Waiting struct {
	What string  `json:"what"`
	Mean float64 `json:"mean"`
	Max  float64 `json:"max"`
	Unit string  `json:"unit"`
}

// ExplainJSON gives an explanation, ready to be encoded; proof may be nil.
func ExplainJSON(run *record.Run, e analysis.Explanation, proof *analysis.Proof) Explained {
	out := Explained{Run: run.ID, Stage: run.Stage.Number, Certainty: e.Certainty, Notes: e.Notes}
	if e.Binding != nil {
		b := Binding(*e.Binding)
		out.Binding = &b
	}
	if proof != nil {
		out.Proof = &Proof{proof.State, proof.Rounds, proof.Before, proof.After, proof.DecoyService, proof.DecoyAfter, Move(proof.Raised), Move(proof.Decoy), proof.Reason}
	}
	for _, b := range e.Boxes {
		box := Box{Service: b.Service, Replicas: b.Replicas, DemandSeconds: b.DemandSeconds, LimitCores: b.LimitCores, Utilisation: b.Utilisation,
			Busiest: b.Busiest, ThrottledRatio: b.ThrottledRatio, SaturatesAt: b.SaturatesAt, Saturated: b.Saturated}
		for _, w := range b.Waiting {
			box.Waiting = append(box.Waiting, Waiting(w))
		}
		out.Services = append(out.Services, box)
	}
	return clean(out)
}

// WriteExplanation prints what binds and why; proof may be nil.
func WriteExplanation(w io.Writer, run *record.Run, e analysis.Explanation, proof *analysis.Proof, o Options) error {
	p := &page{run: run, o: o}
	p.line("%s %s", o.paint(bold, fmt.Sprintf("Stage %d, %s", run.Stage.Number, run.Stage.Title)), o.paint(dim, "· run "+run.ID))
	p.line("%s, %s: %s good answers a second while the load was on", run.Workload.Name, run.Pace, Rate(whole(analysis.Throughput(run))))
	p.line("")
	p.boxes(e.Boxes)
	p.line("")
	p.labelled("Binding", bindingWords(e.Binding))
	p.labelled("How sure", e.Certainty)
	for _, note := range e.Notes {
		p.labelled("", note)
	}
	if proof != nil {
		p.proof(e, *proof)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

func (p *page) boxes(boxes []analysis.Box) {
	t := Table{Head: []string{"service", "CPU ms/answer", "limit", "share", "busiest", "throttled", "full at"}, Left: 1}
	for _, b := range boxes {
		throttled, busiest, full := None, None, None
		if b.LimitCores > 0 {
			throttled, busiest = Percent(b.ThrottledRatio), Percent(b.Busiest)
		}
		if b.SaturatesAt > 0 && finite(b.SaturatesAt) {
			full = Rate(whole(b.SaturatesAt)) + "/s"
		}
		name := b.Service
		if b.Replicas > 1 {
			name = fmt.Sprintf("%s, all %d", b.Service, b.Replicas)
		}
		t.Row(name, Milliseconds(b.DemandSeconds), limit(b.LimitCores), share(b.Utilisation*b.LimitCores, b.LimitCores), busiest, throttled, full)
	}
	p.table(&t)
	var wait Table
	wait.Head, wait.Left = []string{"waiting", "at", "mean", "most"}, 2
	for _, b := range boxes {
		for _, w := range b.Waiting {
			if w.Unit == "seconds" {
				wait.Row(w.What, b.Service, Seconds(w.Mean), Seconds(w.Max))
			} else {
				wait.Row(w.What, b.Service, howMany(w.Mean), howMany(w.Max))
			}
		}
	}
	if wait.Len() > 0 {
		p.line("")
		p.table(&wait)
	}
}

func howMany(v float64) string {
	if !plausible(v) || v < 0 {
		return None
	}
	return trim(significant(v))
}

func whole(v float64) float64 {
	if math.Abs(v) < 10 {
		return v
	}
	return math.Round(v)
}

// labelled prints a labelled text, wrapped under itself.
func (p *page) labelled(name, text string) {
	for _, part := range wrap(text, 78) {
		p.line("%s%s", p.label(name), part)
		name = ""
	}
}

// bindingWords says in a sentence what binds.
func bindingWords(b *analysis.Binding) string {
	if b == nil {
		return "unknown"
	}
	what := resourceWords(*b)
	used := ""
	if b.Utilisation > 0 {
		used = ", at " + Percent(b.Utilisation)
	}
	at := "an unknown rate"
	if b.SaturatesAt > 0 && plausible(b.SaturatesAt) {
		at = Rate(whole(b.SaturatesAt)) + " a second"
	}
	if b.Saturated {
		return fmt.Sprintf("%s%s; the ceiling is about %s", what, used, at)
	}
	return fmt.Sprintf("nothing at this rate; the first to saturate would be %s (now%s), at about %s", what, strings.TrimPrefix(used, ","), at)
}

func resourceWords(b analysis.Binding) string {
	switch b.Resource {
	case analysis.ResourceCPU:
		return "the CPU limit of " + b.Service
	case analysis.ResourceConnections:
		return "the connections of " + b.Service + "'s pool"
	case analysis.ResourceQueue:
		return "the work queue: tasks come faster than workers take them, who have CPU left"
	case analysis.ResourceMachine:
		return "the machine itself, not a limit of the stage"
	}
	return b.Resource
}

func (p *page) proof(e analysis.Explanation, proof analysis.Proof) {
	colour := map[string]string{analysis.Proven: green, analysis.Refuted: red}[proof.State]
	if colour == "" {
		colour = yellow
	}
	p.line("")
	p.line("%s%s", p.label("Proof"), p.o.paint(colour, strings.ToUpper(proof.State)))
	p.labelled("", proof.Reason)
	if proof.Before <= 0 {
		return
	}
	t := Table{Head: []string{"", "good answers/s", "times before", "95% interval"}, Left: 1, Indent: strings.Repeat(" ", 10)}
	t.Row("limits as they are", Rate(whole(proof.Before)), "", "")
	if e.Binding != nil && proof.After > 0 {
		t.Row(append([]string{"more for " + e.Binding.Service, Rate(whole(proof.After))}, times(proof.Raised)...)...)
	}
	if proof.DecoyService != "" && proof.DecoyAfter > 0 {
		t.Row(append([]string{"more for " + proof.DecoyService + ", the decoy", Rate(whole(proof.DecoyAfter))}, times(proof.Decoy)...)...)
	}
	p.table(&t)
	var at []string
	if proof.Raised.AtOneSpeed && e.Binding != nil {
		at = append(at, e.Binding.Service)
	}
	if proof.Decoy.AtOneSpeed {
		at = append(at, proof.DecoyService)
	}
	if len(at) > 0 {
		p.labelled("", "times before with more for "+strings.Join(at, " and for ")+": for a machine as fast in all turns, by its yardstick; answers are as measured")
	}
}

// times prints a factor and its interval.
func times(m analysis.Move) []string {
	if !(m.Ratio > 0) || !plausible(m.Ratio) || !plausible(m.High) {
		return []string{None, None}
	}
	return []string{fmt.Sprintf("%.2f", m.Ratio), fmt.Sprintf("%.2f to %.2f", m.Low, m.High)}
}
