package sfu

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	readBatch    = 32   // datagrams that one call takes from the kernel
	datagramRoom = 2048 // bytes of one; no network that we know carries more in one piece
)

// incoming is what one call took from a socket. Only the reader of the socket uses it.
type incoming struct {
	raw     syscall.RawConn
	fn      func(fd uintptr) bool // made once: a closure for each call would allocate
	err     error
	headers [readBatch]header
	vectors [readBatch]unix.Iovec
	names   [readBatch]unix.RawSockaddrInet6
	list    [readBatch]datagram
	n, next int // datagrams taken, and seen by Pion or not meant for it
	run     [readBatch][]byte
	store   [readBatch * datagramRoom]byte
}

// header is the kernel's struct mmsghdr.
type header struct {
	unix.Msghdr
	n uint32 // bytes received
}

type datagram struct {
	b    []byte
	from netip.AddrPort
	done bool // media, which Pion does not see
	life bool // in the place of media: who sent it lives
}

func newIncoming(conn *net.UDPConn) (*incoming, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("sfu: raw socket: %w", err)
	}
	in := &incoming{raw: raw}
	for i := range in.headers {
		h, v := &in.headers[i], &in.vectors[i]
		v.Base = &in.store[i*datagramRoom]
		v.SetLen(datagramRoom)
		h.Iov = v
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&in.names[i]))
		h.Namelen = unix.SizeofSockaddrInet6
	}
	in.fn = in.take
	return in, nil
}

// fill waits for datagrams and takes all that are there, at most readBatch. An error
// that is not net.ErrClosed leaves nothing taken.
func (in *incoming) fill() error {
	in.n, in.next = 0, 0
	if err := in.raw.Read(in.fn); err != nil {
		return err //nolint:wrapcheck // read again, or told from net.ErrClosed
	}
	if in.err != nil {
		return in.err
	}
	for i := range in.n {
		h := &in.headers[i]
		in.list[i] = datagram{b: in.store[i*datagramRoom:][:h.n], from: addrPortOf(&in.names[i])}
		h.Namelen = unix.SizeofSockaddrInet6
	}
	return nil
}

// take is called by the poller when there may be something; false: wait.
func (in *incoming) take(fd uintptr) bool {
	for {
		n, _, e := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&in.headers)), readBatch, unix.MSG_DONTWAIT, 0, 0)
		switch e {
		case 0:
			in.n, in.err = int(n), nil
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		default:
			in.err = e
		}
		return true
	}
}

// addrPortOf reads what the kernel wrote; IPv4 stands for itself however it came.
func addrPortOf(sa *unix.RawSockaddrInet6) netip.AddrPort {
	var port [2]byte
	binary.NativeEndian.PutUint16(port[:], sa.Port) // at the same place for both families
	a := netip.AddrFrom16(sa.Addr)
	if sa.Family == unix.AF_INET {
		a = netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(sa)).Addr)
	} else if a = a.Unmap(); sa.Scope_id != 0 {
		a = a.WithZone(strconv.Itoa(int(sa.Scope_id)))
	}
	return netip.AddrPortFrom(a, binary.BigEndian.Uint16(port[:]))
}

// media gives RTP and RTCP to the peers that sent it, all of one peer together, and
// leaves the rest, and a sign of life of who has been silent to Pion.
func (s *socket) media() {
	in := s.in
	for i := range in.n {
		first := &in.list[i]
		if first.done || !isMedia(first.b) {
			continue
		}
		list := in.run[:0]
		for j := i; j < in.n; j++ {
			if d := &in.list[j]; d.from == first.from && isMedia(d.b) {
				list, d.done = append(list, d.b), true
			}
		}
		p := s.routes.peer(first.from)
		if p == nil {
			for _, b := range list {
				s.stray(b, first.from)
			}
			continue
		}
		if p.datagrams(list) {
			first.b, first.done, first.life = append(first.b[:0], signOfLife), false, true
		}
	}
}

// admits says that Pion is to see the datagram.
func (s *socket) admits(d *datagram) bool {
	if d.done {
		return false
	}
	if d.life || isMedia(d.b) {
		return true
	}
	if !s.spray.admit(d.from, s.now()) {
		s.count.dropped[dropPoliced].Add(1)
		return false
	}
	if nomination := s.answered(d.b, d.from); nomination != nil {
		d.b = nomination
	}
	return true
}
