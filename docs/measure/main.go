// SPDX-License-Identifier: MIT

// Command measure writes the tables of the lessons and of the README from real
// runs: go run ./docs/measure. No number in them is written by hand. A table
// stands between <!-- table NAME --> and <!-- end --> in its file, with the
// commands that made it and the date. What the text quotes of a table is written
// too, and alone by: go run ./docs/measure quotes.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

const (
	lab     = "bin/lab"
	project = "measure"
)

// table is one table in one file; every row is one run.
type table struct {
	name, file string
	columns    []string
	rows       []row
}

// row prepares with up (none keeps what is up), then loads.
type row struct {
	label string
	up    string
	load  string
	also  []string // other commands before the load, such as docker stop

	// during are commands while it runs: the first 8 s after its start, the next ones 6 s apart.
	during []string
}

type run struct {
	Rate struct{ Asked, Served float64 }

	Requests  struct{ Sent, Failed, Dropped int }
	Latency   latency `json:"latency_seconds"`
	Cache     struct{ Hits, Misses int }
	Reads     struct{ Stale, Wrong int }
	Endpoints []struct {
		Name     string
		Requests int
		Latency  latency `json:"latency_seconds"`
	}
	Containers []struct {
		Service   string
		Cores     float64 `json:"cores_mean"`
		Limit     float64 `json:"limit_cores"`
		Throttled float64 `json:"throttled_ratio"`
		Demand    float64 `json:"cpu_seconds_per_request"`
	}
	Gaps  []struct{ Seconds float64 }
	Queue *struct {
		DepthMean float64 `json:"depth_mean"`
	}
	Replication *struct {
		LagMean float64 `json:"lag_seconds_mean"`
	}
	Verdict struct {
		State   string
		Reasons []struct{ State, Seen string }
	}
}

type latency struct{ P50, P99 float64 }

func main() {
	if err := measure(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// measure makes the named tables, or all.
func measure(names []string) error {
	if len(names) == 1 && names[0] == "quotes" {
		return requote()
	}
	defer exec.Command(lab, "down", "--volumes", "-p", project).Run()
	if len(names) == 1 && names[0] == resilience {
		return makeResilience()
	}
	for _, t := range tables() {
		if len(names) > 0 && !strings.Contains(" "+strings.Join(names, " ")+" ", " "+t.name+" ") {
			continue
		}
		text, err := t.make()
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
		if err := t.write(text); err != nil {
			return err
		}
		fmt.Print(text)
	}
	return requote()
}

func (t table) make() (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s |\n|---|%s\n", strings.Join(t.columns, " | "), strings.Repeat("---:|", len(t.columns)))
	var commands, doubts []string
	for _, r := range t.rows {
		for _, c := range append(prefixed(r.up), r.also...) {
			if err := do(c); err != nil {
				return "", err
			}
			commands = append(commands, c)
		}
		got, err := load(r.load, r.during)
		if err != nil {
			return "", err
		}
		commands = append(commands, "lab load "+r.load)
		for _, c := range r.during {
			commands = append(commands, c+" (meanwhile)")
		}
		cells := make([]string, len(t.columns))
		for i, c := range t.columns {
			cells[i] = cell(got, c)
		}
		label := r.label
		if got.Verdict.State != "valid" {
			label += " (" + got.Verdict.State + ")"
			doubts = append(doubts, fmt.Sprintf("*%s:* %s.", label, strings.Join(why(got), "; ")))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", label, strings.Join(cells, " | "))
	}
	if len(doubts) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(doubts, "\n"))
	}
	fmt.Fprintf(&b, "\nMeasured %s on %s by `go run ./docs/measure %s`:\n`%s`\n", time.Now().Format("2006-01-02"), machine(), t.name, strings.Join(commands, "`, `"))
	return b.String(), nil
}

// why a run is not valid.
func why(r run) (out []string) {
	for _, reason := range r.Verdict.Reasons {
		if reason.State == r.Verdict.State {
			out = append(out, reason.Seen)
		}
	}
	return out
}

func prefixed(up string) []string {
	if up == "" {
		return nil
	}
	return []string{"lab up " + up}
}

// do runs a command as the table shows it, on the stack of this program.
func do(command string) error {
	words := strings.Fields(strings.ReplaceAll(command, " lab-", " "+project+"-"))
	if words[0] == "lab" {
		words = append([]string{lab, "-p", project}, words[1:]...)
	}
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", command, err, out)
	}
	return nil
}

