package recording

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// Shared is a file that somebody else hashes too, as a whole: the same bytes are
// read once and copied for nobody.
type Shared interface {
	io.ReaderAt
	// Share hands on what was read at an offset. b is not written before release was
	// called, which Share or a goroutine of its does once.
	Share(b []byte, off int64, release func())
}

// hasher compares stretches of track files with their records in a goroutine of
// its own, so that reading and following the log goes on meanwhile. It is fed by
// one goroutine.
type hasher struct {
	work  chan piece
	free  chan *buffer
	done  chan struct{}
	found []Damage // in the order of the records, at most maxDamages
	more  bool
}

// piece is some bytes of a stretch; the last one says what they should be.
type piece struct {
	of   *buffer
	b    []byte
	last bool
	sum  string // hex SHA-256 of the stretch
	d    Damage // when it is another
}

// buffer is lent to those who hash what it holds.
type buffer struct {
	b     []byte
	users atomic.Int32
	// release gives it back for one of them; made once, not for every piece.
	release func()
}

const (
	pieceSize = 256 << 10
	// pieces is how far hashing may lag behind reading. Two hash what is shared, one
	// file after the other and not in step.
	pieces = 32
)

// newHasher begins; close must be called.
func newHasher() *hasher {
	h := &hasher{work: make(chan piece, pieces), free: make(chan *buffer, pieces), done: make(chan struct{})}
	for range pieces {
		b := &buffer{b: make([]byte, pieceSize)}
		b.release = func() {
			if b.users.Add(-1) == 0 {
				h.free <- b
			}
		}
		h.free <- b
	}
	go h.run()
	return h
}

func (h *hasher) run() {
	defer close(h.done)
	sum := sha256.New()
	var buf [sha256.Size]byte
	for p := range h.work {
		sum.Write(p.b)
		if p.last {
			if p.sum != hex.EncodeToString(sum.Sum(buf[:0])) {
				h.add(p.d)
			}
			sum.Reset()
		}
		p.of.release()
	}
}

func (h *hasher) add(d Damage) {
	if len(h.found) >= maxDamages {
		h.more = true
		return
	}
	h.found = append(h.found, d)
}

// stretch reads n bytes at off for being compared with their SHA-256; d is reported
// where they differ or are not all there.
func (h *hasher) stretch(r io.ReaderAt, off, n int64, sum string, d Damage) {
	shared, _ := r.(Shared)
	for rest := max(n, 0); ; {
		of := <-h.free
		m, err := r.ReadAt(of.b[:min(rest, pieceSize)], off)
		b := of.b[:m]
		of.users.Store(1)
		if shared != nil && m > 0 {
			of.users.Store(2)
			shared.Share(b, off, of.release)
		}
		short := m < int(min(rest, pieceSize)) || n < 0
		if rest, off = rest-int64(m), off+int64(m); short {
			if err == nil || errors.Is(err, io.EOF) {
				err = fmt.Errorf("%d of %d bytes", n-rest, n)
			}
			d.Code, d.Detail = DamageMissing, err.Error()
			h.work <- piece{of: of, last: true, d: d} // no SHA-256 is empty
			return
		}
		h.work <- piece{of, b, rest == 0, sum, d}
		if rest == 0 {
			return
		}
	}
}

// close waits for the last comparison.
func (h *hasher) close() {
	close(h.work)
	<-h.done
}
