package archive

import (
	"crypto/sha256"
	"fmt"
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
	p     *pacer
	at    io.ReaderAt
	v     *verifier
	sizes chan int64 // how much stands there, ascending
	done  chan struct{}
	sum   [sha256.Size]byte // of the whole, after done
	err   error             // likewise
	ended bool
}

// reading begins; end must be called.
func (p *pacer) reading(r io.ReaderAt) *reading {
	out := &reading{
		p: p, at: &pacedReaderAt{p, r}, v: newVerifier(p.ctx, Options{}), sizes: make(chan int64, asic.MaxEntries), done: make(chan struct{}),
	}
	go func() {
		defer close(out.done)
		out.err = out.hash()
	}()
	return out
}

func (r *reading) hash() error {
	whole, buf, at := sha256.New(), make([]byte, limitStep), int64(0)
	for size := range r.sizes {
		n, err := io.CopyBuffer(whole, io.NewSectionReader(r.at, at, size-at), buf)
		if at += n; err == nil && at < size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return fmt.Errorf("archive: read: %w", err)
		}
	}
	whole.Sum(r.sum[:0])
	return nil
}

// stands tells that what was written so far does not change any more. It waits for
// nothing: a container has fewer entries than are noted.
func (r *reading) stands(z *asic.Writer) {
	_, size := z.Written(r.at)
	r.sizes <- size
}

// evidence reads log and tracks of a container that is being written.
func (r *reading) evidence(z *asic.Writer) error {
	c, _ := z.Written(r.at)
	r.v.readEvidence(c)
	return r.p.err() // which a verifier may have taken for damage
}

// finish reads what was not read of a file that is whole.
func (r *reading) finish(size int64) (c content, err error) {
	r.sizes <- size
	c.report = r.v.verify(r.at, size)
	r.end()
	c.sum = r.sum
	if stop := r.p.err(); stop != nil {
		return c, stop
	}
	return c, r.err
}

// end waits until everything that stands there is hashed.
func (r *reading) end() {
	if !r.ended {
		r.ended = true
		close(r.sizes)
		<-r.done
	}
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
