// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// startLimit is how long a program may take until it answers, at a quarter of a core.
const startLimit = 30 * time.Second

// start waits until both answer, before anything is asked of them.
func (c *checker) start() {
	for _, base := range []string{c.URL, c.BareURL} {
		var died string
		a := c.within(startLimit, func() answer { return c.ask(base, http.MethodGet, "/ping", "") }, func(a answer) bool {
			alive, what, err := c.Boxes.Alive(c.ctx)
			if err != nil {
				c.failed = err
			}
			if !alive {
				died = what
			}
			return a.missing == "" || died != "" || c.failed != nil
		})
		switch {
		case died != "":
			c.dead = true
			c.rule("start", false, "its start", died, "it serves on $LISTEN (:80), as nobody (65534), on a file system that it can't write to, and stays")
			return
		case !c.on("start", a, a.missing == "", fmt.Sprintf("it serves on $LISTEN (:80) within %s", startLimit)):
			c.dead = true
			return
		}
	}
	has, ok, err := c.Boxes.Healthy(c.ctx)
	if err != nil {
		c.failed = err
	}
	if has {
		c.rule("health-check", ok, "its HEALTHCHECK", "a failure", "success, while it answers /healthz")
	}
}

// alone asks the bare one.
func (c *checker) alone() {
	bare := func(method, path, body string) answer { return c.ask(c.BareURL, method, path, body) }
	a := bare("GET", "/ping", "")
	if c.on("ping", a, a.is(200) && a.json() != nil, "200 with a JSON object") {
		c.signed(a)
	}
	for _, q := range [][3]string{
		{"GET", "/users/1", ""}, {"GET", "/users/1/messages", ""}, {"POST", "/users", `{"name":"Nobody"}`},
		{"PUT", "/users/1", `{"name":"Nobody"}`}, {"DELETE", "/users/1", ""}, {"GET", "/loadQ/10", ""},
	} {
		c.refused("absent", bare(q[0], q[1], q[2]), http.StatusNotImplemented)
	}
	c.refused("no-such-path", bare("GET", "/nowhere", ""), http.StatusNotFound)
	a = bare("GET", "/healthz", "")
	c.on("health", a, a.is(200) && a.json() != nil, "200 with a JSON object")
	a = bare("GET", "/metrics", "")
	c.rule("metrics", a.is(200) && isMetrics(string(a.body)), a.asked, a.came(), "200 with metrics in the text format of Prometheus")
	c.sleep(bare)
}

// sleep asks for waiting: it must be as long as asked for, and cost nobody else anything.
func (c *checker) sleep(bare func(method, path, body string) answer) {
	const asked = 300 * time.Millisecond
	a := bare("GET", "/longQ?for=300ms", "")
	c.rule("sleep", a.is(200) && a.took >= asked, a.asked, fmt.Sprintf("%s after %s", a.came(), a.took.Round(time.Millisecond)), "200 after the time asked for")
	c.refused("sleep-bounds", bare("GET", "/longQ?for=soon", ""), http.StatusBadRequest)
	c.refused("sleep-bounds", bare("GET", "/longQ?for=1h", ""), http.StatusBadRequest)

	const sleepers = 40
	nap := c.limit(time.Second)
	path := "/longQ?for=" + nap.String()
	answers := make([]answer, sleepers)
	var all sync.WaitGroup
	start := time.Now()
	for i := range answers {
		all.Go(func() { answers[i] = bare("GET", path, "") })
	}
	time.Sleep(nap / 2)
	ping := bare("GET", "/ping", "")
	all.Wait()
	took := time.Since(start)
	c.rule("sleepers", ping.is(200) && ping.took < nap, "GET /ping while 40 requests sleep for "+nap.String(),
		fmt.Sprintf("%s after %s", ping.came(), ping.took.Round(time.Millisecond)), "an answer at once: who sleeps is in nobody's way")
	for _, a := range answers {
		c.rule("sleepers", a.is(200) && took < 5*nap, "40 × GET "+path+" at once",
			fmt.Sprintf("%s, the last after %s", a.came(), took.Round(time.Millisecond)), "40 answers of 200 after little more than "+nap.String())
	}
}

var sample = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? \S+( \S+)*$`)

func isMetrics(text string) bool {
	samples := 0
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case sample.MatchString(line):
			samples++
		default:
			return false
		}
	}
	return samples > 0
}
