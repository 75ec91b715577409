// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"strconv"
	"time"

	"systemlab/services/internal/cache"
	"systemlab/services/internal/database"
	"systemlab/services/internal/queue"
)

const (
	// fillPatience is how long the api puts off serving until it has connections to its databases: shorter than the 30 s within
	// which a service must be there (docs/design/contract.md).
	fillPatience = 25 * time.Second
	// fillLimit is how long it goes on trying while it serves, and says that it is not healthy yet: a new database makes its
	// data first, on a busy machine for more than half a minute.
	fillLimit = 90 * time.Second
)

// config is what the environment says.
type config struct {
	databaseURL, readURL, redisURL string
	amqpURL                        string
	queueDeadline                  time.Duration
	loadQ, pool, invalidate        bool
	poolSize                       int
	sleepSlots                     int           // requests that may sleep at once; 0: all
	burn                           time.Duration // of CPU more for every request
	askAgain                       float64       // share of the reads that the database is asked twice
	poolLifetime                   time.Duration // of connections for reading; 0: no limit of ours
	fillPatience                   time.Duration
	cacheTTL, cachePatience        time.Duration
	listen                         string
}

func readConfig(env func(string) string) (config, error) {
	c := config{
		databaseURL: env("DATABASE_URL"), readURL: env("DATABASE_READ_URL"), redisURL: env("REDIS_URL"),
		amqpURL: env("AMQP_URL"), queueDeadline: queue.Deadline, pool: true, invalidate: true, poolSize: database.UsualSize, fillPatience: fillPatience, cacheTTL: time.Minute, cachePatience: cache.Patience, listen: listenAddress(env),
	}
	var err error
	if c.loadQ, err = onOff(env, "LOADQ", false); err != nil {
		return c, err
	}
	if c.pool, err = onOff(env, "POOL", true); err != nil {
		return c, err
	}
	if c.invalidate, err = onOff(env, "INVALIDATE", true); err != nil {
		return c, err
	}
	if v := env("POOL_SIZE"); v != "" {
		if c.poolSize, err = strconv.Atoi(v); err != nil || c.poolSize < 1 || c.poolSize > 1000 {
			return c, fmt.Errorf("POOL_SIZE=%s: must be a whole number from 1 to 1000", v)
		}
	}
	if v := env("SLEEP_SLOTS"); v != "" {
		if c.sleepSlots, err = strconv.Atoi(v); err != nil || c.sleepSlots < 1 || c.sleepSlots > 100_000 {
			return c, fmt.Errorf("SLEEP_SLOTS=%s: must be a whole number from 1 to 100000", v)
		}
	}
	if v := env("BURN"); v != "" {
		if c.burn, err = time.ParseDuration(v); err != nil || c.burn <= 0 || c.burn > time.Second {
			return c, fmt.Errorf("BURN=%s: must be a duration up to 1s, such as 2ms", v)
		}
	}
	if v := env("ASK_AGAIN"); v != "" {
		if c.askAgain, err = strconv.ParseFloat(v, 64); err != nil || !(c.askAgain > 0 && c.askAgain <= 1) {
			return c, fmt.Errorf("ASK_AGAIN=%s: must be a share above 0 and up to 1, such as 0.1", v)
		}
	}
	if v := env("CACHE_TTL"); v != "" {
		if c.cacheTTL, err = time.ParseDuration(v); err != nil || c.cacheTTL < 100*time.Millisecond {
			return c, fmt.Errorf("CACHE_TTL=%s: must be a duration of at least 100ms, such as 60s", v)
		}
	}
	if v := env("CACHE_PATIENCE"); v != "" {
		if c.cachePatience, err = time.ParseDuration(v); err != nil || c.cachePatience < time.Millisecond || c.cachePatience > 10*time.Second {
			return c, fmt.Errorf("CACHE_PATIENCE=%s: must be a duration from 1ms to 10s, such as 50ms", v)
		}
	}
	if v := env("POOL_LIFETIME"); v != "" {
		if c.poolLifetime, err = time.ParseDuration(v); err != nil || c.poolLifetime < time.Second {
			return c, fmt.Errorf("POOL_LIFETIME=%s: must be a duration of at least 1s, such as 20s", v)
		}
	}
	if v := env("QUEUE_DEADLINE"); v != "" {
		// Below what the server allows an answer to take.
		if c.queueDeadline, err = time.ParseDuration(v); err != nil || c.queueDeadline < 10*time.Millisecond || c.queueDeadline > 20*time.Second {
			return c, fmt.Errorf("QUEUE_DEADLINE=%s: must be a duration from 10ms to 20s, such as 5s", v)
		}
	}
	return c, nil
}

func listenAddress(env func(string) string) string {
	if v := env("LISTEN"); v != "" {
		return v
	}
	return ":80"
}

func onOff(env func(string) string, name string, otherwise bool) (bool, error) {
	switch v := env(name); v {
	case "":
		return otherwise, nil
	case "on":
		return true, nil
	case "off":
		return false, nil
	default:
		return false, fmt.Errorf("%s=%s: must be on or off", name, v)
	}
}
