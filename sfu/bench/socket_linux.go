package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

const (
	peersPerSocket = 16      // each peer keeps a loopback address of its own
	socketBuffer   = 4 << 20 // bytes asked of SO_RCVBUF; the system may grant less
	readBatch      = 64      // packets of one recvmmsg
	controlBytes   = 128
)

// peerSocket is one UDP socket for up to peersPerSocket peers. Each peer has an
// address of its own in 127.64.0.0/10, which Linux accepts on the loopback
// interface without configuration: so to the server every peer is a remote
// address, while the generator drains many of them with one call.
type peerSocket struct {
	conn *net.UDPConn
	port uint16
}

// peerAddr is the loopback address of peer index, below maxReceivers+8.
func peerAddr(index int) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 64, byte(index >> 8), byte(index)})
}

// peerIndex is the inverse of peerAddr.
func peerIndex(a netip.Addr) (int, bool) {
	if !a.Is4() {
		return 0, false
	}
	b := a.As4()
	return int(b[2])<<8 | int(b[3]), b[0] == 127 && b[1] == 64
}

func openPeerSocket(ctx context.Context) (*peerSocket, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		if err := c.Control(func(fd uintptr) { failed = setPeerOptions(int(fd)) }); err != nil {
			return err
		}
		return failed
	}}
	// The wildcard address, since the socket answers for many; peers are only
	// ever addressed by their loopback addresses and others are dropped.
	pc, err := lc.ListenPacket(ctx, "udp4", "0.0.0.0:0")
	if err != nil {
		return nil, fmt.Errorf("bench: open a socket of the generator: %w", err)
	}
	conn, ok := pc.(*net.UDPConn)
	if !ok {
		return nil, errors.Join(errors.New("bench: not a UDP socket"), pc.Close())
	}
	return &peerSocket{conn: conn, port: conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()}, nil
}

func setPeerOptions(fd int) error {
	// SO_RCVBUFFORCE needs a privilege; without it the system's maximum holds,
	// and overflow is seen by SO_RXQ_OVFL, which rejects the window.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer) != nil {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer); err != nil {
			return err
		}
	}
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1),
	)
}

// arrival is what the kernel says beside a packet.
type arrival struct {
	to       netip.Addr
	at       int64 // wall clock in nanoseconds; 0 when the kernel gave none
	overflow uint32
}

const (
	timestampNS  = unix.SO_TIMESTAMPNS
	controlWord  = 8 // alignment of control messages on the 64-bit systems we run on
	cmsgHeadSize = unix.SizeofCmsghdr
)

// parseControl reads the control messages of one packet (man 3 cmsg). Unknown
// and damaged ones are passed over.
func parseControl(b []byte) arrival {
	var a arrival
	for len(b) >= cmsgHeadSize {
		size := binary.NativeEndian.Uint64(b)
		level := int32(binary.NativeEndian.Uint32(b[8:]))
		kind := int32(binary.NativeEndian.Uint32(b[12:]))
		if size < cmsgHeadSize || size > uint64(len(b)) {
			return a
		}
		data := b[cmsgHeadSize:size]
		switch {
		case level == unix.SOL_SOCKET && kind == timestampNS && len(data) >= 16:
			sec, nsec := int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:]))
			a.at = sec*int64(time.Second) + nsec
		case level == unix.SOL_SOCKET && kind == unix.SO_RXQ_OVFL && len(data) >= 4:
			a.overflow = binary.NativeEndian.Uint32(data)
		case level == unix.IPPROTO_IP && kind == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			a.to = netip.AddrFrom4([4]byte(data[8:12])) // ipi_addr
		}
		next := (size + controlWord - 1) &^ (controlWord - 1)
		if next > uint64(len(b)) {
			return a
		}
		b = b[next:]
	}
	return a
}

// sourceControl is the control message that makes a packet leave from addr.
func sourceControl(addr netip.Addr) []byte {
	return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: addr.As4()})
}

// read hands every packet to handle, and the time to tick every feedbackTick,
// until the socket is closed. The packet is valid during the call only.
func (s *peerSocket) read(handle func(packet []byte, from netip.AddrPort, a arrival), tick func(now time.Time)) {
	pc := ipv4.NewPacketConn(s.conn)
	batch := make([]ipv4.Message, readBatch)
	for i := range batch {
		batch[i].Buffers = [][]byte{make([]byte, packetBytes)}
		batch[i].OOB = make([]byte, controlBytes)
	}
	var next time.Time
	for {
		if now := time.Now(); !now.Before(next) {
			tick(now)
			next = now.Add(feedbackTick)
			// It fails on a closed socket only, and so does the read.
			_ = s.conn.SetReadDeadline(next)
		}
		n, err := pc.ReadBatch(batch, 0)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // time for a tick, or a queued ICMP error of one peer
		}
		for _, m := range batch[:n] {
			from, ok := m.Addr.(*net.UDPAddr)
			if !ok {
				continue
			}
			handle(m.Buffers[0][:m.N], unmapped(from.AddrPort()), parseControl(m.OOB[:m.NN]))
		}
	}
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
