// SPDX-License-Identifier: MIT

package exercise_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"systemlab/internal/exercise"
)

// template of a kind, with one thing in it replaced.
func template(t *testing.T, kind exercise.Kind, from, to string) string {
	t.Helper()
	text, ok := exercise.Template(kind)
	if !ok || !strings.Contains(text, from) {
		t.Fatalf("the template of %s does not say %q", kind, from)
	}
	return strings.Replace(text, from, to, 1)
}

func TestTemplatesAreRead(t *testing.T) {
	t.Parallel()
	for _, kind := range exercise.Kinds() {
		text, ok := exercise.Template(kind)
		all, err := exercise.Parse([]byte(text))
		if !ok || err != nil || len(all) != 1 || all[0].Kind != kind {
			t.Errorf("%s: %+v, %v", kind, all, err)
		}
	}
	if _, ok := exercise.Template("../read"); ok {
		t.Error("there is a template of no kind")
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	p, at, re, su, di := exercise.Predict, exercise.Attribute, exercise.Reach, exercise.Survive, exercise.Diagnose
	for _, c := range []struct {
		kind     exercise.Kind
		from, to string
		says     string
	}{
		{p, "my-prediction", "My_Prediction", "small letters"}, {p, "my-prediction", strings.Repeat("a", 61), "at most 60"},
		{p, "title: What the cache takes off the database", "title: ''", "it needs title"},
		{p, "title:", "tittle:", "tittle"}, {p, "kind: predict", "kind: guess", `"guess" is none of`}, {p, "kind: predict", "kind: reach", "has no such part"},
		{p, "rate: 200 ", "rate: 0 ", "rate: 0 is not above 0"}, {p, "rate: 200 ", "rate: .nan ", "is not above 0"}, {p, "rate: 200 ", "rate: 1e9 ", "at most"},
		{p, "rate: 200 ", "rate: lots ", "line "}, {p, "workload: users", "workload: nosuch", "nosuch"}, {p, "workload: users", "workload: ''", "needs a workload"},
		{p, "quantity: cpu_per_request", "quantity: speed", "no row of lab compare"}, {p, "quantity: cpu_per_request", "quantity: p50", "not of a service"},
		{p, `b: "5"`, `b: "4"`, "both sides are the same"}, {p, `a: "4"`, `a: ""`, "a and b"}, {p, "# env-a: [api.POOL=off]", "env-a: [POOL]", "SERVICE.NAME=VALUE"},
		{p, "reference: {answer: 2..12}", "reference: {answer: 12..2}", "lower end comes first"}, {p, "reference: {answer: 2..12}", "reference: {answer: lots}", "LOW..HIGH"},
		{p, "naive: {answer: 1..1.1}", "naive: {answer: 2..12}", "are the same"}, {p, "naive: {answer: 1..1.1}", "", "naive try"},
		{p, "    predict:\n", "    begin: {env: [api.POOL=off]}\n    predict:\n", "begins with nothing"},
		{at, "limits: {postgres: 0.15}", "env: [api.POOL=off]", "it needs limits"}, {at, "postgres: 0.15", "postgres: 0", "postgres: 0 is not above 0"},
		{at, "postgres: 0.15", "postgres: -1", "not above 0"}, {at, "reference: {answer: postgres}", "reference: {env: [api.POOL=on]}", "an answer and no more"},
		{re, "times: 1.3", "times: 1", "times: 1 is not above 1"}, {re, "budget: 1 ", "budget: 0 ", "budget: 0 is not above 0"},
		{re, "reference: {env: [api.POOL=on]}", "reference: {}", "it needs a reference try"}, {re, "naive: {scale: {api: 5}}", "naive: {scale: {api: 99}}", "0 to 32"},
		{re, "naive: {scale: {api: 5}}", "naive: {answer: five}", "there is no answer"},
		{su, "drill: api-killed", "drill: ''", "it needs drill"}, {su, "budget: 0 ", "budget: -1 ", "budget: -1 is not"},
		{di, "        - {what: postgres, how: slow-queries}\n", "", "two at least"}, {di, "{what: postgres, how: slow-queries}", "{what: redis, how: disconnect}", "twice"},
		{di, "how: disconnect", "why: x", "line "}, {di, "answer: right", "answer: redis", "right or wrong"},
	} {
		_, err := exercise.Parse([]byte(template(t, c.kind, c.from, c.to)))
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s, %q for %q: %v; want one line with %q", c.kind, c.to, c.from, err, c.says)
		}
	}
	for text, says := range map[string]string{"": "no list", "exercises: []": "no list", "a: [": "", "exercises: 5": "line"} {
		if _, err := exercise.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// All that is wrong is said, each with the exercise's name, not only the first.
func TestLintSaysAll(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.yaml")
	text := template(t, exercise.Predict, "rate: 200 ", "rate: 0 ")
	text = strings.Replace(text, "workload: users", "workload: nosuch", 1)
	text = strings.Replace(text, "    title: What the cache takes off the database\n", "", 1)
	text = strings.Replace(text, "    kind:", "    colour: red\n    kind:", 1)
	body, _ := exercise.Template(exercise.Attribute)
	_, second, _ := strings.Cut(body, "exercises:\n")
	if err := os.WriteFile(file, []byte(text+second+second), 0o600); err != nil {
		t.Fatal(err)
	}
	all, findings, err := exercise.Lint(file)
	if err != nil || len(all) != 3 || len(findings) != 5 {
		t.Fatalf("%d exercises, %q, %v", len(all), findings, err)
	}
	for _, says := range []string{"colour", "rate: 0", "nosuch", "title", "two named"} {
		if !slices.ContainsFunc(findings, func(f error) bool { return strings.Contains(f.Error(), says) }) {
			t.Errorf("nothing of %q in %q", says, findings)
		}
	}
	if _, _, err := exercise.Lint(file + "-not-there"); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Error(err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "05-cache")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if all, err := exercise.Load(folder); err != nil || all != nil {
		t.Errorf("a folder without: %v, %v", all, err)
	}
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(folder, exercise.File), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, _ := exercise.Template(exercise.Predict)
	write(text)
	if all, err := exercise.Load(folder); err != nil || len(all) != 1 || all[0].Stage != 5 || all[0].Predict.Rate != 200 || all[0].Reference.Answer != "2..12" {
		t.Errorf("%+v, %v", all, err)
	}
	text, _ = exercise.Template(exercise.Survive)
	write(text) // of a drill that the folder has not
	if _, err := exercise.Load(folder); err == nil || !strings.Contains(err.Error(), `no drill "api-killed"`) || !strings.Contains(err.Error(), exercise.File) {
		t.Error(err)
	}
}

// The exercises that ship with lab can be read, and no two have one name.
func TestShipped(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "stages", "*", exercise.File))
	if err != nil || len(files) < 7 {
		t.Fatalf("%v, %v", files, err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		all, err := exercise.Load(filepath.Dir(file))
		if err != nil {
			t.Error(err)
		}
		for _, e := range all {
			if seen[e.Name] || e.Stage == 0 || len(e.Hints) < 2 {
				t.Errorf("%s: %s: stage %d, %d hints, named twice: %v", file, e.Name, e.Stage, len(e.Hints), seen[e.Name])
			}
			seen[e.Name] = true
		}
	}
}

// The hash is of what a learner is asked, whoever solves it and wherever its file lies.
func TestHash(t *testing.T) {
	t.Parallel()
	hash := func(from, to string) string {
		all, err := exercise.Parse([]byte(template(t, exercise.Predict, from, to)))
		if err != nil {
			t.Fatal(err)
		}
		return all[0].Hash()
	}
	same := hash("title", "title")
	if len(same) != 64 || hash("{answer: 2..12}", "{answer: 3..12}") != same || hash("{answer: 1..1.1}", "{answer: 1..1.2}") != same {
		t.Errorf("%q changes with the tries", same)
	}
	for from, to := range map[string]string{"rate: 200": "rate: 201", `a: "4"`: `a: "3"`, "What is left": "What stays", "my-prediction": "mine", "Look at what": "See what"} {
		if hash(from, to) == same {
			t.Errorf("%q for %q does not change it", to, from)
		}
	}
	all, _ := exercise.Parse([]byte(template(t, exercise.Predict, "title", "title")))
	all[0].Stage = 7
	if all[0].Hash() != same {
		t.Error("the folder changes it")
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]float64{"3..10": {3, 10}, " 0.5..0.5 ": {0.5, 0.5}, "1e-3 .. 2": {0.001, 2}} {
		if low, high, err := exercise.ParseInterval(text); err != nil || [2]float64{low, high} != want {
			t.Errorf("%q: %g, %g, %v", text, low, high, err)
		}
	}
	for _, text := range []string{"", "3", "3...10", "..", "0..1", "-1..2", "NaN..2", "1..Inf", "10..3", "1..1e9", "1..2..3"} {
		if _, _, err := exercise.ParseInterval(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	for text, want := range map[string]float64{"80%": 0.8, "0.5": 0.5, " 99% ": 0.99} {
		if v, err := exercise.ParseSure(text); err != nil || v != want {
			t.Errorf("%q: %g, %v", text, v, err)
		}
	}
	for _, text := range []string{"", "0%", "100%", "80", "NaN", "-5%", "sure"} {
		if _, err := exercise.ParseSure(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
