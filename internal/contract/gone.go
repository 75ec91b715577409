// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"net/http"
	"time"
)

// How soon a program must have an answer where something is away, and how soon
// it must have found what came back.
const (
	refusalLimit = 6 * time.Second
	cacheLimit   = 2 * time.Second
	foundLimit   = 30 * time.Second
)

// withoutCache: nothing fails; the cache is used again when it is back.
func (c *checker) withoutCache() {
	if !c.box(c.Boxes.Kill, "redis") {
		return
	}
	for id := 1; id <= 8; id++ {
		a := c.get(fmt.Sprintf("/users/%d", id))
		kept := a.is(200) && a.took < c.limit(cacheLimit) && !isHit(a)
		c.rule("without-cache", kept, "with redis gone, "+a.asked, late(a), fmt.Sprintf("200 from the database within %s", cacheLimit))
	}
	a := c.ask(c.URL, http.MethodPut, "/users/4", `{"bio":"written without a cache"}`)
	c.rule("without-cache", a.is(200), "with redis gone, "+a.asked, a.came(), "200")
	c.told("redis")
	if !c.box(c.Boxes.Start, "redis") {
		return
	}
	a = c.within(foundLimit, func() answer { return c.get("/users/5") }, isHit)
	c.rule("cache-back", isHit(a), fmt.Sprintf("GET /users/5 for %s after redis came back", foundLimit),
		fmt.Sprintf("%d, X-Cache: %s", a.status, a.header.Get("X-Cache")), "X-Cache: hit again, without a restart")
}

// told is the rule that /healthz says what is away, and stays 200: one that goes
// away with its database takes all replicas with it.
func (c *checker) told(dependency string) {
	says := func(a answer) string {
		states, _ := a.json()["dependencies"].(map[string]any)
		state, _ := states[dependency].(string)
		return state
	}
	a := c.within(longest/2, func() answer { return c.get("/healthz") }, func(a answer) bool { return a.is(200) && says(a) == "down" })
	c.rule("health-tells", a.is(200) && says(a) == "down", fmt.Sprintf("with %s gone, GET /healthz", dependency), a.came(),
		fmt.Sprintf(`200 with "dependencies":{"%s":"down",…}`, dependency))
}

// late is what came, and when.
func late(a answer) string {
	return fmt.Sprintf("%s after %s", a.came(), a.took.Round(time.Millisecond))
}

// unavailable is the rule for what needs a box that is away.
func (c *checker) unavailable(rule, without string, a answer) {
	again := a.header.Get("Retry-After")
	c.rule(rule, a.is(503) && again != "" && a.took < c.limit(refusalLimit), "with "+without+" gone, "+a.asked,
		fmt.Sprintf("%s, Retry-After: %q", late(a), again), fmt.Sprintf("503 with Retry-After within %s", refusalLimit))
	if a.is(503) {
		c.refused("error-"+rule, a, 503)
	}
}

// others is the rule that what needs nothing of a box that is away does not notice.
func (c *checker) others(rule, without string) {
	a := c.get("/ping")
	c.rule(rule, a.is(200) && a.took < c.limit(time.Second), "with "+without+" gone, "+a.asked, late(a), "200 at once")
}

func (c *checker) withoutQueue() {
	if !c.box(c.Boxes.Kill, "rabbitmq") {
		return
	}
	c.unavailable("without-queue", "rabbitmq", c.get("/loadQ/12"))
	c.others("without-queue-others", "rabbitmq")
	c.told("rabbitmq")
	if !c.box(c.Boxes.Start, "rabbitmq") {
		return
	}
	a := c.within(2*foundLimit, func() answer { return c.get("/loadQ/12") }, func(a answer) bool { return a.is(200) })
	c.on("queue-back", a, a.is(200), "200 again, once rabbitmq is back, without a restart")
}

// withoutDatabase: writes are refused, reads too unless a replica answers them.
func (c *checker) withoutDatabase() {
	if !c.box(c.Boxes.Kill, "postgres") {
		return
	}
	write := c.ask(c.URL, http.MethodPut, "/users/6", `{"bio":"written without a database"}`)
	c.unavailable("without-database", "postgres", write)
	if c.Has.Replica {
		a := c.within(foundLimit, func() answer { return c.get("/users/61") }, func(a answer) bool { return a.is(200) })
		c.rule("reads-from-replica", a.is(200), "with the primary gone, "+a.asked, a.came(), "200 from the replica")
	} else {
		c.unavailable("without-database", "postgres", c.get("/users/62"))
		c.unavailable("without-database", "postgres", c.get("/users/62/messages"))
	}
	c.others("without-database-others", "postgres")
	c.told("postgres")
	if !c.box(c.Boxes.Start, "postgres") {
		return
	}
	a := c.within(foundLimit, func() answer { return c.ask(c.URL, http.MethodPut, "/users/6", `{"bio":"written again"}`) }, func(a answer) bool { return a.is(200) })
	c.on("database-back", a, a.is(200), "200 again, once postgres is back, without a restart")
	a = c.within(foundLimit, func() answer { return c.get("/users/63") }, func(a answer) bool { return a.is(200) })
	c.on("database-back", a, a.is(200), "200 again, once postgres is back, without a restart")
}

// killed is the exit code of a program that did not end by itself.
const killed = 137

// lives is the rule that nothing of this ends the program. One that died in a
// part has one finding there: all others would be its consequences.
func (c *checker) lives(part string, before int) {
	if c.over() || c.ended {
		return
	}
	alive, what, err := c.Boxes.Alive(c.ctx)
	if err != nil {
		c.failed = err
		return
	}
	if !alive {
		c.dead = true
		c.report.Findings = c.report.Findings[:before]
	}
	c.rule("lives", alive, "during \""+part+"\"", what, "one process that lives through it")
}

// end: it ends when it is asked to.
func (c *checker) end() {
	c.ended = true
	code, took, err := c.Boxes.Stop(c.ctx)
	if err != nil {
		c.failed = err
		return
	}
	c.rule("stops", code != killed, "SIGTERM", fmt.Sprintf("exit code %d after %s", code, took.Round(time.Millisecond)),
		"an end by itself, before the 10 s are up after which it is killed")
}
