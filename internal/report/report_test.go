// SPDX-License-Identifier: MIT

package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"systemlab/internal/record"
	"systemlab/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with testdata/name, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", path, diff)
	}
}

// cache is a run of stage 5 in which much happened.
func cache() *record.Run {
	p := func(ms float64) record.Percentiles {
		return record.Percentiles{P50: ms / 1e3, P90: ms * 2 / 1e3, P95: ms * 3 / 1e3, P99: ms * 8 / 1e3, P999: ms * 20 / 1e3, Max: ms * 41 / 1e3}
	}
	box := func(service string, replica int, cores, limit, throttled float64, mib int64) record.Container {
		return record.Container{Service: service, Replica: replica, Name: "lab-" + service, ID: "0123", CoresMean: cores, LimitCores: limit,
			ThrottledRatio: throttled, MemoryBytes: mib << 20, CPUSeconds: cores * 60, CPUSecondsPerRequest: cores / 200}
	}
	return &record.Run{
		Format: 1, ID: "20261121-101530-s5-a1b2", Started: time.Date(2026, 11, 21, 10, 15, 30, 0, time.UTC), Tool: "0.1", Project: "lab",
		Stage:    record.Stage{Number: 5, Name: "05-cache", Title: "Cache"},
		Machine:  record.Machine{Cores: 2, OS: "linux"},
		Workload: record.Workload{Name: "mixed"}, Pace: "const:200", Seed: 7, DurationSeconds: 60, WarmupSeconds: 5,
		Windows: []record.Window{{StartSeconds: 11, Seconds: 1, Asked: 200, Sent: 200, OK: 197, Failed: 3, InFlight: 2, Latency: p(1.23)}},
		Summary: record.Summary{
			Rate:     record.Rate{Asked: 200, Sent: 200, Served: 199.8},
			Requests: record.Requests{Asked: 12000, Sent: 12000, OK: 11988, Failed: 12, Late: 7},
			Latency:  p(1.23), StatusCodes: map[string]int{"200": 11400, "201": 588, "503": 5}, Errors: map[string]int{"timeout": 7, "status": 5},
			Reads:     record.Reads{Fresh: 10800, Stale: 31, Unjudged: 20, MaxStaleSeconds: 1.534},
			Endpoints: []record.Endpoint{{Name: "user", Requests: 9000, Failed: 9, Latency: p(0.9)}, {Name: "messages", Requests: 2160, Failed: 3, Latency: p(4.4)}, {Name: "user-update", Requests: 600, Latency: p(3.1)}, {Name: "ping", Requests: 240, Latency: p(0.4)}},
			Tiers:     map[string]record.Tier{"db": {Count: 3400, MeanSeconds: 0.0021, P99Seconds: 0.0102}, "cache": {Count: 11160, MeanSeconds: 0.00021, P99Seconds: 0.0009}, "queue": {Count: 3, MeanSeconds: 0.1, P99Seconds: 0.2}},
			Cache:     record.Cache{Hits: 9100, Misses: 2060},
			Servers:   map[string]int{"lab-api-1": 4000}, Connections: 12,
			Generator: record.Generator{CoresMean: 0.081, SlipP50Seconds: 0.0001, SlipP99Seconds: 0.0011, SlipMaxSeconds: 0.0231, WorkersMax: 19},
		},
		Containers: []record.Container{
			box("nginx", 1, 0.0312, 0.25, 0.011, 9), box("api", 1, 0.041, 0.15, 0.02, 14), box("api", 2, 0.0405, 0.15, 0.021, 13),
			box("postgres", 1, 0.223, 0.4, 0.12, 96), box("redis", 1, 0.0181, 0, 0, 11),
		},
		Host: record.Host{Known: true, Cores: 0.62, StackCores: 0.43, StealCores: 0.0121}, Meter: "cgroup v1",
		Events: []record.Event{{AtSeconds: 30.04, Kind: "pause", Service: "redis", Container: "lab-redis-1"}, {AtSeconds: 31.2, Kind: "unpause", Service: "redis", Container: "lab-redis-1"}},
		Verdict: record.Verdict{State: record.Suspect, Reasons: []record.Reason{
			{Check: "container-lost", State: record.Suspect, Seen: "lab-redis-1 was paused at 30.0 s", Advice: "for figures of the stage itself, repeat without the fault"},
			{Check: "failures", State: record.Valid, Seen: "a note that is so long that it does not fit a line of eighty characters and so is broken", Advice: "read latency together with the errors"},
		}},
	}
}

