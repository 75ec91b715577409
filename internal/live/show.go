// SPDX-License-Identifier: MIT

package live

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"systemlab/internal/tui"
)

// Panic is a fault of lab's own in one of the source's goroutines. It ends the
// view as an error does, so that the terminal is given back before it is told.
type Panic struct {
	Value any
	Stack []byte // of the goroutine that it happened in
}

func (p *Panic) Error() string { return fmt.Sprintf("the live view broke: %v\n%s", p.Value, p.Stack) }

// guard runs f; should it panic, Show ends. No lock is taken: f may have held it.
func (s *Source) guard(f func()) {
	defer func() {
		fail := s.fail.Load()
		if fail == nil {
			return // nobody's terminal is at stake
		}
		if r := recover(); r != nil {
			(*fail)(&Panic{Value: r, Stack: debug.Stack()})
		}
	}()
	f()
}

// Show runs the source and its view in the terminal until the person quits, the
// context ends or something panics. begin, if any, is run beside them. When it
// returns without a *Panic nothing of them runs any more.
func Show(ctx context.Context, s *Source, begin func(context.Context, *Source) error) error {
	running, fail := context.WithCancelCause(ctx)
	s.fail.Store(&fail)
	var parts sync.WaitGroup
	parts.Go(func() { s.guard(func() { s.Run(running) }) })
	if begin != nil {
		parts.Go(func() {
			s.guard(func() {
				if err := begin(running, s); err != nil {
					s.Say(err.Error())
				}
			})
		})
	}
	err := tui.Run(running, tui.Options{Feed: s, Hands: s})
	fail(nil)
	var broken *Panic
	if errors.As(context.Cause(running), &broken) {
		return broken // what held a lock then holds it still
	}
	parts.Wait()
	return err
}
