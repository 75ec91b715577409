// SPDX-License-Identifier: MIT

package report

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// htmlRun is one run, ready for the template.
type htmlRun struct {
	*record.Run
	Anchor     string
	Heading    string
	Answers    int
	Facts      []fact // what it is
	Results    []fact // what came back, beyond latency
	Drawing    template.HTML
	OverTime   template.HTML
	RestsOn    string // how far single points can be read
	Moments    []htmlMoment
	Shown      []string // services with a column in the table over time
	Throttling string   // in words, where there is nothing to draw
	Tails      template.HTML
	Tiers      []htmlTier
	Boxes      []htmlBox
	Nearest    string
	CPUPerReq  float64 // seconds a request, all containers
	Stale      string  // reads; None where none was judged
	Commands   []string
	ByHand     bool // the rate was changed while it ran
}

// fact is a word and what there is to say of it.
type fact struct{ Name, Value string }

type htmlMoment struct {
	At       string
	Answers  int
	Measured bool
	P50, P95 string
	P99      string
	Cores    []string
}

type htmlTier struct {
	Name string
	record.Tier
}

// htmlBox is one row of the table of containers.
type htmlBox struct {
	Name      string
	Roles     string
	Cores     float64
	Limit     float64
	Throttled string
	Memory    int64
	MemLimit  string
	PerReq    float64
	Restarts  int
	Sum       bool // of all replicas
}

func runOf(run *record.Run, number int) htmlRun {
	id := fmt.Sprintf("run-%d", number)
	h := htmlRun{
		Run: run, Anchor: id, Heading: fmt.Sprintf("Stage %d, %s", run.Stage.Number, run.Stage.Title),
		Answers: analysis.Answered(run.Summary),
		Facts:   facts(run), Results: results(run), Boxes: boxes(run), Nearest: nearest(run),
		Drawing: template.HTML(drawing(id+"-boxes", run)), Commands: commands(run), Throttling: throttling(run), Stale: None,
		ByHand: slices.ContainsFunc(run.Events, func(e record.Event) bool { return e.Kind == "rate" }),
	}
	if r := run.Summary.Reads; r.Fresh+r.Stale+r.Wrong > 0 {
		h.Stale = Count(r.Stale)
	}
	for _, u := range analysis.Services(run) {
		h.CPUPerReq += u.CPUSecondsPerRequest
	}
	if moments := overTime(run); len(moments) > 0 {
		h.OverTime = template.HTML(timeFigure(id+"-time", run, moments).SVG())
		h.RestsOn = restsOn(moments)
		h.Moments, h.Shown = momentRows(run, moments)
	}
	tails := []tail{{name: "all requests", of: decode(run.Histograms.All), beyond: true}}
	if len(run.Histograms.Endpoints) > 1 {
		for _, name := range slices.Sorted(maps.Keys(run.Histograms.Endpoints)) {
			tails = append(tails, tail{name: name, of: decode(run.Histograms.Endpoints[name])})
		}
	}
	if f, ok := tailFigure(id+"-tail", "Latency distribution, run "+run.ID, tails); ok {
		h.Tails = template.HTML(f.SVG())
	}
	for _, name := range slices.Sorted(maps.Keys(run.Summary.Tiers)) {
		h.Tiers = append(h.Tiers, htmlTier{name, run.Summary.Tiers[name]})
	}
	return h
}

