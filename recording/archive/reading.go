package archive

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"phientoa/internal/asic"
)

// content is what reading a sealed file found.
type content struct {
	report Report
	sum    [sha256.Size]byte // SHA-256 of the file as a whole
}

// reading verifies a file, sealed or being written, and at the same time hashes it as a
// whole. What it read of the evidence is not read again when the rest stands there too.
type reading struct {
	p      *pacer
	at     io.ReaderAt
	v      *verifier
	whole  hash.Hash
	hashed int64 // bytes, from the beginning
	buf    []byte
}

func (p *pacer) reading(r io.ReaderAt) *reading {
	return &reading{p: p, at: &pacedReaderAt{p, r}, v: newVerifier(p.ctx, Options{}), whole: sha256.New(), buf: make([]byte, limitStep)}
}

// evidence reads log and tracks of a container that is being written, of which size
// bytes stand there and do not change any more.
func (r *reading) evidence(z *asic.Writer) error {
	c, size := z.Written(r.at)
	return r.beside(size, func() { r.v.readEvidence(c) })
}

// finish reads what was not read of a file that is whole.
func (r *reading) finish(size int64) (c content, err error) {
	err = r.beside(size, func() { c.report = r.v.verify(r.at, size) })
	r.whole.Sum(c.sum[:0])
	return c, err
}

// beside does something while the first size bytes are hashed.
func (r *reading) beside(size int64, do func()) error {
	hashed := make(chan error, 1)
	go func() {
		n, err := io.CopyBuffer(r.whole, io.NewSectionReader(r.at, r.hashed, size-r.hashed), r.buf)
		r.hashed += n
		hashed <- err
	}()
	do()
	err := <-hashed
	if stop := r.p.err(); stop != nil { // which a verifier may have taken for damage
		return stop
	}
	if err != nil {
		return fmt.Errorf("archive: read: %w", err)
	}
	return nil
}

// read verifies a sealed file.
func (p *pacer) read(r io.ReaderAt, size int64) (content, error) { return p.reading(r).finish(size) }

// readBack is read of a file that was just written. Damage of the evidence itself was
// there before and is kept as it was.
func (p *pacer) readBack(r io.ReaderAt, size int64) (c content, err error) {
	if c, err = p.read(r, size); err != nil {
		return c, err
	}
	return c, c.report.asWritten()
}
