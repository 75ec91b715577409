// SPDX-License-Identifier: MIT

package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// checker is one check on its way.
type checker struct {
	Program
	ctx    context.Context // of the whole check, which is one call
	client *http.Client
	report Report
	failed error // of the boxes
	dead   bool  // there is nobody to ask any more
	ended  bool  // because it was asked to end
}

func newChecker(ctx context.Context, p Program) *checker {
	if p.Patience == 0 {
		p.Patience = 1
	}
	return &checker{Program: p, ctx: ctx, client: &http.Client{}, report: Report{Findings: []Finding{}}}
}

func (c *checker) over() bool { return c.dead || c.failed != nil || c.ctx.Err() != nil }

func (c *checker) limit(d time.Duration) time.Duration { return time.Duration(float64(d) * c.Patience) }

// answer is what came, or why nothing did.
type answer struct {
	asked   string
	status  int
	header  http.Header
	body    []byte
	took    time.Duration
	missing string // why there is no answer
}

// longest that any answer may take; what must be quicker says so.
const longest = 10 * time.Second

func (c *checker) get(path string) answer { return c.ask(c.URL, http.MethodGet, path, "") }

// ask sends one request, with a body if there is one.
func (c *checker) ask(base, method, path, body string) answer {
	a := answer{asked: method + " " + path}
	if body != "" {
		a.asked += " " + shorten(body)
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.limit(longest))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		a.missing = err.Error()
		return a
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	start := time.Now()
	res, err := c.client.Do(r)
	if err == nil {
		defer res.Body.Close()
		a.status, a.header = res.StatusCode, res.Header
		a.body, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	}
	a.took = time.Since(start)
	if err != nil {
		a.missing = "no whole answer (" + reason(err) + ")"
		if ctx.Err() != nil {
			a.missing = fmt.Sprintf("no answer in %s", c.limit(longest))
		}
	}
	return a
}

// reason leaves out what the request was, which is told already.
func reason(err error) string {
	s := err.Error()
	return strings.TrimSpace(s[strings.LastIndex(s, ":")+1:])
}

func (a answer) is(status int) bool { return a.missing == "" && a.status == status }

// came says in a line what the answer was.
func (a answer) came() string {
	if a.missing != "" {
		return a.missing
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.status, shorten(string(a.body))))
}

// json reads the body as an object.
func (a answer) json() map[string]any {
	var out map[string]any
	_ = json.Unmarshal(a.body, &out)
	return out
}

// number is a whole number of the body's object, or -1.
func (a answer) number(key string) int { return number(a.json()[key]) }

func number(v any) int {
	f, ok := v.(float64)
	if !ok || f != float64(int(f)) {
		return -1
	}
	return int(f)
}

// tiers are the names in Server-Timing; false if an entry has no time.
func (a answer) tiers() (names []string, wellFormed bool) {
	wellFormed = true
	for _, line := range a.header.Values("Server-Timing") {
		for entry := range strings.SplitSeq(line, ",") {
			name, rest, _ := strings.Cut(strings.TrimSpace(entry), ";")
			var ms float64
			if n, _ := fmt.Sscanf(strings.TrimSpace(rest), "dur=%g", &ms); n != 1 || ms < 0 {
				wellFormed = false
			}
			names = append(names, name)
		}
	}
	return names, wellFormed
}

// rule counts a rule as checked, and reports it where it is broken: once,
// however often it is broken.
func (c *checker) rule(name string, kept bool, asked, came, wants string) {
	if c.ctx.Err() != nil {
		return // what came then says nothing
	}
	if !slices.Contains(c.report.Rules, name) {
		c.report.Rules = append(c.report.Rules, name)
	}
	if kept || c.broke(name) {
		return
	}
	c.report.Findings = append(c.report.Findings, Finding{Rule: name, Asked: asked, Came: came, Wants: wants})
}

func (c *checker) broke(rule string) bool {
	return slices.ContainsFunc(c.report.Findings, func(f Finding) bool { return f.Rule == rule })
}

// on is a rule about one answer.
func (c *checker) on(name string, a answer, kept bool, wants string) bool {
	c.rule(name, kept, a.asked, a.came(), wants)
	return kept
}

// refused is a rule about an answer with an error's status: that, and the body
// that every error has.
func (c *checker) refused(name string, a answer, status int) bool {
	kept := c.on(name, a, a.is(status), fmt.Sprintf("%d", status))
	if kept {
		text, ok := a.json()["error"].(string)
		c.on("error-body", a, ok && text != "", `a JSON body {"error":"…"} with every error`)
		c.signed(a)
	}
	return kept
}

// named is a header as it came.
func named(header, value string) string {
	if value == "" {
		return "no " + header
	}
	return header + ": " + value
}

// signed is the rule that every answer names its server.
func (c *checker) signed(a answer) {
	by := a.header.Get("X-Served-By")
	c.rule("served-by", by == c.Name || by == c.BareName, a.asked, named("X-Served-By", by), "X-Served-By with the host's name, "+c.Name+" here, on every answer")
}

// within asks again until an answer will do, or the time is up; it gives the last one.
func (c *checker) within(d time.Duration, ask func() answer, good func(answer) bool) answer {
	deadline := time.Now().Add(c.limit(d))
	for {
		a := ask()
		if good(a) || time.Now().After(deadline) {
			return a
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-c.ctx.Done():
			return a
		}
	}
}

// box acts on one of the boxes; its failure ends the check.
func (c *checker) box(act func(context.Context, string) error, service string) bool {
	if err := act(c.ctx, service); err != nil && c.failed == nil {
		c.failed = fmt.Errorf("the check's own %s: %w", service, err)
	}
	return c.failed == nil
}
