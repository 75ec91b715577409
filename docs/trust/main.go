// SPDX-License-Identifier: MIT

// Command trust checks what lab concludes against what was planted:
//
//	go run ./docs/trust same 10    lab compare 4 4: nothing differs
//	go run ./docs/trust burn 10    the api of B burns 2 ms of CPU more a request
//	go run ./docs/trust twice 10   the database of B is asked some reads twice, so many that it takes 10% more CPU a request
//	go run ./docs/trust speed      how much the machine's own speed changes what a request costs, and how well the yardstick follows
//	go run ./docs/trust plants     lab explain --prove with one service starved, for five services
//
// It prints rows of a table; docs/benchmarks/README.md keeps them, with the day.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

const (
	lab     = "bin/lab"
	project = "trust"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "trust:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("what: same, burn, twice, speed or plants?")
	}
	switch args[0] {
	case "plants":
		return proveAll(args[1:])
	case "speed":
		return speed()
	}
	c, known := contests()[args[0]]
	if !known {
		return fmt.Errorf("%q is none of same, burn, twice, speed and plants", args[0])
	}
	times := 10
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return fmt.Errorf("%q times", args[1])
		}
		times = n
	}
	return c.repeat(times)
}

// contest is one comparison that is repeated.
type contest struct {
	command string
	// looks at a row: what was found in it is what counts.
	looks func(quantity) bool
	// plant is a setting from 0 to 1 of which B gets as much as makes a tenth; "" where the command has what is planted.
	plant string
}

func contests() map[string]contest {
	const standard = "compare 4 4 --precision 0 --warmup 1s"
	return map[string]contest{
		// A p99 needs 1,000 answers.
		"same": {standard + " --rate 300 --rounds 6 --duration 4s", func(q quantity) bool {
			return q.Name == "p50" || q.Name == "p99" || q.Name == "cpu_per_request" && q.Service == ""
		}, ""},
		"burn": {standard + " --rate 200 --rounds 6 --duration 4s --env-b api.BURN=2ms", func(q quantity) bool { return q.Name == "cpu_per_request" && q.Service == "api" }, ""},
		// A read that is asked again costs the database a seventh of the first one at one hour, and a third at another: it is awake, and the row at hand.
		"twice": {standard + " --rate 200 --rounds 16 --duration 5s --workload users", func(q quantity) bool { return q.Name == "cpu_per_request" && q.Service == "postgres" }, "api.ASK_AGAIN"},
	}
}

type quantity struct {
	Name, Service, Conclusion string
	Ratio, Low, High          float64
}

// verdict of a comparison, as lab tells it.
type verdict struct {
	Refused    string
	Rounds     int
	Quantities []quantity
}

func (c contest) repeat(times int) error {
	if c.plant != "" {
		all := c.command + " --env-b " + c.plant + "=1"
		var told verdict
		if err := ask(&told, strings.Fields(all)...); err != nil {
			return err
		}
		i := slices.IndexFunc(told.Quantities, c.looks)
		if i < 0 || told.Refused != "" {
			return fmt.Errorf("lab %s: nothing to plant from: %s", all, told.Refused)
		}
		ratio := told.Quantities[i].Ratio
		fmt.Printf("lab %s\n%d rounds: %.3f\n", all, told.Rounds, ratio)
		c.command += fmt.Sprintf(" --env-b %s=%.2f", c.plant, min(1, 0.1/max(ratio-1, 0.1)))
	}
	fmt.Printf("lab %s\n", c.command)
	for range times {
		var told verdict
		if err := ask(&told, strings.Fields(c.command)...); err != nil {
			return err
		}
		if told.Refused != "" {
			fmt.Printf("refused: %s\n", told.Refused)
			continue
		}
		var cells []string
		for _, q := range told.Quantities {
			if c.looks(q) {
				cells = append(cells, fmt.Sprintf("%s %.3f (%.3f to %.3f) %s", strings.TrimSpace(q.Name+" "+q.Service), q.Ratio, q.Low, q.High, q.Conclusion))
			}
		}
		fmt.Printf("%d rounds: %s\n", told.Rounds, strings.Join(cells, "; "))
	}
	return nil
}

// ask runs a command and reads its JSON. 13 is a result that can't be trusted,
// which the JSON says too.
func ask(into any, words ...string) error {
	c := exec.Command(lab, append([]string{"-p", project, "-o", "json"}, words...)...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 13) {
		return fmt.Errorf("lab %s: %w\n%s", strings.Join(words, " "), err, out)
	}
	return json.Unmarshal(out, into)
}
