// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"systemlab/internal/engine"
	"systemlab/internal/meter"
	"systemlab/internal/record"
)

// The meter's cost is its own CPU at 4 readings a second, and what its listing
// of containers costs the engine: measured for many lists in a row, so that the
// engine's other work (health checks) does not drown it, at the pace at which
// an undisturbed meter lists, which is its own constant of once in 30 s.
func TestMeterCost(t *testing.T) {
	s := start(t, "the meter at 4 readings a second must cost at most 0.5% of a core for stage 5, the engine's part included")
	s.lab("up", "5")
	e, err := engine.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	list := func(ctx context.Context) ([]engine.Container, error) { return e.Containers(ctx, s.project) }
	here, err := list(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reader, why := meter.Pick(t.Context(), e.Info().Local, &meter.Files{}, e, here)
	if why != "" {
		t.Fatalf("the meter does not read the kernel's files: %s", why)
	}
	believed(t, func() error {
		const length = 20 * time.Second
		m := meter.New(meter.Options{Reader: reader, Interval: 250 * time.Millisecond, List: list})
		defer m.Close()
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		samples := 0
		before := ownCPU(t)
		if err := m.Run(ctx, time.Now(), func(record.Sample) { samples++ }); err != nil {
			t.Fatal(err)
		}
		own := (ownCPU(t) - before) / length.Seconds()
		if want := 4 * int(length.Seconds()) * len(here); samples < want*9/10 {
			return fmt.Errorf("%d samples, want about %d", samples, want)
		}
		const lists = 100
		began := engineCPU(t)
		for range lists {
			if _, err := list(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		perList := (engineCPU(t) - began) / lists
		total := own + perList/30
		// On a machine whose cores are shared a wake-up costs up to six times as much
		// at one time of day as at another; a bare loop tells what it costs now.
		bare := bareReads(t, len(here))
		t.Logf("own %.3f%% of a core (a bare loop %.3f%%), the engine's %.2f ms a list, %.3f%% in all", own*100, bare*100, perList*1e3, total*100)
		if total > max(0.005, 1.5*bare) {
			return fmt.Errorf("%.2f%% of a core, where bare reads cost %.2f%%", total*100, bare*100)
		}
		return nil
	})
}

// bareReads is the share of a core that it takes to wake four times a second and
// read as many of the kernel's files as the meter does for so many containers.
func bareReads(t *testing.T, containers int) float64 {
	t.Helper()
	const length, files = 5 * time.Second, 5 // CPU, throttling, memory, its limit's use, network
	f, err := os.Open("/proc/self/net/dev")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := make([]byte, 4096)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	before := ownCPU(t)
	for range int(length / (250 * time.Millisecond)) {
		<-tick.C
		for range containers * files {
			if _, err := f.ReadAt(buf, 0); err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
	}
	return (ownCPU(t) - before) / length.Seconds()
}

func ownCPU(t *testing.T) float64 {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// engineCPU sums what dockerd and containerd have used, in seconds.
func engineCPU(t *testing.T) float64 {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	ticks := 0.0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // gone meanwhile
		}
		name, rest, ok := strings.Cut(string(b), ") ")
		if !ok || !(strings.HasSuffix(name, "(dockerd") || strings.HasSuffix(name, "(containerd")) {
			continue
		}
		fields := strings.Fields(rest)
		for _, i := range []int{11, 12} { // utime and stime, counted from the state
			n, _ := strconv.ParseFloat(fields[i], 64)
			ticks += n
		}
	}
	if ticks == 0 {
		t.Fatal("no engine among the processes")
	}
	return ticks / 100 // USER_HZ
}

func TestInterruptedLoad(t *testing.T) {
	s := start(t, "Ctrl-C during a load must end it soon, keep what was measured, and leave no generator")
	s.lab("up", "1")
	if out := s.interruptLoad("--warmup", "1s"); !strings.Contains(out, "Verdict") {
		t.Errorf("no summary:\n%s", out)
	}
	var kept result
	s.json(&kept, "runs", "show", "last")
	if kept.Requests.Sent < 100 {
		t.Errorf("the saved run has %d requests", kept.Requests.Sent)
	}
	// Within the warm-up nothing is measured, so nothing is kept.
	s.interruptLoad("--warmup", "30s")
	var after result
	if s.json(&after, "runs", "show", "last"); after.ID != kept.ID {
		t.Errorf("run %s was kept of a load that never left its warm-up", after.ID)
	}
}

// interruptLoad begins a load, interrupts it after five seconds of windows, and
// returns what it printed.
func (s *scenario) interruptLoad(args ...string) string {
	t := s.t
	t.Helper()
	c := s.command(append([]string{"load", "--duration", "60s", "--rate", "100"}, args...)...)
	var out strings.Builder
	c.Stdout = &out
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	buf, said := make([]byte, 1024), ""
	for strings.Count(said, "\n") < 6 {
		n, err := stderr.Read(buf)
		if said += string(buf[:n]); err != nil {
			t.Fatalf("the load ended by itself: %s", said)
		}
	}
	asked := time.Now()
	_ = c.Process.Signal(syscall.SIGINT)
	for err := error(nil); err == nil; {
		_, err = stderr.Read(buf)
	}
	_ = c.Wait()
	if took := time.Since(asked); c.ProcessState.ExitCode() != 130 || took > 5*time.Second {
		t.Errorf("exit code %d after %s", c.ProcessState.ExitCode(), took)
	}
	if left, _ := exec.Command("docker", "ps", "-aq", "--filter", "label=com.docker.compose.project="+s.project, "--filter", "label=com.docker.compose.oneoff=True").Output(); len(left) > 0 {
		t.Errorf("generator %s is still there", left)
	}
	return out.String()
}
