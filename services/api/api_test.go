// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadConfig(t *testing.T) {
	t.Parallel()
	standard := config{pool: true, invalidate: true, poolSize: 10, queueDeadline: 5 * time.Second, cacheTTL: time.Minute, cachePatience: 50 * time.Millisecond, fillPatience: fillPatience, listen: ":80"}
	with := func(f func(*config)) config { c := standard; f(&c); return c }
	for _, tt := range []struct {
		name string
		env  map[string]string
		want config
		err  string
	}{
		{"nothing said", nil, standard, ""},
		{"work switched on", map[string]string{"LOADQ": "on"}, with(func(c *config) { c.loadQ = true }), ""},
		{"as the original did", map[string]string{"POOL": "off"}, with(func(c *config) { c.pool = false }), ""},
		{"sizes", map[string]string{"POOL_SIZE": "4", "CACHE_TTL": "15s", "LISTEN": "127.0.0.1:81"},
			with(func(c *config) { c.poolSize, c.cacheTTL, c.listen = 4, 15*time.Second, "127.0.0.1:81" }), ""},
		{"with a queue", map[string]string{"AMQP_URL": "amqp://lab:pw@rabbitmq:5672/", "QUEUE_DEADLINE": "1500ms"},
			with(func(c *config) { c.amqpURL, c.queueDeadline = "amqp://lab:pw@rabbitmq:5672/", 1500*time.Millisecond }), ""},
		{"patient", map[string]string{"CACHE_PATIENCE": "1s"}, with(func(c *config) { c.cachePatience = time.Second }), ""},
		{"forgetful", map[string]string{"INVALIDATE": "off"}, with(func(c *config) { c.invalidate = false }), ""},
		{"worse on purpose", map[string]string{"BURN": "2ms", "ASK_AGAIN": "0.1"}, with(func(c *config) { c.burn, c.askAgain = 2*time.Millisecond, 0.1 }), ""},
		{"connections that end", map[string]string{"POOL_LIFETIME": "20s"}, with(func(c *config) { c.poolLifetime = 20 * time.Second }), ""},

		// SAD PATH
		{"neither on nor off", map[string]string{"POOL": "false"}, config{}, "POOL=false: must be on or off"},
		{"no patience", map[string]string{"CACHE_PATIENCE": "0s"}, config{}, "CACHE_PATIENCE=0s"},
		{"neither yes nor no", map[string]string{"INVALIDATE": "no"}, config{}, "INVALIDATE=no: must be on or off"},
		{"neither off nor on", map[string]string{"LOADQ": "1"}, config{}, "LOADQ=1: must be on or off"},
		{"no slots", map[string]string{"SLEEP_SLOTS": "0"}, config{}, "SLEEP_SLOTS=0"},
		{"burns nothing", map[string]string{"BURN": "0s"}, config{}, "BURN=0s"},
		{"asks more than twice", map[string]string{"ASK_AGAIN": "1.5"}, config{}, "ASK_AGAIN=1.5"},
		{"an empty pool", map[string]string{"POOL_SIZE": "0"}, config{}, "POOL_SIZE=0"},
		{"seconds of what", map[string]string{"CACHE_TTL": "60"}, config{}, "CACHE_TTL=60"},
		{"connections that end at once", map[string]string{"POOL_LIFETIME": "10ms"}, config{}, "POOL_LIFETIME=10ms"},
		{"minutes of what", map[string]string{"POOL_LIFETIME": "1"}, config{}, "POOL_LIFETIME=1"},
		{"no time for a worker", map[string]string{"QUEUE_DEADLINE": "0s"}, config{}, "QUEUE_DEADLINE=0s"},
		{"longer than an answer may take", map[string]string{"QUEUE_DEADLINE": "1m"}, config{}, "QUEUE_DEADLINE=1m"},
	} {
		got, err := readConfig(func(k string) string { return tt.env[k] })
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error %v, want %s", tt.name, err, tt.err)
			}
			continue
		}
		if err != nil || !cmp.Equal(got, tt.want, cmp.AllowUnexported(config{})) {
			t.Errorf("%s: %v %s", tt.name, err, cmp.Diff(tt.want, got, cmp.AllowUnexported(config{})))
		}
	}
}

