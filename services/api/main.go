// SPDX-License-Identifier: MIT

// Command api is the web service under test. One program serves every stage: its environment says what is there.
//
//	api          serve on $LISTEN
//	api health   ask the one that runs here whether it is alive: the container's health check
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "health" {
		if err := checkHealth(listenAddress(os.Getenv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) > 1 {
		fmt.Fprintln(os.Stderr, "usage: api [health]")
		os.Exit(2)
	}
	c, err := readConfig(os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := serve(ctx, c, log); err != nil {
		log.Error("stopped", "error", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}
