// SPDX-License-Identifier: MIT

package exercise

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"

	"systemlab/internal/analysis"
	"systemlab/internal/record"
)

// Fault that the seed picks. The exercise must be a riddle.
func (e Exercise) Fault(seed int64) Fault {
	pick := rand.New(rand.NewPCG(uint64(seed), 0)) // the same for ever: the generator is specified
	return e.Diagnose.Faults[pick.IntN(len(e.Diagnose.Faults))]
}

// markDiagnosis holds the answer against the fault that the seed picks. The runs, one
// with the fault and one without, show what it did; they must be there.
func (e Exercise) markDiagnosis(given Given, seed int64, runs Evidence) Mark {
	m := Mark{Asked: "what is broken, and how"}
	broken, mended := runs[Broken], runs[Mended]
	if len(broken) == 0 || len(mended) == 0 {
		m.Why = "a run with the fault and one without are needed"
		return m
	}
	if m.Why = e.unfit(e.Diagnose.Workload, slices.Concat(broken, mended)...); m.Why != "" {
		return m
	}
	m.Measured = fmt.Sprintf("with it %s; without it %s", effect(broken[0]), effect(mended[0]))
	what, how, err := ParseDiagnosis(given.Answer)
	if err != nil {
		m.Why = err.Error()
		return m
	}
	fault := e.Fault(seed)
	m.Decided = true
	if service(what, broken[0]) == service(fault.What, broken[0]) && how == manner(fault.How) {
		m.Solved, m.Points = true, 100
		return m
	}
	m.Why = "it was not " + strings.Join(strings.Fields(given.Answer), " ")
	return m
}

// effect is what clients noticed in a run: shares and counts, no latency.
func effect(run *record.Run) string {
	return fmt.Sprintf("%.0f good answers a second at %.0f asked for, and %d failed", analysis.Throughput(run), run.Summary.Rate.Asked, run.Summary.Requests.Failed)
}

// The manners in which a thing can be broken, as answers name them. What looks the
// same from outside is the same: killed and stopped, delay and jitter.
var manners = map[string]string{
	"kill": "gone", "stop": "gone", "restart": "gone", "pause": "pause", "freeze": "pause", "disconnect": "disconnect", "cpu": "cpu", "memory": "memory",
	"latency": "latency", "jitter": "latency", "loss": "loss", "rate": "rate", "fill-disk": "fill-disk", "slow-queries": "slow-queries",
}

// manner of a fault as `lab break` takes it: how much of it is not asked for. "" is
// none that there is.
func manner(how string) string {
	name, _, _ := strings.Cut(how, "=")
	return manners[strings.ToLower(name)]
}

// ParseDiagnosis reads an answer, WHAT HOW, as what `lab break` would have been told:
// "redis pause", "api-2 cpu=10%". how is its manner. An error says in a line what is
// missing.
func ParseDiagnosis(answer string) (what, how string, err error) {
	words := strings.Fields(answer)
	if len(words) != 2 {
		return "", "", errors.New("an answer is what is broken and how, two words as lab break takes them: redis pause")
	}
	if how = manner(words[1]); how == "" {
		return "", "", fmt.Errorf("there is no way %q to break a thing: lab break --help lists them", words[1])
	}
	return strings.ToLower(words[0]), how, nil
}

var copyForm = regexp.MustCompile(`[-.]\d+$`)

// service that is meant by a word such as api-2, all:workers or postgres:replica: a
// fault of one of several is told by the service that it is of. A container's own name is
// looked up in the run.
func service(what string, run *record.Run) string {
	services := map[string]bool{}
	for _, c := range run.Containers {
		if c.Name == what {
			return c.Service
		}
		services[c.Service] = true
	}
	name, role, _ := strings.Cut(what, ":")
	if name == "all" {
		name, role = role, ""
	}
	if name = copyForm.ReplaceAllString(name, ""); role != "" && services[name+"-"+role] {
		return name + "-" + role
	}
	if single := strings.TrimSuffix(name, "s"); !services[name] && services[single] {
		return single
	}
	return name
}
