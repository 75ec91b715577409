// SPDX-License-Identifier: MIT

package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"systemlab/internal/compose"
)

// Compose's own labels, so that `docker compose -p NAME ps | logs | down` works
// on our containers, and a few of ours.
const (
	labelProject    = "com.docker.compose.project"
	labelService    = "com.docker.compose.service"
	labelOneOff     = "com.docker.compose.oneoff"
	labelHash       = "com.docker.compose.config-hash"
	labelNumber     = "com.docker.compose.container-number"
	labelFiles      = "com.docker.compose.project.config_files"
	labelWorkingDir = "com.docker.compose.project.working_dir"
	labelDependsOn  = "com.docker.compose.depends_on"
	labelImage      = "com.docker.compose.image"
	labelNetwork    = "com.docker.compose.network"
	labelVolume     = "com.docker.compose.volume"

	labelStage    = "systemlab.stage"
	labelPort     = "systemlab.port"
	labelEnv      = "systemlab.env"
	labelPassword = "systemlab.password"
	labelNet      = "systemlab.net"
	labelWatch    = "systemlab.watch"
	labelFault    = "systemlab.fault" // internal/fault writes it
	labelReplace  = "systemlab.replace"
	labelLimit    = "systemlab.limit"
	labelExercise = "systemlab.exercise"
)

// Stack is what holds for a whole stack and is kept in labels alone.
type Stack struct {
	Stage    string // folder of the stage
	Port     uint16 // of the entry, on 127.0.0.1
	Password string // made for this stack; lives as long as its volumes
	Net      string // first three numbers of the network with the virtual IP: 10.213.87; "" before there is one
	Exercise string // that it is a try of, see compose.Project.TryOf
}

func containerName(p *compose.Project, s *compose.Service, n int) string {
	return fmt.Sprintf("%s-%s-%d", p.Name, s.Name, n)
}

func containerLabels(p *compose.Project, s *compose.Service, n int, st Stack) map[string]string {
	var deps []string
	for _, d := range slices.Sorted(maps.Keys(s.DependsOn)) {
		deps = append(deps, d+":"+s.DependsOn[d]+":false")
	}
	l := map[string]string{
		labelProject:    p.Name,
		labelService:    s.Name,
		labelOneOff:     "False",
		labelHash:       s.Hash(),
		labelNumber:     strconv.Itoa(n),
		labelFiles:      strings.Join(p.Files, ","),
		labelWorkingDir: p.WorkingDir,
		labelDependsOn:  strings.Join(deps, ","),
		labelImage:      s.ImageID,
		labelStage:      st.Stage,
		labelPort:       strconv.Itoa(int(st.Port)),
	}
	if len(s.Overrides) > 0 {
		b, _ := json.Marshal(s.Overrides)
		l[labelEnv] = string(b)
	}
	if s.Limited > 0 {
		l[labelLimit] = strconv.FormatFloat(s.Limited, 'f', -1, 64)
	}
	if s.Exercise != "" {
		l[labelExercise] = s.Exercise
	}
	if s.Replaced != "" {
		b, _ := json.Marshal(Replacement{Program: s.Replaced, Image: s.Image})
		l[labelReplace] = string(b)
	}
	maps.Copy(l, s.Labels)
	return l
}

// Watch is the command by which the container tells what it knows of itself,
// or nil; see docs/design/stages-6-to-8.md.
func (c Container) Watch() []string { return strings.Fields(c.Labels[labelWatch]) }

// Overrides are the variables that the user gave with --env to the service of
// this container.
func (c Container) Overrides() map[string]string {
	var m map[string]string
	_ = json.Unmarshal([]byte(c.Labels[labelEnv]), &m)
	return m
}

// Limited is the CPU limit in cores that the user gave with --limit to the service
// of this container; 0 where it is the stage's own.
func (c Container) Limited() float64 {
	cores, err := strconv.ParseFloat(c.Labels[labelLimit], 64)
	if err != nil || !(cores > 0) {
		return 0
	}
	return cores
}

// Replacement is a program of the user's own in the place of a service's.
type Replacement struct {
	Program string `json:"program"` // as the user named it: a folder or an image
	Image   string `json:"image"`   // the image that was made of it
}

// Replacement that this container runs; false where it runs lab's own program.
func (c Container) Replacement() (Replacement, bool) {
	var r Replacement
	err := json.Unmarshal([]byte(c.Labels[labelReplace]), &r)
	return r, err == nil && r.Image != ""
}
