// SPDX-License-Identifier: MIT

package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"systemlab/internal/cli"
	"systemlab/internal/engine/enginetest"
	"systemlab/internal/exercise"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/submission/submissiontest"
	"systemlab/loadgen"
)

var update = flag.Bool("update", false, "write the golden parts of the scripts anew")

// The scripts run `lab` as a process of its own, which is this test binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lab": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		code := cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, "test", os.Args[1:])
		stop()
		os.Exit(code)
	}})
}

// Every script has a home and a cache of its own, this repository as its source,
// and no engine until it asks for one.
func TestScripts(t *testing.T) {
	t.Parallel()
	source, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update, ContinueOnError: true, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for k, v := range map[string]string{
				"LAB_SOURCE": source, "LAB_HOME": filepath.Join(e.WorkDir, "home"), "LAB_PROJECT": "", "XDG_CACHE_HOME": filepath.Join(e.WorkDir, "cache"),
				"HOME": e.WorkDir, "DOCKER_HOST": "unix://" + filepath.Join(e.WorkDir, "no-engine.sock"), "DOCKER_CONTEXT": "", "NO_COLOR": "",
				"GORACE": "atexit_sleep_ms=0", // or each lab under -race takes a second to end
			} {
				e.Setenv(k, v)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails": fails, "engine": startEngine, "busyport": busyPort, "saverun": saveRun, "state": state, "measures": measures, "learner": learner,
		},
	})
}

// fails CODE ARGS... runs lab, which must end with that code, one clear complaint
// and the next thing to type; with -o json as one JSON object on stdout.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var exit *exec.ExitError
	if err := ts.Exec("lab", args[1:]...); !errors.As(err, &exit) {
		ts.Fatalf("lab %v: %v, want exit code %d", args[1:], err, want)
	}
	stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	if exit.ExitCode() != want {
		ts.Fatalf("exit code %d, want %d:\n%s%s", exit.ExitCode(), want, stdout, stderr)
	}
	if strings.Contains(stderr, "goroutine ") || strings.Contains(stderr, "Usage:") {
		ts.Fatalf("it says too much:\n%s", stderr)
	}
	if !cli.AsksJSON(args) {
		if strings.Count(stderr, "lab: ") != 1 || !strings.Contains(stderr, "\n  try: ") {
			ts.Fatalf("not one complaint with the next thing to type:\n%s", stderr)
		}
		return
	}
	var answer struct {
		Error struct{ Kind, Message, Hint string }
	}
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	if err := d.Decode(&answer); err != nil || d.More() || answer.Error.Kind == "" || answer.Error.Message == "" || answer.Error.Hint == "" {
		ts.Fatalf("not one error as JSON (%v): %s", err, stdout)
	}
}

// measures ARGS... runs lab, which must make a run, whatever its verdict: under
// -race on a busy machine the generator may be late.
func measures(ts *testscript.TestScript, _ bool, args []string) {
	var exit *exec.ExitError
	if err := ts.Exec("lab", args...); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != problem.NotValid.ExitCode()) {
		ts.Fatalf("lab %v: %v", args, err)
	}
}

// engines of the scripts that run, by script.
var engines sync.Map

// engine [api=V] [taken=PORT] [dies=SERVICE] [unhealthy=SERVICE] [noimages] starts
// a fake engine that misbehaves so, and points DOCKER_HOST to it.
func startEngine(ts *testscript.TestScript, neg bool, args []string) {
	f, err := enginetest.Start("")
	ts.Check(err)
	ts.Defer(f.Close)
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "{}") }))
	ts.Defer(stub.Close)
	f.Set(func(f *enginetest.Engine) {
		f.AnyImage = true
		f.Services["load"] = enginetest.Behaviour{Program: generator(stub.URL)}
	})
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		if key == "taken" {
			f.TakePort(value)
			continue
		}
		f.Set(func(f *enginetest.Engine) { misbehave(ts, f, key, value) })
	}
	ts.Setenv("DOCKER_HOST", f.Host())
	engines.Store(ts, f)
}

func misbehave(ts *testscript.TestScript, f *enginetest.Engine, key, value string) {
	switch key {
	case "api":
		f.API = value
	case "dies":
		f.Services[value] = enginetest.Behaviour{Dies: true, ExitCode: 3, Log: "starting\npanic: no such database\n"}
	case "unhealthy":
		f.Services[value] = enginetest.Behaviour{Unhealthy: true, Log: "waiting\n"}
	case "log":
		service, text, _ := strings.Cut(value, ":")
		f.Services[service] = enginetest.Behaviour{Log: strings.ReplaceAll(text, "/", "\n")}
	case "noimages":
		f.AnyImage = false
	default:
		ts.Fatalf("engine: %s?", key)
	}
}

