// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"systemlab/internal/analysis"
	"systemlab/internal/compose"
	"systemlab/internal/problem"
	"systemlab/internal/record"
	"systemlab/internal/report"
	"systemlab/internal/trial"
	"systemlab/loadgen"
	"systemlab/stages"
)

// generator is the service folder of the load generator.
const generator = "load"

// maxRate is beyond what any generator on a laptop can send.
const maxRate = 100_000

type loadOptions struct {
	rate        float64
	pace        string
	workload    string
	duration    time.Duration
	warmup      time.Duration
	seed        int64
	zipf        float64
	timeout     time.Duration
	maxWorkers  int
	connections string
	live        bool
}

func (a *app) loadCmd() *cobra.Command {
	var o loadOptions
	c := &cobra.Command{
		Use:   "load",
		Short: "Load the stage and measure what it costs",
		Long: `Load the running stage with an open-loop generator: requests leave on schedule
whatever the answers do, and latency counts from the moment a request was meant to leave.
The run is saved; lab runs lists what there is.`,
		Example: "  lab load --rate 200 --duration 30s\n  lab load --workload messages --pace ramp:50-500 --duration 60s\n" +
			"  lab load --workload ping=98,loadq=2 --seed 7 -o json",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("rate") && c.Flags().Changed("pace") {
				return problem.New(problem.Usage, "--rate and --pace both say how fast", "--pace const:200, or --rate 200 alone")
			}
			if o.live {
				return a.runLoadLive(c.Context(), o)
			}
			return a.runLoad(c.Context(), o)
		},
	}
	f := c.Flags()
	f.Float64Var(&o.rate, "rate", 200, "requests a second")
	f.StringVar(&o.pace, "pace", "", "const:200, ramp:50-500, step:100,200,400, sine:100-300, spike:100-1000 or clients:32")
	f.StringVar(&o.workload, "workload", "", "ping, sleep, users, messages, mixed, writes, heavy, or a mix such as ping=98,loadq=2 (default: the stage's own)")
	f.DurationVar(&o.duration, "duration", 30*time.Second, "length of the measured part")
	f.DurationVar(&o.warmup, "warmup", 5*time.Second, "load before it, which is not counted")
	f.Int64Var(&o.seed, "seed", 1, "the same seed gives the same sequence of requests")
	f.Float64Var(&o.zipf, "zipf", 0, "how popular popular users are: an exponent above 1 (default 1.5)")
	f.DurationVar(&o.timeout, "timeout", 10*time.Second, "after which a request has failed")
	f.IntVar(&o.maxWorkers, "max-workers", 0, "requests in flight at most (default 20000)")
	f.StringVar(&o.connections, "connections", "", "keep-alive, or new for each request (default keep-alive)")
	f.BoolVar(&o.live, "live", false, "watch it in the live view (lab top), and print the result afterwards")
	_ = c.RegisterFlagCompletionFunc("workload", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var out []string
		for _, w := range loadgen.Workloads() {
			out = append(out, w.Name+"\t"+w.Title)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// order turns the flags into an order, and says at once what is wrong with them.
func (o loadOptions) order() (loadgen.Order, error) {
	ord := loadgen.Order{
		Target: "http://entry", Workload: o.workload, Pace: o.pace, DurationSeconds: o.duration.Seconds(), WarmupSeconds: o.warmup.Seconds(),
		Seed: o.seed, Zipf: o.zipf, MaxWorkers: o.maxWorkers, TimeoutSeconds: o.timeout.Seconds(), Connections: o.connections,
	}
	if o.pace == "" {
		if !(o.rate > 0) || o.rate > maxRate {
			return ord, problem.Newf(problem.Usage, "--rate 200", "a rate of %g a second: it must be above 0 and at most %d", o.rate, maxRate)
		}
		ord.Pace = "const:" + strconv.FormatFloat(o.rate, 'f', -1, 64)
	}
	if o.duration <= 0 || o.warmup < 0 || o.timeout <= 0 {
		return ord, problem.New(problem.Usage, "--duration and --timeout must be above 0, --warmup 0 or more", "--duration 30s --warmup 5s")
	}
	if err := ord.Validate(); err != nil {
		return ord, problem.New(problem.Usage, oneLine(err.Error()), "lab load --help")
	}
	return ord, nil
}

func (a *app) runLoad(ctx context.Context, o loadOptions) error {
	order, err := o.order()
	if err != nil {
		return err
	}
	s, err := a.openStack(ctx)
	if err != nil {
		return err
	}
	defer s.engine.Close()
	l, err := s.ready(ctx, order)
	if err != nil {
		return err
	}
	if err := store().Check(); err != nil { // before a minute of load, not after it
		return err
	}
	l.OnHello = func() { s.sayHello(l.stage, l.Order) }
	l.OnWindow = func(w record.Window) { _ = report.WriteWindow(a.Err, w, report.Options{Color: a.colour(a.Err)}) }
	l.OnEvent = func(e record.Event) { a.note("  %6.1fs  %s %s %s", e.AtSeconds, e.Container, e.Kind, e.Detail) }
	run, err := trial.Run(ctx, l.Options)
	if run == nil {
		return err
	}
	return s.keep(run, l.stage, l.project, err)
}

// readied is a trial that can begin, and what it is made on.
type readied struct {
	trial.Options
	stage   stages.Stage
	project *compose.Project
}

// ready checks an order against the stack that is up, and completes it.
func (s *session) ready(ctx context.Context, order loadgen.Order) (*readied, error) {
	st, p, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	if order.Workload == "" {
		order.Workload = st.Lab.Workload
	}
	if err := s.canServe(st, order.Workload); err != nil {
		return nil, err
	}
	if err := s.standing(st); err != nil {
		return nil, err
	}
	for _, c := range s.observed.Containers {
		if c.OneOff && c.Service == generator && c.State == "running" {
			return nil, problem.New(problem.Unsupported, "another load is running on this stack: together they would measure each other",
				"wait for it to end, or load another stack: lab -p second up "+strconv.Itoa(st.Number))
		}
	}
	order.Target = "http://" + st.Lab.Address
	order.Users = s.users()
	made, err := s.builder().Ensure(ctx, generator)
	if err != nil {
		return nil, err
	}
	network, _ := p.Network(st.Lab.Network)
	return &readied{stage: st, project: p, Options: trial.Options{
		Engine: s.engine, Project: s.project, Network: network.Name, Generator: made[generator].Ref, Order: order}}, nil
}

// keep judges, saves and prints a run; cut is why it ended early, if it did.
func (s *session) keep(run *record.Run, st stages.Stage, p *compose.Project, cut error) error {
	if run.DurationSeconds <= 0 || run.Summary.Requests.Sent == 0 {
		return cut // stopped within the warm-up: there is nothing to keep
	}
	saved := s.save(run, record.Stage{Number: st.Number, Name: st.Name, Title: st.Lab.Title, Hash: p.Hash()}, architecture(st, p))
	if err := s.printRun(run); err != nil {
		return err
	}
	if failed := earlier(saved, cut); failed != nil {
		return s.after(failed)
	}
	if !s.asJSON() {
		fmt.Fprintf(s.Out, "saved as %s; lab runs show last prints it again\n", run.ID)
	}
	if run.Verdict.State == record.Invalid {
		return exitCode(problem.NotValid.ExitCode())
	}
	return nil
}

// after is how a command fails that has printed its result: with -o json stdout
// has its one document already.
func (a *app) after(err error) error {
	if err == nil || !a.asJSON() {
		return err
	}
	a.note("lab: %v", err)
	return exitCode(problem.Of(err).Kind.ExitCode())
}

// earlier is the first of two errors.
func earlier(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// save completes a run with what it was made on, judges it and stores it.
func (s *session) save(run *record.Run, st record.Stage, a record.Architecture) error {
	run.Tool, run.Stage, run.Architecture = s.version, st, a
	run.ID = record.NewID(st.Number, run.Started)
	run.Verdict = analysis.Judge(run)
	_, err := store().Save(run)
	return err
}

// architecture is the project as a drawing needs it.
func architecture(st stages.Stage, p *compose.Project) record.Architecture {
	out := record.Architecture{Entry: st.Lab.Entry}
	for _, s := range p.Services {
		out.Services = append(out.Services, record.Service{Name: s.Name, Replicas: s.Replicas, LimitCores: s.Cores, MemoryLimitBytes: s.Memory, Replaced: s.Replaced})
	}
	for _, l := range p.Links() {
		out.Links = append(out.Links, record.Link(l))
	}
	return out
}

func (a *app) printRun(run *record.Run) error {
	if a.asJSON() {
		return a.json(report.RunJSON(run))
	}
	return report.WriteRun(a.Out, run, report.Options{Color: a.colour(a.Out)})
}

func (s *session) sayHello(st stages.Stage, o loadgen.Order) {
	s.note("stage %d, %s at %s, %s of warm-up and %s measured, seed %d", st.Number, o.Workload, o.Pace,
		seconds(o.WarmupSeconds), seconds(o.DurationSeconds), o.Seed)
}

func seconds(s float64) string { return time.Duration(s * float64(time.Second)).String() }

// canServe refuses a workload that asks for what the stack does not have, before
// anything is sent. What it has follows from the environment of its api.
func (s *session) canServe(st stages.Stage, workload string) error {
	api, err := s.observed.Find("api")
	if err != nil {
		return err
	}
	return canServe(st, api[0].Env, workload)
}

// canServe tells whether an api with this environment can serve a workload.
func canServe(st stages.Stage, env map[string]string, workload string) error {
	w, err := loadgen.ParseWorkload(workload)
	if err != nil {
		return problem.New(problem.Usage, oneLine(err.Error()), "lab load --help")
	}
	has := map[string]bool{"": true, "database": env["DATABASE_URL"] != "", "loadq": env["LOADQ"] == "on" || env["AMQP_URL"] != ""}
	for _, e := range w.Endpoints() {
		if !has[e.Needs] {
			return problem.Newf(problem.Unsupported, "lab load --workload "+st.Lab.Workload,
				"stage %d can't serve workload %s: %s %s needs %s", st.Number, workload, e.Method, e.Path, needs(e.Needs))
		}
	}
	return nil
}

func needs(what string) string {
	if what == "loadq" {
		return "/loadQ, which stage 4 switches on (or lab up N --env api.LOADQ=on)"
	}
	return "a database, which stage 2 adds"
}

// standing refuses a load that no one could answer. Anything else that is
// missing is a fair question to a load.
func (s *session) standing(st stages.Stage) error {
	state := "missing"
	for _, c := range s.observed.Of(st.Lab.Entry) {
		if c.State == "running" {
			return nil
		}
		state = c.State
	}
	return problem.Newf(problem.Unhealthy, "lab up "+strconv.Itoa(st.Number), "%s, where the load enters, is %s", st.Lab.Entry, state)
}

// users is how many the data set holds.
func (s *session) users() int {
	for _, c := range s.observed.Of("postgres") {
		if n, err := strconv.Atoi(c.Env["SEED_USERS"]); err == nil && n > 0 {
			return n
		}
	}
	return loadgen.DefaultUsers
}