func load(flags string, during []string) (run, error) {
	var r run
	c := exec.Command(lab, append([]string{"-p", project, "-o", "json", "load"}, strings.Fields(flags)...)...)
	c.Stderr = os.Stderr
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Start(); err != nil {
		return r, err
	}
	for i, command := range during {
		time.Sleep([]time.Duration{8 * time.Second, 6 * time.Second}[min(i, 1)])
		if err := do(command); err != nil {
			return r, errors.Join(err, c.Wait())
		}
	}
	err := c.Wait()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 13) { // 13: a run that is not valid, which the row says
		return r, fmt.Errorf("lab load %s: %w\n%s", flags, err, out.String())
	}
	return r, json.Unmarshal(out.Bytes(), &r)
}

// cell is one value: a service's CPU-ms a request or throttled share, an
// endpoint's percentile, or one of the run's own.
func cell(r run, column string) string {
	what, of, _ := strings.Cut(column, " ")
	switch what {
	case "served/s":
		return fmt.Sprintf("%.0f", r.Rate.Served)
	case "failed":
		return fmt.Sprint(r.Requests.Failed)
	case "dropped":
		return fmt.Sprint(r.Requests.Dropped)
	case "longest":
		longest := 0.0
		for _, g := range r.Gaps {
			longest = max(longest, g.Seconds)
		}
		return milliseconds(longest)
	case "waiting":
		if r.Queue == nil {
			return "-"
		}
		return fmt.Sprintf("%.1f", r.Queue.DepthMean)
	case "lag":
		if r.Replication == nil {
			return "-"
		}
		return milliseconds(r.Replication.LagMean)
	case "stale":
		return fmt.Sprint(r.Reads.Stale)
	case "hits":
		if r.Cache.Hits+r.Cache.Misses == 0 {
			return "-"
		}
		return fmt.Sprintf("%.0f%%", 100*float64(r.Cache.Hits)/float64(r.Cache.Hits+r.Cache.Misses))
	case "p50", "p99":
		l, n := r.Latency, r.Requests.Sent
		if of != "" {
			n = 0 // unless there is such an endpoint
		}
		for _, e := range r.Endpoints {
			if e.Name == of {
				l, n = e.Latency, e.Requests
			}
		}
		seconds := map[string]float64{"p50": l.P50, "p99": l.P99}[what]
		if n < map[string]int{"p50": 20, "p99": 1000}[what] { // too few to carry it
			return "-"
		}
		return milliseconds(seconds)
	}
	sum, used, limit, throttled, n := 0.0, 0.0, 0.0, 0.0, 0
	for _, c := range r.Containers {
		if c.Service == what || what == "all" {
			sum, used, limit, throttled, n = sum+c.Demand, used+c.Cores, limit+c.Limit, throttled+c.Throttled, n+1
		}
	}
	if n == 0 {
		return "-"
	}
	switch of {
	case "CPU":
		return fmt.Sprintf("%.2f ms", 1000*sum)
	case "share":
		return fmt.Sprintf("%.0f%%", 100*used/limit)
	case "throttled":
		return fmt.Sprintf("%.0f%%", 100*throttled/float64(n))
	}
	return "?"
}

func milliseconds(s float64) string {
	switch {
	case s < 0.01:
		return fmt.Sprintf("%.1f ms", 1000*s)
	case s < 1:
		return fmt.Sprintf("%.0f ms", 1000*s)
	}
	return fmt.Sprintf("%.1f s", s)
}

func machine() string {
	out, err := exec.Command(lab, "doctor", "-o", "json").Output()
	var d struct {
		Checks []struct{ Check, Seen string }
	}
	if err != nil || json.Unmarshal(out, &d) != nil {
		return "an unknown machine"
	}
	seen := map[string]string{}
	for _, c := range d.Checks {
		seen[c.Check] = c.Seen
	}
	engine, _, _ := strings.Cut(seen["engine"], " at ")
	return seen["cores"] + " cores, " + engine
}

func (t table) write(text string) error {
	b, err := os.ReadFile(t.file)
	if err != nil {
		return err
	}
	place := regexp.MustCompile(`(?s)<!-- table ` + regexp.QuoteMeta(t.name) + ` -->\n.*?<!-- end -->`)
	if !place.Match(b) {
		return fmt.Errorf("%s has no place for table %s", t.file, t.name)
	}
	now := place.ReplaceAllLiteral(b, []byte("<!-- table "+t.name+" -->\n"+text+"<!-- end -->"))
	if bytes.Equal(b, now) {
		return nil
	}
	return os.WriteFile(t.file, now, 0o644)
}
