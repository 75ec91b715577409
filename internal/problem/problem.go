// SPDX-License-Identifier: MIT

// Package problem is an error that a person can act on: what kind it is, what
// is wrong, and what to type next. Every room may return one; only the face
// prints it, once, and turns its kind into an exit code.
package problem

import (
	"errors"
	"fmt"
)

// Kind is a class of failure, stable in JSON output and in the exit code.
type Kind string

// The kinds, each with its own exit code (see ExitCode).
const (
	Internal    Kind = "internal"  // a bug in lab, or something no one thought of
	Usage       Kind = "usage"     // wrong words on the command line
	NotFound    Kind = "not_found" // no such stage, service, workload or run
	NoStack     Kind = "no_stack"  // nothing is up under that project name
	Unreachable Kind = "engine_unreachable"
	Permission  Kind = "engine_permission"
	TooOld      Kind = "engine_too_old"
	Port        Kind = "port_taken"
	Unhealthy   Kind = "unhealthy"   // a container died or never became healthy
	Storage     Kind = "storage"     // a run file can't be read or written
	Unsupported Kind = "unsupported" // this stage or engine can't do that
	Build       Kind = "build"       // an image can't be made
	Interrupted Kind = "interrupted"
	NotValid    Kind = "run_not_valid"   // measured, but the verdict is invalid
	Contract    Kind = "contract_broken" // a program of one's own does not do what its service must
	NotSolved   Kind = "not_solved"      // an exercise was checked, and is not solved
)

// ExitCode is the process exit code for a kind. 0 is never one of them.
func (k Kind) ExitCode() int {
	switch k {
	case Usage:
		return 2
	case NotFound:
		return 3
	case NoStack:
		return 4
	case Unreachable:
		return 5
	case Permission:
		return 6
	case TooOld:
		return 7
	case Port:
		return 8
	case Unhealthy:
		return 9
	case Storage:
		return 10
	case Unsupported:
		return 11
	case Build:
		return 12
	case NotValid:
		return 13
	case Contract:
		return 15
	case NotSolved:
		return 16
	case Interrupted:
		return 130
	}
	return 1
}

// Error is one problem. Message says what is wrong and what it was about, in
// one line; Hint is what to type or do next; Err is the cause, if any.
type Error struct {
	Kind    Kind
	Message string
	Hint    string
	Err     error
}

// New makes a problem from a message and a hint.
func New(kind Kind, message, hint string) *Error {
	return &Error{Kind: kind, Message: message, Hint: hint}
}

// Newf is New with a formatted message.
func Newf(kind Kind, hint, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// Wrap makes a problem around a cause, which the message need not repeat.
func Wrap(err error, kind Kind, message, hint string) *Error {
	return &Error{Kind: kind, Message: message, Hint: hint, Err: err}
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Of finds the problem in an error's chain; an error without one becomes an
// Internal problem.
func Of(err error) *Error {
	var p *Error
	if errors.As(err, &p) {
		return p
	}
	return &Error{Kind: Internal, Message: err.Error()}
}
