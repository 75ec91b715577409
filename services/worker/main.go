// SPDX-License-Identifier: MIT

// Command worker computes what the api puts into the queue.
//
//	worker          take tasks from the broker at $AMQP_URL
//	worker health   has the one that runs here come to take tasks? The container's health check
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"systemlab/services/internal/fib"
	"systemlab/services/internal/queue"
)

// mark is a file that is there once tasks can come in. It stays when the broker goes: a worker that waits for its broker is
// alive, and a restart would not help it.
const mark = "/dev/shm/ready"

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	switch {
	case len(os.Args) == 2 && os.Args[1] == "health":
		if _, err := os.Stat(mark); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case len(os.Args) > 1:
		fmt.Fprintln(os.Stderr, "usage: worker [health]")
		os.Exit(2)
	default:
		if err := work(log); err != nil {
			log.Error("stopped", "error", err)
			os.Exit(1)
		}
	}
}

func work(log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read host name: %w", err)
	}
	done, err := queue.Work(ctx, queue.Job{
		URL: os.Getenv("AMQP_URL"), Name: name, Compute: fib.Mod, Max: fib.Max, Log: log,
		Ready: func() {
			if err := os.WriteFile(mark, nil, 0o600); err != nil {
				log.Error("can't say that it is ready", "error", err)
			}
		},
	})
	log.Info("stopped", "computed", done.Computed, "stale", done.Stale, "refused", done.Refused)
	return err
}