// short is a run of stage 1 with too few answers for most percentiles.
func short() *record.Run {
	return &record.Run{
		ID: "20261121-101530-s1-a1b2", Stage: record.Stage{Number: 1, Name: "01-base", Title: "Base"}, Workload: record.Workload{Name: "ping"},
		Pace: "step:100,200,400", DurationSeconds: 0.5, Meter: "engine API",
		Summary: record.Summary{
			Rate: record.Rate{Asked: 200, Sent: 200, Served: 200}, Requests: record.Requests{Asked: 100, Sent: 100, OK: 100},
			Latency:   record.Percentiles{P50: 0.0004, P90: 0.001, P95: 0.002, P99: 0.005, P999: 0.006, Max: 0.0061},
			Endpoints: []record.Endpoint{{Name: "ping", Requests: 100, Latency: record.Percentiles{P50: 0.0004, P90: 0.001, P99: 0.002, Max: 0.0061}}},
		},
		Containers: []record.Container{{Service: "api", Replica: 1, CoresMean: 0.01, LimitCores: 0.25, MemoryBytes: 5 << 20}},
		Verdict:    record.Verdict{State: record.Valid},
	}
}

func text(t testing.TB, write func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func runText(t testing.TB, r *record.Run, o report.Options) string {
	return text(t, func(b *bytes.Buffer) error { return report.WriteRun(b, r, o) })
}

func TestRun(t *testing.T) {
	got := runText(t, cache(), report.Options{})
	golden(t, "run-cache.txt", got)
	for line := range strings.Lines(got) { // the widest that a run makes
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	golden(t, "run-short.txt", runText(t, short(), report.Options{}))
	golden(t, "run-empty.txt", runText(t, &record.Run{}, report.Options{}))
}

func TestColoursChangeNothingElse(t *testing.T) {
	plain, painted := runText(t, cache(), report.Options{}), runText(t, cache(), report.Options{Color: true})
	if painted == plain {
		t.Error("no colours")
	}
	if stripped := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(painted, ""); stripped != plain {
		t.Error(cmp.Diff(plain, stripped))
	}
}

func TestWindows(t *testing.T) {
	win := cache().Windows[0]
	got := text(t, func(b *bytes.Buffer) error {
		for _, change := range []func(*record.Window){
			func(*record.Window) {},
			func(w *record.Window) { w.Warmup, w.Failed = true, 0 },
			func(w *record.Window) { w.OK, w.Sent = 12000, 12000; w.InFlight = 1234 },
			func(w *record.Window) { *w = record.Window{StartSeconds: 12, Seconds: 1, InFlight: 300} },
		} {
			w := win
			change(&w)
			if err := report.WriteWindow(b, w, report.Options{}); err != nil {
				return err
			}
		}
		return nil
	})
	golden(t, "windows.txt", got)
}

func TestRuns(t *testing.T) {
	list := []record.Header{
		{ID: "20261121-101530-s5-a1b2", Stage: 5, Workload: "mixed", Pace: "const:200", ServedRate: 199.8, DurationSeconds: 30, P99Seconds: 0.0102, Verdict: record.Valid},
		{ID: "20261121-101531-s8-a1b2", Problem: "/x/20261121-101531-s8-a1b2.json.gz is not a readable run: it ends in the middle"},
		{ID: "20261120-101530-s1-ffff", Stage: 1, Workload: "ping", Pace: "step:100,200,400,800", ServedRate: 1000, P99Seconds: 1.2, Failed: 31, Verdict: record.Invalid},
	}
	golden(t, "runs.txt", text(t, func(b *bytes.Buffer) error { return report.WriteRuns(b, list, report.Options{}) }))
	if got := text(t, func(b *bytes.Buffer) error { return report.WriteRuns(b, nil, report.Options{}) }); got != "" {
		t.Errorf("no runs: %q", got)
	}
}

func TestRunJSON(t *testing.T) {
	golden(t, "run-cache.json", text(t, func(b *bytes.Buffer) error { return report.WriteJSON(b, report.RunJSON(cache())) }))
	// The design's stable fields are there whatever the run holds, and none is null.
	got := text(t, func(b *bytes.Buffer) error { return report.WriteJSON(b, report.RunJSON(&record.Run{})) })
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(got), &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"id", "stage", "workload", "seed", "duration_seconds", "rate", "requests", "latency_seconds", "status_codes", "errors",
		"reads", "endpoints", "tiers", "cache", "containers", "generator", "verdict"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no field %q", name)
		}
	}
	if strings.Contains(got, "null") {
		t.Errorf("a null: %s", got)
	}
}

func TestWriteJSONOfAnything(t *testing.T) {
	type inner struct {
		F *float64 `json:"f"`
		S []string `json:"s"`
		A any      `json:"a"`
		r int
	}
	nan := math.NaN()
	v := map[string]inner{"x": {F: &nan, A: []float64{math.Inf(1), 2}, r: 1}}
	got := text(t, func(b *bytes.Buffer) error { return report.WriteJSON(b, v) })
	if strings.Join(strings.Fields(got), "") != `{"x":{"f":0,"s":[],"a":[0,2]}}` {
		t.Error(got)
	}
	if !math.IsNaN(*v["x"].F) || v["x"].S != nil {
		t.Error("the original was changed")
	}
	if got := text(t, func(b *bytes.Buffer) error { return report.WriteJSON(b, nil) }); got != "null\n" {
		t.Errorf("nil: %q", got)
	}
}

