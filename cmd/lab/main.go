// SPDX-License-Identifier: MIT

// Command lab is a system-design laboratory on one laptop.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"systemlab/internal/cli"
)

// version is set by the Makefile.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for a clean end; the next one is the system's own, for
	// whoever can't wait.
	context.AfterFunc(ctx, stop)
	code := cli.Run(ctx, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, version, os.Args[1:])
	stop()
	os.Exit(code)
}
