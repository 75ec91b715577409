// SPDX-License-Identifier: MIT

package contract

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Nobody has this id: the data set of a check is small.
const missing = "/users/987654321"

// inboxMost is how many messages an inbox shows.
const inboxMost = 50

// users walks through the life of a user, then through somebody's messages.
func (c *checker) users() {
	a := c.within(startLimit, func() answer { return c.get("/users/1") }, func(a answer) bool { return a.is(200) })
	if c.on("user", a, a.is(200) && isUser(a, 1), `200 with {"id":1,"name":"…","version":1,…}`) {
		c.signed(a)
		kind := a.header.Get("Content-Type")
		c.rule("content-type", strings.HasPrefix(kind, "application/json"), a.asked, named("Content-Type", kind), "application/json")
	}
	c.refused("user-missing", c.get(missing), http.StatusNotFound)
	for _, id := range []string{"abc", "0", "99999999999"} {
		c.refused("user-id", c.get("/users/"+id), http.StatusBadRequest)
	}
	c.timing("timing-db", "db")
	if id := c.create(); id > 0 {
		c.update(id)
		c.remove(id)
	}
	c.messages()
}

func isUser(a answer, id int) bool {
	name, _ := a.json()["name"].(string)
	return a.number("id") == id && a.number("version") >= 1 && name != ""
}

// timing wants the time of a tier in the answer to a read that no cache can know.
func (c *checker) timing(rule, tier string) {
	a := c.get("/users/2")
	if a.header.Get("X-Cache") == "hit" {
		return
	}
	c.tier(rule, a, tier)
}

func (c *checker) tier(rule string, a answer, tier string) {
	names, well := a.tiers()
	came := "no Server-Timing"
	if h := a.header.Values("Server-Timing"); len(h) > 0 {
		came = "Server-Timing: " + strings.Join(h, ", ")
	}
	c.rule(rule, well && slices.Contains(names, tier), a.asked, came, "Server-Timing: "+tier+";dur=MILLISECONDS")
}

// create makes a user and gives its id, or 0.
func (c *checker) create() int {
	a := c.ask(c.URL, http.MethodPost, "/users", `{"name":"Contract"}`)
	id := a.number("id")
	if !c.on("create", a, a.is(201) && isUser(a, id) && a.number("version") == 1 && a.json()["name"] == "Contract",
		`201 with the new user, "version":1`) {
		return 0
	}
	at := a.header.Get("Location")
	c.rule("create-location", at == "/users/"+strconv.Itoa(id), a.asked, named("Location", at), "Location: /users/"+strconv.Itoa(id))
	c.refused("create-bounds", c.ask(c.URL, http.MethodPost, "/users", `{"name":""}`), http.StatusBadRequest)
	c.refused("create-bounds", c.ask(c.URL, http.MethodPost, "/users", `{"name":`), http.StatusBadRequest)
	return id
}

// update writes, between two reads: the second must show the write.
func (c *checker) update(id int) {
	path := "/users/" + strconv.Itoa(id)
	before := c.get(path)
	a := c.ask(c.URL, http.MethodPut, path, `{"name":"Changed"}`)
	version := a.number("version")
	if c.on("update", a, a.is(200) && isUser(a, id) && version == 2 && a.json()["name"] == "Changed",
		`200 with the user, its version one higher: "version":2`) {
		after := c.settled(path, func(a answer) bool { return a.number("version") >= version })
		c.rule("read-after-write", after.is(200) && after.number("version") >= version, fmt.Sprintf("GET %s after a PUT that answered version %d", path, version),
			fmt.Sprintf("version %d (%d before the PUT)", after.number("version"), before.number("version")), "what the PUT answered, or newer")
	}
	c.refused("update-bounds", c.ask(c.URL, http.MethodPut, path, `{}`), http.StatusBadRequest)
	c.refused("update-bounds", c.ask(c.URL, http.MethodPut, path, `[`), http.StatusBadRequest)
	c.refused("update-missing", c.ask(c.URL, http.MethodPut, missing, `{"name":"Nobody"}`), http.StatusNotFound)
}

