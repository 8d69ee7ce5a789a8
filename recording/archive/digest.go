package archive

import (
	"context"
	"crypto/sha256"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"

	"phientoa/internal/asic"
)

// digester shows the files of a container and hashes them, in a goroutine of its
// own, as they are read: the verifier of log and tracks reads every byte once and
// in order, and what it read is hashed as the file's while it goes on. It is read
// by one goroutine.
type digester struct {
	fs.FS
	c     *asic.Container
	files map[string]*stream
	work  chan piece
	free  chan []byte
	done  chan struct{}
}

// stream is a file that is read from its beginning without a hole.
type stream struct {
	next int64 // bytes read in order; the reader's
	// of the goroutine that hashes
	sha hash.Hash
	crc uint32
}

type piece struct {
	of   *stream
	b    []byte
	done func() // gives b back
}

const (
	pieceSize = 256 << 10
	pieces    = 8 // copies of what is read in order, which the reader does not lend
)

// newDigester begins; close must be called.
func newDigester(c *asic.Container, keep func(name string) bool) *digester {
	d := &digester{
		FS: c.FS(keep), c: c, files: map[string]*stream{},
		work: make(chan piece, 4*pieces), free: make(chan []byte, pieces), done: make(chan struct{}),
	}
	for range pieces {
		d.free <- make([]byte, pieceSize)
	}
	go d.hash()
	return d
}

func (d *digester) hash() {
	defer close(d.done)
	for p := range d.work {
		p.of.sha.Write(p.b)
		p.of.crc = crc32.Update(p.of.crc, crc32.IEEETable, p.b)
		p.done()
	}
}

// close waits until everything that was read is hashed.
func (d *digester) close() {
	close(d.work)
	<-d.done
}

// digest is the SHA-256 of an entry and whether its checksum holds, after close.
// What was not read from end to end is read now.
func (d *digester) digest(ctx context.Context, e asic.Entry) (sum [sha256.Size]byte, crcHolds bool, err error) {
	s := d.files[e.Name]
	if s == nil || s.next != e.Size {
		return d.c.Digest(ctx, e)
	}
	s.sha.Sum(sum[:0])
	return sum, s.crc == e.CRC, nil
}

// Open implements fs.FS.
func (d *digester) Open(name string) (fs.File, error) {
	f, err := d.FS.Open(name)
	at, ok := f.(io.ReaderAt)
	if err != nil || !ok {
		return f, err
	}
	if d.files[name] == nil {
		d.files[name] = &stream{sha: sha256.New()}
	}
	return &digestedFile{File: f, at: at, d: d, of: d.files[name]}, nil
}

type digestedFile struct {
	fs.File
	at  io.ReaderAt
	d   *digester
	of  *stream
	off int64 // of Read
}

// Read implements fs.File.
func (f *digestedFile) Read(b []byte) (int, error) {
	n, err := f.File.Read(b)
	f.took(b[:n], f.off)
	f.off += int64(n)
	return n, err
}

// ReadAt implements recording.Shared: what it read is hashed when it is shared.
func (f *digestedFile) ReadAt(b []byte, off int64) (int, error) { return f.at.ReadAt(b, off) }

// Share implements recording.Shared.
func (f *digestedFile) Share(b []byte, off int64, release func()) {
	if f.of.next != off {
		release()
		return
	}
	f.d.work <- piece{f.of, b, release}
	f.of.next = off + int64(len(b))
}

// took hands on what continues the file; anything else leaves it to digest.
func (f *digestedFile) took(b []byte, off int64) {
	for f.of.next == off && len(b) > 0 {
		buf := <-f.d.free
		n := copy(buf, b)
		f.d.work <- piece{f.of, buf[:n], func() { f.d.free <- buf }}
		b, off = b[n:], off+int64(n)
		f.of.next = off
	}
}
