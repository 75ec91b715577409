// SPDX-License-Identifier: MIT

//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// tapName begins the names of the devices that packets are led into.
const tapName = "labfault"

// relay leads what leaves by an interface into a device that this process reads,
// and sends it on when it is due, past the rule that led it here. The rule lives
// as long as this process: when it dies, however it dies, packets go their old way.
type relay struct {
	mu      sync.Mutex
	queue   queue
	began   time.Time
	arrived chan struct{}
	hold    link.Link
	in      *os.File
	out     int    // raw socket on the interface
	own     []byte // address of the interface; the device has things of its own to say
	failed  chan error
}

type relays struct {
	all    []*relay
	failed chan error
}

// startRelay makes one for each interface.
func startRelay(o order) (*relays, error) {
	all, err := links()
	if err != nil {
		return nil, err
	}
	rs := &relays{failed: make(chan error, 2*len(all))}
	for i, l := range all {
		r := &relay{
			queue: queue{order: o, limit: queueLimit, random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))},
			began: time.Now(), arrived: make(chan struct{}, 1), own: l.Attrs().HardwareAddr, failed: rs.failed,
		}
		if err := r.start(l, fmt.Sprintf("%s%d", tapName, i)); err != nil {
			return nil, err
		}
		rs.all = append(rs.all, r)
	}
	return rs, nil
}

// wait until one fails; by itself none ends.
func (rs *relays) wait() error { return <-rs.failed }

func (r *relay) start(l netlink.Link, name string) error {
	var err error
	if r.out, err = sender(l.Attrs().Index); err != nil {
		return err
	}
	index, in, err := device(name, l.Attrs().MTU)
	if err != nil {
		return err
	}
	r.in = in
	go r.receive(l.Attrs().MTU)
	go r.send()
	r.hold, err = redirect(l.Attrs().Index, index)
	return err
}

// sender opens a socket whose packets take no notice of rules on the way out.
func sender(index int) (int, error) {
	s, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("raw socket: %w", err)
	}
	if err := unix.SetsockoptInt(s, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		return 0, fmt.Errorf("raw socket: %w", err)
	}
	return s, unix.Bind(s, &unix.SockaddrLinklayer{Ifindex: index})
}

// device makes one whose packets this process reads; it goes when the process does.
// It can't cut large segments or sum by itself, so the kernel does both before.
func device(name string, mtu int) (int, *os.File, error) {
	tap := &netlink.Tuntap{LinkAttrs: netlink.LinkAttrs{Name: name}, Mode: netlink.TUNTAP_MODE_TAP,
		Flags: netlink.TUNTAP_NO_PI, NonPersist: true, Queues: 1}
	if err := netlink.LinkAdd(tap); err != nil {
		return 0, nil, fmt.Errorf("tap device: %w", err)
	}
	l, err := netlink.LinkByName(name)
	if err != nil {
		return 0, nil, err
	}
	for _, do := range []func() error{
		func() error { return netlink.LinkSetMTU(l, mtu) },
		func() error { return netlink.LinkSetTxQLen(l, queueLimit) },
		func() error { return netlink.LinkSetARPOff(l) },
		func() error { return netlink.LinkSetUp(l) },
	} {
		if err := do(); err != nil {
			return 0, nil, fmt.Errorf("tap device: %w", err)
		}
	}
	return l.Attrs().Index, tap.Fds[0], nil
}

// redirect leads all that leaves by one interface into another.
func redirect(from, to int) (link.Link, error) {
	p, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "lab_redirect", Type: ebpf.SchedCLS, License: "MIT", Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R1, int32(to)),
		asm.Mov.Imm(asm.R2, 0), // on its way out there
		asm.FnRedirect.Call(),
		asm.Return(),
	}})
	if err != nil {
		return nil, fmt.Errorf("BPF program: %w", err)
	}
	hold, err := link.AttachTCX(link.TCXOptions{Interface: from, Program: p, Attach: ebpf.AttachTCXEgress})
	if err != nil {
		return nil, fmt.Errorf("BPF program at an interface (Linux 6.6 and newer): %w", err)
	}
	return hold, nil
}

// headers of Ethernet with a tag come before what the MTU counts.
const headers = 18

func (r *relay) receive(mtu int) {
	buf := make([]byte, mtu+headers)
	for {
		n, err := r.in.Read(buf)
		if err != nil {
			r.failed <- fmt.Errorf("read: %w", err)
			return
		}
		if n < 12 || !bytes.Equal(buf[6:12], r.own) {
			continue
		}
		r.mu.Lock()
		r.queue.accept(time.Since(r.began), bytes.Clone(buf[:n]))
		r.mu.Unlock()
		select {
		case r.arrived <- struct{}{}:
		default:
		}
	}
}

// send what is due, and wait for what comes next.
func (r *relay) send() {
	timer := time.NewTimer(0)
	for {
		r.mu.Lock()
		for _, b := range r.queue.pop(time.Since(r.began)) {
			_, _ = unix.Write(r.out, b) // one that can't be sent is lost, as on any line
		}
		due, some := r.queue.next()
		now := time.Since(r.began)
		r.mu.Unlock()
		timer.Stop()
		if some {
			timer.Reset(due - now)
		}
		select {
		case <-timer.C:
		case <-r.arrived:
		}
	}
}