// freePort is one that nobody listened at a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// The program starts, serves, reports and stops with its database, its cache and its broker out of reach. It gives them some
// time before it serves, and says that it is not healthy yet.
func TestServeAlone(t *testing.T) {
	t.Parallel()
	dead := freePort(t)
	c := config{
		databaseURL: "postgres://lab:pw@" + dead + "/lab", redisURL: "redis://" + dead, pool: true, poolSize: 2,
		fillPatience: 300 * time.Millisecond, cacheTTL: time.Minute, listen: freePort(t), loadQ: true, amqpURL: "amqp://lab:pw@" + dead, queueDeadline: time.Second,
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log bytes.Buffer
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, c, slog.New(slog.NewTextHandler(&log, nil))) }()
	begun := time.Now()
	for ; checkHealth(c.listen) == nil || !strings.Contains(checkHealth(c.listen).Error(), `"filling"`); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 3*time.Second {
			t.Fatalf("not serving within 3 s: %v", checkHealth(c.listen))
		}
	}
	if d := time.Since(begun); d < c.fillPatience {
		t.Errorf("serving after %v, before there was time for connections", d)
	}
	get := func(path string) (int, string, http.Header) {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+c.listen+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		body, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		return a.StatusCode, string(body), a.Header
	}
	for range 5 {
		start := time.Now()
		status, _, h := get("/users/7")
		if d := time.Since(start); status != 503 || h.Get("X-Cache") != "down" || h.Get("Retry-After") == "" || d > 2*time.Second {
			t.Errorf("user: %d, X-Cache %s, after %v", status, h.Get("X-Cache"), d)
		}
	}
	if status, _, _ := get("/ping"); status != 200 {
		t.Errorf("ping: %d", status)
	}
	// LOADQ says "here", the queue says otherwise, and wins.
	if status, body, h := get("/loadQ/5"); status != 503 || h.Get("Retry-After") == "" || !strings.Contains(body, "queue") {
		t.Errorf("loadQ: %d %s", status, body)
	}
	if _, body, _ := get("/healthz"); !strings.Contains(body, `"postgres":"down","rabbitmq":"down"`) {
		t.Errorf("healthz: %s", body)
	}
	if _, body, _ := get("/metrics"); !strings.Contains(body, "lab_queue_connected 0") || !strings.Contains(body, `lab_queue_calls_total{outcome="unavailable"} 1`) {
		t.Errorf("metrics: %s", body)
	}
	waiting := make(chan string, 1)
	go func() {
		status, body, _ := get("/longQ")
		waiting <- fmt.Sprint(status, body)
	}()
	time.Sleep(100 * time.Millisecond)
	start := time.Now()
	stop()
	if err := <-ended; err != nil || time.Since(start) > 2*time.Second {
		t.Errorf("stopped after %v with %v", time.Since(start), err)
	}
	if got := <-waiting; !strings.HasPrefix(got, "503") {
		t.Errorf("longQ at the stop: %s", got)
	}
	if checkHealth(c.listen) == nil {
		t.Error("healthy after the stop")
	}
	if n := strings.Count(log.String(), "\n"); n > 8 {
		t.Errorf("%d lines of log:\n%s", n, log.String())
	}
}

func TestServeSaysWhyNot(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tt := range []struct {
		c   config
		err string
	}{
		{config{listen: l.Addr().String()}, "listen on"},
		{config{listen: "127.0.0.1:0", databaseURL: "postgres://%", poolSize: 1, pool: true}, "database URL"},
		{config{listen: "127.0.0.1:0", redisURL: "http://x", poolSize: 1}, "redis URL"},
		{config{listen: "127.0.0.1:0", amqpURL: "http://x", poolSize: 1}, "AMQP URL"},
	} {
		if err := serve(t.Context(), tt.c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("got %v, want %q", err, tt.err)
		}
	}
}
