// SPDX-License-Identifier: MIT

package analysis_test

import (
	"math"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// good is a run that nothing is wrong with: 20 s at 600 requests a second.
func good(t testing.TB) *record.Run {
	r := &record.Run{
		Format: 1, ID: "x", Pace: "const:600", DurationSeconds: 20, WarmupSeconds: 2,
		Machine: record.Machine{Cores: 2},
		Summary: record.Summary{
			Requests:  record.Requests{Asked: 12000, Sent: 12000, OK: 12000},
			Latency:   record.Percentiles{P50: 0.010, P99: 0.030},
			Generator: record.Generator{CoresMean: 0.2, SlipP99Seconds: 0.001, WorkersMax: 20},
		},
		Host: record.Host{Known: true, Cores: 1.1, StackCores: 1.0},
		Containers: []record.Container{
			{Service: "api", Name: "lab-api-1", CoresMean: 0.2, LimitCores: 0.25, ThrottledRatio: 0.4, CPUSecondsPerRequest: 0.0004},
			{Service: "postgres", Name: "lab-postgres-1", CoresMean: 0.3, LimitCores: 0.5, CPUSecondsPerRequest: 0.001},
			{Service: "api", Name: "lab-api-2", CoresMean: 0.2, LimitCores: 0.25, ThrottledRatio: 0.6, CPUSecondsPerRequest: 0.0004},
		},
	}
	for i := range 22 {
		r.Windows = append(r.Windows, record.Window{StartSeconds: float64(i), Seconds: 1, Warmup: i < 2, Asked: 600, Sent: 600, OK: 600,
			InFlight: 60, Latency: record.Percentiles{P50: 0.010 + 0.0001*float64(i%3)}})
	}
	setMean(t, r, 100_000)
	return r
}

// setMean gives the run a histogram with that mean, in microseconds.
func setMean(t testing.TB, r *record.Run, mean int64) {
	t.Helper()
	h := hdrhistogram.New(1, 120_000_000, 3)
	if err := h.RecordValues(mean, 1000); err != nil {
		t.Fatal(err)
	}
	b, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	r.Histograms.All = string(b)
}

func event(at float64, kind string) record.Event {
	return record.Event{AtSeconds: at, Kind: kind, Service: "api", Container: "lab-api-1"}
}

func TestJudge(t *testing.T) {
	const ok, sus, bad = record.Valid, record.Suspect, record.Invalid
	for name, test := range map[string]struct {
		change func(*record.Run)
		state  record.State // of the verdict
		check  string       // its only reason; "" for none
		says   string
	}{
		"a good run":             {func(*record.Run) {}, ok, "", ""},
		"nothing sent":           {func(r *record.Run) { r.Summary.Requests = record.Requests{} }, bad, analysis.CheckNothing, "no request"},
		"nothing answered ok":    {func(r *record.Run) { q := &r.Summary.Requests; q.Failed, q.OK = q.OK, 0 }, sus, analysis.CheckNothing, "none of 12000"},
		"heavy generator":        {func(r *record.Run) { r.Summary.Generator.CoresMean = 0.9 }, sus, analysis.CheckGenerator, "0.90 of 2 cores"},
		"saturated generator":    {func(r *record.Run) { r.Summary.Generator.CoresMean = 1.6 }, bad, analysis.CheckGenerator, ""},
		"heavy, on a large one":  {func(r *record.Run) { r.Summary.Generator.CoresMean = 1.6; r.Machine.Cores = 8 }, ok, "", ""},
		"slips":                  {func(r *record.Run) { r.Summary.Generator.SlipP99Seconds = 0.02 }, sus, analysis.CheckSchedule, "20.0 ms at p99"},
		"far behind":             {func(r *record.Run) { r.Summary.Generator.SlipP99Seconds = 0.2 }, bad, analysis.CheckSchedule, ""},
		"late":                   {func(r *record.Run) { r.Summary.Requests.Late = 240 }, sus, analysis.CheckSchedule, "2% of them"},
		"very late":              {func(r *record.Run) { r.Summary.Requests.Late = 2400 }, bad, analysis.CheckSchedule, "20% of them"},
		"a few late ones":        {func(r *record.Run) { r.Summary.Requests.Late = 100 }, ok, "", ""},
		"p99 is the generator's": {func(r *record.Run) { r.Summary.Generator.SlipP99Seconds, r.Summary.Latency.P99 = 0.004, 0.007 }, sus, analysis.CheckShare, "4.0 ms"},
		"slips a little":         {func(r *record.Run) { r.Summary.Generator.SlipP99Seconds, r.Summary.Latency.P99 = 0.002, 0.003 }, ok, "", ""},
		"one dropped":            {func(r *record.Run) { r.Summary.Requests.Dropped = 1 }, sus, analysis.CheckDropped, "1 of 12000"},
		"many dropped":           {func(r *record.Run) { r.Summary.Requests.Dropped = 13 }, bad, analysis.CheckDropped, ""},
		"one off":                {func(r *record.Run) { r.Summary.Requests.Sent-- }, ok, "", ""},
		"half a percent off":     {func(r *record.Run) { r.Summary.Requests.Sent -= 60 }, sus, analysis.CheckSent, "0.5% off"},
		"two percent more":       {func(r *record.Run) { r.Summary.Requests.Sent += 240 }, bad, analysis.CheckSent, ""},
		"worker bound":           {func(r *record.Run) { r.Summary.Generator.Bounded = true }, sus, analysis.CheckBound, "20 requests in flight"},
		"busy host":              {func(r *record.Run) { r.Host.Cores = 1.5 }, sus, analysis.CheckHost, "0.50 of 2"},
		"very busy host":         {func(r *record.Run) { r.Host.Cores = 1.85 }, bad, analysis.CheckHost, ""},
		"unread counters": {func(r *record.Run) {
			r.Events = []record.Event{{Kind: "unread", Container: "lab-api-1", Detail: "gone"}}
		}, sus, analysis.CheckUnread, "lab-api-1"},
		"counters read late":   {func(r *record.Run) { r.Containers[0].CPUSeconds = 1.2 * r.Containers[0].CoresMean * r.DurationSeconds }, sus, analysis.CheckUnread, "apart"},
		"unknown host":         {func(r *record.Run) { r.Host = record.Host{StackCores: 1} }, ok, analysis.CheckHost, "is not known"},
		"full machine":         {func(r *record.Run) { r.Host.Cores, r.Host.StackCores = 1.95, 1.9 }, sus, analysis.CheckFull, "1.95 of 2"},
		"some steal":           {func(r *record.Run) { r.Host.StealCores = 0.1 }, sus, analysis.CheckSteal, ""},
		"much steal":           {func(r *record.Run) { r.Host.StealCores = 0.3 }, bad, analysis.CheckSteal, ""},
		"died by itself":       {func(r *record.Run) { r.Events = []record.Event{event(9, "die"), event(10, "start")} }, bad, analysis.CheckLost, "died by itself at 9.0 s"},
		"killed":               {func(r *record.Run) { r.Events = []record.Event{event(8, "kill"), event(9, "die"), event(10, "start")} }, sus, analysis.CheckLost, "stopped by hand"},
		"a signal long before": {func(r *record.Run) { r.Events = []record.Event{event(1, "kill"), event(19, "die")} }, bad, analysis.CheckLost, "by itself"},
		"paused":               {func(r *record.Run) { r.Events = []record.Event{event(8, "pause"), event(8.2, "unpause")} }, sus, analysis.CheckLost, "was paused at 8.0 s"},
		"out of memory":        {func(r *record.Run) { r.Events = []record.Event{event(8, "oom"), event(8, "die")} }, bad, analysis.CheckLost, "ran out of memory"},
		"unhealthy":            {func(r *record.Run) { e := event(8, "health"); e.Detail = "unhealthy"; r.Events = []record.Event{e} }, sus, analysis.CheckLost, ""},
		"after the load":       {func(r *record.Run) { r.Events = []record.Event{event(23, "die")} }, ok, "", ""},
		"restarted, no event":  {func(r *record.Run) { r.Containers[0].Restarts = 2 }, bad, analysis.CheckLost, "restarted 2 times"},
		"scaled": {func(r *record.Run) {
			e := event(8, "create")
			e.Container = "lab-api-3"
			f := e
			f.Kind = "start"
			r.Events = []record.Event{e, f}
		}, sus, analysis.CheckChanged, "lab-api-3"},
		"still warming up":         {func(r *record.Run) { drift(r, -0.0005) }, sus, analysis.CheckSettled, "in the first third"},
		"a queue grows":            {func(r *record.Run) { drift(r, 0.002) }, sus, analysis.CheckSettled, ""},
		"drifts by a hair":         {func(r *record.Run) { drift(r, 0.00005) }, ok, "", ""},
		"a ramp may drift":         {func(r *record.Run) { drift(r, 0.002); r.Pace = "ramp:50-500" }, ok, "", ""},
		"the rate was changed":     {func(r *record.Run) { drift(r, 0.002); r.Events = []record.Event{event(5, "rate")} }, ok, "", ""},
		"8 windows are enough":     {func(r *record.Run) { drift(r, 0.002); r.Windows = r.Windows[:10]; r.DurationSeconds = 8 }, sus, analysis.CheckSettled, "26.00 ms in the first third"},
		"too short to tell":        {func(r *record.Run) { drift(r, 0.002); r.Windows = r.Windows[:9]; r.DurationSeconds = 7 }, ok, "", ""},
		"Little's law fails":       {func(r *record.Run) { setMean(t, r, 50_000) }, sus, analysis.CheckConsistency, "60 requests were in flight, where rate × mean latency says 30"},
		"too few in flight to ask": {func(r *record.Run) { setMean(t, r, 2_000) }, ok, "", ""},
		"no histogram":             {func(r *record.Run) { r.Histograms.All = "rubbish" }, ok, "", ""},
		"few answers":              {func(r *record.Run) { q := &r.Summary.Requests; q.Asked, q.Sent, q.OK = 900, 900, 900 }, ok, analysis.CheckPercentile, "900 answers are too few for a p99 (1000 needed)"},
		"too few for p99.9":        {func(r *record.Run) { q := &r.Summary.Requests; q.Asked, q.Sent, q.OK = 4000, 4000, 4000 }, ok, analysis.CheckPercentile, "p99.9 (10000 needed)"},
		"failures are a note":      {func(r *record.Run) { q := &r.Summary.Requests; q.OK, q.Failed = 11000, 1000 }, ok, analysis.CheckFailures, "8.3% of the requests failed"},
		"a closed loop":            {func(r *record.Run) { r.Pace = "clients:60" }, ok, analysis.CheckClosed, "60 clients"},
		"windows out of order":     {func(r *record.Run) { r.Windows[5].StartSeconds = 2 }, bad, analysis.CheckClock, "window 6"},
		"a window is not a number": {func(r *record.Run) { r.Windows[5].Seconds = math.NaN() }, bad, analysis.CheckClock, ""},
		"cut short":                {func(r *record.Run) { r.DurationSeconds = 30 }, sus, analysis.CheckClock, "cover 20.0 s of 30.0 s"},
	} {
		t.Run(name, func(t *testing.T) {
			r := good(t)
			test.change(r)
			v := analysis.Judge(r)
			if v.State != test.state {
				t.Errorf("%s, want %s: %+v", v.State, test.state, v.Reasons)
			}
			if test.check == "" {
				if len(v.Reasons) > 0 {
					t.Errorf("%+v", v.Reasons)
				}
				return
			}
			if len(v.Reasons) != 1 || v.Reasons[0].Check != test.check || v.Reasons[0].State != test.state ||
				!strings.Contains(v.Reasons[0].Seen, test.says) || v.Reasons[0].Advice == "" {
				t.Errorf("%+v, want %s saying %q", v.Reasons, test.check, test.says)
			}
		})
	}
}

func drift(r *record.Run, each float64) {
	for i := range r.Windows {
		r.Windows[i].Latency.P50 = 0.02 + each*float64(i)
	}
}

// A stage that can't keep up holds all workers, so requests leave late: that is
// the stage's doing, and latency includes it.
func TestBoundExcusesSlip(t *testing.T) {
	r := good(t)
	r.Summary.Generator.Bounded, r.Summary.Generator.SlipP99Seconds, r.Summary.Requests.Late = true, 2, 6000
	v := analysis.Judge(r)
	if v.State != record.Suspect || len(v.Reasons) != 2 {
		t.Errorf("%+v", v)
	}
}

func TestWorstComesFirst(t *testing.T) {
	r := good(t)
	r.Summary.Requests.OK, r.Summary.Requests.Failed = 6000, 6000 // note
	r.Host.StealCores = 0.1                                       // suspect
	r.Summary.Generator.CoresMean = 2                             // invalid
	v := analysis.Judge(r)
	if len(v.Reasons) != 3 || v.State != record.Invalid || v.Reasons[0].State != record.Invalid || v.Reasons[1].State != record.Suspect || v.Reasons[2].State != record.Valid {
		t.Errorf("%+v", v)
	}
}

func TestTrusted(t *testing.T) {
	for _, test := range []struct {
		quantile float64
		needed   int
	}{{0.5, 20}, {0.9, 100}, {0.95, 200}, {0.99, 1000}, {0.999, 10000}} {
		if n := analysis.Needed(test.quantile); n != test.needed {
			t.Errorf("%g needs %d, want %d", test.quantile, n, test.needed)
		}
		if analysis.Trusted(test.quantile, test.needed-1) || !analysis.Trusted(test.quantile, test.needed) {
			t.Errorf("%g: the bound is not %d", test.quantile, test.needed)
		}
	}
	if !analysis.Trusted(1, 1) {
		t.Error("a maximum is always what it is")
	}
}

func TestServices(t *testing.T) {
	r := good(t)
	uses := analysis.Services(r)
	if len(uses) != 2 || uses[0].Service != "api" || uses[0].Replicas != 2 || uses[0].ThrottledRatio != 0.6 || math.Abs(uses[0].Cores-0.4) > 1e-9 {
		t.Errorf("%+v", uses)
	}
	u, ok := analysis.Bottleneck(r)
	if !ok || u.Service != "api" || math.Abs(u.Utilisation()-0.8) > 1e-9 || math.Abs(u.SaturatesAt()-625) > 1e-6 {
		t.Errorf("%+v, %v", u, ok)
	}
	for i := range r.Containers {
		r.Containers[i].LimitCores = 0
	}
	if u, ok := analysis.Bottleneck(r); ok {
		t.Errorf("nothing has a limit, yet %+v binds", u)
	}
}

// Whatever a run holds, Judge answers with a state and an advice a reason.
func TestJudgeAnything(t *testing.T) {
	number := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, math.NaN(), math.Inf(1), -1}))
	count := rapid.IntRange(-5, 20000)
	rapid.Check(t, func(t *rapid.T) {
		r := &record.Run{DurationSeconds: number.Draw(t, "d"), Pace: rapid.SampledFrom([]string{"", "const:1", "ramp:1-2"}).Draw(t, "pace")}
		q := &r.Summary.Requests
		q.Asked, q.Sent, q.OK, q.Failed, q.Late, q.Dropped = count.Draw(t, "a"), count.Draw(t, "s"), count.Draw(t, "o"), count.Draw(t, "f"), count.Draw(t, "l"), count.Draw(t, "x")
		r.Host = record.Host{Known: true, Cores: number.Draw(t, "h"), StackCores: number.Draw(t, "c"), StealCores: number.Draw(t, "t")}
		r.Summary.Generator = record.Generator{CoresMean: number.Draw(t, "g"), SlipP99Seconds: number.Draw(t, "p"), Bounded: rapid.Bool().Draw(t, "b")}
		for range rapid.IntRange(0, 15).Draw(t, "windows") {
			r.Windows = append(r.Windows, record.Window{StartSeconds: number.Draw(t, "at"), Seconds: number.Draw(t, "len"), Asked: 1, OK: 1, Latency: record.Percentiles{P50: number.Draw(t, "p50")}})
		}
		v := analysis.Judge(r)
		worst := record.Valid
		for i, reason := range v.Reasons {
			if i == 0 {
				worst = reason.State
			}
			if reason.Check == "" || reason.Seen == "" || reason.Advice == "" {
				t.Errorf("%+v", reason)
			}
		}
		if v.State != worst {
			t.Errorf("%s, worst reason %s", v.State, worst)
		}
	})
}

// Latencies rest on what was answered or given up on; a refused connection,
// which fails in no time, is neither.
func TestAnswered(t *testing.T) {
	t.Parallel()
	s := record.Summary{Requests: record.Requests{OK: 50, Failed: 10_010},
		StatusCodes: map[string]int{"200": 50, "503": 7}, Errors: map[string]int{"refused": 10_000, "status": 7, "timeout": 3}}
	if n := analysis.Answered(s); n != 60 {
		t.Errorf("%d answered, want 60", n)
	}
}