// settled reads a row that was just written: at once, or as soon as a replica,
// which is a moment behind, has it too.
func (c *checker) settled(path string, good func(answer) bool) answer {
	if !c.Has.Replica {
		return c.get(path)
	}
	return c.within(longest/2, func() answer { return c.get(path) }, good)
}

// remove deletes a user, who must be gone then.
func (c *checker) remove(id int) {
	path := "/users/" + strconv.Itoa(id)
	a := c.ask(c.URL, http.MethodDelete, path, "")
	if !c.on("delete", a, a.is(204) && len(a.body) == 0, "204 without a body") {
		return
	}
	if !c.broke("read-after-write") { // what is held after a write is held after this one
		c.refused("deleted", c.settled(path, func(a answer) bool { return a.is(404) }), http.StatusNotFound)
	}
	c.refused("deleted", c.ask(c.URL, http.MethodDelete, path, ""), http.StatusNotFound)
}

func (c *checker) messages() {
	a := c.get("/users/1/messages")
	user, _ := a.json()["user"].(map[string]any)
	list, isList := a.json()["messages"].([]any)
	if c.on("messages", a, a.is(200) && number(user["id"]) == 1 && number(user["version"]) >= 1 && isList && len(list) > 0,
		`200 with {"user":{"id":1,"version":1,…},"messages":[…]}, and user 1 has some`) {
		ids := make([]int, 0, len(list))
		for _, m := range list {
			one, _ := m.(map[string]any)
			ids = append(ids, number(one["id"]))
		}
		newest := slices.IsSortedFunc(ids, func(a, b int) int { return b - a }) && !slices.Contains(ids, -1)
		c.rule("messages-newest", newest && len(ids) <= inboxMost, a.asked, fmt.Sprintf("%d messages, ids %s", len(ids), shorten(fmt.Sprint(ids))),
			fmt.Sprintf("the newest %d at most, the highest id first", inboxMost))
	}
	c.refused("messages-missing", c.get(missing+"/messages"), http.StatusNotFound)
	if !c.Has.Cache {
		x := a.header.Get("X-Cache")
		c.rule("cache-outcome", x == "" || x == "off", a.asked, named("X-Cache", x), "X-Cache: off, or none, where there is no cache")
	}
}

// cache reads a user twice: the second answer comes from the cache, and is the same.
func (c *checker) cache() {
	first := c.get("/users/3")
	outcome := first.header.Get("X-Cache")
	c.rule("cache-outcome", outcome == "miss" || outcome == "hit", first.asked, named("X-Cache", outcome), "X-Cache: miss or hit, where there is a cache")
	second := c.within(longest/2, func() answer { return c.get("/users/3") }, isHit)
	c.rule("cache-hit", isHit(second) && bytes.Equal(first.body, second.body), "GET /users/3 again",
		fmt.Sprintf("X-Cache: %s, %s", second.header.Get("X-Cache"), second.came()), "X-Cache: hit, with the same body")
	if isHit(second) {
		c.tier("timing-cache", second, "cache")
	}
}

func isHit(a answer) bool { return a.is(200) && a.header.Get("X-Cache") == "hit" }

// fibonacci modulo 10037, as /loadQ answers it.
func fibonacci(n int) int {
	a, b := 0, 1
	for range n {
		a, b = b, (a+b)%10037
	}
	return a
}

// work asks for computing.
func (c *checker) work() {
	tier := "compute"
	if c.Has.Queue {
		tier = "queue"
	}
	for _, n := range []int{0, 1, 10, 21, 25} {
		path := "/loadQ/" + strconv.Itoa(n)
		// The first may find no worker yet.
		a := c.within(startLimit, func() answer { return c.get(path) }, func(a answer) bool { return a.is(200) || !c.Has.Queue })
		wants := fmt.Sprintf(`200 with {"n":%d,"result":%d}`, n, fibonacci(n))
		if c.on("work", a, a.is(200) && a.number("n") == n && a.number("result") == fibonacci(n), wants) {
			c.signed(a)
			c.tier("timing-work", a, tier)
		}
	}
	for _, n := range []string{"41", "-1", "many"} {
		c.refused("work-bounds", c.get("/loadQ/"+n), http.StatusBadRequest)
	}
}
