package sfu

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	frameHead  = 2       // bytes before a frame that tell its length (RFC 4571 section 2)
	streamRead = 8 << 10 // bytes read ahead
)

// tcpStream is one TCP connection of a client. What waits for a slow one is what the
// kernel has taken and at most the rest of one frame.
type tcpStream struct {
	s      *streamSocket
	conn   *net.TCPConn
	raw    syscall.RawConn
	from   netip.AddrPort
	born   time.Time
	in     *bufio.Reader
	run    [readBatch][]byte
	handed func(fd uintptr) bool // made once: a closure for each write would allocate
	tells  bucket                // frames that are no media; of the reader alone

	mu     sync.Mutex
	proved bool
	gone   bool
	rest   []byte // of a frame whose beginning the kernel has taken, within buf
	failed error
	buf    [frameHead + datagramRoom]byte
}

func newStream(s *streamSocket, c *net.TCPConn, from netip.AddrPort) (*tcpStream, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("sfu: raw socket: %w", err)
	}
	tuneStream(c, raw)
	st := &tcpStream{s: s, conn: c, raw: raw, from: from, born: time.Now(), in: bufio.NewReaderSize(c, streamRead)}
	st.handed, st.tells = st.hand, newBucket(streamTells, streamTellBurst, s.now())
	return st, nil
}

// prove notes that ICE has answered a check that came by the connection.
func (st *tcpStream) prove() {
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.proved && !st.gone {
		st.proved = true
		st.s.all.prove(prefixOf(st.from.Addr()))
	}
}

func (st *tcpStream) hasProved() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.proved
}

// write implements packetWriter: a frame goes to the kernel or is refused as a whole.
// When the kernel takes its beginning alone the rest goes before the next frame.
func (st *tcpStream) write(b []byte, _ *destination) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if len(b) > datagramRoom {
		return unix.EMSGSIZE
	}
	if len(st.rest) > 0 {
		if err := st.push(); err != nil {
			return err
		}
		if len(st.rest) > 0 {
			return unix.EAGAIN
		}
	}
	binary.BigEndian.PutUint16(st.buf[:], uint16(len(b)))
	whole := st.buf[:frameHead+copy(st.buf[frameHead:], b)]
	st.rest = whole
	err := st.push()
	if len(st.rest) == len(whole) { // nothing of it has gone
		st.rest = nil
		if err == nil {
			err = unix.EAGAIN
		}
	}
	return err
}

// push gives the kernel what it takes of the rest; a full buffer is no error.
func (st *tcpStream) push() error {
	st.failed = nil
	if err := st.raw.Write(st.handed); err != nil {
		return err //nolint:wrapcheck // counted, not printed
	}
	return st.failed
}

// hand is called with the descriptor; it never asks to wait.
func (st *tcpStream) hand(fd uintptr) bool {
	for len(st.rest) > 0 {
		n, err := unix.Write(int(fd), st.rest)
		switch {
		case err == nil:
			st.rest = st.rest[n:]
		case errors.Is(err, unix.EINTR):
		case bufferFull(err):
			return true
		default:
			st.failed = err
			return true
		}
	}
	return true
}

// read takes frames until the connection ends.
func (st *tcpStream) read() {
	defer st.end()
	for {
		if why, ok := st.await(); !ok {
			if why < refusals {
				st.s.all.refused[why].Add(1)
			}
			return
		}
		if !st.frames() {
			st.s.all.refused[refusedMalformed].Add(1)
			return
		}
	}
}

// await waits for one whole frame; else it says why there will be none, refusals for
// a connection that the client has ended.
func (st *tcpStream) await() (why refusal, ok bool) {
	begun := time.Now()
	for {
		until, why := begun.Add(streamIdle), refusedIdle
		if !st.hasProved() {
			until, why = st.born.Add(st.s.all.limits.StreamTime), refusedLate
		}
		_ = st.conn.SetReadDeadline(until)
		head, err := st.in.Peek(frameHead)
		if err == nil {
			size := int(binary.BigEndian.Uint16(head))
			if size == 0 || size > receiveMTU {
				return refusedMalformed, false
			}
			_, err = st.in.Peek(frameHead + size)
		}
		switch {
		case err == nil:
			return 0, true
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return refusals, false
		case why == refusedIdle || !st.hasProved():
			return why, false
		}
		// It has proved itself while we waited.
	}
}

// frames gives all whole frames that have been read to who they are for, media that
// follow each other together; false: what comes next is no frame.
func (st *tcpStream) frames() bool {
	b, _ := st.in.Peek(st.in.Buffered())
	t, used, list := st.s.routes, 0, st.run[:0]
	for len(b) >= frameHead {
		size := int(binary.BigEndian.Uint16(b))
		if size == 0 || size > receiveMTU {
			return false
		}
		if len(b) < frameHead+size {
			break
		}
		frame := b[frameHead : frameHead+size : frameHead+size]
		b, used = b[frameHead+size:], used+frameHead+size
		if t == nil || !isMedia(frame) {
			st.tell(frame, false)
			continue
		}
		if list = append(list, frame); len(list) == readBatch {
			st.media(t, list)
			list = st.run[:0]
		}
	}
	if len(list) > 0 {
		st.media(t, list)
	}
	_, _ = st.in.Discard(used) // all of it has been read
	return true
}

// media gives RTP and RTCP to the peer whose address this is.
func (st *tcpStream) media(t *routes, list [][]byte) {
	p := t.peer(st.from)
	if p == nil {
		st.s.count.dropped[dropForeign].Add(uint64(len(list)))
		return
	}
	if p.datagrams(list) {
		st.tell([]byte{signOfLife}, true)
	}
}

// tell hands a frame to Pion's mux, which may be behind: then it is lost. One
// connection cannot fill the queue of all.
func (st *tcpStream) tell(b []byte, life bool) {
	if !life && !isMedia(b) && !st.tells.take(1, st.s.now()) { // media come here under ReceivePion alone
		st.s.count.dropped[dropPoliced].Add(1)
		return
	}
	select {
	case st.s.pion <- datagram{b: append([]byte(nil), b...), from: st.from, life: life}:
	default:
		st.s.count.dropped[dropPoliced].Add(1)
	}
}

func (st *tcpStream) end() {
	_ = st.conn.Close()
	st.s.leave(st)
	st.mu.Lock()
	st.gone = true
	proved := st.proved
	st.mu.Unlock()
	st.s.all.release(prefixOf(st.from.Addr()), proved)
}
