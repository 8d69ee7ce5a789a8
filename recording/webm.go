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

// Stretch is what stands in a stretch of a track file that begins with an element.
type Stretch struct {
	Init         int64 // bytes in front of its first cluster
	Length       int64 // bytes up to the end of its last whole cluster
	FromMS, ToMS int64 // media time of the first and last block up to there
	Keys         int64 // blocks up to there that can be begun with
}

// ReadStretch reads a stretch of this writer; a cut cluster ends the reading. ok is
// false when no cluster is whole.
func ReadStretch(r io.Reader) (s Stretch, ok bool) {
	s, _, _ = scan(r)
	return s, s.Length > 0
}

// lastBlock is the time of the last whole block of such a stretch in milliseconds, also
// of a cut cluster.
func lastBlock(r io.Reader) (ms int64, ok bool) {
	_, ms, ok = scan(r)
	return ms, ok
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int64
}

// Read implements io.Reader.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}

func scan(r io.Reader) (s Stretch, last int64, some bool) {
	from := &counted{Reader: r}
	in := bufio.NewReader(from)
	at := func() int64 { return from.n - int64(in.Buffered()) }
	for {
		begin := at()
		id, size, err := readHead(in)
		switch {
		case err == nil && id == idSegment:
			continue // its size is unknown, its elements follow
		case err != nil || size < 0:
			return s, last, some
		case id != idCluster:
			if _, err := in.Discard(int(size)); err != nil {
				return s, last, some
			}
			continue
		}
		body := &io.LimitedReader{R: in, N: size}
		c := readCluster(body)
		if c.blocks > 0 {
			last, some = c.to, true
		}
		if !c.whole || body.N > 0 {
			return s, last, some
		}
		if s.Length == 0 {
			s.Init, s.FromMS = begin, c.from
		}
		s.Length, s.ToMS, s.Keys = at(), c.to, s.Keys+c.keys
	}
}

// cluster is what one holds up to where it is cut.
type cluster struct {
	blocks, keys int64
	from, to     int64 // milliseconds
	whole        bool  // ends behind an element
}

func readCluster(r io.Reader) (c cluster) {
	in := bufio.NewReader(r)
	start := int64(0)
	for {
		id, n, err := readHead(in)
		if err != nil || n < 0 {
			c.whole = errors.Is(err, io.EOF) && c.blocks > 0
			return c
		}
		var head [8]byte
		k := min(n, 8)
		if _, err := io.ReadFull(in, head[:k]); err != nil {
			return c
		}
		if _, err := in.Discard(int(n - k)); err != nil {
			return c
		}
		switch {
		case id == idTimestamp:
			for _, b := range head[:k] {
				start = start<<8 | int64(b)
			}
		case id == idSimpleBlock && k >= 4:
			c.to = start + int64(int16(binary.BigEndian.Uint16(head[1:])))
			if c.blocks == 0 {
				c.from = c.to
			}
			c.blocks, c.keys = c.blocks+1, c.keys+int64(head[3]>>7)
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
