// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// WriteCapacity prints how much a stage serves within its objective: the steps of
// the search, the answer, the bounds that CPU sets, and the curve.
func WriteCapacity(w io.Writer, c analysis.Capacity, o Options) error {
	p := &capacityPage{c: c, o: o}
	p.line("%s %s", o.paint(bold, fmt.Sprintf("Stage %d, %s", c.Stage.Number, c.Stage.Title)), o.paint(dim, "· "+c.Objective.String()))
	p.line("")
	p.steps()
	p.item("Capacity", "%s", o.paint(bold, Capacity(c)))
	p.bounds()
	p.curve()
	for i, note := range c.Notes {
		p.item(first("Notes", i), "%s", note)
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

// Capacity says the answer of a search in a few words: 322/s (met at 322/s,
// missed at 336/s).
func Capacity(c analysis.Capacity) string {
	switch {
	case c.AtLeast:
		return fmt.Sprintf("at least %s/s: no rate missed", Rate(c.Rate))
	case c.Rate <= 0 && c.High > 0:
		return fmt.Sprintf("below %s/s: no rate met it", Rate(c.High))
	case c.Rate <= 0:
		return "unknown"
	}
	return fmt.Sprintf("%s/s (met at %s/s, missed at %s/s)", Rate(c.Rate), Rate(c.Low), Rate(c.High))
}

type capacityPage struct {
	c analysis.Capacity
	o Options
	b strings.Builder
}

func (p *capacityPage) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

// item prints one line under a label, broken at words where it is longer than a
// terminal.
func (p *capacityPage) item(label, format string, args ...any) {
	const width, indent = 80, 10
	line, used := p.o.paint(bold, label)+strings.Repeat(" ", max(0, indent-len(label))), indent
	for i, word := range strings.Fields(fmt.Sprintf(format, args...)) {
		n := len([]rune(word))
		switch {
		case i == 0:
		case used+1+n > width:
			p.line("%s", line)
			line, used = strings.Repeat(" ", indent), indent
		default:
			line, used = line+" ", used+1
		}
		line, used = line+word, used+n
	}
	p.line("%s", line)
}

func first(label string, i int) string {
	if i == 0 {
		return label
	}
	return ""
}

func (p *capacityPage) steps() {
	if len(p.c.Steps) == 0 {
		return
	}
	t, quantile, untrusted := stepsTable(p.c)
	p.b.WriteString(t.text(p.o))
	if untrusted {
		p.line("%s", p.o.paint(dim, quantile+" "+None+": too few answers for it"))
	}
	p.line("")
}

// stepsTable has a row a step. Untrusted is whether one has too few answers for
// the objective's quantile.
func stepsTable(c analysis.Capacity) (t *Table, quantile string, untrusted bool) {
	quantile, _, _ = strings.Cut(c.Objective.String(), "<")
	t = &Table{Head: []string{"step", "meets", "verdict", "asked/s", "served/s", "failed", quantile, "in flight"}, Left: 3}
	for _, s := range c.Steps {
		latency := None // without answers, or with too few of them
		if s.Trusted && s.Latency > 0 {
			latency = Seconds(s.Latency)
		}
		untrusted = untrusted || !s.Trusted && s.Served > 0
		t.Row(string(s.Purpose), meets(s), string(s.Verdict), Rate(s.Rate), Rate(s.Served), Percent(s.Failed), latency, inFlight(s.Concurrency))
	}
	return t, quantile, untrusted
}

// CapacityStepLine tells of a step when it has been made.
func CapacityStepLine(why analysis.Purpose, s analysis.Step) string {
	answer := map[string]string{"yes": "meets it", "no": "misses it", None: "invalid"}[meets(s)]
	return fmt.Sprintf("%s/s (%s): served %s/s, %s failed, p99 %s: %s", Rate(s.Asked), why, Rate(s.Served), Percent(s.Failed), Seconds(s.P99), answer)
}

func meets(s analysis.Step) string {
	switch {
	case s.Verdict == record.Invalid:
		return None
	case s.Meets:
		return "yes"
	}
	return "no"
}

func inFlight(n float64) string {
	if !plausible(n) || n < 0 {
		return None
	}
	return significant(n)
}

// shownBounds is how many services' bounds are printed; the rest are far from binding.
const shownBounds = 3

func (p *capacityPage) bounds() {
	for i, words := range boundWords(p.c) {
		p.item(first("CPU bound", i), "%s", words)
	}
}

func boundWords(c analysis.Capacity) (out []string) {
	for _, b := range c.Bounds[:min(shownBounds, len(c.Bounds))] {
		out = append(out, fmt.Sprintf("%s/s by %s: %s ms a request, %s cores", Rate(b.Rate), b.Service, Milliseconds(b.DemandSeconds), trim(Cores(b.LimitCores))))
	}
	return out
}

func (p *capacityPage) curve() {
	for i, words := range scalingWords(p.c.USL) {
		p.item(first("Scaling", i), "%s", words)
	}
}

// scalingWords say what the fit found, or why there is none.
func scalingWords(u analysis.USL) []string {
	if u.Refused != "" {
		return []string{"no fit: " + u.Refused}
	}
	if u.Steps == 0 {
		return nil
	}
	peak := "no peak: throughput was not seen to fall"
	if u.Peak != nil {
		peak = fmt.Sprintf("peak with %s in flight", estimate(*u.Peak))
	}
	return []string{
		fmt.Sprintf("λ %s: a second, with one in flight", estimate(u.Lambda)),
		fmt.Sprintf("σ %s: the share that is done one at a time", estimate(u.Sigma)),
		fmt.Sprintf("κ %s: what requests cost each other", estimate(u.Kappa)),
		peak,
		fmt.Sprintf("by %d steps with %s to %s in flight, which lie %s off the curve", u.Steps, inFlight(u.Measured[0]), inFlight(u.Measured[1]), Percent(u.Spread)),
	}
}

// estimate prints a fitted number with its interval, three digits each.
func estimate(e analysis.Estimate) string {
	return fmt.Sprintf("%s (%s to %s)", digits(e.Value), digits(e.Low), digits(e.High))
}

func digits(v float64) string {
	if !finite(v) {
		return None
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// WriteCapacities prints one row a stage, to be compared.
func WriteCapacities(w io.Writer, all []analysis.Capacity, o Options) error {
	return capacitiesTable(all).Write(w, o)
}

func capacitiesTable(all []analysis.Capacity) *Table {
	t := &Table{Head: []string{"stage", "", "met/s", "missed/s", "CPU bound/s", "by"}, Left: 2}
	for _, c := range all {
		bound, by := None, ""
		if len(c.Bounds) > 0 {
			bound, by = Rate(c.Bounds[0].Rate), c.Bounds[0].Service
		}
		t.Row(fmt.Sprint(c.Stage.Number), c.Stage.Title, rateOrNone(c.Low), rateOrNone(c.High), bound, by)
	}
	return t
}

func rateOrNone(v float64) string {
	if v <= 0 {
		return None
	}
	return Rate(v)
}

// CapacityResult is a capacity as `lab capacity -o json` prints it. Of usl and
// usl_refused there is always one.
type CapacityResult struct {
	Stage         int             `json:"stage"`
	Objective     string          `json:"objective"`
	RatePerSecond float64         `json:"rate_per_second"` // the highest that met it; 0 where none did
	Low           float64         `json:"low"`             // the same, as the lower end of the bracket
	High          float64         `json:"high"`            // the lowest that missed; 0 where none did
	AtLeast       bool            `json:"at_least"`        // no rate missed
	Steps         []CapacityStep  `json:"steps"`
	USL           *CapacityUSL    `json:"usl,omitempty"`
	USLRefused    string          `json:"usl_refused,omitempty"`
	Bounds        []CapacityBound `json:"bounds"` // lowest first
	Notes         []string        `json:"notes"`
	StageName     string          `json:"stage_name"`
}

// CapacityStep is one run of the search.
type CapacityStep struct {
	RatePerSecond   float64      `json:"rate_per_second"`
	AskedPerSecond  float64      `json:"asked_per_second"` // by the run's own count
	ServedPerSecond float64      `json:"served_per_second"`
	FailedRatio     float64      `json:"failed_ratio"`
	LatencySeconds  float64      `json:"latency_seconds"` // at the objective's quantile
	P99Seconds      float64      `json:"p99_seconds"`
	Trusted         bool         `json:"trusted"` // there are answers enough for that quantile
	Concurrency     float64      `json:"concurrency"`
	Meets           bool         `json:"meets"`
	Verdict         record.State `json:"verdict"`
	Run             string       `json:"run"`
	Purpose         string       `json:"purpose"`
}

// CapacityUSL is the fitted law.
type CapacityUSL struct {
	Sigma           CapacityEstimate  `json:"sigma"`
	Kappa           CapacityEstimate  `json:"kappa"`
	Lambda          CapacityEstimate  `json:"lambda"`
	PeakConcurrency *CapacityEstimate `json:"peak_concurrency,omitempty"` // where throughput was seen to fall
	Steps           int               `json:"steps"`
	SpreadRatio     float64           `json:"spread_ratio"`
}

// CapacityEstimate is a fitted number with its interval.
type CapacityEstimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// CapacityBound is the rate at which one service's CPU is used up.
type CapacityBound struct {
	Service              string  `json:"service"`
	CPUSecondsPerRequest float64 `json:"cpu_seconds_per_request"`
	LimitCores           float64 `json:"limit_cores"`
	RatePerSecond        float64 `json:"rate_per_second"`
}

// CapacityJSON gives the fields of a capacity that others rely on, ready to be encoded.
func CapacityJSON(c analysis.Capacity) CapacityResult {
	r := CapacityResult{
		Stage: c.Stage.Number, StageName: c.Stage.Name, Objective: c.Objective.String(),
		RatePerSecond: c.Rate, Low: c.Low, High: c.High, AtLeast: c.AtLeast, USLRefused: c.USL.Refused, Notes: c.Notes,
	}
	for _, s := range c.Steps {
		r.Steps = append(r.Steps, CapacityStep{
			RatePerSecond: s.Rate, AskedPerSecond: s.Asked, ServedPerSecond: s.Served, FailedRatio: s.Failed, LatencySeconds: s.Latency,
			P99Seconds: s.P99, Trusted: s.Trusted, Concurrency: s.Concurrency, Meets: s.Meets, Verdict: s.Verdict, Run: s.Run, Purpose: string(s.Purpose),
		})
	}
	for _, b := range c.Bounds {
		r.Bounds = append(r.Bounds, CapacityBound{b.Service, b.DemandSeconds, b.LimitCores, b.Rate})
	}
	if u := c.USL; u.Refused == "" {
		r.USL = &CapacityUSL{Sigma: CapacityEstimate(u.Sigma), Kappa: CapacityEstimate(u.Kappa), Lambda: CapacityEstimate(u.Lambda), Steps: u.Steps, SpreadRatio: u.Spread}
		if u.Peak != nil {
			peak := CapacityEstimate(*u.Peak)
			r.USL.PeakConcurrency = &peak
		}
	}
	return clean(r)
}