// state prints what the engine holds, a thing a line, for stdout to be checked;
// `state NAME STATE` changes a container's.
func state(ts *testscript.TestScript, neg bool, args []string) {
	v, ok := engines.Load(ts)
	if !ok {
		ts.Fatalf("there is no engine")
	}
	f := v.(*enginetest.Engine)
	if len(args) == 2 {
		f.SetState(args[0], args[1])
		return
	}
	var lines []string
	s := f.State()
	for _, b := range s.Boxes {
		lines = append(lines, b.Name+" "+b.State)
	}
	for n := range s.Networks {
		lines = append(lines, "network "+n)
	}
	for n := range s.Volumes {
		lines = append(lines, "volume "+n)
	}
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs("state.txt"), []byte(strings.Join(append(lines, ""), "\n")), 0o600))
}

// generator is the load generator itself, against a server of this test.
func generator(target string) func(io.Reader, io.Writer, io.Writer) int {
	return func(stdin io.Reader, stdout, stderr io.Writer) int {
		in := bufio.NewReader(stdin)
		line, err := in.ReadBytes('\n')
		var order loadgen.Order
		if err = errors.Join(err, json.Unmarshal(line, &order)); err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
		order.Target = target
		out := json.NewEncoder(stdout)
		emit := func(m loadgen.Message) { _ = out.Encode(m) }
		result, err := loadgen.Run(context.Background(), order, nil, emit)
		if err != nil {
			emit(loadgen.Message{Error: err.Error()})
			return 1
		}
		emit(loadgen.Message{Result: result})
		return 0
	}
}

// busyport NAME holds a port of 127.0.0.1 and puts its number into $NAME.
func busyPort(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// saverun ID STAGE [COMPARISON SIDE NUMBER] saves a run as `lab load` does, or a
// comparison; with k-… for a search for capacity.
func saveRun(ts *testscript.TestScript, neg bool, args []string) {
	stage, err := strconv.Atoi(args[1])
	ts.Check(err)
	run := &record.Run{
		Format: record.Format, ID: args[0], Started: time.Date(2026, 11, 21, 10, 15, 30, 0, time.UTC), Tool: "test", Project: "lab",
		Stage: record.Stage{Number: stage, Name: fmt.Sprintf("%02d-stage", stage), Title: "Title"}, Workload: record.Workload{Name: "mixed"},
		Pace: "const:200", Seed: 1, DurationSeconds: 30, WarmupSeconds: 5, Windows: []record.Window{{Seconds: 1, Sent: 200, OK: 200}},
		Summary: record.Summary{
			Rate: record.Rate{Asked: 200, Sent: 200, Served: 199.5}, Requests: record.Requests{Sent: 6000, OK: 5985, Failed: 15},
			Latency: record.Percentiles{P50: 0.001, P99: 0.012, Max: 0.1},
		},
		Verdict: record.Verdict{State: record.Valid},
	}
	if len(args) > 2 {
		number, err := strconv.Atoi(args[4])
		ts.Check(err)
		run.Round = &record.Round{Comparison: args[2], Side: args[3], Number: number}
		run.Started = run.Started.Add(time.Duration(number) * time.Minute)
		if strings.HasPrefix(args[2], "k-") {
			run.Round.Search = &record.Search{Objective: "p99<100ms,errors<0.1%", Start: 50, Max: 20_000, Precision: 0.05, Rate: 200, Purpose: "doubling"}
		}
	}
	_, err = record.Store{Dir: filepath.Join(ts.Getenv("LAB_HOME"), "runs")}.Save(run)
	ts.Check(err)
}

// learner NAME NUMBER fills LAB_HOME with what a learner did: a prediction of
// cache-takes, sealed and checked, by runs that were made up. No two numbers
// measure the same.
func learner(ts *testscript.TestScript, _ bool, args []string) {
	number, err := strconv.Atoi(args[1])
	ts.Check(err)
	all, err := exercise.Load(filepath.Join(ts.Getenv("LAB_SOURCE"), "stages", "05-cache"))
	ts.Check(err)
	i := slices.IndexFunc(all, func(e exercise.Exercise) bool { return e.Name == "cache-takes" })
	l := submissiontest.New(number, args[0])
	l.Asks = all[i]
	l.Predicts(3, 8, 0.8)
	ts.Check(l.Keep(ts.Getenv("LAB_HOME")))
}
