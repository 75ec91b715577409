// SPDX-License-Identifier: MIT

package cli

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/compose"
	"systemlab/internal/problem"
)

// leastLimit is the smallest CPU limit that an engine takes, in cores.
const leastLimit = 0.01

// parseLimits reads what --limit gives, SERVICE=CORES, as cores by service; 0, for
// SERVICE=, is the stage's own. What is said last of a service counts.
func parseLimits(args []string) (map[string]float64, error) {
	out := map[string]float64{}
	for _, arg := range args {
		service, number, ok := strings.Cut(arg, "=")
		cores, err := strconv.ParseFloat(number, 64)
		switch {
		case !ok || service == "" || number != "" && err != nil:
			return nil, problem.Newf(problem.Usage, "--limit postgres=0.25", "--limit %q is not SERVICE=CORES", arg)
		case number != "" && !(cores >= leastLimit): // what is no number neither
			return nil, problem.Newf(problem.Usage, "--limit "+service+"=0.25", "--limit %s: the least is %g cores", arg, leastLimit)
		}
		out[service] = cores
	}
	return out, nil
}

// limitTo sets the limits in a project that was just loaded, and refuses more than
// the machine has.
func (s *session) limitTo(p *compose.Project, limits map[string]float64) error {
	have := float64(s.engine.Info().Cores)
	for _, service := range slices.Sorted(maps.Keys(limits)) {
		cores := limits[service]
		_, ok := p.Service(service)
		switch {
		case ok && cores == 0:
			continue // the stage's own already
		case cores > have:
			return problem.Newf(problem.Usage, "--limit "+service+"="+strconv.FormatFloat(have, 'g', -1, 64), "--limit %s=%g: this machine has %g cores", service, cores, have)
		}
		if err := p.Limit(service, cores); err != nil {
			return err
		}
	}
	return nil
}
