// SPDX-License-Identifier: MIT

package cli_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"systemlab/internal/cli"
)

// What is refused before any engine is asked, or because none answers. Each gives
// its exit code, one complaint, and the next thing to type, as text and as JSON.
func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LAB_HOME", dir)
	t.Setenv("LAB_PROJECT", "")
	t.Setenv("DOCKER_HOST", "unix://"+dir+"/no-engine.sock")
	cases := []struct {
		args string
		code int
		says string
	}{
		// Words that lab doesn't know.
		{"frobnicate", 2, "lab --help"}, {"sttaus", 2, "try: lab status"}, {"runs shwo", 2, "try: lab runs show"}, {"images frob", 2, `"lab images frob"`},
		{"completion frob", 2, "lab completion"}, {"completion bash extra", 2, "lab completion bash"}, {"status extra", 2, "lab status --help"},
		{"status -o xml", 2, "-o json"}, {"status --nosuch", 2, "lab status --help"}, {"stages extra", 2, "lab stages --help"},
		{"up", 2, ""}, {"up 1 2", 2, ""}, {"diff 1", 2, ""}, {"scale", 2, ""}, {"runs show", 2, ""}, {"runs rm", 2, ""}, {"images rm extra", 2, ""},
		// Names that would be paths, and others that no stack can have.
		{"up 1 -p Lab", 2, "Lab"}, {"up 1 -p ../../escape", 2, "escape"}, {"down -p a/b", 2, "a/b"}, {"scale api=2 -p ..", 2, ".."}, {"status -p Lab", 2, "Lab"},
		// Loads that make no sense.
		{"load --rate 0", 2, "above 0"}, {"load --rate -5", 2, "above 0"}, {"load --rate 1e9", 2, "at most"}, {"load --rate NaN", 2, "NaN"}, {"load --rate Inf", 2, "Inf"},
		{"load --rate lots", 2, "lots"}, {"load --pace const", 2, ""}, {"load --pace ramp:5", 2, ""}, {"load --pace warp:1-2", 2, "warp"}, {"load --pace const:-1", 2, ""},
		{"load --pace const:1e12", 2, ""}, {"load --workload nosuch", 2, "nosuch"}, {"load --workload ping=-1", 2, ""}, {"load --duration 0s", 2, "--duration"},
		{"load --duration -3s", 2, ""}, {"load --duration 100000h", 2, ""}, {"load --warmup -1s", 2, ""}, {"load --timeout 0s", 2, ""}, {"load --zipf 0.5", 2, ""},
		{"load --max-workers -1", 2, ""}, {"load --connections sometimes", 2, ""}, {"load --rate 10 --pace const:10", 2, "--pace"}, {"load extra", 2, ""},
		// Explanations of nothing.
		{"explain", 3, "lab load"}, {"explain nosuch", 3, "lab runs"}, {"explain last last", 2, "lab explain --help"}, {"explain --rounds 5", 2, "lab explain --prove"},
		{"explain last --seed 2", 2, "--seed is for --prove"}, {"explain last --prove", 2, "no saved run"}, {"explain --prove --rounds 1", 2, "3 to 20"},
		{"explain --prove --rounds 1000", 2, "3 to 20"}, {"explain --prove --workload nosuch", 2, "nosuch"},
		{"explain --prove --duration 0s", 2, "--duration"}, {"explain --prove -p a/b", 2, "a/b"}, {"explain --prove", 5, ""},
		// Limits that can't be.
		{"up 4 --limit postgres", 2, "SERVICE=CORES"}, {"up 4 --limit =1", 2, "SERVICE=CORES"}, {"up 4 --limit postgres=lots", 2, "SERVICE=CORES"},
		{"up 4 --limit postgres=0", 2, "0.01 cores"}, {"up 4 --limit postgres=-1", 2, "0.01 cores"}, {"up 4 --limit postgres=NaN", 2, "0.01 cores"},
		// Scales that can't be.
		{"scale nginx=-1", 2, "not -1"}, {"scale api=lots", 2, "SERVICE=NUMBER"}, {"scale api", 2, ""}, {"scale =3", 2, ""}, {"scale api=1000", 2, "0 to 32"},
		// Views of nothing.
		{"top --run demo --speed 0", 2, "1 to 20"}, {"top --run demo --speed NaN", 2, "1 to 20"}, {"top --run demo-x", 2, "lab top --run demo"},
		{"top --run demo-99", 3, "stage 99"}, {"top --run nosuch", 3, "lab runs"}, {"top --run demo", 11, "terminal"}, {"top --run demo-3 extra", 2, ""},
		// Faults that make no sense.
		{"break", 2, "lab break --help"}, {"break api", 2, "lab break --help"}, {"break api frob", 2, "slow-queries"}, {"break api cpu=10", 2, "cpu=10%"},
		{"break api latency=100", 2, "latency=100ms"}, {"break api loss=5", 2, "loss=1%"}, {"break api kill --for 0s", 2, "--for 10s"}, {"break api restart --for 5s", 2, "--for"},
		{"break api clock", 11, "clock of its own"}, {"break api kill", 5, ""}, {"break api kill -p a/b", 2, "a/b"}, {"heal", 5, ""}, {"heal -p a/b", 2, "a/b"},
		// Comparisons that can't be made.
		{"compare", 2, ""}, {"compare 4 5 6", 2, ""}, {"compare 4 5 --rate 0", 2, "above 0"}, {"compare 4 5 --rounds -1", 2, "1 to 100"},
		{"compare 4 5 --precision lots", 2, "--precision"}, {"compare 4 5 --duration 0s", 2, "--duration"}, {"compare 4 5 --workload nosuch", 2, "nosuch"},
		{"compare 1 5 --workload users", 11, "stage 1 can't serve"}, {"compare 4 5 --env-b nosuch", 2, "SERVICE.NAME=VALUE"}, {"compare 5..4", 2, "A..B"},
		{"compare 4", 2, "A..B"}, {"compare 2..99", 3, "lab stages"}, {"compare 2..3 --env-a api.POOL=off", 2, "two sides"}, {"compare 4 nosuch", 3, "lab runs"},
		{"compare nosuch last", 3, "lab runs"},
		// Capacities of nothing.
		{"capacity", 2, ""}, {"capacity 5 --slo p99", 2, "--slo"}, {"capacity 5 --slo p98<1s", 2, "p98"}, {"capacity 5 --start 0", 2, "above 0"},
		{"capacity 5 --start 100 --max 50", 2, "--max"}, {"capacity 5 --precision 0", 2, "--precision"}, {"capacity 99", 3, "lab stages"}, {"capacity 5..4", 2, "A..B"},
		{"capacity 1 --workload users", 11, "stage 1 can't serve"}, {"capacity 5 --env nosuch", 2, "SERVICE.NAME=VALUE"}, {"capacity 5", 5, ""},
		// Drills of nothing.
		{"drill", 2, "lab drill --help"}, {"drill nosuch", 3, "lb-killed"}, {"drill lb-killed 6", 2, "--stages 6"}, {"drill list 99", 3, "lab stages"},
		{"drill lb-killed --trials 0", 2, "1 to 100"}, {"drill lb-killed --trials lots", 2, "lots"}, {"drill lb-killed --rate 5", 2, "20 to 2000"},
		{"drill lb-killed --rate NaN", 2, "20 to 2000"}, {"drill lb-killed --stages 3", 3, "none of these stages"}, {"drill nosuch --stages 3", 3, "no drill"},
		{"drill all --stages 99", 3, "lab stages"}, {"drill all --stages 8..3", 2, "A..B"}, {"drill lb-killed --keep", 2, "stays up"},
		{"drill lb-killed", 5, ""}, {"drill all", 5, ""}, {"drill lb-killed -p a/b", 2, "a/b"},
		// Exercises of nothing.
		{"exercise frob", 2, `"lab exercise frob"`}, {"exercise show", 2, ""}, {"exercise show nosuch", 3, "lab exercise list"}, {"exercise list 99", 3, "lab stages"},
		{"exercise list 1 2", 2, ""}, {"exercise start nosuch", 3, "lab exercise list"}, {"exercise start cache-takes", 2, "--name"},
		{"exercise start cache-takes --name=", 2, "--name"}, {"exercise predict cache-takes", 2, ""}, {"exercise predict cache-takes 10..2", 2, "lower end"},
		{"exercise predict cache-takes 0..2", 2, "LOW..HIGH"}, {"exercise predict cache-takes lots", 2, "LOW..HIGH"}, {"exercise predict cache-takes 2..3 --sure 100%", 2, "1% to 99%"},
		{"exercise predict cache-takes 2..3 --sure very", 2, "1% to 99%"}, {"exercise predict cache-takes 2..3", 2, "nobody has been named"},
		{"exercise predict who-holds-up 2..3", 2, "SERVICE"}, {"exercise predict nosuch 2..3", 3, "lab exercise list"}, {"exercise check", 2, ""},
		{"exercise check nosuch", 3, "lab exercise list"}, {"exercise check cache-takes", 2, "nobody has been named"}, {"exercise check cache-takes 3..5", 2, "sealed before"},
		{"exercise check who-holds-up", 2, "needs an answer"}, {"exercise hint nosuch", 3, "lab exercise list"}, {"exercise hint cache-takes", 2, "nobody has been named"},
		{"exercise reset cache-takes", 2, "nobody has been named"}, {"exercise new", 2, ""}, {"exercise new guess", 2, "predict, attribute"},
		{"exercise lint", 2, ""}, {"exercise lint nosuch.yaml", 3, "lab exercise new"},
		// Lessons of nothing.
		{"lesson 99", 3, "lab stages"}, {"lesson nosuch", 3, "nosuch"}, {"lesson 1 2", 2, "lab lesson --help"}, {"lesson --raw", 2, "--raw"}, {"lesson --until predict", 2, "--until"}, {"lesson ../../01-base", 3, "lab stages"},
		// Nothing to hand in, and nothing to grade.
		{"submit", 3, "lab exercise list"}, {"submit --to work.zip", 2, ".lab.tar"}, {"submit extra", 2, "lab submit --help"},
		{"grade", 2, "lab grade --help"}, {"grade nosuch", 3, "lab grade DIR"}, {"grade .", 3, "lab submit"}, {"grade . -o grades.txt", 2, "end in .csv"},
		{"grade . -o x.lab.tar", 2, "end in .csv"}, {"grade . --csv json.html", 2, "end in .csv"}, {"grade . --report page.txt", 2, "end in .html"},
		{"grade . --exercises nosuch.yaml", 3, ""},
		// What is not there.
		{"diff 1 99", 3, "lab stages"}, {"diff nosuch 1", 3, "nosuch"}, {"runs show nosuch", 3, "lab runs"}, {"runs show last", 3, "lab load"},
		{"report", 2, "lab report --help"}, {"report demo-1 -o page.txt", 2, "end in .html"}, {"report nosuch", 3, "lab runs"}, {"report last", 3, "lab load"}, {"report demo-99", 3, "stage 99"},
		{"runs rm nosuch", 3, ""}, {"runs show nosuch.json", 3, ""}, {"runs show ../../nosuch.json", 3, ""},
		// No engine.
		{"status", 5, "no engine answers at unix://"}, {"up 1", 5, "make engine"}, {"up 1 --dry-run", 5, ""}, {"down", 5, ""}, {"scale api=2", 5, ""},
		{"logs", 5, ""}, {"images list", 5, ""}, {"images build", 5, ""}, {"images rm", 5, ""}, {"load --rate 10", 5, ""}, {"top", 5, ""},
		{"compare 4 5", 5, ""}, {"compare 2..3", 5, ""},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) {
			var out, complaint bytes.Buffer
			code := cli.Run(t.Context(), cli.Streams{Out: &out, Err: &complaint}, "test", strings.Fields(c.args))
			text := complaint.String()
			if code != c.code || !strings.Contains(text, c.says) {
				t.Errorf("exit code %d, want %d, and %q in:\n%s", code, c.code, c.says, text)
			}
			if strings.Count(text, "lab: ") != 1 || strings.Count(text, "\n  try: ") != 1 || out.Len() > 0 {
				t.Errorf("not one complaint with the next thing to type:\n%s%s", out.String(), text)
			}
			if strings.Contains(c.args, "-o xml") {
				return
			}
			out.Reset()
			complaint.Reset()
			code = cli.Run(t.Context(), cli.Streams{Out: &out, Err: &complaint}, "test", append(strings.Fields(c.args), "-o", "json"))
			var answer struct {
				Error struct{ Kind, Message, Hint string }
			}
			d := json.NewDecoder(&out)
			d.DisallowUnknownFields()
			if err := d.Decode(&answer); err != nil || d.More() || code != c.code || complaint.Len() > 0 {
				t.Errorf("as JSON: exit code %d, %v, and on stderr %q", code, err, complaint.String())
			}
			if answer.Error.Kind == "" || answer.Error.Message == "" || answer.Error.Hint == "" {
				t.Errorf("as JSON: %+v", answer)
			}
		})
	}
}
