// SPDX-License-Identifier: MIT

//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kernelCounter finds a container's own CPU counter, cgroup v1 or v2, and
// returns a function that reads it in seconds.
func kernelCounter(t *testing.T, id string) func() float64 {
	t.Helper()
	pid := docker(t, "inspect", "-f", "{{.State.Pid}}", id)
	groups, err := os.ReadFile("/proc/" + pid + "/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(groups)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case strings.Contains(","+parts[1]+",", ",cpuacct,"):
			for _, dir := range []string{"cpuacct", "cpu,cpuacct"} {
				file := filepath.Join("/sys/fs/cgroup", dir, parts[2], "cpuacct.usage")
				if _, err := os.Stat(file); err == nil {
					return func() float64 { return number(t, file, "") / 1e9 }
				}
			}
		case parts[1] == "":
			file := filepath.Join("/sys/fs/cgroup", parts[2], "cpu.stat")
			if _, err := os.Stat(file); err == nil {
				return func() float64 { return number(t, file, "usage_usec") / 1e6 }
			}
		}
	}
	t.Fatalf("no CPU counter of %s in\n%s", id, groups)
	return nil
}

func number(t *testing.T, file, key string) float64 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(string(b))
	if key != "" {
		_, rest, _ := strings.Cut(text, key+" ")
		text, _, _ = strings.Cut(rest, "\n")
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// freeze pauses a container for about so long. It was frozen for at least the
// first duration returned and at most the second: a pause takes its time.
func freeze(t *testing.T, name string, about time.Duration) (least, most time.Duration) {
	t.Helper()
	asked := time.Now()
	docker(t, "pause", name)
	paused := time.Now()
	hold := time.NewTimer(about)
	<-hold.C
	least = time.Since(paused)
	docker(t, "unpause", name)
	return least, time.Since(asked)
}

// counterSeries is a counter read often, so that its growth over any stretch is known.
type counterSeries struct {
	stop func()
	at   []time.Time
	used []float64
}

// follow reads a counter now, and every 20 ms until its series is asked.
func follow(t *testing.T, counter func() float64) *counterSeries {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	c := &counterSeries{stop: func() { cancel(); <-done }, at: []time.Time{time.Now()}, used: []float64{counter()}}
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			c.at, c.used = append(c.at, time.Now()), append(c.used, counter())
			select {
			case <-ctx.Done():
				c.at, c.used = append(c.at, time.Now()), append(c.used, counter())
				return
			case <-tick.C:
			}
		}
	}()
	return c
}

// cores is the mean over a stretch that was followed.
func (c *counterSeries) cores(t *testing.T, from, to time.Time) float64 {
	t.Helper()
	c.stop()
	if from.Before(c.at[0]) || to.After(c.at[len(c.at)-1]) {
		t.Fatalf("followed from %s to %s, asked from %s to %s", c.at[0], c.at[len(c.at)-1], from, to)
	}
	return (c.value(to) - c.value(from)) / to.Sub(from).Seconds()
}

func (c *counterSeries) value(at time.Time) float64 {
	i := max(1, sort.Search(len(c.at), func(i int) bool { return !c.at[i].Before(at) }))
	part := at.Sub(c.at[i-1]).Seconds() / c.at[i].Sub(c.at[i-1]).Seconds()
	return c.used[i-1] + part*(c.used[i]-c.used[i-1])
}
