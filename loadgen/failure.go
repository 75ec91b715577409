// SPDX-License-Identifier: MIT

package loadgen

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// The kinds of a failed request. A failure is data: it is counted, never returned.
const (
	Refused     = "refused"     // nothing listens there
	Reset       = "reset"       // the connection was torn down
	Timeout     = "timeout"     // no whole answer in time, or no connection
	EOF         = "eof"         // the server closed the connection instead of answering
	DNS         = "dns"         // the name did not resolve
	Unreachable = "unreachable" // no route to the host
	Status      = "status"      // an answer, but not 2xx or 3xx
	Other       = "other"
)

// failureOf puts an error of the transport into its class. Names come first: a
// look-up that timed out is a matter of DNS.
func failureOf(err error) string {
	var name *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return ""
	case errors.As(err, &name):
		return DNS
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return Reset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Unreachable
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return Timeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		strings.Contains(err.Error(), "server closed idle connection"): // net/http does not export this one
		return EOF
	}
	return Other
}

// failed says whether an answer's status is a failure. A DELETE that finds the
// user gone has what it wanted: a balancer may have repeated it. Users 1..Users
// are never deleted by an attack, so any other 404 is a failure.
func failed(endpoint string, status int) bool {
	if endpoint == UserDelete && status == 404 {
		return false
	}
	return status < 200 || status >= 400
}