func facts(run *record.Run) []fact {
	m := run.Machine
	mix := make([]string, 0, len(run.Workload.Mix))
	for _, name := range slices.Sorted(maps.Keys(run.Workload.Mix)) {
		mix = append(mix, fmt.Sprintf("%s %g", name, run.Workload.Mix[name]))
	}
	workload := run.Workload.Name
	if len(mix) > 1 {
		workload += " (weights: " + strings.Join(mix, ", ") + ")"
	}
	if run.Workload.Users > 0 {
		workload += fmt.Sprintf("; %s users, drawn by Zipf %g", Count(run.Workload.Users), run.Workload.Zipf)
	}
	out := []fact{
		{"Run", run.ID},
		{"Started", run.Started.UTC().Format("2006-01-02 15:04:05 UTC")},
		{"Workload", workload},
		{"Pace", fmt.Sprintf("%s for %s after %s of warm-up, seed %d", run.Pace, Seconds(run.DurationSeconds), Seconds(run.WarmupSeconds), run.Seed)},
		{"Machine", machineWords(m)},
		{"Engine", fmt.Sprintf("%s (API %s), cgroup %s, %s", m.Engine, m.EngineAPI, m.Cgroup, m.StorageDriver)},
		{"Measured", fmt.Sprintf("by lab %s, containers by %s", run.Tool, cmp.Or(run.Meter, "nothing"))},
	}
	for _, s := range run.Architecture.Services {
		if s.Replaced != "" {
			out = append(out, fact{"In the place of " + s.Name, s.Replaced})
		}
	}
	return out
}

func results(run *record.Run) []fact {
	s := run.Summary
	out := []fact{
		{"Rate", fmt.Sprintf("asked %s/s, sent %s/s, served %s/s", Rate(s.Rate.Asked), Rate(s.Rate.Sent), Rate(s.Rate.Served))},
		{"Requests", fmt.Sprintf("%s sent: %s ok, %s failed; %s late, %s dropped", Count(s.Requests.Sent), Count(s.Requests.OK),
			Count(s.Requests.Failed), Count(s.Requests.Late), Count(s.Requests.Dropped))},
	}
	add := func(name, format string, args ...any) { out = append(out, fact{name, fmt.Sprintf(format, args...)}) }
	if len(s.StatusCodes) > 0 {
		add("Status", "%s", counts(s.StatusCodes))
	}
	if len(s.Errors) > 0 {
		add("Errors", "%s", counts(s.Errors))
	}
	if len(s.Gaps) > 0 {
		longest := slices.MaxFunc(s.Gaps, func(a, b record.Gap) int { return cmp.Compare(a.Seconds, b.Seconds) })
		add("Gaps", "%d without one good answer, the longest %s from %s on", len(s.Gaps), Seconds(longest.Seconds), at(longest.StartSeconds))
	}
	if r := s.Reads; r.Fresh+r.Stale+r.Wrong+r.Unjudged > 0 {
		stale := Count(r.Stale) + " stale"
		if r.Stale > 0 {
			stale += " (by up to " + Seconds(r.MaxStaleSeconds) + ")"
		}
		add("Reads", "%s fresh, %s, %s wrong, %s not judged", Count(r.Fresh), stale, Count(r.Wrong), Count(r.Unjudged))
	}
	if all := s.Cache.Hits + s.Cache.Misses; all > 0 {
		add("Cache", "%s hits (%s of %s)", Percent(float64(s.Cache.Hits)/float64(all)), Count(s.Cache.Hits), Count(all))
	}
	if q := s.Queue; q != nil {
		add("Queue", "%s tasks waiting on average, %s at most; %s workers", Number(q.DepthMean), Count(q.DepthMax), span(q.ConsumersMin, q.ConsumersMax))
	}
	if r := s.Replication; r != nil {
		add("Lag", "replica behind by %s on average, %s at most (%s)", Seconds(r.LagSecondsMean), Seconds(r.LagSecondsMax), Bytes(r.LagBytesMax))
	}
	add("Generator", "%s cores; requests left late by %s at p99, %s at most", Cores(s.Generator.CoresMean), Seconds(s.Generator.SlipP99Seconds), Seconds(s.Generator.SlipMaxSeconds))
	if h := run.Host; h.Known {
		add("Machine", "%s of %d cores busy, %s of them by stage and generator", Cores(h.Cores), run.Machine.Cores, Cores(h.StackCores))
	}
	return out
}