func TestUnits(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{report.Seconds(0), "0"}, {report.Seconds(0.00000123), "1.23 µs"}, {report.Seconds(0.00085), "850 µs"}, {report.Seconds(0.0009999), "1.00 ms"}, {report.Seconds(0.00123), "1.23 ms"},
		{report.Seconds(0.0123), "12.3 ms"}, {report.Seconds(0.4567), "457 ms"}, {report.Seconds(0.9999), "1 s"}, {report.Seconds(1.234), "1.23 s"}, {report.Seconds(12), "12 s"}, {report.Seconds(20.04), "20 s"},
		{report.Seconds(125), "2m05s"}, {report.Seconds(119.7), "2m00s"}, {report.Seconds(3720), "1h02m"}, {report.Seconds(math.NaN()), "-"}, {report.Seconds(-1), "-"},
		{report.Milliseconds(0.0011), "1.10"}, {report.Milliseconds(0), "0"}, {report.Milliseconds(1e-9), "<0.01"}, {report.Milliseconds(0.25), "250"},
		{report.Percent(0.453), "45%"}, {report.Percent(0.045), "4.5%"}, {report.Percent(0.03), "3%"}, {report.Percent(0.0001), "<0.1%"}, {report.Percent(1), "100%"}, {report.Percent(0.9996), "99.9%"},
		{report.Percent(1.07), "107%"}, {report.Percent(0), "0%"}, {report.Percent(math.Inf(1)), "-"},
		{report.Bytes(0), "0 B"}, {report.Bytes(999), "999 B"}, {report.Bytes(1 << 20), "1 MiB"}, {report.Bytes(96<<20 + 300<<10), "96.3 MiB"}, {report.Bytes(256 << 20), "256 MiB"}, {report.Bytes(1000 << 20), "0.98 GiB"}, {report.Bytes(-1), "-"},
		{report.Count(0), "0"}, {report.Count(999), "999"}, {report.Count(12345), "12,345"}, {report.Count(-1234567), "-1,234,567"},
		{report.Rate(199.84), "199.8"}, {report.Rate(200), "200"}, {report.Rate(999.99), "1,000"}, {report.Rate(math.NaN()), "-"},
		{report.Cores(0.1234), "0.123"}, {report.Cores(1.234), "1.23"}, {report.Cores(math.Inf(-1)), "-"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}

// However odd a run, no face of it shows a number that is none, and its JSON is JSON.
func TestNoFaceShowsWhatIsNoNumber(t *testing.T) {
	odd := rapid.OneOf(rapid.SampledFrom([]float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}), rapid.Float64())
	rapid.Check(t, func(rt *rapid.T) {
		r := cache()
		scatter(rt, reflect.ValueOf(r).Elem(), odd)
		for i := range r.Windows {
			scatter(rt, reflect.ValueOf(&r.Windows[i]).Elem(), odd)
		}
		faces := runText(t, r, report.Options{}) +
			text(t, func(b *bytes.Buffer) error { return report.WriteWindow(b, r.Windows[0], report.Options{}) }) +
			text(t, func(b *bytes.Buffer) error {
				return report.WriteRuns(b, []record.Header{{ServedRate: odd.Draw(rt, "rate"), P99Seconds: odd.Draw(rt, "p99")}}, report.Options{})
			})
		for line := range strings.Lines(faces) {
			if utf8.RuneCountInString(line) > 110 {
				rt.Fatalf("too wide: %s", line)
			}
		}
		if strings.Contains(faces, "NaN") || strings.Contains(faces, "Inf") {
			rt.Fatalf("not a number:\n%s", faces)
		}
		data := text(t, func(b *bytes.Buffer) error { return report.WriteJSON(b, report.RunJSON(r)) })
		if !json.Valid([]byte(data)) {
			rt.Fatal("not JSON")
		}
	})
}

// scatter puts odd numbers into about every second float of plain data.
func scatter(t *rapid.T, v reflect.Value, odd *rapid.Generator[float64]) {
	switch v.Kind() {
	case reflect.Float64:
		if rapid.Bool().Draw(t, "odd?") {
			v.SetFloat(odd.Draw(t, "odd"))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			scatter(t, v.Field(i), odd)
		}
	case reflect.Slice:
		for i := range v.Len() {
			scatter(t, v.Index(i), odd)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			one := reflect.New(v.Type().Elem()).Elem()
			one.Set(v.MapIndex(k))
			scatter(t, one, odd)
			v.SetMapIndex(k, one)
		}
	}
}
