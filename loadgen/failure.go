// SPDX-License-Identifier: MIT

package loadgen

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"systemlab/internal/record"
)

// The kinds of a failed request. A failure is data: it is counted, never returned.
const (
	Refused     = "refused"             // nothing listens there
	Reset       = "reset"               // the connection was torn down
	Timeout     = "timeout"             // no whole answer in time, or no connection
	EOF         = "eof"                 // the server closed the connection instead of answering
	DNS         = "dns"                 // the name did not resolve
	Unreachable = "unreachable"         // no route to the host
	Status      = "status"              // an answer, but not 2xx or 3xx
	OwnLimit    = record.ErrorGenerator // the generator had no port or descriptor left for a connection
	Other       = "other"
)

// failureOf puts an error of the transport into its class. The generator's own
// limits come first, because a look-up needs a descriptor too; then names: a
// look-up that timed out is a matter of DNS.
func failureOf(err error) string {
	var name *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return ""
	case ownLimit(err):
		return OwnLimit
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

// ownLimit tells whether the generator's own machine made no connection: its
// ephemeral ports, its descriptors or the machine's are used up. A server that has
// none left is not meant; that one is seen as a refusal or a time-out.
func ownLimit(err error) bool {
	// Of what a look-up failed by, net keeps the text alone. A name server's address
	// that can't be had (::1 without IPv6) is no matter of ports.
	var name *net.DNSError
	lookup := errors.As(err, &name)
	for _, limit := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, limit) || lookup && strings.Contains(name.Err, limit.Error()) {
			return true
		}
	}
	return errors.Is(err, syscall.EADDRNOTAVAIL)
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
