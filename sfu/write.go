package sfu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// destination is where a peer's media goes, the selected pair's remote address, as
// the kernel reads it.
type destination struct {
	sa  unix.RawSockaddrInet6 // or the shorter one of IPv4 in its place
	len uint32
}

func newDestination(to netip.AddrPort) (d destination) {
	a, port := to.Addr().Unmap(), [2]byte{}
	binary.BigEndian.PutUint16(port[:], to.Port())
	if a.Is4() {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(&d.sa))
		v4.Family, v4.Addr = unix.AF_INET, a.As4()
		v4.Port = binary.NativeEndian.Uint16(port[:])
		d.len = unix.SizeofSockaddrInet4
		return d
	}
	d.sa.Family, d.sa.Addr = unix.AF_INET6, a.As16()
	d.sa.Port = binary.NativeEndian.Uint16(port[:])
	// Link-local addresses are of one interface; ours name it by number, as the kernel did.
	if n, err := strconv.ParseUint(a.Zone(), 10, 32); err == nil {
		d.sa.Scope_id = uint32(n)
	}
	d.len = unix.SizeofSockaddrInet6
	return d
}

// packetWriter writes one datagram without waiting: when the kernel's send
// buffer is full the packet is refused, which the receiver's NACK repairs.
type packetWriter interface {
	write(b []byte, to *destination) error
}

// segmentWriter is a packetWriter that writes several datagrams at once: all of size
// bytes, the last of at most that. Either all go out or none; errNoSegments says
// that they have to be written one by one.
type segmentWriter interface {
	writeSegments(b []byte, size int, to *destination) error
}

var errNoSegments = errors.New("sfu: not in segments")

// writer writes to a socket; each belongs to one room, whose lock its caller holds.
// No peer of a room is ready to be written to when the room is closed, and the
// engine closes its sockets after its rooms: so the descriptor is that of the open
// socket, and needs neither a count of its users nor the poller, since nothing waits.
type writer struct {
	fd      int
	whole   bool // the way out cannot segment
	msg     unix.Msghdr
	iov     unix.Iovec
	control segmentSize
}

// segmentSize is the control message UDP_SEGMENT (udp(7), Linux 4.18).
type segmentSize struct {
	unix.Cmsghdr
	size uint16
	_    [unix.SizeofPtr - 2]byte
}

func (s *socket) newWriter() (*writer, error) {
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("sfu: raw socket: %w", err)
	}
	w := &writer{}
	if err = raw.Control(func(fd uintptr) { w.fd = int(fd) }); err != nil {
		return nil, fmt.Errorf("sfu: raw socket: %w", err)
	}
	_, err = unix.GetsockoptInt(w.fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	w.whole = err != nil
	w.msg.Iov = &w.iov
	w.msg.SetIovlen(1)
	w.control.Level, w.control.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	w.control.SetLen(unix.CmsgLen(2))
	return w, nil
}

func (w *writer) write(b []byte, to *destination) error {
	w.msg.Control = nil
	w.msg.SetControllen(0)
	return w.send(b, to)
}

func (w *writer) writeSegments(b []byte, size int, to *destination) error {
	if w.whole {
		return errNoSegments
	}
	w.control.size = uint16(size)
	w.msg.Control = (*byte)(unsafe.Pointer(&w.control))
	w.msg.SetControllen(unix.CmsgSpace(2))
	err := w.send(b, to)
	if err == nil || bufferFull(err) {
		return err
	}
	// A device that cannot checksum says EIO, once and for all; a way whose packets
	// are smaller says EINVAL, and other ways may be wider.
	w.whole = errors.Is(err, unix.EIO)
	return errNoSegments
}

// send hands b to the kernel. It does not wait, so the scheduler need not hear of
// it: with a thousand calls for a picture that would cost more than what is ours.
func (w *writer) send(b []byte, to *destination) error {
	w.iov.Base = &b[0]
	w.iov.SetLen(len(b))
	w.msg.Name, w.msg.Namelen = (*byte)(unsafe.Pointer(&to.sa)), to.len
	for {
		_, _, e := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(w.fd), uintptr(unsafe.Pointer(&w.msg)), unix.MSG_DONTWAIT)
		switch e {
		case 0:
			runtime.KeepAlive(w)
			return nil
		case unix.EINTR:
		default:
			return e
		}
	}
}

func bufferFull(err error) bool { return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.ENOBUFS) }
