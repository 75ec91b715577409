// SPDX-License-Identifier: MIT

package cli

import (
	"context"
	"io"
	"path/filepath"
	"testing"

	"systemlab/internal/engine/enginetest"
)

// The limit is raised while the load runs, and put back when it ends badly or is
// interrupted.
func TestLimitsArePutBack(t *testing.T) {
	f, err := enginetest.Start("")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dir := t.TempDir()
	for k, v := range map[string]string{"DOCKER_HOST": f.Host(), "LAB_HOME": dir, "LAB_SOURCE": filepath.Join("..", "..")} {
		t.Setenv(k, v)
	}
	streams := Streams{Out: io.Discard, Err: io.Discard}
	a := &app{Streams: streams, project: "s", output: "text"}
	limits := func() []float64 {
		s, err := a.openStack(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Error(err)
			return nil
		}
		defer s.engine.Close()
		var out []float64
		for _, c := range s.observed.Of("api") {
			out = append(out, c.LimitCores)
		}
		return out
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var during []float64
	f.Set(func(f *enginetest.Engine) {
		f.AnyImage = true
		f.Services["load"] = enginetest.Behaviour{Program: func(io.Reader, io.Writer, io.Writer) int {
			during = limits()
			interrupt() // the second time it is interrupted already
			return 1
		}}
	})
	if code := Run(ctx, streams, "test", []string{"up", "3", "-p", "s"}); code != 0 {
		t.Fatalf("up: exit code %d", code)
	}
	before := limits()
	s, err := a.openStack(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.engine.Close()
	p, err := s.prover(t.Context(), explainOptions{workload: "ping", rate: 100, duration: 1e9})
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"the generator gives up", "interrupted before it begins"} {
		if run, err := p.raised(ctx, "more for api", "api"); err == nil || run != nil {
			t.Errorf("%s: %v, %v", how, run, err)
		}
		if after := limits(); len(after) != 3 || after[0] != before[0] || after[2] != before[2] {
			t.Errorf("%s: limits %v, before %v", how, after, before)
		}
	}
	if len(during) != 3 || during[0] != 1.5*before[0] || during[2] != 1.5*before[2] {
		t.Errorf("limits %v while the load ran, %v before", during, before)
	}
}
