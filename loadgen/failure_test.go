// SPDX-License-Identifier: MIT

package loadgen_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"systemlab/loadgen"
)

// What the generator's own machine refuses is told from what the stage does, however
// deep it is wrapped. net keeps only the text of what a look-up failed by.
func TestFailureOf(t *testing.T) {
	t.Parallel()
	connect := func(e syscall.Errno) error {
		return &url.Error{Op: "Get", URL: "http://lb", Err: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", e)}}
	}
	lookup := func(text string) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: text, Name: "lb", Server: "127.0.0.11:53"}}
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{connect(syscall.EADDRNOTAVAIL), loadgen.OwnLimit},
		{connect(syscall.EMFILE), loadgen.OwnLimit},
		{connect(syscall.ENFILE), loadgen.OwnLimit},
		{fmt.Errorf("once more: %w", connect(syscall.EADDRNOTAVAIL)), loadgen.OwnLimit},
		{lookup("dial udp 127.0.0.11:53: socket: too many open files"), loadgen.OwnLimit},
		{lookup("dial udp [::1]:53: connect: cannot assign requested address"), loadgen.DNS},
		{lookup("no such host"), loadgen.DNS},
		{connect(syscall.ECONNREFUSED), loadgen.Refused},
		{connect(syscall.EADDRINUSE), loadgen.Other},
		{errors.New("something else"), loadgen.Other},
	} {
		if got := loadgen.FailureOf(test.err); got != test.want {
			t.Errorf("%v: %q, want %q", test.err, got, test.want)
		}
	}
}
