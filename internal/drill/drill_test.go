// SPDX-License-Identifier: MIT

package drill_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"systemlab/internal/drill"
	"systemlab/internal/fault"
	"systemlab/internal/problem"
	"systemlab/stages"
)

const one = `
drills:
  - name: lb-killed
    title: the active lb dies
    break: lb:active
    how: kill
    hypothesis: [median gap < 500ms, lost GET = 0]
    predict: {by: keepalived, in: lb, file: /dev/shm/keepalived.conf}
`

func TestParse(t *testing.T) {
	t.Parallel()
	all, err := drill.Parse([]byte(one))
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	d := all[0]
	if d.For != 3*time.Second || d.Rate != 200 || d.Workload != "" || d.Hypothesis.String() != "median gap < 500ms, lost GET = 0" || d.Predict.In != "lb" {
		t.Errorf("%+v", d)
	}
	for what, service := range map[string]string{"lb:active": "lb", "all:workers": "worker", "all:worker": "worker", "api-2": "api", "api.2": "api", "postgres-replica": "postgres-replica"} {
		if got := (drill.Drill{What: what}).Service(); got != service {
			t.Errorf("%s: service %s", what, got)
		}
	}
	// SAD PATH
	for _, c := range []struct{ name, from, to, want string }{
		{"a slip in a key", "title:", "titel:", "titel"},
		{"no title", "title: the active lb dies", "title: ''", "needs a title"},
		{"a name that is a command", "lb-killed", "all", "neither all nor list"},
		{"a name with a space", "lb-killed", "lb killed", "small letters"},
		{"nothing to break", "break: lb:active", "break: ''", "needs break and how"},
		{"no hypothesis", "[median gap < 500ms, lost GET = 0]", "[]", "needs a hypothesis"},
		{"a bad condition", "lost GET = 0", "lost GET > 0", "is not <, <= or ="},
		{"an endpoint that is none", "lost GET", "lost HEAD", "neither a method nor an endpoint"},
		{"how long", "how: kill", "how: kill\n    for: soon", "is not a time from 1s to 1m"},
		{"how fast", "how: kill", "how: kill\n    rate: 5", "is not from 20 to 2000"},
		{"what load", "how: kill", "how: kill\n    workload: lots", "unknown workload"},
		{"a mechanism", "keepalived,", "raft,", "one of keepalived, haproxy, nginx"},
		{"no list", "drills:", "drill:", "drill"},
		{"no YAML", "drills:", "drills: [", "did not find"},
	} {
		if _, err := drill.Parse([]byte(strings.Replace(one, c.from, c.to, 1))); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want one line with %q", c.name, err, c.want)
		}
	}
	if _, err := drill.Parse([]byte(one + strings.TrimPrefix(one, "\ndrills:\n"))); err == nil || !strings.Contains(err.Error(), "two named") {
		t.Errorf("twice the same name: %v", err)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if all, err := drill.Load(dir); err != nil || len(all) != 0 {
		t.Errorf("without a file: %v, %v", all, err)
	}
	if err := os.WriteFile(filepath.Join(dir, drill.File), []byte("drills: 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := drill.Load(dir)
	if p := problem.Of(err); err == nil || p.Kind != problem.Usage || !strings.Contains(p.Error(), dir) || p.Hint == "" {
		t.Errorf("%+v", p)
	}
}

// Every stage has drills, and all are of services that it has.
func TestStages(t *testing.T) {
	t.Parallel()
	all, err := stages.List(filepath.Join("..", ".."))
	if err != nil || len(all) < 8 {
		t.Fatalf("%d stages, %v", len(all), err)
	}
	for _, st := range all {
		p, err := st.Load(t.Context(), "lab", stages.Given{Port: 8080, Password: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		found, err := drill.Load(filepath.Dir(st.File))
		if err != nil || len(found) == 0 {
			t.Errorf("%s: %d drills, %v", st.Name, len(found), err)
		}
		for _, d := range found {
			if _, err := fault.Parse(d.How); err != nil {
				t.Errorf("%s: %s: %v", st.Name, d.Name, err)
			}
			if _, ok := p.Service(d.Service()); !ok {
				t.Errorf("%s: %s breaks %s, which is not there", st.Name, d.Name, d.What)
			}
			if d.Predict == nil {
				continue
			}
			if _, ok := p.Service(d.Predict.In); !ok {
				t.Errorf("%s: %s reads %s, which is not there", st.Name, d.Name, d.Predict.In)
			}
		}
	}
}
