// SPDX-License-Identifier: MIT

// Package submissiontest makes runs that were never measured but follow from
// themselves in every sum, and learners with logs and submissions made of them: for
// tests alone.
package submissiontest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
	"systemlab/loadgen"
)

// Service is a box of a made stage.
type Service struct {
	Name  string
	CPU   float64 // seconds a request
	Limit float64 // cores
}

// Load is what a run is made from.
type Load struct {
	ID       string
	Started  time.Time
	Tool     string
	Stage    record.Stage
	Machine  record.Machine
	Workload string
	Rate     float64 // requests a second
	Clients  int     // 0: an open loop; else Rate is what so many clients come to
	Seed     int64   // of the requests
	Noise    uint64  // of what is measured: other noise, another run
	Seconds  int     // measured, after one of warm-up
	Latency  float64 // median, in seconds
	Services []Service
	Others   float64 // cores that something else on the machine uses
	Round    *record.Round
}

// between is how often a container is read, in seconds.
const between = 0.25

// Make makes the run as the generator and the meter would have.
func Make(l Load) *record.Run {
	w, err := loadgen.ParseWorkload(l.Workload)
	if err != nil {
		panic(err)
	}
	asks := record.Workload{Name: w.Name, Mix: w.Mix, Zipf: loadgen.DefaultZipf, Users: loadgen.DefaultUsers}
	m := &maker{Load: l, draw: rand.New(rand.NewPCG(l.Noise, 7)), workload: asks}
	m.run = &record.Run{
		Format: record.Format, ID: l.ID, Started: l.Started, Tool: l.Tool, Project: "lab", Stage: l.Stage, Machine: l.Machine,
		Images: map[string]string{}, Workload: asks, Pace: fmt.Sprintf("const:%g", l.Rate), Seed: l.Seed,
		DurationSeconds: float64(l.Seconds), WarmupSeconds: 1, Meter: "cgroup v2", Round: l.Round, Events: []record.Event{},
	}
	if l.Clients > 0 {
		m.run.Pace = fmt.Sprintf("clients:%d", l.Clients)
	}
	m.requests()
	m.containers()
	m.run.Verdict = analysis.Judge(m.run)
	return m.run
}

type maker struct {
	Load
	draw     *rand.Rand
	workload record.Workload
	run      *record.Run
}

// part is a tally of a window, or of the measured part.
type part struct {
	all       *hist
	endpoints map[string]*hist
	count     map[string]int
	ok        int
}

func newPart() *part {
	return &part{all: &hist{}, endpoints: map[string]*hist{}, count: map[string]int{}}
}

func (p *part) add(endpoint string, seconds float64) {
	p.all.add(seconds)
	if p.endpoints[endpoint] == nil {
		p.endpoints[endpoint] = &hist{}
	}
	p.endpoints[endpoint].add(seconds)
	p.count[endpoint]++
	p.ok++
}

// requests of the whole run, by the seed's own sequence.
func (m *maker) requests() {
	sequence, err := loadgen.NewSequence(loadgen.Order{Mix: m.workload.Mix, Seed: m.Seed})
	if err != nil {
		panic(err)
	}
	windows := make([]*part, m.Seconds+1)
	for i := range windows {
		windows[i] = newPart()
	}
	whole, served := newPart(), 0
	end := float64(m.Seconds + 1)
	n := int(m.Rate * end)
	asked, sent := make([]int, len(windows)), make([]int, len(windows))
	var users []float64 // that can be deleted: from when on
	for i := range n {
		at := float64(i) / m.Rate
		took := m.Latency * math.Exp(0.35*m.draw.NormFloat64())
		name := sequence.At(i).Endpoint
		if name == loadgen.UserDelete {
			if made := slices.IndexFunc(users, func(since float64) bool { return since <= at }); made >= 0 {
				users = slices.Delete(users, made, made+1)
			} else {
				name = loadgen.UserCreate // as the generator does where there is no one to delete
			}
		}
		if name == loadgen.UserCreate {
			users = append(users, at+took)
		}
		asked[int(at)]++
		sent[int(at)]++
		windows[min(int(at+took), m.Seconds)].add(name, took)
		if at >= 1 {
			whole.add(name, took)
		}
		if at+took >= 1 && at+took < end {
			served++
		}
	}
	inFlight := 0
	for i, p := range windows {
		inFlight += sent[i] - p.ok
		w := record.Window{
			StartSeconds: float64(i), Seconds: 1, Warmup: i == 0, Asked: asked[i], Sent: sent[i], OK: p.ok, InFlight: inFlight,
			Latency: p.all.percentiles(), Histogram: p.all.text(), Endpoints: map[string]record.EndpointWindow{},
			Generator: record.GeneratorWindow{Cores: 0.08, SlipP99Seconds: 0.0002, YardstickCount: 190 + m.draw.IntN(10), YardstickSeconds: 1e-4 * math.Exp(0.05*m.draw.NormFloat64())},
		}
		for name, h := range p.endpoints {
			w.Endpoints[name] = record.EndpointWindow{OK: p.count[name], P50: h.at(0.5), P99: h.at(0.99)}
		}
		m.run.Windows = append(m.run.Windows, w)
	}
	m.summary(whole, served)
}

