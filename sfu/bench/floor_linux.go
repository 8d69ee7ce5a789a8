package bench

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// The floor: what the machine asks for a packet whoever sends it.
const (
	floorBytes   = 1200
	floorPackets = 200_000 // a second or less
	floorPeers   = 100     // destinations, in turn
	sinkBatch    = 256
)

// sink listens on core 1 and throws everything away until in ends. It writes
// its port to out first.
func sink(in io.Reader, out io.Writer) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		return err
	}
	if err := conn.SetReadBuffer(socketBuffer); err != nil {
		return errors.Join(err, conn.Close())
	}
	port := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	if err := json.NewEncoder(out).Encode(floorConfig{Port: port}); err != nil {
		return errors.Join(err, conn.Close())
	}
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, in)
		done <- errors.Join(err, conn.Close())
	}()
	pc := ipv4.NewPacketConn(conn)
	batch := make([]ipv4.Message, sinkBatch)
	for i := range batch {
		batch[i].Buffers = [][]byte{make([]byte, packetBytes)}
	}
	for {
		if _, err := pc.ReadBatch(batch, 0); err != nil {
			return <-done
		}
	}
}

// floor measures seal and sendto, each alone, in CPU time of this process.
func floor(config floorConfig) (Sample, error) {
	s := Sample{Contestant: Floor}
	seal, err := floorSeal(config.Packets)
	if err != nil {
		return s, err
	}
	send, err := floorSend(config)
	if err != nil {
		return s, err
	}
	s.Seal, s.Send = seal, send
	s.CPU = time.Duration(config.Packets) * (seal + send)
	s.Delivered = uint64(config.Packets)
	s.Sent, s.Expected = s.Delivered, s.Delivered
	return s, nil
}

// floorSeal gives the CPU of one AES-128-GCM seal in place as SRTP does it: a
// 12-byte nonce and the RTP header as additional data (RFC 7714).
func floorSeal(packets int) (time.Duration, error) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return 0, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return 0, err
	}
	const header = 12
	buf := make([]byte, floorBytes+aead.Overhead())
	nonce := make([]byte, aead.NonceSize())
	return cpuOf(packets, func(i int) error {
		binary.BigEndian.PutUint64(nonce[4:], uint64(i))
		aead.Seal(buf[header:header], nonce, buf[header:floorBytes], buf[:header])
		return nil
	})
}

// floorSend gives the CPU of one sendto from an unconnected socket, the kernel's
// work of delivering on the loopback interface included.
func floorSend(config floorConfig) (d time.Duration, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("bench: socket of the floor: %w", err)
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	to := make([]unix.Sockaddr, floorPeers)
	for i := range to {
		to[i] = &unix.SockaddrInet4{Port: int(config.Port), Addr: peerAddr(i).As4()}
	}
	buf := make([]byte, floorBytes)
	return cpuOf(config.Packets, func(i int) error { return unix.Sendto(fd, buf, 0, to[i%len(to)]) })
}

// cpuOf runs do n times and gives the CPU time of this process for one.
func cpuOf(n int, do func(i int) error) (time.Duration, error) {
	before, err := processUsage(os.Getpid())
	if err != nil {
		return 0, err
	}
	for i := range n {
		if err := do(i); err != nil {
			return 0, err
		}
	}
	after, err := processUsage(os.Getpid())
	if err != nil {
		return 0, err
	}
	return (after.cpu - before.cpu) / time.Duration(n), nil
}
