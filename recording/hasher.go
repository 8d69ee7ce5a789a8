package recording

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// hasher compares stretches of track files with their records in a goroutine of
// its own, so that reading and following the log goes on meanwhile. It is fed by
// one goroutine.
type hasher struct {
	work  chan piece
	free  chan []byte
	done  chan struct{}
	found []Damage // in the order of the records, at most maxDamages
	more  bool
}

// piece is some bytes of a stretch; the last one says what they should be.
type piece struct {
	b    []byte
	last bool
	sum  string // hex SHA-256 of the stretch
	d    Damage // when it is another
}

const (
	pieceSize = 256 << 10
	pieces    = 8 // how far hashing may lag behind reading
)

// newHasher begins; close must be called.
func newHasher() *hasher {
	h := &hasher{work: make(chan piece, pieces), free: make(chan []byte, pieces), done: make(chan struct{})}
	for range pieces {
		h.free <- make([]byte, pieceSize)
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
		h.free <- p.b[:pieceSize]
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
	for rest := max(n, 0); ; {
		b := <-h.free
		m, err := r.ReadAt(b[:min(rest, pieceSize)], off)
		short := m < int(min(rest, pieceSize)) || n < 0
		if rest, off = rest-int64(m), off+int64(m); short {
			if err == nil || errors.Is(err, io.EOF) {
				err = fmt.Errorf("%d of %d bytes", n-rest, n)
			}
			d.Code, d.Detail = DamageMissing, err.Error()
			h.work <- piece{b: b[:0], last: true, d: d} // no SHA-256 is empty
			return
		}
		h.work <- piece{b[:m], rest == 0, sum, d}
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