func (m *maker) summary(whole *part, served int) {
	d, reads := float64(m.Seconds), 0
	s := &m.run.Summary
	s.Requests = record.Requests{Asked: whole.ok, Sent: whole.ok, OK: whole.ok}
	s.Rate = record.Rate{Asked: float64(whole.ok) / d, Sent: float64(whole.ok) / d, Served: float64(served) / d}
	s.Latency = whole.all.percentiles()
	s.StatusCodes, s.Errors, s.Servers = map[string]int{"200": whole.ok}, map[string]int{}, map[string]int{"one": whole.ok}
	s.Tiers, s.Connections = map[string]record.Tier{}, 2
	s.Generator = record.Generator{CoresMean: 0.08, SlipP50Seconds: 0.0001, SlipP99Seconds: 0.0002, SlipMaxSeconds: 0.001, WorkersMax: 4 + m.Clients}
	for _, w := range m.run.Windows[1:] {
		s.Generator.YardstickCount += w.Generator.YardstickCount
		s.Generator.YardstickSeconds += float64(w.Generator.YardstickCount) * w.Generator.YardstickSeconds
	}
	s.Generator.YardstickSeconds /= float64(s.Generator.YardstickCount)
	text := whole.all.text()
	m.run.Histograms = record.Histograms{All: text, OK: text, Endpoints: map[string]string{}, Tiers: map[string]string{}}
	for _, e := range loadgen.Endpoints() {
		h := whole.endpoints[e.Name]
		if h == nil {
			continue
		}
		s.Endpoints = append(s.Endpoints, record.Endpoint{Name: e.Name, Requests: whole.count[e.Name], Latency: h.percentiles()})
		m.run.Histograms.Endpoints[e.Name] = h.text()
		if e.Name == loadgen.User || e.Name == loadgen.Messages {
			reads += whole.count[e.Name]
		}
	}
	s.Reads = record.Reads{Fresh: reads}
}

// containers and their samples: the counters grow as the samples say.
func (m *maker) containers() {
	r, d := m.run, float64(m.Seconds)
	stack := 0.0
	r.Architecture.Entry = m.Services[0].Name
	shared := math.Exp(0.01 * m.draw.NormFloat64()) // how fast the machine was just then
	for _, s := range m.Services {
		name := "lab-" + s.Name + "-1"
		r.Images[s.Name] = "sha256:" + s.Name
		r.Architecture.Services = append(r.Architecture.Services, record.Service{Name: s.Name, Replicas: 1, LimitCores: s.Limit})
		memory := int64(20<<20 + m.draw.IntN(1<<20))
		used, mean := 0.0, s.CPU*m.Rate*shared*math.Exp(0.01*m.draw.NormFloat64())
		for i := range int((d + 1) / between) {
			cores := min(mean, s.Limit) * math.Exp(0.02*m.draw.NormFloat64())
			at := float64(i+1) * between
			r.Samples = append(r.Samples, record.Sample{AtSeconds: at, Seconds: between, Container: name, Cores: cores, MemoryBytes: memory, RxBytes: 1000, TxBytes: 1000})
			if at > 1 {
				used += cores * between
			}
		}
		stack += used
		r.Containers = append(r.Containers, record.Container{
			Service: s.Name, Replica: 1, Name: name, ID: "id-" + s.Name, CoresMean: used / d, LimitCores: s.Limit, MemoryBytes: memory, MemoryLimitBytes: 256 << 20,
			CPUSeconds: used, CPUSecondsPerRequest: used / float64(r.Summary.Requests.Sent),
		})
	}
	sort.SliceStable(r.Samples, func(i, j int) bool { return r.Samples[i].AtSeconds < r.Samples[j].AtSeconds })
	total := stack/d + r.Summary.Generator.CoresMean
	r.Host = record.Host{Known: true, StackCores: total, Cores: total + m.Others}
}

// hist is a histogram as the generator's, with the slowest exactly.
type hist struct {
	counts *hdrhistogram.Histogram
	max    float64
}

func (h *hist) add(seconds float64) {
	if h.counts == nil {
		h.counts = hdrhistogram.New(1, 120_000_000, 3)
	}
	_ = h.counts.RecordValue(min(max(int64(math.Round(seconds*1e6)), 1), 120_000_000))
	h.max = max(h.max, seconds)
}

func (h *hist) at(q float64) float64 {
	if h.counts == nil {
		return 0
	}
	return min(float64(h.counts.ValueAtQuantile(q*100))/1e6, h.max)
}

func (h *hist) percentiles() record.Percentiles {
	return record.Percentiles{P50: h.at(0.50), P90: h.at(0.90), P95: h.at(0.95), P99: h.at(0.99), P999: h.at(0.999), Max: h.max}
}

func (h *hist) text() string {
	if h.counts == nil {
		return ""
	}
	b, err := h.counts.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err)
	}
	return string(b)
}
