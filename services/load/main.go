// SPDX-License-Identifier: MIT

// Command load is the load generator in its container. It reads one
// loadgen.Order from the first line of stdin and a loadgen.Control from each
// line after it, and writes one loadgen.Message a line to stdout. The end of
// stdin, SIGTERM and SIGINT stop the attack; the result of what was measured
// still follows. It exits with 0 after a result, with 1 after an error.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"systemlab/loadgen"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := run(ctx, os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// run plays the order that it reads. An error is also the last message on out.
func run(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := json.NewEncoder(out)
	emit := func(m loadgen.Message) { _ = lines.Encode(m) } // a reader that is gone also closes stdin
	result, err := attack(ctx, in, emit)
	if err != nil {
		emit(loadgen.Message{Error: err.Error()})
		return err
	}
	emit(loadgen.Message{Result: result})
	return nil
}

func attack(ctx context.Context, in io.Reader, emit func(loadgen.Message)) (*loadgen.Result, error) {
	input := bufio.NewReader(in)
	order, err := readOrder(ctx, input)
	if err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	control := make(chan loadgen.Control)
	go func() { // ends with the process: a read from stdin can't be called off
		defer cancel()
		for {
			var c loadgen.Control
			if err := readLine(input, &c); err == io.EOF {
				return
			} else if err != nil {
				fmt.Fprintln(os.Stderr, "load: read a control:", err)
				continue
			}
			select {
			case control <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	return loadgen.Run(ctx, order, control, emit)
}

// orderWait bounds the wait for an order. A lab that is killed before the engine
// has joined its stdin to the container's leaves a stdin that never ends.
const orderWait = 10 * time.Second

// readOrder waits for the first line.
func readOrder(ctx context.Context, input *bufio.Reader) (loadgen.Order, error) {
	var order loadgen.Order
	read := make(chan error, 1)
	go func() { read <- readLine(input, &order) }() // as below: ends with the process
	wait, cancel := context.WithTimeoutCause(ctx, orderWait, fmt.Errorf("none came within %s", orderWait))
	defer cancel()
	select {
	case err := <-read:
		return order, err
	case <-wait.Done():
		return loadgen.Order{}, context.Cause(wait)
	}
}

// readLine decodes one line. io.EOF means that there is none.
func readLine(in *bufio.Reader, into any) error {
	line, err := in.ReadBytes('\n')
	if len(line) == 0 && err != nil {
		return io.EOF
	}
	return json.Unmarshal(line, into)
}