func boxes(run *record.Run) []htmlBox {
	var out []htmlBox
	for _, use := range analysis.Services(run) {
		for _, c := range run.Containers {
			if c.Service != use.Service {
				continue
			}
			b := htmlBox{Name: name(c, use.Replicas), Roles: strings.Join(c.Roles, ", "), Cores: c.CoresMean, Limit: c.LimitCores, Throttled: None,
				Memory: c.MemoryBytes, MemLimit: None, PerReq: c.CPUSecondsPerRequest, Restarts: c.Restarts}
			if c.LimitCores > 0 {
				b.Throttled = Percent(c.ThrottledRatio)
			}
			if c.MemoryLimitBytes > 0 {
				b.MemLimit = Bytes(c.MemoryLimitBytes)
			}
			out = append(out, b)
		}
		if use.Replicas > 1 {
			out = append(out, htmlBox{Name: fmt.Sprintf("%s, all %d", use.Service, use.Replicas), Cores: use.Cores, Limit: use.LimitCores,
				Memory: use.MemoryBytes, PerReq: use.CPUSecondsPerRequest, Sum: true})
		}
	}
	return out
}

func nearest(run *record.Run) string {
	u, ok := analysis.Bottleneck(run)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%s, %s", u.Service, Percent(u.Utilisation()))
}

// throttling says in words what no chart shows.
func throttling(run *record.Run) string {
	limits, most := false, record.Container{}
	for _, c := range run.Containers {
		limits = limits || c.LimitCores > 0
		if c.LimitCores > 0 && c.ThrottledRatio > most.ThrottledRatio {
			most = c
		}
	}
	switch {
	case len(run.Containers) == 0:
		return ""
	case !limits:
		return "No container has a CPU limit, so none can be throttled."
	case most.Service == "":
		return "No container met its CPU limit in the measured part."
	}
	return fmt.Sprintf("Throttled most was %s: in %s of its periods of 100 ms it met its CPU limit and stood still until the next.", most.Name, Percent(most.ThrottledRatio))
}

// momentRows are the figures behind the chart over time.
func momentRows(run *record.Run, moments []moment) (rows []htmlMoment, shown []string) {
	shown, rest := busiest(moments)
	for _, m := range moments {
		row := htmlMoment{At: fmt.Sprintf("%.4g", m.Start), Answers: m.Answers, Measured: m.Start >= run.WarmupSeconds-0.001,
			P50: Seconds(m.P50), P95: Seconds(m.P95), P99: Seconds(m.P99)}
		if m.P99 > 0 && !analysis.Trusted(0.99, m.Answers) {
			row.P99 = "~" + row.P99
		}
		for _, name := range shown {
			row.Cores = append(row.Cores, Cores(coresOf(m, []string{name})))
		}
		if len(rest) > 0 {
			row.Cores = append(row.Cores, Cores(coresOf(m, rest)))
		}
		rows = append(rows, row)
	}
	if len(rest) > 0 {
		shown = append(slices.Clone(shown), othersName(rest))
	}
	return rows, shown
}

// commands bring the same stage up and load it the same way again.
func commands(run *record.Run) []string {
	load := []string{"lab load", "--workload " + shellWord(run.Workload.Name), "--pace " + shellWord(run.Pace)}
	load = append(load, "--duration "+goSeconds(run.DurationSeconds), "--warmup "+goSeconds(run.WarmupSeconds), fmt.Sprintf("--seed %d", run.Seed))
	if run.Workload.Zipf > 0 && plausible(run.Workload.Zipf) {
		load = append(load, fmt.Sprintf("--zipf %g", run.Workload.Zipf))
	}
	up := fmt.Sprintf("lab up %d", run.Stage.Number)
	for _, s := range run.Architecture.Services {
		if s.Replaced != "" {
			up += " --replace " + shellWord(s.Name+"="+s.Replaced)
		}
	}
	return []string{up, strings.Join(load, " ")}
}

// goSeconds is a duration as flags take it.
func goSeconds(s float64) string {
	if !plausible(s) {
		return "0s"
	}
	return fmt.Sprintf("%gs", s)
}

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	plain := s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("=,.:+-_@%/", r))
	})
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
