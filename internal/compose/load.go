// SPDX-License-Identifier: MIT

package compose

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/sirupsen/logrus"

	"systemlab/internal/problem"
)

// longestName leaves room for a service and a number in the 63 letters of a host's name.
const longestName = 40

// CheckName says what is wrong with a project's name.
func CheckName(name string) error {
	if name == "" || len(name) > longestName || loader.NormalizeProjectName(name) != name {
		return problem.Newf(problem.Usage, "up to 40 lower-case letters, digits, - and _, starting with a letter or digit: -p lab",
			"%q can't be the name of a stack", name)
	}
	return nil
}

// Beside is the name of a stack that lab itself keeps beside a project's: the
// project's name and the purpose. Of a name too long for both it keeps what fits,
// and a digest that tells it from others which begin alike.
func Beside(project, purpose string) string {
	whole := project + "-" + purpose
	if len(whole) <= longestName || CheckName(project) != nil {
		return whole
	}
	digest := sha256.Sum256([]byte(project))
	return fmt.Sprintf("%s-%x-%s", project[:longestName-len("-012345-")-len(purpose)], digest[:3], purpose)
}

// Load reads one Compose file under a project name. Variables come from vars
// and from nowhere else, so the same file gives the same project on every machine.
func Load(ctx context.Context, file, name string, vars map[string]string) (*Project, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(abs); errors.Is(err, os.ErrNotExist) {
		return nil, problem.Newf(problem.NotFound, "lab stages", "there is no file %s", file)
	}
	// compose-go warns through the global logger (an unset variable, an obsolete
	// key); its lines would break a terminal view, and what matters is refused below.
	logrus.SetOutput(io.Discard)
	details := types.ConfigDetails{
		WorkingDir:  filepath.Dir(abs),
		ConfigFiles: []types.ConfigFile{{Filename: abs}},
		Environment: vars,
	}
	p, err := loader.LoadWithContext(ctx, details, func(o *loader.Options) {
		o.SetProjectName(name, true)
		o.Profiles = []string{}
		o.PruneUnnecessaryResources = true
	})
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, "can't read "+file, "docker compose -f "+file+" config")
	}
	return convert(p, abs) // LoadWithContext leaves p.ComposeFiles empty
}

func convert(p *types.Project, files ...string) (*Project, error) {
	out := &Project{Name: p.Name, WorkingDir: p.WorkingDir, Files: files}
	if x, ok := p.Extensions["x-lab"].(map[string]any); ok {
		out.Extension = x
	}
	for _, name := range p.ServiceNames() {
		s, err := convertService(p.Services[name])
		if err != nil {
			return nil, problem.Newf(problem.Unsupported, "remove it from the Compose file", "service %s: %v", name, err)
		}
		out.Services = append(out.Services, s)
	}
	for _, key := range p.NetworkNames() {
		n := p.Networks[key]
		if n.External || (n.Driver != "" && n.Driver != "bridge") {
			return nil, problem.Newf(problem.Unsupported, "use a plain bridge network", "network %s: only the project's own bridge networks are supported", key)
		}
		net := Network{Key: key, Name: n.Name, Internal: n.Internal}
		if len(n.Ipam.Config) > 0 {
			net.Subnet, net.Range = n.Ipam.Config[0].Subnet, n.Ipam.Config[0].IPRange
		}
		out.Networks = append(out.Networks, net)
	}
	for _, key := range p.VolumeNames() {
		if v := p.Volumes[key]; v.External {
			return nil, problem.Newf(problem.Unsupported, "declare it without `external`", "volume %s is external", key)
		}
		out.Volumes = append(out.Volumes, Volume{Key: key, Name: p.Volumes[key].Name})
	}
	return out, checkDependencies(out)
}

// checkDependencies makes sure that every dependency is there; compose-go has
// refused cycles already.
func checkDependencies(p *Project) error {
	names := p.ServiceNames()
	for _, s := range p.Services {
		for dep := range s.DependsOn {
			if !slices.Contains(names, dep) {
				return fmt.Errorf("service %s depends on %s, which is not there", s.Name, dep)
			}
		}
	}
	return nil
}
