// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"errors"
	"net"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// queueLimit is how many packets may wait; more are dropped, as in a full router.
const queueLimit = 10_000

// links are the interfaces that lead out.
func links() ([]netlink.Link, error) {
	all, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	var out []netlink.Link
	for _, l := range all {
		a := l.Attrs()
		if a.Flags&net.FlagLoopback == 0 && a.Flags&net.FlagUp != 0 && !strings.HasPrefix(a.Name, tapName) {
			out = append(out, l)
		}
	}
	return out, nil
}

// setNetem tells false where the kernel has no netem.
func setNetem(o order) (bool, error) {
	all, err := links()
	if err != nil {
		return false, err
	}
	for _, l := range all {
		q := netlink.NewNetem(netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Parent: netlink.HANDLE_ROOT, Handle: netlink.MakeHandle(1, 0)},
			netlink.NetemQdiscAttrs{
				Latency: uint32(o.Latency.Microseconds()), Jitter: uint32(o.Jitter.Microseconds()), Loss: float32(100 * o.Loss),
				Rate64: uint64(o.Rate / 8), Limit: queueLimit,
			})
		err := netlink.QdiscReplace(q)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// clearNetem gives every interface the queue that it had.
func clearNetem() error {
	all, err := links()
	if err != nil {
		return err
	}
	for _, l := range all {
		queues, err := netlink.QdiscList(l)
		if err != nil {
			return err
		}
		for _, q := range queues {
			if _, ours := q.(*netlink.Netem); !ours {
				continue
			}
			if err := netlink.QdiscDel(q); err != nil && !errors.Is(err, unix.ENOENT) {
				return err
			}
		}
	}
	return nil
}
