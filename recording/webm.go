//go:build !verifier

package recording

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/bits"
)

// frame is one coded picture or one Opus packet.
type frame struct {
	ms   int64 // milliseconds since the file's zero
	key  bool
	data []byte
}

// clusterSpan is the longest time that one cluster covers.
const clusterSpan = 250 // ms

// appendCluster writes the leading frames that fit into one cluster (250 ms)
// with its size known, and returns how many it took. Times do not decrease.
func appendCluster(dst []byte, frames []frame) ([]byte, int) {
	start := frames[0].ms
	body := uintElement(idTimestamp, uint64(start))
	n := 0
	for _, f := range frames {
		if n > 0 && f.ms-start >= clusterSpan {
			break
		}
		body = appendID(body, idSimpleBlock)
		body = appendSize(body, uint64(len(f.data)+4))
		body = append(body, 0x81) // track 1
		body = binary.BigEndian.AppendUint16(body, uint16(f.ms-start))
		flags := byte(0)
		if f.key {
			flags = 0x80
		}
		body = append(body, flags)
		body = append(body, f.data...)
		n++
	}
	return element(dst, idCluster, body), n
}

// lastBlock reads a stretch of this writer that begins with an element and returns the time of the last whole
// block in milliseconds; a cut one ends the reading.
func lastBlock(r io.Reader) (ms int64, ok bool) {
	in := bufio.NewReader(r)
	for {
		id, size, err := readHead(in)
		switch {
		case err == nil && id == idSegment:
			continue // its size is unknown, its elements follow
		case err != nil || size < 0:
			return ms, ok
		case id != idCluster:
			if _, err := in.Discard(int(size)); err != nil {
				return ms, ok
			}
			continue
		}
		cluster := bufio.NewReader(io.LimitReader(in, size))
		start := int64(0)
		for {
			id, n, err := readHead(cluster)
			if err != nil || n < 0 {
				break
			}
			var head [8]byte
			k := min(n, 8)
			if _, err := io.ReadFull(cluster, head[:k]); err != nil {
				return ms, ok
			}
			if _, err := cluster.Discard(int(n - k)); err != nil {
				return ms, ok
			}
			switch {
			case id == idTimestamp:
				for _, b := range head[:k] {
					start = start<<8 | int64(b)
				}
			case id == idSimpleBlock && k >= 4:
				ms, ok = start+int64(int16(binary.BigEndian.Uint16(head[1:]))), true
			}
		}
	}
}

// readHead reads id and size of an element (RFC 8794 4 and 5); sizes from 2^31 on,
// the unknown one among them, are -1.
func readHead(r *bufio.Reader) (id uint32, size int64, err error) {
	read := func(keep bool) (v uint64, err error) {
		first, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		n := bits.LeadingZeros8(first)
		if n > 7 {
			return 0, errElement
		}
		v = uint64(first)
		if !keep {
			v &^= 0x80 >> n
		}
		for range n {
			b, err := r.ReadByte()
			if err != nil {
				return 0, err
			}
			v = v<<8 | uint64(b)
		}
		return v, nil
	}
	i, err := read(true)
	if err != nil {
		return 0, 0, err
	}
	s, err := read(false)
	if err == nil && i > math.MaxUint32 {
		err = errElement
	}
	if s > math.MaxInt32 {
		return uint32(i), -1, err
	}
	return uint32(i), int64(s), err
}

var errElement = errors.New("recording: not an element of this writer")
